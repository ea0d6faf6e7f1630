//! The list of jobs, and the page of one.

use super::{Answer, Form, Here, Instead, shown};
use crate::server::App;
use ::jobs::desk::Declared;
use ::jobs::spec::Spec;
use ::jobs::store::Look;
use ::jobs::token::Act;
use ::jobs::{Cause, Millis, Run};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(list))
        .route("/jobs/{job}", get(one))
        .route("/jobs/{job}/run", post(start))
}

async fn list(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let token = here.visitor()?.token.clone();
    let asked = here.ask(move |desk| {
        let declared = desk.declared();
        let mut rows = Vec::new();
        let now = desk.store.now()?;
        for spec in declared.jobs.values().filter(|spec| token.may(Act::See(&spec.name))) {
            let last = desk.store.runs(Look { job: Some(&spec.name), before: None, most: 1 })?;
            rows.push(row(spec, last.first(), now, token.may(Act::Run(&spec.name))));
        }
        let recent = desk.store.runs(Look { most: 20, ..Look::default() })?;
        let recent = recent.iter().filter(|run| token.may(Act::See(&run.asked.job)));
        let recent: Vec<Value> = recent.map(|run| shown::run(run, now)).collect();
        Ok((rows, recent, declared.trouble.clone()))
    });
    let (rows, recent, trouble) = asked.await?;
    let page = json!({ "jobs": rows, "recent": recent, "trouble": trouble });
    Ok(here.page("jobs.html", page))
}

/// What somebody may do with a job.
fn row(spec: &Spec, last: Option<&Run>, now: Millis, may_run: impl Into<Value>) -> Value {
    let next = spec.schedule.as_ref().and_then(|schedule| schedule.next(now));
    json!({
        "name": spec.name,
        "description": spec.description,
        "does": spec.does.word(),
        "schedule": spec.schedule.as_ref().map(::jobs::spec::Schedule::text),
        "next": shown::time(next),
        "last": last.map(|run| shown::run(run, now)),
        "parameters": spec.parameters,
        "may_run": may_run.into(),
    })
}

fn declared<'a>(here: &Here, declared: &'a Declared, job: &str) -> Result<&'a Spec, Instead> {
    declared.jobs.get(job).ok_or_else(|| here.wrong(StatusCode::NOT_FOUND, ""))
}

async fn one(
    State(app): State<App>,
    Path(job): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let token = here.allowed(Act::See(&job))?.token.clone();
    let jobs = here.app.house.desk.declared();
    let spec = declared(&here, &jobs, &job)?;
    let name = job.clone();
    let asked = here.ask(move |desk| {
        let look = Look { job: Some(&name), before: None, most: 50 };
        Ok((desk.store.runs(look)?, desk.store.now()?))
    });
    let (runs, now) = asked.await?;
    let rows: Vec<Value> = runs.iter().map(|run| shown::run(run, now)).collect();
    let row = row(spec, runs.first(), now, token.may(Act::Run(&job)));
    let detail = json!({
        "hosts": spec.hosts,
        "playbook": spec.playbook,
        "command": spec.command,
        "retries": spec.retries,
        "time_limit": shown::span(i64::try_from(spec.time_limit_s).unwrap_or(0) * 1_000),
        "group": spec.group,
        "hook": spec.webhook.as_ref().map(|_| format!("/hooks/{job}")),
    });
    Ok(here.page("job.html", json!({ "job": row, "detail": detail, "runs": rows })))
}

async fn start(
    State(app): State<App>,
    Path(job): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    form: Form,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let who = here.formed(&headers, &form, Act::Run(&job))?.token.name.clone();
    let set = form.iter().filter_map(|(key, value)| Some((key.strip_prefix("p.")?, value)));
    // A field that was left empty sets nothing.
    let set = set.filter(|(_, value)| !value.is_empty());
    let parameters: BTreeMap<String, String> =
        set.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    let id = here.ask(move |desk| desk.ask(&job, Cause::Page, &who, parameters)).await?;
    Ok(Redirect::to(&format!("/runs/{id}")).into_response())
}
