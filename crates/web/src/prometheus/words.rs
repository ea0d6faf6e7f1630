//! Which series, labels and senders there are; and the last samples, as exporters tell them.

use super::asked::{Asked, wrong};
use super::{Answer, Failure, allowed, as_exposition, as_json, ask};
use crate::server::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use jobs::token::Act;
use metrics::wire::json as wire;
use metrics::{NAME, Store, promql};
use serde_json::{Value, json};

/// How long a sender that says nothing still counts, in milliseconds.
const SENDS_MS: i64 = 300_000;

pub(super) async fn nothing(State(app): State<App>, headers: HeaderMap) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    Ok(as_json(StatusCode::OK, wire::words(&[])))
}

pub(super) async fn series(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let (lists, (from, to), limit) = (asked.matches()?, asked.bounds()?, asked.limit()?);
    if lists.is_empty() {
        return Err(wrong("match[]", "there is none"));
    }
    let body = ask(&app, None, move |store, _| {
        let mut series = store.series(&lists, from, to);
        series.truncate(limit);
        wire::series(&series)
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

pub(super) async fn labels(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let (lists, (from, to), limit) = (asked.matches()?, asked.bounds()?, asked.limit()?);
    let body = ask(&app, None, move |store, _| {
        let mut names = store.label_names(&lists, from, to);
        names.truncate(limit);
        wire::words(&names)
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

pub(super) async fn values(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    asked: Asked,
) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    if !metrics::is_label_name(&name) {
        return Err(Failure::Wrong(format!("invalid label name: {name:?}")));
    }
    let (lists, bounds, limit) = (asked.matches()?, asked.bounds()?, asked.limit()?);
    let body = ask(&app, None, move |store, _| {
        let mut values = store.label_values(&name, &lists, bounds);
        values.truncate(limit);
        wire::words(&values)
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

pub(super) async fn metadata(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let (metric, limit) = (asked.text("metric").map(str::to_owned), asked.limit()?);
    let body = ask(&app, None, move |store, _| {
        let all = store.metadata().iter();
        let wanted = all.filter(|(name, _)| metric.as_ref().is_none_or(|metric| metric == *name));
        let told = wanted.take(limit).map(|(name, told)| (name.clone(), told.clone()));
        wire::metadata(&told.collect())
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

/// Who sent an `up` lately: nothing is scraped from here.
pub(super) async fn targets(State(app): State<App>, headers: HeaderMap) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let now = app.house.metrics.now();
    let targets = ask(&app, None, move |store, _| senders(store, now)).await?;
    let data = json!({ "activeTargets": targets, "droppedTargets": [] });
    Ok(as_json(StatusCode::OK, json!({ "status": "success", "data": data }).to_string()))
}

fn senders(store: &Store, now: i64) -> Vec<Value> {
    let Ok(up) = promql::selector("up") else { return Vec::new() };
    let senders = store.read(&up, now.saturating_sub(SENDS_MS), now);
    let sender = |(labels, points): (metrics::Labels, Vec<metrics::Point>)| {
        let last = points.last()?;
        let own = labels.without(&[NAME]);
        let own: serde_json::Map<String, Value> =
            own.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let at = jiff::Timestamp::from_millisecond(last.time).ok()?;
        Some(json!({
            "discoveredLabels": {},
            "labels": own,
            "scrapePool": labels.get("job"),
            "scrapeUrl": "",
            "globalUrl": "",
            "lastError": "",
            "lastScrape": at.to_string(),
            "lastScrapeDuration": 0,
            "health": if last.value > 0.0 { "up" } else { "down" },
            "scrapeInterval": "",
            "scrapeTimeout": "",
        }))
    };
    senders.into_iter().filter_map(sender).collect()
}

/// Grafana asks which kind of Prometheus it talks to.
pub(super) async fn build(State(app): State<App>, headers: HeaderMap) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let own = concat!("ketupa-", env!("CARGO_PKG_VERSION"));
    // Questions are answered as by this version of Prometheus.
    let data = json!({
        "version": "3.0.0",
        "revision": own,
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    Ok(as_json(StatusCode::OK, json!({ "status": "success", "data": data }).to_string()))
}

pub(super) async fn federate(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let (lists, now) = (asked.matches()?, app.house.metrics.now());
    let text = ask(&app, None, move |store, _| store.federate(&lists, now)).await?;
    Ok(as_exposition(text))
}

/// How this server itself is.
pub(super) async fn own(State(app): State<App>, headers: HeaderMap) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let house = app.house.clone();
    let text = tokio::task::spawn_blocking(move || house.exposed()).await;
    let broken = |_| Failure::Later("this server stops".to_owned());
    Ok(as_exposition(text.map_err(broken)?))
}
