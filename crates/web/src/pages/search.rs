//! Looking for a text in what runs printed.

use super::{Answer, Here, shown};
use crate::server::App;
use ::jobs::token::Act;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/search", get(search))
}

async fn search(
    State(app): State<App>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let token = here.visitor()?.token.clone();
    let text = asked.get("text").cloned().unwrap_or_default();
    let wanted = text.clone();
    let found = here.ask(move |desk| Ok(desk.store.search(&wanted, None)?)).await?;
    let found = found.iter().filter(|found| token.may(Act::See(&found.job)));
    let found: Vec<Value> = found
        .map(|found| {
            json!({
                "run": found.run,
                "job": found.job,
                "queued": shown::time(Some(found.queued)),
                "line": shown::plain(&found.line),
            })
        })
        .collect();
    Ok(here.page("search.html", json!({ "text": text, "found": found })))
}
