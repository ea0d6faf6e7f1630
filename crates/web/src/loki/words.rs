//! Which streams and labels there are, and how much of them.

use super::{Answer, HOUR, ask, window};
use crate::prometheus::asked::{Asked, wrong};
use crate::prometheus::{Failure, allowed, as_json};
use crate::server::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use jobs::token::Act;
use logs::logql::selector;
use logs::wire::json;
use logs::{Labels, Matcher};
use serde_json::json as value;
use std::collections::BTreeSet;

/// Labels are asked for over this time unless something else is said.
const USUAL: i64 = 6 * HOUR;
/// Streams or values of an answer.
const MOST: usize = 10_000;

fn conditions(name: &str, text: &str) -> Result<Vec<Matcher>, Failure> {
    selector(text).map_err(|why| wrong(name, &why.to_string()))
}

/// The streams that somebody asks about: those of `match[]`, of `query`, or all.
async fn streams(app: &App, headers: &HeaderMap, asked: &Asked) -> Result<Vec<Labels>, Failure> {
    allowed(app, headers, Act::ReadLogs).await?;
    let (from, to) = window(asked, app.house.logs.now(), USUAL)?;
    let lists = ["match[]", "match", "query"].into_iter().flat_map(|name| {
        asked.texts(name).filter(|text| !text.is_empty()).map(move |text| conditions(name, text))
    });
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    ask(app, None, move |house, _| Ok(house.logs.read(|store| store.series(&lists, from, to))?))
        .await
}

pub(super) async fn series(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    let mut streams = streams(&app, &headers, &asked).await?;
    streams.truncate(MOST);
    Ok(as_json(StatusCode::OK, json::series(&streams)))
}

pub(super) async fn labels(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    let streams = streams(&app, &headers, &asked).await?;
    let names = streams.iter().flat_map(Labels::iter).map(|(name, _)| name);
    Ok(as_json(StatusCode::OK, words(names)))
}

pub(super) async fn values(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    asked: Asked,
) -> Answer {
    let streams = streams(&app, &headers, &asked).await?;
    let values = streams.iter().map(|labels| labels.get(&name)).filter(|value| !value.is_empty());
    Ok(as_json(StatusCode::OK, words(values)))
}

fn words<S: AsRef<str>>(words: impl Iterator<Item = S>) -> String {
    let words: BTreeSet<String> = words.map(|word| word.as_ref().to_owned()).collect();
    json::words(&words.into_iter().take(MOST).collect::<Vec<_>>())
}

pub(super) async fn stats(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadLogs).await?;
    let (from, to) = window(&asked, app.house.logs.now(), HOUR)?;
    let list = conditions("query", &asked.question()?)?;
    let body = ask(&app, None, move |house, _| {
        Ok(json::stats(house.logs.read(|store| store.pick(&list, from, to).stats())?))
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

pub(super) async fn volume(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadLogs).await?;
    let (from, to) = window(&asked, app.house.logs.now(), HOUR)?;
    let list = conditions("query", &asked.question()?)?;
    let by = asked.text("targetLabels").unwrap_or_default().split(',');
    let by: Vec<String> = by.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let most = asked.text("limit").and_then(|text| text.parse().ok()).unwrap_or(100).min(MOST);
    let body = ask(&app, None, move |house, _| {
        let picked = house.logs.read(|store| store.pick(&list, from, to))?;
        Ok(json::volume(to, &picked.volume(&by, most)))
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

/// What Grafana looks at to know whom it talks to.
pub(super) async fn build() -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    let body = value!({ "version": "2.9.0", "revision": "", "branch": "ketupa", "buildUser": "", "buildDate": "", "goVersion": "", "ketupa": version });
    Ok(as_json(StatusCode::OK, body.to_string()))
}

pub(super) async fn ready(State(app): State<App>) -> Answer {
    if !app.house.logs.is_open() {
        return Err(crate::held::Away.into());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "ready\n").into_response())
}
