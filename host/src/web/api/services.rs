//! Services on `innkeeper.sock`: how they are, who is on duty, and what is said to them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use innkeeper_core::alert::{Event, Service};
use innkeeper_core::request::Arguments;
use innkeeper_core::suppression::Suppression;
use serde::Deserialize;
use serde_json::json;

use super::{ApiParts, refusal, unavailable, user_of};
use crate::alerts;

/// What is said to a service.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Told {
    Ack,
    Unack,
    Silence,
    Unsilence,
}

/// For how long a service is silenced: one of both, as people type it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Silenced {
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    duration: Option<String>,
}

pub(super) async fn list(State(parts): State<ApiParts>) -> Response {
    let book = parts.services.book();
    match alerts::list(&parts.store, book.all().cloned(), parts.clock.now()).await {
        Ok(lines) => Json(lines).into_response(),
        Err(error) => unavailable(&error.into()),
    }
}

pub(super) async fn show(State(parts): State<ApiParts>, Path(name): Path<String>) -> Response {
    let Some(service) = named(&parts, &name) else {
        return unknown(&name);
    };
    let now = parts.clock.now();
    let on_call = parts.duty.now_and_next(now).await;
    match alerts::detail(&parts.store, &service, &on_call, now).await {
        Ok(detail) => Json(detail).into_response(),
        Err(error) => unavailable(&error.into()),
    }
}

pub(super) async fn on_call(State(parts): State<ApiParts>) -> Response {
    Json(parts.duty.now_and_next(parts.clock.now()).await).into_response()
}

/// Says something to a service. Answers with what it is then; 409 where that means nothing to it.
pub(super) async fn tell(
    State(parts): State<ApiParts>,
    Path((name, told)): Path<(String, Told)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(service) = named(&parts, &name) else {
        return unknown(&name);
    };
    let (now, by) = (parts.clock.now(), user_of(&headers).to_owned());
    let event = match told {
        Told::Ack => Event::Acknowledge { by },
        Told::Unack => Event::Withdraw { by },
        Told::Unsilence => Event::Unsilence,
        Told::Silence => match until(&parts, &body) {
            Ok(span) => Event::Silence { by, until: span.end },
            Err(why) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, why),
        },
    };
    match parts.store.tell_service(service, event, now, |_| Vec::new()).await {
        Ok(Ok(noted)) => {
            parts.bells.ring_alerts();
            Json(json!({
                "name": noted.service,
                "status": noted.state.status,
                "since": noted.state.since,
                "acknowledged": noted.state.acknowledged,
                "silenced": noted.state.silenced,
            }))
            .into_response()
        }
        Ok(Err(why)) => refusal(StatusCode::CONFLICT, why.to_string()),
        Err(error) => unavailable(&error.into()),
    }
}

fn until(parts: &ApiParts, body: &[u8]) -> Result<Suppression, String> {
    let said = match body {
        [] => Silenced::default(),
        body => serde_json::from_slice(body).map_err(|error| format!("this says no time: {error}"))?,
    };
    let said = [("end_time", said.until), ("duration", said.duration)];
    let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let zone = &parts.command_line.current.get().timezone;
    Suppression::read(&said.collect::<Arguments>(), parts.clock.now(), zone)
}

fn named(parts: &ApiParts, name: &str) -> Option<Arc<Service>> {
    parts.services.book().named(name).cloned()
}

fn unknown(name: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, format!("there is no service `{name}`"))
}
