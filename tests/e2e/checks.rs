//! Checks: those of the host's own, started by hand and by the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use innkeeper_tests::Host;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A web site on loopback that answers with whatever status it is told to, and says when it was asked.
struct Site {
    url: String,
    status: Arc<AtomicU16>,
    asked: Arc<Notify>,
}

impl Site {
    async fn start() -> Self {
        let (status, asked) = (Arc::new(AtomicU16::new(200)), Arc::new(Notify::new()));
        let (answers, rings) = (status.clone(), asked.clone());
        let answer = move || async move {
            rings.notify_one();
            let status = StatusCode::from_u16(answers.load(Ordering::SeqCst)).unwrap();
            (status, "All is well.")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/", get(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, status, asked }
    }

    fn check(&self, more: &str) -> String {
        format!(
            "[checks.site]\n{more}\nhttp = {{ url = '{}', text = 'well' }}\n",
            self.url
        )
    }
}

#[tokio::test]
async fn a_check_is_run_by_hand_and_its_log_says_why_it_failed() {
    let site = Site::start().await;
    let inn = Host::setup().trusted("web", &site.check("")).write();
    inn.cli(&["run", "web", "site"]).await.success();
    assert_eq!(inn.cli(&["logs", "1"]).await.success(), "");
    assert!(!inn.path("data/logs/web_site").exists(), "nothing was printed");

    site.status.store(503, Ordering::SeqCst);
    let failed = inn.cli(&["run", "web", "site"]).await;
    let why = format!("{}/ answered 503, not 200", site.url);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stdout.contains(&why), "{failed:?}");
    assert_eq!(inn.cli(&["logs", "2"]).await.success(), format!("{why}\n"));
}

#[tokio::test]
async fn the_clock_starts_a_check() {
    let site = Site::start().await;
    let mut inn = Host::setup().trusted("web", &site.check("every = '10s'")).start().await;
    innkeeper_tests::within("the check's first run", site.asked.notified()).await;
    inn.sigterm();
    assert!(inn.ended().await.success());
}

#[tokio::test]
async fn a_strangers_check_is_kept_to_what_is_granted() {
    let site = Site::start().await;
    let refused = Host::setup()
        .untrusted("web", &site.check(""))
        .write()
        .cli(&["check"])
        .await;
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        said.contains(&format!("need not granted: http `{}`", site.url)),
        "{said}"
    );

    let grants = format!("http = ['{}']\ntriggers = ['schedule']", site.url);
    let granted = Host::setup().namespace("web", &site.check(""), &grants).write();
    granted.cli(&["run", "web", "site"]).await.success();
}
