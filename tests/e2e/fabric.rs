//! Fabfiles: fetched before each run, kept where they cannot be, and run by Fabric itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use innkeeper_tests::{FakeSlack, Host};

/// What a server answers.
#[derive(Clone)]
enum Says {
    /// This file, unless the one that asks has it.
    File(String),
    /// The same, as a web page.
    Page(String),
    Status(u16),
    /// Nothing, for as long as anybody waits.
    Nothing,
    /// The place to look at instead.
    Elsewhere(String),
}

/// A server on loopback, which remembers what it answered.
#[derive(Clone)]
struct Server {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    says: Mutex<Says>,
    statuses: Mutex<Vec<u16>>,
}

impl Server {
    async fn with(file: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            shared: Arc::new(Shared {
                says: Mutex::new(Says::File(file.to_owned())),
                statuses: Mutex::default(),
            }),
        };
        let routes = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    fn says(&self, says: Says) {
        *self.shared.says.lock().unwrap() = says;
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/fabfile.py", self.port)
    }

    /// Since they were last asked for.
    fn statuses(&self) -> Vec<u16> {
        std::mem::take(&mut *self.shared.statuses.lock().unwrap())
    }

    /// A trusted namespace `ops` with its fabfile, and these jobs.
    fn ops(&self, jobs: &str) -> innkeeper_tests::host::Setup {
        Host::setup().trusted("ops", &format!("fabfile = '{}'\n\n{jobs}", self.url()))
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap) -> Response {
    let says = server.shared.says.lock().unwrap().clone();
    let response = match says {
        Says::File(file) => {
            let etag = format!("\"{}-{}\"", file.len(), hex::encode(&file[..file.len().min(64)]));
            match headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *etag) {
                true => StatusCode::NOT_MODIFIED.into_response(),
                false => ([(header::ETAG, etag)], file).into_response(),
            }
        }
        Says::Page(page) => axum::response::Html(page).into_response(),
        Says::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Says::Nothing => std::future::pending().await,
        Says::Elsewhere(place) => Redirect::temporary(&place).into_response(),
    };
    server.shared.statuses.lock().unwrap().push(response.status().as_u16());
    response
}

/// A job that runs the file itself, with nothing but Python.
const TELL: &str = r#"
[jobs.tell]
run_args_template = "python fabfile.py"
report_stdout = true

[[slack]]
command = "tell"
help = "Runs the file"
job_type = "tell"
"#;

#[tokio::test]
async fn a_fabfile_is_fetched_before_each_run_and_only_where_it_changed() {
    let server = Server::with("print('one')").await;
    let inn = server.ops(TELL).write();
    inn.cli(&["check"]).await.success();
    assert!(server.statuses().is_empty(), "`check` fetches nothing");
    for _ in 0..2 {
        assert_eq!(inn.say("ops tell").await.success(), "one\n");
    }
    server.says(Says::File("print('two')".into()));
    assert_eq!(inn.say("ops tell").await.success(), "two\n");
    assert_eq!(server.statuses(), [200, 304, 200]);
}

#[tokio::test]
async fn the_last_copy_is_used_and_the_logs_channel_is_told_once() {
    let (server, slack) = (Server::with("print('one')").await, FakeSlack::start().await);
    let mut inn = server.ops(TELL).slack(&slack).start().await;
    let tell = async |inn: &Host| assert_eq!(inn.say("ops tell").await.success(), "one\n");
    tell(&inn).await;
    for trouble in [
        Says::Status(500),
        Says::Status(404),
        Says::File("#".repeat(1024 * 1024 + 1)),
        Says::Page("<html>log in first</html>".into()),
    ] {
        server.says(trouble);
        tell(&inn).await;
    }
    // Nor is it told again by the next host.
    inn.kill_9().await;
    inn.serve().await;
    tell(&inn).await;
    let logs = inn.cli(&["logs", "2", "--stderr"]).await.success();
    assert_eq!(
        logs,
        "innkeeper: the last copy of the fabfile is used: the server answered with status 500 Internal Server Error\n"
    );
    server.says(Says::File("print('one')".into()));
    tell(&inn).await;
    let in_logs = |post: &innkeeper_tests::Post| post.channel_name == "#bot-logs";
    let told = slack.await_posts("what is told of the fabfile", 2, in_logs).await;
    assert!(
        told[0].text.contains("The fabfile of `ops` cannot be fetched") && told[0].text.contains("status 500"),
        "{told:?}"
    );
    assert_eq!(told[1].text, "The fabfile of `ops` can be fetched again.");
    assert_eq!(slack.posts_in("#bot-logs").len(), 2);
}

