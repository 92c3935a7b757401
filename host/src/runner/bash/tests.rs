#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::BTreeMap;

use innkeeper_core::config::{Allowed, Format, Grants, Limits, Mentions, Namespace, ReportRules};
use innkeeper_core::run::{Captured, RunId};
use rustix::process::{Pid, kill_process};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::FabfileUrl;

use super::*;
use crate::runner::fabfile::{Fetch, Fetched, Validators};

/// A server that has one fabfile, or none.
#[derive(Default)]
struct Server(Option<&'static str>);

impl Fetch for Server {
    fn fetch<'f>(&'f self, _: &'f FabfileUrl, _: Option<&'f Validators>) -> BoxFuture<'f, Result<Fetched, String>> {
        Box::pin(async move {
            let content = self.0.ok_or("the server is down")?.into();
            let validators = Validators::default();
            Ok(Fetched::New { content, validators })
        })
    }
}

pub(super) fn no_fabfiles() -> Fabfiles {
    Fabfiles::new(Arc::new(Server::default()), Arc::new(()), "/none".into())
}

/// Much longer than any test here takes. None waits for it.
const FOR_EVER: Duration = Duration::from_secs(60);

/// A host with one trusted namespace, `demo`, and one job.
struct Host {
    home: TempDir,
    environment: Vec<(OsString, OsString)>,
    grants: Grants,
    limits: Limits,
    grace: Grace,
    stop: CancellationToken,
    /// What the namespace's fabfile says, where it has one.
    fabfile: Option<&'static str>,
    has_fabfile: bool,
}

impl Host {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("workspace/demo")).unwrap();
        Self {
            home,
            environment: std::env::vars_os().collect(),
            grants: Grants {
                trusted: true,
                channels: Allowed::All,
                mentions: Mentions::Users,
                env: Allowed::All,
                ..Grants::default()
            },
            limits: Limits {
                wall_time: FOR_EVER,
                cpu_time: Duration::ZERO,
                memory: 0,
                disk: 0,
                stdout: 1024,
                stderr: 1024,
            },
            grace: Grace {
                timeout: FOR_EVER,
                stop: FOR_EVER,
                pipes: FOR_EVER,
            },
            stop: CancellationToken::new(),
            fabfile: None,
            has_fabfile: false,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    fn runner(&self) -> BashRunner {
        BashRunner::new(BashSettings {
            workspace: self.path("workspace"),
            environment: self.environment.clone(),
            fabfiles: Fabfiles::new(
                Arc::new(Server(self.fabfile)),
                Arc::new(()),
                self.path("data/cache/fabfiles"),
            ),
            links: self.path("data/cache/bin"),
            grace: self.grace,
        })
        .unwrap()
    }

    fn invocation(&self, started: Option<oneshot::Sender<()>>) -> Invocation {
        let job = Arc::new(Job {
            namespace: "demo".into(),
            name: "x".into(),
            // The tests bring their own scripts.
            program: Program::Component {
                source: innkeeper_core::config::ComponentSource::File("/none".into()),
                arguments: None,
                world: Some(innkeeper_core::config::World::Command),
            },
            report: ReportRules {
                stdout: true,
                success: true,
                format: Format::Text,
                formatter: None,
                suppress_empty: false,
                call_tech_support_on_error: true,
            },
            limits: self.limits,
            grants: self.grants.clone(),
        });
        let namespace = Namespace {
            fabfile: self
                .has_fabfile
                .then(|| FabfileUrl::parse("https://example.com/fabfile.py").unwrap()),
            jobs: BTreeMap::from([("x".to_owned(), Arc::clone(&job))]),
            ..Namespace::bare("demo", self.path("workspace/demo"), self.grants.clone())
        };
        Invocation {
            hidden: Arc::new(["SLACK_BOT_TOKEN".to_owned()].into()),
            run: RunId(1),
            namespace: Arc::new(namespace),
            job,
            arguments: Arguments::default(),
            log_folder: self.path("data/logs/demo_x/1"),
            work_folder: self.path("data/work/demo"),
            progress: None,
            askings: Vec::new(),
            payload: None,
            started,
        }
    }

    /// Runs `script` to its end.
    async fn run(&self, script: &str) -> Outcome {
        let run = self
            .runner()
            .execute(Ok(script.to_owned()), self.invocation(None), self.stop.clone());
        timeout(FOR_EVER / 2, run).await.unwrap()
    }

    /// Starts `script`, and returns when it runs.
    async fn start(&self, script: &str) -> JoinHandle<Outcome> {
        let (started, running) = oneshot::channel();
        let run = self
            .runner()
            .execute(Ok(script.to_owned()), self.invocation(Some(started)), self.stop.clone());
        let run = tokio::spawn(run);
        running.await.unwrap();
        run
    }

    /// What a script wrote to a file of its folder, once it is there: it makes it by renaming.
    async fn written(&self, name: &str) -> String {
        let file = self.path("workspace/demo").join(name);
        timeout(FOR_EVER / 2, async {
            while !file.exists() {
                sleep(Duration::from_millis(2)).await;
            }
        })
        .await
        .unwrap();
        fs::read_to_string(file).unwrap().trim().to_owned()
    }
}

