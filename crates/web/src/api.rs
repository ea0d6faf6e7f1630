//! The API: JSON for programs, with a token.

use crate::access::bearer;
use crate::live;
use crate::pages::Language;
use crate::server::App;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jobs::desk::Refusal;
use jobs::schedule::moment;
use jobs::spec::Spec;
use jobs::store::Look;
use jobs::token::{Act, Token};
use jobs::{Cause, Millis, Run};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/jobs", get(all_jobs))
        .route("/jobs/{job}/runs", post(ask))
        .route("/runs", get(runs))
        .route("/runs/{id}", get(run))
        .route("/runs/{id}/output", get(output))
        .route("/runs/{id}/events", get(events))
        .route("/runs/{id}/cancel", post(cancel))
}

/// Why a program does not get what it asked for.
pub(crate) enum Failure {
    /// It has no token that counts.
    Stranger,
    /// Its token does not allow this.
    Forbidden,
    /// The desk refused.
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The status and the words of a refusal.
pub(crate) fn told(refusal: Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::Unknown(says) => (StatusCode::NOT_FOUND, says),
        Refusal::Wrong(says) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Refusal::Broken(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble.says),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, says) = match self {
            Self::Stranger => {
                let says = "show a token: `Authorization: Bearer ketupa_…`".to_owned();
                let body = Json(json!({ "error": says }));
                let ask = [(header::WWW_AUTHENTICATE, "Bearer")];
                return (StatusCode::UNAUTHORIZED, ask, body).into_response();
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "this token does not allow it".to_owned()),
            Self::Refused(refusal) => told(refusal),
        };
        (status, Json(json!({ "error": says }))).into_response()
    }
}

type Answer = Result<Json<Value>, Failure>;

async fn known(app: &App, headers: &HeaderMap) -> Result<Token, Failure> {
    bearer(app, headers).await?.ok_or(Failure::Stranger)
}

fn allowed(token: &Token, act: Act<'_>) -> Result<(), Failure> {
    if token.may(act) { Ok(()) } else { Err(Failure::Forbidden) }
}

/// A run that the token allows to see.
async fn seen(app: &App, token: &Token, id: i64) -> Result<Run, Failure> {
    let run = app.ask(move |desk| Ok(desk.store.run(id)?)).await?;
    let unknown = || Refusal::Unknown(format!("there is no run {id}"));
    let run = run.ok_or_else(unknown)?;
    allowed(token, Act::See(&run.asked.job)).map(|()| run)
}

async fn all_jobs(State(app): State<App>, headers: HeaderMap) -> Answer {
    let token = known(&app, &headers).await?;
    allowed(&token, Act::SeeAll)?;
    let (declared, now) = app.ask(|desk| Ok((desk.declared(), desk.store.now()?))).await?;
    let jobs: Vec<Value> = declared.jobs.values().map(|spec| job(spec, now)).collect();
    Ok(Json(json!({ "jobs": jobs, "trouble": declared.trouble })))
}

fn job(spec: &Spec, now: Millis) -> Value {
    let next = spec.schedule.as_ref().and_then(|schedule| schedule.next(now));
    json!({
        "name": spec.name,
        "description": spec.description,
        "does": spec.does.word(),
        "parameters": spec.parameters,
        "schedule": spec.schedule.as_ref().map(jobs::spec::Schedule::text),
        "next": next.and_then(instant),
    })
}

async fn ask(
    State(app): State<App>,
    Path(job): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let token = known(&app, &headers).await?;
    allowed(&token, Act::Run(&job))?;
    let parameters = parameters(&body).map_err(|says| Refusal::Wrong(says.to_owned()))?;
    let id = app.ask(move |desk| desk.ask(&job, Cause::Api, &token.name, parameters)).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "run": id, "page": format!("/runs/{id}") }))))
}

/// `{"parameters": {"NAME": "VALUE"}}`, or nothing.
fn parameters(body: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(BTreeMap::new());
    }
    let odd = "expected {\"parameters\": {\"NAME\": \"TEXT\"}}";
    let value: Value = serde_json::from_slice(body).map_err(|_| odd)?;
    let object = value.as_object().ok_or(odd)?;
    if object.keys().any(|key| key != "parameters") {
        return Err(odd);
    }
    let Some(parameters) = object.get("parameters") else { return Ok(BTreeMap::new()) };
    serde_json::from_value(parameters.clone()).map_err(|_| odd)
}

async fn runs(
    State(app): State<App>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Answer {
    let token = known(&app, &headers).await?;
    let job = asked.get("job").cloned();
    allowed(&token, job.as_deref().map_or(Act::SeeAll, Act::See))?;
    let before = asked.get("before").and_then(|text| text.parse().ok());
    let look = move |desk: &jobs::desk::Desk| {
        Ok(desk.store.runs(Look { job: job.as_deref(), before, most: 50 })?)
    };
    let runs: Vec<Value> = app.ask(look).await?.iter().map(shown).collect();
    Ok(Json(json!({ "runs": runs })))
}

async fn run(State(app): State<App>, Path(id): Path<i64>, headers: HeaderMap) -> Answer {
    let token = known(&app, &headers).await?;
    let run = seen(&app, &token, id).await?;
    let tasks = app.ask(move |desk| Ok(desk.store.tasks(id, 0)?)).await?;
    let tasks: Vec<Value> = tasks.iter().map(live::task).collect();
    let mut value = shown(&run);
    if let Value::Object(object) = &mut value {
        object.insert("tasks".into(), tasks.into());
    }
    Ok(Json(value))
}

fn shown(run: &Run) -> Value {
    json!({
        "run": run.id,
        "job": run.asked.job,
        "state": run.state.word(),
        "cause": run.asked.cause.word(),
        "who": run.asked.who,
        "parameters": run.asked.parameters,
        "queued": instant(run.queued),
        "started": run.started.and_then(instant),
        "ended": run.ended.and_then(instant),
        "attempt": run.attempt,
        "failures": run.failures,
        "server": run.server,
        "exit": run.exit,
        "says": run.says,
    })
}

fn instant(at: Millis) -> Option<String> {
    Some(moment(at)?.to_string())
}

async fn output(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<String, Failure> {
    let token = known(&app, &headers).await?;
    seen(&app, &token, id).await?;
    Ok(app.ask(move |desk| live::everything(desk, id)).await?)
}

async fn events(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let token = known(&app, &headers).await?;
    seen(&app, &token, id).await?;
    Ok(live::follow(app, id, live::Seen::from(&headers).unwrap_or_default(), Language::English))
}

async fn cancel(State(app): State<App>, Path(id): Path<i64>, headers: HeaderMap) -> Answer {
    let token = known(&app, &headers).await?;
    let run = seen(&app, &token, id).await?;
    allowed(&token, Act::Run(&run.asked.job))?;
    let cancelled = app.ask(move |desk| desk.cancel(id, &token)).await?;
    Ok(Json(json!({ "run": id, "cancelled": cancelled })))
}
