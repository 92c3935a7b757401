//! GitHub: what it delivers, and a fake of its API, as strict as the real one.
//!
//! ```text
//!   webhook  payloads, delivery ids, signatures
//!   state    issues, comments, statuses, webhooks, deliveries, calls: what GitHub remembers
//!   api      the door: tokens, faults, and the list of routes
//!   routes   what each route does and refuses
//! ```

mod api;
mod routes;
mod state;
mod webhook;

pub use state::{Attempt, Call, Comment, Fault, Reaction, Status};
pub use webhook::{Delivery, commented, pull_request, pushed};

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::within;
use state::State;

/// The token that may do everything in [`REPOSITORY`].
pub const TOKEN: &str = "ghp_a-token-of-the-fake-github";
/// The one repository that there is. It has the pull request 7 and the issue 8.
pub const REPOSITORY: &str = "octo/shop";
/// What it is called after [`Fault::Renamed`].
pub const RENAMED: &str = "octo/store";
/// A commit of it.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The fake. Clones are the same one.
#[derive(Clone)]
pub struct FakeGithub(Arc<Shared>);

struct Shared {
    url: String,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// Where the world finds the host: none while it is down.
    host: watch::Sender<Option<String>>,
    held: Semaphore,
    server: Mutex<Option<tokio::task::AbortHandle>>,
}

impl FakeGithub {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let github = Self(Arc::new(Shared {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Mutex::new(State::default()),
            changes: watch::Sender::new(0),
            host: watch::Sender::new(None),
            held: Semaphore::new(0),
            server: Mutex::new(None),
        }));
        let routes = api::routes(github.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        *github.0.server.lock().unwrap() = Some(server.abort_handle());
        github
    }

    /// `GITHUB_API_URL`.
    pub fn api_url(&self) -> String {
        self.0.url.clone()
    }

    /// The repository has a webhook that delivers to `/github/<namespace>/`.
    pub fn add_webhook(&self, namespace: &str) {
        let url = format!("https://inn.example/github/{namespace}/");
        self.state().add_webhook(&url);
    }

    /// From now on `https://inn.example` is this; none: it is down.
    pub fn host_is_at(&self, url: Option<&str>) {
        self.0.host.send_replace(url.map(str::to_owned));
    }

    /// Something happens that the webhooks are told of, once. Whether the host took it, GitHub remembers.
    pub async fn happens(&self, event: &str, payload: &Value) {
        let hooks = self.state().webhooks.clone();
        for hook in hooks {
            let delivery = Delivery::new(event, payload);
            let host = self.0.host.borrow().clone();
            self.attempt(hook.id, &hook.path, delivery, host).await;
        }
    }

    /// Makes an attempt to deliver, and remembers what came of it.
    async fn attempt(&self, hook: u64, path: &str, delivery: Delivery, host: Option<String>) {
        let status = match host {
            Some(host) => delivery.try_post(&format!("{host}{path}")).await,
            None => 0,
        };
        self.state().remember(hook, delivery, status);
        self.changed();
    }

    /// The next call of this kind that has no fault yet fails so: `statuses`, `comments`, `reactions`, `hooks`, `deliveries` or
    /// `attempts`.
    pub fn fail_next(&self, kind: &str, fault: Fault) {
        self.state().faults.entry(kind.to_owned()).or_default().push_back(fault);
    }

    /// Lets one answer go that [`Fault::Held`] holds back.
    pub fn release(&self) {
        self.0.held.add_permits(1);
    }

    /// Every call of this kind, in order.
    pub fn calls(&self, kind: &str) -> Vec<Call> {
        let state = self.state();
        state.calls.iter().filter(|call| call.kind == kind).cloned().collect()
    }

    /// Every comment that there is, in order.
    pub fn comments(&self) -> Vec<Comment> {
        self.state().comments.clone()
    }

    /// Every status that was put on a commit, in order.
    pub fn statuses(&self) -> Vec<Status> {
        self.state().statuses.clone()
    }

    /// Every attempt to deliver something, in order.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state().attempts.clone()
    }

    /// The first comment for which `wanted` holds.
    pub async fn await_comment(&self, what: &str, wanted: impl Fn(&Comment) -> bool) -> Comment {
        self.await_state(what, |state| {
            state.comments.iter().find(|comment| wanted(comment)).cloned()
        })
        .await
    }

    /// The first status for which `wanted` holds.
    pub async fn await_status(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        self.await_state(what, |state| {
            state.statuses.iter().find(|status| wanted(status)).cloned()
        })
        .await
    }

    /// As many reactions to a comment, by their names.
    pub async fn await_reactions(&self, comment: u64, count: usize) -> Vec<String> {
        self.await_state("reactions", |state| {
            let to_it = state.reactions.iter().filter(|reaction| reaction.comment == comment);
            let names: Vec<String> = to_it.map(|reaction| reaction.content.clone()).collect();
            (names.len() >= count).then_some(names)
        })
        .await
    }

    /// As many attempts to deliver something.
    pub async fn await_attempts(&self, count: usize) -> Vec<Attempt> {
        self.await_state("attempts to deliver", |state| {
            (state.attempts.len() >= count).then(|| state.attempts.clone())
        })
        .await
    }

    /// As many calls of this kind, whatever came of them.
    pub async fn await_calls(&self, kind: &str, count: usize) -> Vec<Call> {
        self.await_state(&format!("{count} calls of {kind}"), |state| {
            let calls: Vec<Call> = state.calls.iter().filter(|call| call.kind == kind).cloned().collect();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    async fn await_state<T>(&self, what: &str, look: impl Fn(&State) -> Option<T>) -> T {
        let mut changes = self.0.changes.subscribe();
        let search = async {
            loop {
                if let Some(found) = look(&self.state()) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        let calls = || {
            let calls: Vec<String> = self.state().calls.iter().map(ToString::to_string).collect();
            calls.join("\n")
        };
        match tokio::time::timeout(crate::DEADLINE, search).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain for {what}. GitHub was called:\n{}", calls()),
        }
    }

    /// Waits until a test lets an answer go.
    async fn held(&self) {
        within("an answer to be let go", self.0.held.acquire())
            .await
            .unwrap()
            .forget();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it looked has left nothing half done.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.send_modify(|changes| *changes += 1);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(server) = self.server.get_mut().unwrap().take() {
            server.abort();
        }
    }
}