fn text(captured: &Captured) -> String {
    fs::read_to_string(&captured.path).unwrap()
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

/// Waits for the end of a process that is not this one's child. A zombie has ended: a container may have nobody who
/// waits for it.
async fn gone(pid: Pid) {
    let lives = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
    };
    let end = timeout(FOR_EVER / 2, async {
        while lives() {
            sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(end.await.is_ok(), "process {pid} lives on");
}

fn why(outcome: &Outcome) -> &str {
    match &outcome.ending {
        Ending::NotStarted { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_it_writes_is_in_its_log_and_its_code_in_the_outcome() {
    let host = Host::new();
    let outcome = host.run("echo out; echo err >&2; exit 3").await;
    assert_eq!(outcome.ending, Ending::Exited { code: 3 });
    assert_eq!(text(&outcome.stdout), "out\n");
    assert_eq!(text(&outcome.stderr), "err\n");
    assert_eq!(outcome.stdout.path, host.path("data/logs/demo_x/1/stdout"));
    assert!(outcome.duration > Duration::ZERO);
}

#[tokio::test]
async fn the_log_grows_while_it_runs() {
    let host = Host::new();
    let log = host.path("data/logs/demo_x/1/stdout");
    let outcome = host
        .run(&format!(
            "echo one; until grep -q one {}; do sleep 0.01; done; echo two",
            log.display()
        ))
        .await;
    assert_eq!(text(&outcome.stdout), "one\ntwo\n");
}

#[tokio::test]
async fn a_signal_that_nobody_here_sent_is_told_apart() {
    let host = Host::new();
    let outcome = host.run("kill -USR1 $$").await;
    assert_eq!(
        outcome.ending,
        Ending::Signalled {
            signal: Signal::USR1.as_raw()
        }
    );
}

#[tokio::test]
async fn a_flood_is_cut_and_blocks_nobody() {
    let mut host = Host::new();
    host.limits.stdout = 10;
    host.limits.stderr = 5;
    let outcome = host
        .run("head -c 1000000 /dev/zero | tr '\\0' a; head -c 300000 /dev/zero >&2; echo end")
        .await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    assert_eq!(text(&outcome.stdout), "aaaaaaaaaa");
    assert_eq!((outcome.stdout.kept, outcome.stdout.lost), (10, 1_000_004 - 10));
    assert_eq!((outcome.stderr.kept, outcome.stderr.lost), (5, 300_000 - 5));
}

#[tokio::test]
async fn at_its_wall_time_the_whole_group_ends() {
    let mut host = Host::new();
    host.limits.wall_time = Duration::from_millis(300);
    let outcome = host.run("(sleep 1000 & echo $!; wait) & wait").await;
    assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
    gone(pid(&text(&outcome.stdout))).await;
}

#[tokio::test]
async fn at_its_wall_time_it_may_say_good_bye() {
    let mut host = Host::new();
    host.limits.wall_time = Duration::from_millis(300);
    let outcome = host.run("trap 'echo bye; exit 0' TERM; sleep 1000 & wait").await;
    assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
    assert_eq!(text(&outcome.stdout), "bye\n");
}

#[tokio::test]
async fn who_does_not_listen_is_killed() {
    let mut host = Host::new();
    host.limits.wall_time = Duration::from_millis(300);
    host.grace.timeout = Duration::from_millis(50);
    let outcome = host.run("trap '' TERM; echo $$; while true; do sleep 1; done").await;
    assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
    gone(pid(&text(&outcome.stdout))).await;
}

#[tokio::test]
async fn a_job_that_writes_without_end_is_stopped_too() {
    let mut host = Host::new();
    host.limits.wall_time = Duration::from_millis(300);
    let outcome = host.run("while true; do echo yes; echo no >&2; done").await;
    assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
    assert!(outcome.stderr.kept > 0);
}

#[tokio::test]
async fn children_that_hold_the_output_do_not_hold_the_run() {
    let mut host = Host::new();
    host.grace.pipes = Duration::from_millis(50);
    let outcome = host.run("sleep 1000 & echo $!").await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    gone(pid(&text(&outcome.stdout))).await;
}

#[tokio::test]
async fn children_that_are_about_to_finish_are_heard() {
    let host = Host::new();
    let outcome = host.run("(sleep 0.1; echo late) & echo early").await;
    assert_eq!(text(&outcome.stdout), "early\nlate\n");
}

#[tokio::test]
async fn children_without_output_end_with_the_run() {
    let host = Host::new();
    let outcome = host.run("sleep 1000 > /dev/null 2>&1 & echo $!").await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    gone(pid(&text(&outcome.stdout))).await;
}

#[tokio::test]
async fn a_daemon_that_left_the_group_lives_on_and_holds_nothing() {
    let mut host = Host::new();
    host.grace.pipes = Duration::from_millis(300);
    let outcome = host.run("setsid bash -c 'echo $$; exec sleep 1000' & wait_for() { until [ -s $1 ]; do sleep 0.01; done; }; wait_for ../../data/logs/demo_x/1/stdout").await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    let daemon = pid(&text(&outcome.stdout));
    kill_process(daemon, Signal::KILL).unwrap();
    gone(daemon).await;
}

#[tokio::test]
async fn a_stopped_run_is_interrupted_and_its_group_ends() {
    let host = Host::new();
    let run = host.start("sleep 1000 & echo $! > new; mv new pid; wait").await;
    let child = pid(&host.written("pid").await);
    host.stop.cancel();
    let outcome = timeout(FOR_EVER / 2, run).await.unwrap().unwrap();
    assert_eq!(outcome.ending, Ending::Interrupted);
    gone(child).await;
}

#[tokio::test]
async fn a_stop_cuts_the_grace_of_a_run_that_timed_out() {
    let mut host = Host::new();
    host.limits.wall_time = Duration::from_millis(300);
    let run = host
        .start("trap 'echo x > new; mv new asked' TERM; while true; do sleep 0.05; done")
        .await;
    host.written("asked").await;
    host.stop.cancel();
    let outcome = timeout(FOR_EVER / 2, run).await.unwrap().unwrap();
    assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
}

#[tokio::test]
async fn a_run_that_is_given_up_takes_its_group_with_it() {
    let host = Host::new();
    let run = host.start("sleep 1000 & echo $! > new; mv new pid; wait").await;
    let child = pid(&host.written("pid").await);
    run.abort();
    gone(child).await;
}

#[tokio::test]
async fn after_stop_nothing_is_started() {
    let host = Host::new();
    host.stop.cancel();
    let outcome = host.run("touch ran").await;
    assert_eq!(outcome.ending, Ending::Interrupted);
    assert!(!host.path("workspace/demo/ran").exists());
}

#[tokio::test]
async fn no_zombie_is_left() {
    let host = Host::new();
    let outcome = host.run("echo $$").await;
    let process = text(&outcome.stdout);
    assert!(!Path::new("/proc").join(process.trim()).exists());
}

#[tokio::test]
async fn it_sees_the_hosts_environment_without_its_secrets() {
    let mut host = Host::new();
    host.environment.extend([
        ("SLACK_BOT_TOKEN".into(), "xoxb".into()),
        ("COLOUR".into(), "red".into()),
    ]);
    let outcome = host
        .run("echo $COLOUR; env | grep -c SLACK; echo $PYTHONPATH; echo $WRITEABLE_DIR; pwd")
        .await;
    let paths = ["workspace", "data/work/demo", "workspace/demo"].map(|path| host.path(path).display().to_string());
    assert_eq!(text(&outcome.stdout), format!("red\n0\n{}\n", paths.join("\n")));
    assert!(host.path("data/work/demo").is_dir());
}

#[tokio::test]
async fn it_sees_only_what_is_granted() {
    let mut host = Host::new();
    host.environment
        .extend([("COLOUR".into(), "red".into()), ("SHAPE".into(), "round".into())]);
    host.grants.env = Allowed::Only(["SHAPE".to_owned()].into());
    let outcome = host.run("echo $COLOUR $SHAPE; type -t ls").await;
    assert_eq!(text(&outcome.stdout), "round\nfile\n");
}

#[tokio::test]
async fn python_is_there_and_imports_from_the_workspace() {
    let host = Host::new();
    fs::write(host.path("workspace/shared.py"), "word = 'hello'").unwrap();
    let outcome = host.run("python -c 'import shared; print(shared.word)'").await;
    assert_eq!(text(&outcome.stdout), "hello\n", "{}", text(&outcome.stderr));
}

#[tokio::test]
async fn a_namespace_without_a_folder_works_in_its_work_folder() {
    let host = Host::new();
    fs::remove_dir(host.path("workspace/demo")).unwrap();
    let outcome = host.run("pwd; touch here").await;
    assert_eq!(
        text(&outcome.stdout),
        format!("{}\n", host.path("data/work/demo").display())
    );
    assert!(host.path("data/work/demo/here").exists());
}

#[tokio::test]
async fn nobody_types_anything() {
    let host = Host::new();
    let outcome = host.run("cat; echo end").await;
    assert_eq!(text(&outcome.stdout), "end\n");
}

#[tokio::test]
async fn no_signal_is_blocked_or_ignored_for_it() {
    let host = Host::new();
    let outcome = host.run("grep -E '^Sig(Blk|Ign)' /proc/self/status").await;
    for line in text(&outcome.stdout).lines() {
        let mask = u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
        let pipe = 1 << (Signal::PIPE.as_raw() - 1);
        let term = 1 << (Signal::TERM.as_raw() - 1);
        assert_eq!(mask & (pipe | term), 0, "{line}");
    }
}

#[tokio::test]
async fn a_script_that_is_too_long_is_not_started() {
    let host = Host::new();
    let outcome = host.run(&format!("true {}", "x".repeat(200_000))).await;
    insta::assert_snapshot!(why(&outcome), @"the script and its environment are too long for this machine together: pass less, by a file perhaps");
    assert_eq!(outcome.stdout.path, host.path("data/logs/demo_x/1/stdout"));
}

#[tokio::test]
async fn an_untrusted_namespace_gets_no_bash() {
    let mut host = Host::new();
    host.grants.trusted = false;
    insta::assert_snapshot!(why(&host.run("true").await), @r#"bash jobs need a trusted namespace: write `trust = "trusted"` under [namespaces.demo] in innkeeper.toml"#);
}

#[tokio::test]
async fn a_host_without_bash_says_so() {
    let mut host = Host::new();
    host.environment = vec![("PATH".into(), "/nowhere".into())];
    insta::assert_snapshot!(why(&host.run("true").await), @"there is no bash on the host's PATH: install it, and restart the host");
}

#[tokio::test]
async fn a_log_that_cannot_be_made_is_an_outcome() {
    let host = Host::new();
    fs::create_dir_all(host.path("data")).unwrap();
    fs::write(host.path("data/logs"), "in the way").unwrap();
    let outcome = host.run("true").await;
    assert!(
        why(&outcome).ends_with("check its permissions and the disk"),
        "{outcome:?}"
    );
    assert_eq!(outcome.stdout.kept, 0);
}

#[tokio::test]
async fn what_never_started_is_never_told_to_have() {
    let host = Host::new();
    let (started, running) = oneshot::channel();
    // The job is a component, which bash cannot run.
    let outcome = Runner::run(&host.runner(), host.invocation(Some(started)), host.stop.clone()).await;
    insta::assert_snapshot!(why(&outcome), @"demo_x is a component: bash cannot run it");
    assert!(running.await.is_err());
}

#[tokio::test]
async fn a_job_runs_beside_its_fabfile_and_finds_its_own_folder() {
    let mut host = Host::new();
    (host.has_fabfile, host.fabfile) = (true, Some("print('hi')"));
    fs::write(host.path("workspace/demo/notes"), "mine").unwrap();
    let outcome = host.run("pwd; cat fabfile.py; cat \"$NAMESPACE_DIR/notes\"").await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    let work = host.path("data/work/demo");
    let stdout = fs::read_to_string(outcome.stdout.path).unwrap();
    assert_eq!(stdout, format!("{}\nprint('hi')mine", work.display()));
}

#[tokio::test]
async fn without_a_fabfile_that_it_has_it_does_not_start_and_with_the_last_copy_it_says_so() {
    let mut host = Host::new();
    host.has_fabfile = true;
    let outcome = host.run("touch ran").await;
    let Ending::NotStarted { why } = outcome.ending else {
        panic!("{:?}", outcome.ending)
    };
    assert!(
        why.contains("cannot be fetched") && why.contains("the server is down"),
        "{why}"
    );
    assert!(!host.path("data/work/demo/ran").exists());

    host.fabfile = Some("a = 1");
    fs::remove_dir_all(host.path("data/logs")).unwrap();
    assert!(host.run("true").await.ending.is_success());
    host.fabfile = None;
    fs::remove_dir_all(host.path("data/logs")).unwrap();
    let outcome = host.run("cat fabfile.py").await;
    assert!(outcome.ending.is_success());
    assert_eq!(fs::read_to_string(outcome.stdout.path).unwrap(), "a = 1");
    assert_eq!(
        fs::read_to_string(outcome.stderr.path).unwrap(),
        "innkeeper: the last copy of the fabfile is used: the server is down\n"
    );
}
