//! The connection to Slack. Who the bot is has to be asked first (`auth.test`), and Slack may be away just then: until it
//! answers, posts wait in the outbox, nobody is known, and Slack's own requests wait a little and are then answered by
//! 503, so that it repeats them. Everything else serves meanwhile.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::{Secret, Secrets};
use innkeeper_core::config::{Config, Join, SlackMode};
use innkeeper_core::outbox::Target;
use innkeeper_core::request::SlackOrigin;
use tokio::sync::SetOnce;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::alerts::people::People;
use crate::current::Current;
use crate::deliver::slack::SlackTarget;
use crate::slack::{ApiError, Identity, SlackApi, api_url};
use crate::trigger::slack::{CatchUp, Channels, Joiner, Preferences, SigningSecret, SlackDirectory, SlackTrigger};
use crate::trigger::{Directory, Intake, Standing};

/// How long after Slack could not say who the bot is it is asked again; doubles up to the second.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a request of Slack's waits for that answer. Slack itself waits three seconds for ours.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connection to Slack.
pub(super) struct Slack {
    api: Arc<SlackApi>,
    way_in: WayIn,
    clock: Arc<dyn Clock>,
    target: Arc<SlackTarget>,
    directory: Arc<LateDirectory>,
    routes: Arc<SetOnce<Router>>,
    /// The way of the user whose token searches for keywords; none without one.
    search: Option<SlackApi>,
    join: Join,
}

/// How Slack's events come in.
enum WayIn {
    Socket,
    Http(SigningSecret),
}

impl Slack {
    /// None without a bot token.
    pub(super) fn from_secrets(
        config: &Config,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(bot_token) = secrets.get("SLACK_BOT_TOKEN")? else {
            return Ok(None);
        };
        let app_token = secrets.get("SLACK_APP_TOKEN")?;
        let way_in = match config.slack.mode {
            SlackMode::Socket if app_token.is_none() => anyhow::bail!(
                "SLACK_APP_TOKEN is missing: Socket Mode needs an app-level token (`xapp-…`) with `connections:write`; \
                 or set `mode = \"http\"` under [slack]"
            ),
            SlackMode::Socket => WayIn::Socket,
            SlackMode::Http => WayIn::Http(signing_secret(secrets.get("SLACK_SIGNING_SECRET")?)?),
        };
        let api_url = api_url();
        let api = Arc::new(SlackApi::new(&api_url, bot_token, app_token)?);
        let search = secrets.get("SLACK_USER_TOKEN")?;
        let search = search.map(|token| SlackApi::new(&api_url, token, None)).transpose()?;
        Ok(Some(Self {
            target: Arc::new(SlackTarget::new(api.clone(), clock.clone())),
            api,
            way_in,
            clock,
            directory: Arc::default(),
            routes: Arc::default(),
            search,
            join: config.slack.join,
        }))
    }

    pub(super) fn target(&self) -> Arc<dyn Target> {
        self.target.clone()
    }

    pub(super) fn directory(&self) -> Arc<dyn Directory> {
        self.directory.clone()
    }

    /// The routes that Slack's requests come to; none in Socket Mode.
    pub(super) fn routes(&self) -> Router {
        match self.way_in {
            WayIn::Socket => Router::new(),
            WayIn::Http(_) => Router::new()
                .route("/slack/events", post(pass_on))
                .route("/slack/commands", post(pass_on))
                .route("/slack/interactive", post(pass_on))
                .with_state(self.routes.clone()),
        }
    }

