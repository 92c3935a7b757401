//! A Slack to talk to: HTTP and WebSockets on a local port, as strict as the real one.
//!
//! ```text
//!   state    channels, people, messages, files, calls: what Slack remembers
//!   api      the door: tokens, faults, bodies, and the list of methods
//!   methods  what each method does and refuses; blocks: what it refuses in blocks
//!   socket   Socket Mode: connections, envelopes, acknowledgements
//!   people   what people say, and how it reaches the bot; workspace: what else happens
//!   views    modals and the app's home
//!   history  what was said: listed, and searched
//! ```

mod api;
mod blocks;
mod history;
mod methods;
mod people;
mod socket;
mod state;
mod views;
mod workspace;

pub(crate) use api::broken;
pub use people::{Person, Sent, signature};
pub use state::{Call, Fault, Post, Upload};
pub use views::Modal;

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::within;
use state::{State, Way};

/// The bot's user.
pub const BOT: &str = "U0INNKEEPER";
/// The bot itself.
pub const BOT_ID: &str = "B0INNKEEPER";
/// The app.
pub const APP: &str = "A0INNKEEPER";
/// The workspace.
pub const TEAM: &str = "T0HOME";
/// The bot's token.
pub const BOT_TOKEN: &str = "xoxb-a-token-of-the-fake-slack";
/// The token of `U1`, who let the app search in their name.
pub const USER_TOKEN: &str = "xoxp-a-token-of-the-fake-slack";
/// The app's token, for Socket Mode.
pub const APP_TOKEN: &str = "xapp-a-token-of-the-fake-slack";
/// What the bot's token may do, unless a test says otherwise.
pub const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "reactions:write",
    "users:read",
];
/// What signs events and commands that come by HTTP.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// The fake. Clones are the same one.
///
/// There are the members `U1` and `U2`, the guest `U9`, the bot `U8`, and `U7`, a stranger of another workspace; the
/// channels `#general`, `#tech`, `#bot-logs` and `#tech-support`, which the bot is in, `#elsewhere`, which it is not
/// in, and `#archived`.
#[derive(Clone)]
pub struct FakeSlack(Arc<Shared>);

struct Shared {
    url: String,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    held: Held,
    server: Mutex<Option<tokio::task::AbortHandle>>,
}

/// Calls that a test holds back.
struct Held {
    arrived: Semaphore,
    released: Semaphore,
}

impl FakeSlack {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slack = Self(Arc::new(Shared {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Mutex::new(State::new()),
            changes: watch::Sender::new(0),
            held: Held {
                arrived: Semaphore::new(0),
                released: Semaphore::new(0),
            },
            server: Mutex::new(None),
        }));
        let routes = api::routes(slack.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        *slack.0.server.lock().unwrap() = Some(server.abort_handle());
        slack
    }

    /// `SLACK_API_URL`.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.0.url)
    }

    /// From now on events and commands go by HTTP to the host at `url`.
    pub fn deliver_to(&self, url: &str) {
        self.state().way = Way::Http(url.to_owned());
    }

    /// Someone who talks to the bot.
    pub fn user(&self, id: &str) -> Person {
        assert!(self.state().user(id).is_some(), "nobody is called {id} here");
        Person::new(self.clone(), id)
    }

    /// The id of a channel, by its name with `#`.
    pub fn channel_id(&self, name: &str) -> String {
        self.state()
            .channel(name)
            .unwrap_or_else(|| panic!("there is no channel {name}"))
            .id
            .clone()
    }

    /// The bot's token may do this, and nothing else. It is said in a header, and reading what was said is refused without;
    /// other methods go on to work.
    pub fn says_scopes(&self, scopes: &[&str]) {
        self.state().scopes = scopes.join(",");
    }

    /// The next call of `method` that has no fault yet fails so.
    pub fn fail_next(&self, method: &str, fault: Fault) {
        self.state()
            .faults
            .entry(method.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// Waits until a call that [`Fault::Held`] holds back has come in.
    pub async fn await_held(&self) {
        let arrival = self.0.held.arrived.acquire();
        within("a call to be held back", arrival).await.unwrap().forget();
    }

    /// Lets one call go on that is held back.
    pub fn release(&self) {
        self.0.held.released.add_permits(1);
    }

    /// Every call of a method, in order.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        let state = self.state();
        let calls = state.calls.iter().filter(|call| call.method == method);
        calls.cloned().collect()
    }

    /// Everything that the bot has posted, in order.
    pub fn posts(&self) -> Vec<Post> {
        self.state().posts.clone()
    }

    /// What the bot has posted in a channel, in order.
    pub fn posts_in(&self, channel: &str) -> Vec<Post> {
        let posts = self.posts().into_iter();
        posts.filter(|post| post.channel_name == channel).collect()
    }

    /// The first post for which `wanted` holds.
    pub async fn await_post(&self, what: &str, wanted: impl Fn(&Post) -> bool) -> Post {
        self.await_posts(what, 1, wanted).await.remove(0)
    }

    /// As many posts for which `wanted` holds.
    pub async fn await_posts(&self, what: &str, count: usize, wanted: impl Fn(&Post) -> bool) -> Vec<Post> {
        self.await_state(what, |state| {
            let found: Vec<Post> = state.posts.iter().filter(|post| wanted(post)).cloned().collect();
            (found.len() >= count).then_some(found)
        })
        .await
    }

    /// As many calls of `method`, whatever came of them.
    pub async fn await_calls(&self, method: &str, count: usize) -> Vec<Call> {
        self.await_state(&format!("{count} calls of {method}"), |state| {
            let calls: Vec<Call> = state
                .calls
                .iter()
                .filter(|call| call.method == method)
                .cloned()
                .collect();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    /// The emoji with which the bot has reacted to what was `sent`.
    pub async fn await_reaction(&self, sent: &Sent) -> String {
        self.await_state("a reaction", |state| {
            let mut reactions = state.reactions.iter();
            let found = reactions.find(|reaction| reaction.channel == sent.channel && reaction.ts == sent.ts)?;
            Some(found.name.clone())
        })
        .await
    }

    /// Every emoji with which the bot has reacted to what was `sent`, in order.
    pub fn reactions_to(&self, sent: &Sent) -> Vec<String> {
        let state = self.state();
        let reactions = state.reactions.iter();
        let here = reactions.filter(|reaction| reaction.channel == sent.channel && reaction.ts == sent.ts);
        here.map(|reaction| reaction.name.clone()).collect()
    }

    /// Waits until something holds of what Slack remembers. A test that waits in vain is told what the bot called.
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
        if let Ok(found) = tokio::time::timeout(crate::DEADLINE, search).await {
            return found;
        }
        let calls: Vec<String> = self.state().calls.iter().map(ToString::to_string).collect();
        panic!("waited in vain for {what}. The bot called:\n{}", calls.join("\n"));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it looked has left nothing half done.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells everybody who waits that something has changed.
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
