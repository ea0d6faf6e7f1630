//! Calls of forges: `/hooks/JOB`, signed or with a token, each once.

use crate::api::told;
use crate::server::App;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use jobs::webhook::Proofs;
use serde_json::json;

/// A push of many commits is long.
const MOST_BODY: usize = 4 * 1024 * 1024;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/hooks/{job}", post(called)).layer(DefaultBodyLimit::max(MOST_BODY))
}

async fn called(
    State(app): State<App>,
    Path(job): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = app.ask(move |desk| {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let proofs = Proofs {
            signature: text("x-hub-signature-256"),
            token: text("x-gitlab-token"),
            event: text("x-gitlab-event-uuid"),
        };
        desk.called(&job, proofs, &body)
    });
    match asked.await {
        Ok(Some(id)) => (StatusCode::ACCEPTED, Json(json!({ "run": id }))).into_response(),
        Ok(None) => (StatusCode::OK, Json(json!({ "run": null, "seen": true }))).into_response(),
        Err(refusal) => {
            let (status, says) = told(refusal);
            (status, Json(json!({ "error": says }))).into_response()
        }
    }
}
