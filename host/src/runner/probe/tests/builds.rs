//! The builds of GitHub and Jenkins.

use axum::extract::{Query, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use super::*;

fn workflow(branch: Option<&str>, token: Option<&str>) -> Probe {
    Probe::Github {
        repo: "ann/web".into(),
        workflow: "ci.yml".into(),
        branch: branch.map(Into::into),
        token: token.map(Into::into),
    }
}

/// GitHub, whose runs these are, where the token is right.
async fn github(runs: &'static str) -> Host {
    let authorized = |headers: &HeaderMap| {
        headers
            .get("authorization")
            .is_some_and(|value| value == "Bearer hunter2")
    };
    let repository = move |headers: HeaderMap| async move {
        match authorized(&headers) {
            true => r#"{"default_branch":"trunk"}"#.into_response(),
            false => StatusCode::UNAUTHORIZED.into_response(),
        }
    };
    let listed = move |Query(asked): Query<BTreeMap<String, String>>, headers: HeaderMap| async move {
        assert_eq!((&*asked["status"], &*asked["per_page"]), ("completed", "1"));
        match authorized(&headers) {
            true if asked["branch"] == "trunk" => runs.into_response(),
            true => r#"{"workflow_runs":[]}"#.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    };
    let routes = Router::new()
        .route("/repos/ann/web", get(repository))
        .route("/repos/ann/web/actions/workflows/ci.yml/runs", get(listed));
    let mut host = Host::new();
    host.github = serve(routes).await;
    host
}

#[tokio::test]
async fn the_last_run_of_a_workflow_is_to_have_succeeded() {
    let good = r#"{"workflow_runs":[{"run_number":7,"conclusion":"success","html_url":"https://github.com/r/7"}]}"#;
    let mut host = github(good).await;
    assert_eq!(host.why(workflow(None, Some("PASSWORD"))).await, "");
    assert_eq!(host.why(workflow(Some("trunk"), Some("PASSWORD"))).await, "");
    assert_eq!(
        host.why(workflow(Some("old"), Some("PASSWORD"))).await,
        "ci.yml of ann/web has no run on old that ended"
    );
    assert_eq!(
        host.why(workflow(Some("trunk"), None)).await,
        "GitHub knows no ci.yml of ann/web, or the token may not see it (it needs to read Actions)"
    );
    assert_eq!(host.why(workflow(None, None)).await, "GitHub does not know the token");

    let bad = r#"{"workflow_runs":[{"run_number":8,"conclusion":"timed_out","html_url":"https://github.com/r/8"}]}"#;
    let mut host = github(bad).await;
    assert_eq!(
        host.why(workflow(None, Some("PASSWORD"))).await,
        "run 8 of ci.yml of ann/web on trunk ended as timed_out: https://github.com/r/8"
    );
    let mut host = github("{}").await;
    let why = host.why(workflow(None, Some("PASSWORD"))).await;
    assert!(
        why.starts_with("GitHub answered what is none of its answers: missing field"),
        "{why}"
    );
}

#[tokio::test]
async fn a_strangers_secret_is_a_granted_one() {
    let mut host = Host::of_a_stranger(&[]);
    assert_eq!(
        host.why(workflow(None, Some("PASSWORD"))).await,
        "the secret `PASSWORD` is not granted to demo"
    );
}

/// Why a job of Jenkins that says this of itself fails.
async fn jenkins(says: &'static str) -> String {
    let answer = move |request: Request| async move {
        assert_eq!(request.uri().path(), "/ci/job/team/job/the%20build/api/json");
        assert_eq!(request.headers()["authorization"], "Basic bWU6aHVudGVyMg==");
        says
    };
    let server = serve(Router::new().fallback(answer)).await;
    let probe = Probe::Jenkins {
        url: format!("{server}/ci/"),
        job: "team/the build".into(),
        login: Some(("me".into(), "PASSWORD".into())),
        queued_for: Some(Duration::from_secs(600)),
    };
    Host::new().why(probe).await
}

#[tokio::test]
async fn the_last_build_of_a_job_is_to_have_succeeded() {
    // Five minutes and half an hour before the clock of these tests.
    let cases = [
        (
            r#"{"queueItem":null,"lastCompletedBuild":{"number":3,"result":"SUCCESS","url":"http://j/3"}}"#,
            "",
        ),
        (
            r#"{"queueItem":{"inQueueSince":4070303700000},"lastCompletedBuild":{"number":3,"result":"SUCCESS","url":"http://j/3"}}"#,
            "",
        ),
        (
            r#"{"queueItem":{"inQueueSince":4070302200000,"why":"Waiting for an executor"},"lastCompletedBuild":null}"#,
            "a build of team/the build has waited for 30 minutes; 10 minutes allowed: Waiting for an executor",
        ),
        (
            r#"{"queueItem":null,"lastCompletedBuild":{"number":4,"result":"UNSTABLE","url":"http://j/4"}}"#,
            "build 4 of team/the build ended as UNSTABLE: http://j/4",
        ),
        (
            r#"{"queueItem":null,"lastCompletedBuild":null}"#,
            "team/the build has no build that ended",
        ),
        (
            "<html>",
            "Jenkins answered what is none of its answers: expected value at line 1 column 1",
        ),
    ];
    for (says, why) in cases {
        assert_eq!(jenkins(says).await, why);
    }
}

#[tokio::test]
async fn a_job_that_jenkins_does_not_show_fails() {
    for (status, why) in [
        (404, "Jenkins knows no job web, or does not show it to who asks"),
        (403, "Jenkins does not show web to who asks (403)"),
        (500, "Jenkins answered 500"),
    ] {
        let answer = move || async move { StatusCode::from_u16(status).unwrap() };
        let server = serve(Router::new().fallback(answer)).await;
        let probe = Probe::Jenkins {
            url: server,
            job: "web".into(),
            login: None,
            queued_for: None,
        };
        assert_eq!(Host::new().why(probe).await, why);
    }
}