    /// Asks who the bot is, and listens until `stop`.
    pub(super) async fn run(
        self,
        intake: Arc<Intake>,
        people: Arc<People>,
        current: Current,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let identity = tokio::select! {
            identity = self.who_am_i() => identity,
            () = stop.cancelled() => return Ok(()),
        };
        tracing::info!(user = identity.user, team = identity.team, "Slack knows the bot");
        let directory = SlackDirectory::new(self.api.clone(), identity.clone(), self.clock.clone());
        let directory = Arc::new(directory);
        // Set once: this is the only place, and it is passed once.
        let _ = self.directory.0.set(directory.clone());
        let channels = Arc::new(Channels::new(self.api.clone()));
        if !intake.keywords().is_empty() {
            tokio::select! {
                () = know(&channels) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
        let (joiner, made) = Joiner::new(self.join, self.api.clone(), channels.clone()).unzip();
        let preferences = Preferences {
            people,
            directory: directory.clone(),
            api: self.api.clone(),
            identity: identity.clone(),
        };
        let trigger = Arc::new(SlackTrigger::new(
            intake.clone(),
            identity,
            channels,
            directory.clone(),
            made,
            Arc::new(preferences),
        ));
        let catch_up = CatchUp {
            trigger: trigger.clone(),
            intake,
            directory,
            api: self.api.clone(),
            search: self.search,
            current,
            clock: self.clock.clone(),
        };
        let by_socket = matches!(self.way_in, WayIn::Socket);
        let joining = async {
            if let Some(joiner) = joiner {
                joiner.run(stop.clone()).await;
            }
        };
        let listening = async {
            match self.way_in {
                WayIn::Socket => trigger.run_socket(self.api, stop.clone()).await,
                WayIn::Http(secret) => {
                    let _ = self
                        .routes
                        .set(crate::trigger::slack::routes(trigger, secret, self.clock));
                    stop.cancelled().await;
                    Ok(())
                }
            }
        };
        let (listened, (), ()) = tokio::join!(listening, catch_up.run(by_socket, stop.clone()), joining);
        listened
    }

    async fn who_am_i(&self) -> Identity {
        let mut wait = FIRST_WAIT;
        loop {
            match self.api.auth_test().await {
                Ok(identity) => return identity,
                Err(error) => {
                    tracing::error!(%error, retry_seconds = wait.as_secs(), "Slack does not say who the bot is; check SLACK_BOT_TOKEN");
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// Learns which channels the bot is in before it listens: rules name them. Where Slack refuses to tell, rules that name none
/// listen all the same.
async fn know(channels: &Channels) {
    let mut wait = FIRST_WAIT;
    loop {
        match channels.refresh().await {
            Ok(()) => return,
            Err(error @ ApiError::Refused { .. }) => {
                tracing::error!(%error, "it is not known which channels the bot is in: keyword rules that name channels by `#name` do not work; compare the app with `innkeeper slack-manifest`");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, retry_seconds = wait.as_secs(), "Slack does not say which channels the bot is in");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn signing_secret(secret: Option<Secret>) -> anyhow::Result<SigningSecret> {
    let Some(secret) = secret else {
        anyhow::bail!(
            "SLACK_SIGNING_SECRET is missing: with `mode = \"http\"` it is what Slack signs its requests with"
        );
    };
    SigningSecret::new(&secret)
}

/// Hands a request to the trigger's routes, as soon as they are there.
async fn pass_on(State(routes): State<Arc<SetOnce<Router>>>, request: Request) -> Response {
    match tokio::time::timeout(PATIENCE, routes.wait()).await {
        Ok(routes) => match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "not connected to Slack yet; send it again",
        )
            .into_response(),
    }
}

/// The directory, from when Slack has said who the bot is.
#[derive(Default)]
struct LateDirectory(OnceLock<Arc<SlackDirectory>>);

impl Directory for LateDirectory {
    fn known(&self, who: &SlackOrigin) -> Option<Standing> {
        self.0.get().and_then(|directory| directory.known(who))
    }

    fn look_up<'a>(&'a self, who: &'a SlackOrigin) -> BoxFuture<'a, Result<Standing, String>> {
        match self.0.get() {
            Some(directory) => directory.look_up(who),
            None => Box::pin(std::future::ready(Err("not connected to Slack yet".into()))),
        }
    }
}
