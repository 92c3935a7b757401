//! A host: the real binary, in a folder of its own, started, asked, signalled and killed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;

use crate::github::{FakeGithub, TOKEN};
use crate::slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, SIGNING_SECRET};
use crate::{BUILD_DEADLINE, DEADLINE, build_folder, guests, within, within_time};

/// What GitHub and the host both know.
pub const GITHUB_SECRET: &str = "It's a Secret to Everybody";

/// What a host will be: its configuration, its namespaces, its environment.
#[derive(Default)]
pub struct Setup {
    slack: Option<FakeSlack>,
    github: Option<FakeGithub>,
    by_http: bool,
    settings: String,
    slack_settings: String,
    grants: String,
    files: Vec<(PathBuf, Vec<u8>)>,
    env: Vec<(String, String)>,
}

/// A host. Dropped, it is killed; dropped by a test that failed, it shows its log.
pub struct Host {
    folder: TempDir,
    slack: Option<FakeSlack>,
    github: Option<FakeGithub>,
    by_http: bool,
    env: Vec<(String, String)>,
    log: Log,
    running: Option<Running>,
}

struct Running {
    process: Child,
    url: String,
}

/// What a verb of the command line did.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// A verb of the command line at work.
pub struct Verb {
    process: Child,
    shown: String,
    /// Its stdout, once lines of it were waited for.
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Verb {
    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        send(&self.process, signal);
    }

