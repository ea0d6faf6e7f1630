//! Measurements, asked for and sent as with Prometheus: its HTTP interface v1, remote write 1.0, `/federate`.

pub(crate) mod asked;
mod query;
mod words;
mod write;

use crate::access;
use crate::api::told;
use crate::held::Away;
use crate::server::App;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jobs::desk::Refusal;
use jobs::token::Act;
use metrics::Store;
use metrics::wire::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A question may be long, and be written with three letters for each.
const MOST_QUESTION: usize = 128 * 1024;
/// So many questions are answered at once; each may take half a gigabyte.
const QUESTIONS: usize = 3;
/// So many more may wait.
const WAITING: usize = 60;
/// So many requests of senders are in memory at once.
const WRITERS: usize = 16;
/// What a request may be as it is sent; the store bounds what it is unpacked.
const MOST_SENT: usize = 16 << 20;
/// How long a sender may take for its request, and how long it may wait until it is let in.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a question may take, with its waiting: those who send wait meanwhile.
const LONGEST: Duration = Duration::from_secs(10);
/// In seconds, for whoever shall come again.
const LATER: &str = "5";

pub(crate) fn routes() -> Router<App> {
    let questions = Router::new()
        .route("/api/v1/query", get(query::query).post(query::query))
        .route("/api/v1/query_range", get(query::query_range).post(query::query_range))
        .route("/api/v1/query_exemplars", get(words::nothing).post(words::nothing))
        .route("/api/v1/series", get(words::series).post(words::series))
        .route("/api/v1/labels", get(words::labels).post(words::labels))
        .route("/api/v1/label/{name}/values", get(words::values))
        .route("/api/v1/metadata", get(words::metadata))
        .route("/api/v1/targets", get(words::targets))
        .route("/api/v1/status/buildinfo", get(words::build))
        .route("/federate", get(words::federate))
        .route("/metrics", get(words::own))
        .layer(DefaultBodyLimit::max(MOST_QUESTION));
    // The body is read by hand there, after the sender is known.
    questions.route("/api/v1/write", post(write::write))
}

/// How many are let in at once.
pub(crate) struct Gates {
    questions: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    writers: Arc<Semaphore>,
}

impl Default for Gates {
    fn default() -> Self {
        let gate = |most| Arc::new(Semaphore::new(most));
        Self { questions: gate(QUESTIONS), waiting: gate(WAITING), writers: gate(WRITERS) }
    }
}

/// Why somebody does not get an answer.
pub(crate) enum Failure {
    /// There is no token.
    Stranger,
    /// There is one that does not count.
    Unknown,
    /// The token does not allow it.
    Forbidden,
    /// It is asked in a wrong way.
    Wrong(String),
    /// It takes too long.
    Slow(String),
    /// Not now.
    Later(String),
    /// It is too large.
    Large(String),
    /// It is not in a form that is read here.
    Foreign(String),
}

impl From<Away> for Failure {
    fn from(away: Away) -> Self {
        Self::Later(away.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Later(told(refusal).1)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, kind, says) = match self {
            Self::Stranger => {
                let says = "show a token: `Authorization: Bearer ketupa_…`, or as the password of any user";
                (StatusCode::UNAUTHORIZED, "unauthorized", says.to_owned())
            }
            Self::Unknown => {
                let says = "this token is not known here, or not valid any more: `ketupa token create` makes another";
                (StatusCode::UNAUTHORIZED, "unauthorized", says.to_owned())
            }
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "forbidden", "this token does not allow it".to_owned())
            }
            Self::Wrong(says) => (StatusCode::BAD_REQUEST, "bad_data", says),
            Self::Slow(says) => (StatusCode::SERVICE_UNAVAILABLE, "timeout", says),
            Self::Later(says) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", says),
            Self::Large(says) => (StatusCode::PAYLOAD_TOO_LARGE, "bad_data", says),
            Self::Foreign(says) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_data", says),
        };
        let mut response = as_json(status, json::error(kind, &says));
        let more = match kind {
            "unauthorized" => Some((header::WWW_AUTHENTICATE, "Bearer, Basic realm=\"ketupa\"")),
            "unavailable" => Some((header::RETRY_AFTER, LATER)),
            _ => None,
        };
        let more = more.map(|(name, value)| (name, axum::http::HeaderValue::from_static(value)));
        response.headers_mut().extend(more);
        response
    }
}

pub(crate) type Answer = Result<Response, Failure>;

/// A body that is JSON already.
pub(crate) fn as_json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A body in the text format of exporters.
fn as_exposition(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], body).into_response()
}

/// Whether who asks may do this.
pub(crate) async fn allowed(
    app: &App,
    headers: &HeaderMap,
    act: Act<'static>,
) -> Result<(), Failure> {
    let stranger = || match headers.get(header::AUTHORIZATION) {
        Some(_) => Failure::Unknown,
        None => Failure::Stranger,
    };
    let scopes = access::scopes(app, headers).await?.ok_or_else(stranger)?;
    if jobs::token::allows(&scopes, act) { Ok(()) } else { Err(Failure::Forbidden) }
}

/// Stops a question that nobody waits for any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks the store on a thread for such things, after those who came before, and not for longer than it may take.
pub(crate) async fn ask<T: Send + 'static>(
    app: &App,
    within: Option<Duration>,
    ask: impl FnOnce(&Store, &AtomicBool) -> T + Send + 'static,
) -> Result<T, Failure> {
    let busy = || Failure::Later("too many questions wait already".to_owned());
    let waits = app.gates.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
    let longest = within.map_or(LONGEST, |within| within.min(LONGEST));
    let slow = || {
        Failure::Slow(format!(
            "there is no answer after {} s: ask for fewer series, a shorter time or a longer step",
            longest.as_secs_f64()
        ))
    };
    let ends = tokio::time::Instant::now() + longest;
    let turn = tokio::time::timeout_at(ends, app.gates.questions.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| slow())?.map_err(|_| busy())?;
    drop(waits);
    let stop = Stop(Arc::default());
    let (house, told) = (app.house.clone(), stop.0.clone());
    let asked = tokio::task::spawn_blocking(move || {
        // Whoever waits for an answer may go; its turn ends with the question.
        let _turn = turn;
        house.metrics.read(|store| ask(store, &told))
    });
    // One that is stopped keeps its turn until it has noticed.
    let answer = tokio::time::timeout_at(ends, asked).await.map_err(|_| slow())?;
    let broken = |_| Failure::Later("the question could not be answered".to_owned());
    Ok(answer.map_err(broken)??)
}

/// Why a sender shall come again with what is ahead of the clock here, which says this in milliseconds.
/// Which of the clocks is wrong nobody knows, and whoever is told that it is never taken throws it away.
pub(crate) fn early(what: &str, why: Option<String>, now: i64) -> Failure {
    let here = jiff::Timestamp::from_millisecond(now).map(|here| format!("{here:.0}"));
    let (here, why) = (here.unwrap_or_default(), why.unwrap_or_default());
    Failure::Later(format!(
        "{what} are taken when their time has come: the clock here says {here}; set it, or that of the sender; the first: {why}"
    ))
}

/// What a sender brings, of measurements or of logs.
pub(crate) async fn received(request: Request) -> Result<Bytes, Failure> {
    let body = axum::body::to_bytes(request.into_body(), MOST_SENT);
    let body = tokio::time::timeout(PATIENCE, body).await;
    let slow = |_| Failure::Later("the request did not arrive in time".to_owned());
    body.map_err(slow)?
        .map_err(|_| Failure::Large(format!("the request is longer than {MOST_SENT} bytes")))
}