#[tokio::test]
async fn a_run_without_any_fabfile_does_not_start_and_says_why() {
    let (server, slack) = (Server::with("").await, FakeSlack::start().await);
    server.says(Says::Status(404));
    let _inn = server.ops(TELL).slack(&slack).start().await;
    slack.user("U1").says("#general", "@innkeeper ops tell").await;
    let report = slack
        .await_post("the failure", |post| post.channel_name == "#general")
        .await;
    assert!(
        report.text.contains("status 404") && report.text.contains("there is no copy of it here"),
        "{report:?}"
    );
    let told = slack
        .await_post("the logs", |post| post.channel_name == "#bot-logs")
        .await;
    assert!(told.text.contains("so its jobs do not start"), "{told:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let server = Server::with("print('one')").await;
    let inn = server.ops(TELL).write();
    inn.say("ops tell").await.success();
    server.says(Says::Nothing);
    let begun = std::time::Instant::now();
    assert_eq!(inn.say("ops tell").await.success(), "one\n");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_redirect_is_followed_to_the_same_kind_of_place_only() {
    let (server, moved) = (Server::with("print('moved')").await, Server::with("").await);
    let inn = moved.ops(TELL).write();
    moved.says(Says::Elsewhere(server.url()));
    assert_eq!(inn.say("ops tell").await.success(), "moved\n");
    assert_eq!(server.statuses(), [200]);

    for place in [
        server.url().replace("127.0.0.1", "localhost"),
        server.url().replace("http:", "https:"),
        moved.url(),
    ] {
        let inn = moved.ops(TELL).write();
        moved.says(Says::Elsewhere(place.clone()));
        let output = inn.say("ops tell").await;
        assert_eq!(output.code, 1, "{place}: {output:?}");
        assert!(
            output.stdout.contains("it was not followed where it leads"),
            "{output:?}"
        );
    }
    assert!(server.statuses().is_empty());
}

#[tokio::test]
async fn an_untrusted_namespace_has_none() {
    let server = Server::with("print('one')").await;
    let inn = Host::setup()
        .untrusted("ops", &format!("fabfile = '{}'\n{TELL}", server.url()))
        .write();
    let output = inn.cli(&["check"]).await;
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("need not granted: fabfile"), "{output:?}");
}

/// With Fabric from PyPI, as `cargo xtask test` installs it.
mod needs_fabric {
    use innkeeper_tests::guests;

    use super::*;

    const FABFILE: &str = r#"
from fabric import task

@task
def hello(c, name, greeting="Hello"):
    print(f"{greeting}, [{name}]")
"#;

    const JOBS: &str = r#"
[jobs.hello]
run_args_template = "fab hello --name={name}"
report_stdout = true

[jobs.greet]
run_args_template = "fab hello --name={name} --greeting={greeting}"
report_stdout = true

[jobs.list]
run_args_template = "fab --list; cat \"$NAMESPACE_DIR/notes\""
report_stdout = true

[[slack]]
command = "hello [name]"
help = "Says hello"
job_type = "hello"
"#;

    async fn ops() -> (Server, Host) {
        with("fabric-3.2.3", FABFILE, JOBS).await
    }

    /// The namespace `ops` on a host with this Fabric on its `PATH`.
    async fn with(fabric: &str, fabfile: &str, jobs: &str) -> (Server, Host) {
        let server = Server::with(fabfile).await;
        let bin = guests::tool(fabric).join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let inn = server
            .ops(jobs)
            .file("workspace/ops/notes", "its own file\n")
            .env("PATH", &path)
            .write();
        (server, inn)
    }

    #[tokio::test]
    async fn fab_runs_tasks_of_the_file_that_was_fetched() {
        let (server, inn) = ops().await;
        assert_eq!(inn.say("ops hello Bob").await.success(), "Hello, [Bob]\n");
        let list = inn.cli(&["run", "ops", "list"]).await.success();
        assert!(list.contains("hello") && list.contains("its own file"), "{list}");
        server.says(Says::File(FABFILE.replace("Hello", "Howdy")));
        assert_eq!(inn.say("ops hello Bob").await.success(), "Howdy, [Bob]\n");
    }

    #[tokio::test]
    async fn arguments_of_tasks_stay_data() {
        let (_server, inn) = ops().await;
        for (run, name) in [
            "it's \"quoted\", and has commas, and spaces",
            "--list",
            "x --greeting=Bye",
            "$(touch hacked); touch hacked & `touch hacked`",
            "a=b:c,d=e",
            "two\nlines",
            "",
        ]
        .iter()
        .enumerate()
        {
            let name_is = format!("name={name}");
            let output = inn
                .cli(&["run", "ops", "greet", "--arg", &name_is, "--arg", "greeting=Hi"])
                .await;
            assert_eq!(output.code, 0, "{output:?}");
            let said = inn.cli(&["logs", &(run + 1).to_string()]).await.success();
            assert_eq!(said, format!("Hi, [{name}]\n"));
        }
        assert!(!inn.path("data/work/ops/hacked").exists());
    }

    /// Fabric 1 takes arguments apart at commas, and would take `hosts=…` for where to run.
    #[tokio::test]
    async fn arguments_of_tasks_of_fabric_1_stay_data() {
        let fabfile = "
from fabric.api import env, task

@task
def deploy(where, branch, then='nothing'):
    print(f'{where} <{branch}> {then} {env.host_string}')
";
        let jobs = "
[jobs.deploy]
run_args_template = 'fab deploy:production,{branch},then={then}'
report_stdout = true
";
        let (_server, inn) = with("fab-classic-1.21.0", fabfile, jobs).await;
        for (run, branch) in [
            "main",
            "x,hosts=evil.example",
            "a=b",
            "it's, \"so\": $(true) \\, \\= x",
            "",
        ]
        .iter()
        .enumerate()
        {
            let branch_is = format!("branch={branch}");
            let output = inn
                .cli(&[
                    "run",
                    "ops",
                    "deploy",
                    "--arg",
                    &branch_is,
                    "--arg",
                    "then=where=here,there",
                ])
                .await;
            assert_eq!(output.code, 0, "{output:?}");
            let said = inn.cli(&["logs", &(run + 1).to_string()]).await.success();
            let first = said.lines().next().unwrap();
            assert_eq!(first, format!("production <{branch}> where=here,there None"), "{said}");
        }
        let output = inn
            .cli(&["run", "ops", "deploy", "--arg", "branch=x\\", "--arg", "then=y"])
            .await;
        assert!(output.stdout.contains("ends with a backslash"), "{output:?}");
    }
}
