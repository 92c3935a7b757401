//! Who does what the command line asks: a running `serve`, reached over `innkeeper.sock`; or, where none runs, this
//! process, which then owns the data folder for as long as it takes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use innkeeper_core::config::Config;
use innkeeper_core::request::RequestId;
use innkeeper_core::store::Cancel;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::Misuse;
use crate::alerts::{Trial, Tried, Unfit};
use crate::app::{App, Owned, SOCKET, Solo};
use crate::deliver::terminal::Event;
use crate::trigger::cli::{BadOrder, Order, user_name};

/// How long a verb waits for another that owns the data folder, and how often it tries.
const PATIENCE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(50);

/// Who does what is asked.
pub(super) enum Host {
    /// A running `serve`.
    Serving(Socket),
    /// This process.
    Alone(Box<Solo>),
}

/// What is heard of an order.
pub(super) enum Events {
    Remote { body: Incoming, rest: Vec<u8> },
    Local(Box<crate::app::SoloConversation>),
}

impl Host {
    /// Finds a running `serve`, or becomes the owner of the data folder.
    pub(super) async fn find(config: &Config) -> anyhow::Result<Self> {
        let begun = Instant::now();
        loop {
            if let Some(socket) = Socket::connect(&config.data_dir).await? {
                return Ok(Self::Serving(socket));
            }
            match App::open(config.clone()).await {
                Ok(app) => return Ok(Self::Alone(Box::new(app.alone().await?))),
                // A `serve` that is starting or ending, or a verb like this one that is nearly done.
                Err(error) if error.is::<Owned>() && begun.elapsed() < PATIENCE => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives an order.
    pub(super) async fn give(&self, order: Order) -> anyhow::Result<Events> {
        match self {
            Self::Serving(socket) => {
                let response = socket
                    .send(Method::POST, "/api/orders", serde_json::to_vec(&order)?)
                    .await?;
                Ok(Events::Remote {
                    body: response.into_body(),
                    rest: Vec::new(),
                })
            }
            Self::Alone(solo) => match solo.give(order, user_name()).await {
                Ok(conversation) => Ok(Events::Local(Box::new(conversation))),
                Err(error) => Err(match error.downcast::<BadOrder>() {
                    Ok(bad) => Misuse(bad.to_string()).into(),
                    Err(error) => error,
                }),
            },
        }
    }

    /// Waits until Ctrl-C was pressed, where this process does the work; else Ctrl-C ends it as it ends any.
    pub(super) async fn interrupted(&self) {
        match self {
            Self::Serving(_) => std::future::pending().await,
            Self::Alone(solo) => solo.interrupted().await,
        }
    }

    /// Cancels a pending request.
    pub(super) async fn cancel(&self, request: RequestId) -> anyhow::Result<Cancel> {
        match self {
            Self::Serving(socket) => {
                socket
                    .json(Method::POST, &format!("/api/requests/{request}/cancel"))
                    .await
            }
            Self::Alone(solo) => solo.cancel(request).await,
        }
    }

    /// Tells one user of a service that is made up.
    pub(super) async fn test_alert(&self, trial: &Trial) -> anyhow::Result<Tried> {
        match self {
            Self::Serving(socket) => {
                let body = serde_json::to_vec(trial)?;
                let response = socket.send(Method::POST, "/api/alerts/test", body).await?;
                let body = response.into_body().collect().await?.to_bytes();
                serde_json::from_slice(&body).context("the host said something that cannot be read")
            }
            Self::Alone(solo) => solo.test_alert(trial).await.map_err(|unfit| match unfit {
                Unfit::Misused(why) => Misuse(why).into(),
                Unfit::Failed(why) => anyhow::anyhow!(why),
            }),
        }
    }

    /// Asks about the users, by the API's routes.
    pub(super) async fn users<T: DeserializeOwned>(
        &self,
        method: Method,
        route: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body)?;
        let answer = match self {
            Self::Serving(socket) => socket
                .send(method, route, body)
                .await?
                .into_body()
                .collect()
                .await?
                .to_bytes(),
            Self::Alone(solo) => {
                let request = Request::builder().method(method).uri(route).body(body.into())?;
                let (parts, body) = solo.users(request).await.into_parts();
                let body = body.collect().await?.to_bytes();
                match parts.status.is_success() {
                    true => body,
                    false => return Err(refused(parts.status, &body)),
                }
            }
        };
        serde_json::from_slice(&answer).context("the host said something that cannot be read")
    }

    /// Gives the data folder back, and says what is left in it to do.
    pub(super) async fn leave(self) -> anyhow::Result<()> {
        let Self::Alone(solo) = self else {
            return Ok(());
        };
        if let Some(left) = solo.leave().await? {
            eprintln!("{left}");
        }
        Ok(())
    }
}

impl Events {
    /// The next event; none after the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        match self {
            Self::Local(conversation) => Ok(conversation.next().await),
            Self::Remote { body, rest } => next_line(body, rest).await,
        }
    }
}

async fn next_line(body: &mut Incoming, rest: &mut Vec<u8>) -> anyhow::Result<Option<Event>> {
    loop {
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            return serde_json::from_slice(&line)
                .map(Some)
                .context("the host said something that cannot be read");
        }
        match body.frame().await {
            Some(frame) => {
                let frame = frame
                    .context("the host went away; the order is kept, and what it writes is in `innkeeper logs`")?;
                rest.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            }
            None => return Ok(None),
        }
    }
}

/// The way to a running `serve`.
pub(super) struct Socket {
    path: PathBuf,
}

impl Socket {
    /// None where nobody listens.
    async fn connect(data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = data_dir.join(SOCKET);
        match UnixStream::connect(&path).await {
            Ok(_) => Ok(Some(Self { path })),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be reached", path.display())),
        }
    }

    async fn send(&self, method: Method, route: &str, body: Vec<u8>) -> anyhow::Result<Response<Incoming>> {
        let stream = UnixStream::connect(&self.path).await.context("the host went away")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(route)
            .header("host", "innkeeper")
            .header("content-type", "application/json")
            .header("x-innkeeper-user", user_name())
            .body(Full::new(Bytes::from(body)))?;
        let response = sender.send_request(request).await.context("the host did not answer")?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(response).await)
    }

    async fn json<T: DeserializeOwned>(&self, method: Method, route: &str) -> anyhow::Result<T> {
        let response = self.send(method, route, Vec::new()).await?;
        let body = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&body).context("the host said something that cannot be read")
    }
}

/// The error that a refusal of the host stands for.
async fn refusal(response: Response<Incoming>) -> anyhow::Error {
    let status = response.status();
    let body = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return anyhow::Error::new(error).context("the host's answer broke off"),
    };
    refused(status, &body)
}

fn refused(status: StatusCode, body: &[u8]) -> anyhow::Error {
    let said = serde_json::from_slice::<serde_json::Value>(body).ok();
    let sentence = said
        .as_ref()
        .and_then(|said| said["error"].as_str())
        .unwrap_or("the host refused")
        .to_owned();
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Misuse(sentence).into(),
        _ => anyhow::anyhow!("{sentence}"),
    }
}
