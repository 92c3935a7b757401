//! The users, on `innkeeper.sock`: who is told of services, and what they entered into the fields of alert plugins.
//!
//! ```text
//!   GET    /api/users                          every user, by name
//!   POST   /api/users                          makes one
//!   GET    /api/users/{name}                   one, with what they entered; secrets are never told
//!   PATCH  /api/users/{name}                   changes what is named
//!   DELETE /api/users/{name}                   forgets one
//!   PATCH  /api/users/{name}/plugins/{plugin}  enters something into fields of a plugin; null empties one
//! ```

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::alerts::people::{Entered, NewUser, People, PeopleError, UserChange};

type Users = State<Arc<People>>;

/// The routes of the users.
pub fn routes(people: Arc<People>) -> Router {
    Router::new()
        .route("/api/users", get(list).post(add))
        .route("/api/users/{name}", get(show).patch(change).delete(remove))
        .route("/api/users/{name}/plugins/{plugin}", patch(enter))
        .with_state(people)
}

async fn list(State(people): Users) -> Response {
    answer(people.list().await)
}

async fn show(State(people): Users, Path(name): Path<String>) -> Response {
    answer(people.show(&name).await)
}

async fn add(State(people): Users, body: Bytes) -> Response {
    match read::<NewUser>(&body) {
        Ok(new) => answer(people.add(new).await),
        Err(why) => unreadable(&why),
    }
}

async fn change(State(people): Users, Path(name): Path<String>, body: Bytes) -> Response {
    match read::<UserChange>(&body) {
        Ok(change) => answer(people.change(&name, change).await),
        Err(why) => unreadable(&why),
    }
}

async fn remove(State(people): Users, Path(name): Path<String>) -> Response {
    answer(people.remove(&name).await)
}

async fn enter(State(people): Users, Path((name, plugin)): Path<(String, String)>, body: Bytes) -> Response {
    match read::<Entered>(&body) {
        Ok(entered) => answer(people.enter(&name, &plugin, entered).await),
        Err(why) => unreadable(&why),
    }
}

/// What is wrong with a body says where, and nothing of what is in it: it may be a secret.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| {
        let why = match error.is_data() {
            true => "a key of the JSON is unknown, missing, or of another type",
            false => "this is no JSON",
        };
        let (line, column) = (error.line(), error.column());
        format!("{why} (line {line}, column {column})")
    })
}

fn unreadable(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
}

fn answer<T: Serialize>(done: Result<T, PeopleError>) -> Response {
    let error = match done {
        Ok(done) => return Json(done).into_response(),
        Err(error) => error,
    };
    let mut said = json!({ "error": error.to_string() });
    let status = match error {
        PeopleError::Unknown(_) => StatusCode::NOT_FOUND,
        PeopleError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PeopleError::Fields(faults) => {
            said["fields"] = json!(faults);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PeopleError::Failed(error) => {
            tracing::error!(error = format!("{error:#}"), "what was asked about the users failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    (status, Json(said)).into_response()
}