    /// Waits for a line of its stdout with this in it.
    pub async fn line_with(&mut self, words: &str) -> String {
        let lines = self
            .lines
            .get_or_insert_with(|| BufReader::new(self.process.stdout.take().unwrap()).lines());
        let search = async {
            loop {
                let line = lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("it ended before it said {words:?}"));
                if line.contains(words) {
                    return line;
                }
            }
        };
        within_time(BUILD_DEADLINE, &format!("{words:?} of {}", self.shown), search).await
    }

    /// Waits until it has ended. What lines were waited for is not told again.
    pub async fn ended(self) -> Output {
        self.ended_in(DEADLINE).await
    }

    /// The same with a deadline of its own.
    async fn ended_in(self, deadline: Duration) -> Output {
        let output = within_time(deadline, &self.shown, self.process.wait_with_output())
            .await
            .unwrap();
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn send(process: &Child, signal: Signal) {
    let id = i32::try_from(process.id().expect("it has ended")).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

impl Output {
    /// Stdout of a verb that succeeded.
    pub fn success(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// Stdout as JSON, of a verb that succeeded.
    pub fn json(self) -> Value {
        let text = self.success();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }
}

impl Setup {
    /// Talks to this Slack, by Socket Mode.
    #[must_use]
    pub fn slack(mut self, slack: &FakeSlack) -> Self {
        self.slack = Some(slack.clone());
        self
    }

    /// Talks to this GitHub, with a token.
    #[must_use]
    pub fn github(mut self, github: &FakeGithub) -> Self {
        self.github = Some(github.clone());
        self
    }

    /// Slack's events come by HTTP.
    #[must_use]
    pub fn by_http(mut self) -> Self {
        self.by_http = true;
        self
    }

    /// A trusted namespace with this `namespace.toml`.
    #[must_use]
    pub fn trusted(self, name: &str, toml: &str) -> Self {
        self.namespace(name, toml, "trust = \"trusted\"")
    }

    /// A namespace that `innkeeper.toml` does not mention.
    #[must_use]
    pub fn untrusted(self, name: &str, toml: &str) -> Self {
        self.file(&format!("workspace/{name}/namespace.toml"), toml)
    }

    /// A namespace with these lines in its `[namespaces.…]`.
    #[must_use]
    pub fn namespace(mut self, name: &str, toml: &str, grants: &str) -> Self {
        let _ = write!(self.grants, "\n[namespaces.{name}]\n{grants}\n");
        self.untrusted(name, toml)
    }

    /// A component in the folder of a namespace, called as its file is.
    #[must_use]
    pub fn component(self, namespace: &str, file: &Path) -> Self {
        let name = file.file_name().unwrap().to_str().unwrap();
        let content = std::fs::read(file).unwrap();
        self.file(&format!("workspace/{namespace}/{name}"), content)
    }

    /// A file, its path relative to the host's folder.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((PathBuf::from(path), content.into()));
        self
    }

    /// An alert plugin that ships, called as its component is, with these lines in its table.
    #[must_use]
    pub fn plugin(self, name: &str, lines: &str) -> Self {
        let file = format!("alert-{name}.wasm");
        let component = std::fs::read(guests::rust(&format!("alert-{name}"))).unwrap();
        self.file(&file, component)
            .setting(&format!("[plugins.{name}]\ncomponent = '{file}'\n{lines}"))
    }

    /// A line at the top of `innkeeper.toml`.
    #[must_use]
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push_str(line);
        self.settings.push('\n');
        self
    }

    /// A line under `[slack]` in `innkeeper.toml`.
    #[must_use]
    pub fn slack_setting(mut self, line: &str) -> Self {
        self.slack_settings.push_str(line);
        self.slack_settings.push('\n');
        self
    }

    /// A variable of the host's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the folder; starts nothing.
    pub fn write(self) -> Host {
        let folder = TempDir::new().unwrap();
        let mode = if self.by_http { "http" } else { "socket" };
        let configuration = format!(
            "workspace = \"workspace\"\ndata_dir = \"data\"\n{}\n[server]\nlisten = \"127.0.0.1:0\"\n\n[slack]\nmode = \
             \"{mode}\"\nlogs_channel = \"#bot-logs\"\nsupport_channel = \"#tech-support\"\n{}\n{}",
            self.settings, self.slack_settings, self.grants
        );
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        for (path, content) in [(PathBuf::from("innkeeper.toml"), configuration.into_bytes())]
            .iter()
            .chain(&self.files)
        {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
        }
        Host {
            folder,
            slack: self.slack,
            github: self.github,
            by_http: self.by_http,
            env: self.env,
            log: Log::default(),
            running: None,
        }
    }

    /// Writes the folder and starts `serve`.
    pub async fn start(self) -> Host {
        let mut host = self.write();
        host.serve().await;
        host
    }
}

impl Host {
    /// A host to set up: no namespace, no Slack.
    pub fn setup() -> Setup {
        Setup::default()
    }

    /// Where it listens, `http://127.0.0.1:…`.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("serve does not run").url
    }

    /// A path in its folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Starts `serve`, and waits until it listens.
    pub async fn serve(&mut self) {
        assert!(self.running.is_none(), "serve runs already");
        let seen = self.log.len();
        let mut process = self
            .command(&["serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.log.follow(process.stderr.take().unwrap());
        let address = tokio::select! {
            address = self.log.find("serve to listen", seen, listening) => address,
            status = process.wait() => {
                self.log.ended().await;
                panic!("serve ended with {status:?} before it listened:\n{}", self.log.text());
            }
        };
        let url = format!("http://{address}");
        if let (Some(slack), true) = (&self.slack, self.by_http) {
            slack.deliver_to(&url);
        }
        if let Some(github) = &self.github {
            github.host_is_at(Some(&url));
        }
        self.running = Some(Running { process, url });
    }

    /// Kills it as the kernel would: nothing is said, nothing is finished.
    pub async fn kill_9(&mut self) {
        let mut running = self.running.take().expect("serve does not run");
        if let Some(github) = &self.github {
            github.host_is_at(None);
        }
        running.process.start_kill().unwrap();
        running.process.wait().await.unwrap();
    }

    /// Asks it to end, as systemd would.
    pub fn sigterm(&mut self) {
        send(
            &self.running.as_ref().expect("serve does not run").process,
            Signal::TERM,
        );
    }

    /// Asks it to read its configuration again.
    pub fn sighup(&self) {
        send(&self.running.as_ref().expect("serve does not run").process, Signal::HUP);
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("serve does not run");
        within("serve to end", running.process.wait()).await.unwrap()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.running
            .as_mut()
            .is_some_and(|running| running.process.try_wait().unwrap().is_none())
    }

    /// Runs a verb of the command line to its end.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_with_input(arguments, "").await
    }

    /// Runs `innkeeper build`, which takes its time, to its end.
    pub async fn build(&self, namespace: &str, job: &str) -> Output {
        self.begin(&["build", namespace, job]).ended_in(BUILD_DEADLINE).await
    }

    /// Runs a verb with this on its stdin.
    pub async fn cli_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut verb = self.begin(arguments);
        let mut stdin = verb.process.stdin.take().unwrap();
        let input = input.to_owned();
        let write = async move {
            // A verb that reads nothing may be gone already.
            let _ = stdin.write_all(input.as_bytes()).await;
        };
        tokio::join!(verb.ended(), write).0
    }

    /// Begins a verb of the command line, for a test that has something to do while it works.
    pub fn begin(&self, arguments: &[&str]) -> Verb {
        let process = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = format!("`innkeeper {}` to end", arguments.join(" "));
        Verb {
            process,
            shown,
            lines: None,
        }
    }

    /// `innkeeper say …`: a command as a chat message would send it.
    pub async fn say(&self, text: &str) -> Output {
        self.cli(&["say", text]).await
    }

    /// Waits for a line of `serve`'s log that contains all of these.
    pub async fn await_log(&self, words: &[&str]) -> String {
        let what = format!("a line of the log with {words:?}");
        self.log
            .find(&what, 0, |line| {
                words.iter().all(|word| line.contains(word)).then(|| line.to_owned())
            })
            .await
    }

    /// Everything that `serve` logged until now.
    pub fn log_text(&self) -> String {
        self.log.text()
    }

    /// The queue's database, opened beside the host.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("data/queue.db")).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = build_folder().join("innkeeper");
        assert!(
            program.exists(),
            "{} is not built: run the tests with `cargo xtask test`, or `cargo build -p innkeeper` first",
            program.display()
        );
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let foreign = ["SLACK_", "GITHUB_", "INNKEEPER_", "RUST_"];
            if foreign.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
            .arg("--config")
            .arg(self.path("innkeeper.toml"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("INNKEEPER_LOG", "info")
            .env("GITHUB_WEBHOOK_SECRET", GITHUB_SECRET)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(slack) = &self.slack {
            command
                .env("SLACK_API_URL", slack.api_url())
                .env("SLACK_BOT_TOKEN", BOT_TOKEN)
                .env("SLACK_APP_TOKEN", APP_TOKEN)
                .env("SLACK_SIGNING_SECRET", SIGNING_SECRET);
        }
        // Nobody here may ask the real one.
        command.env("GITHUB_API_URL", "http://127.0.0.1:9");
        if let Some(github) = &self.github {
            command
                .env("GITHUB_API_URL", github.api_url())
                .env("GITHUB_TOKEN", TOKEN);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the host's log ---\n{}----------------------", self.log.text());
        }
    }
}

/// The address of the line that says `listening`. `serve` logs JSON where its stderr is not a terminal.
fn listening(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    (fields["message"] == "listening").then(|| fields["address"].as_str().unwrap_or_default().to_owned())
}

/// The lines of `serve`'s stderr, over all its lives.
#[derive(Clone)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    // Counts lines and ends of streams.
    changed: watch::Sender<(usize, usize)>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            lines: Arc::default(),
            changed: watch::Sender::new((0, 0)),
        }
    }
}

impl Log {
    fn follow(&self, stderr: tokio::process::ChildStderr) {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                log.lines.lock().unwrap().push(line);
                log.changed.send_modify(|(lines, _)| *lines += 1);
            }
            log.changed.send_modify(|(_, ends)| *ends += 1);
        });
    }

    async fn ended(&self) {
        let mut changes = self.changed.subscribe();
        let _ = within("the end of the log", changes.wait_for(|(_, ends)| *ends > 0)).await;
    }

    async fn find<T>(&self, what: &str, from: usize, look: impl Fn(&str) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                if let Some(found) = self.lines.lock().unwrap()[from..].iter().find_map(|line| look(line)) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        within(what, search).await
    }

    fn len(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    fn text(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}
