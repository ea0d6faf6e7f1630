//! Logging in with a token, and out.

use super::{Answer, Form, Here, encoded, place_here};
use crate::access::{SESSION_S, from_here, keep};
use crate::server::App;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/login", get(form).post(log_in)).route("/logout", post(log_out))
}

async fn form(
    State(app): State<App>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let to = encoded(place_here(asked.get("to")));
    Ok(here.page("login.html", json!({ "to": to, "wrong": false })))
}

async fn log_in(
    State(app): State<App>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    uri: Uri,
    form: Form,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let to = place_here(asked.get("to"));
    if !from_here(&headers) {
        return Err(here.wrong(StatusCode::BAD_REQUEST, ""));
    }
    let shown = form.get("token").cloned().unwrap_or_default();
    let opened = here.ask(move |desk| {
        let now = desk.store.now()?;
        let Some(token) = desk.store.bearer(&shown, now)? else { return Ok(None) };
        Ok(Some(desk.store.log_in(&token, now + SESSION_S * 1_000)?))
    });
    let Some(session) = opened.await? else {
        let page = here.page("login.html", json!({ "to": encoded(to), "wrong": true }));
        return Ok((StatusCode::FORBIDDEN, page).into_response());
    };
    let kept = keep(&session, SESSION_S, here.app.house.settings.cookies);
    Ok(([(header::SET_COOKIE, kept)], Redirect::to(to)).into_response())
}

async fn log_out(State(app): State<App>, headers: HeaderMap, uri: Uri, form: Form) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let visitor = here.visitor()?;
    if !from_here(&headers) || !visitor.sealed(form.get("seal")) {
        return Err(here.wrong(StatusCode::BAD_REQUEST, ""));
    }
    let session = visitor.session();
    here.ask(move |desk| Ok(desk.store.log_out(&session)?)).await?;
    let gone = keep("", 0, here.app.house.settings.cookies);
    Ok(([(header::SET_COOKIE, gone)], Redirect::to("/login")).into_response())
}
