//! Making and revoking tokens.

use super::{Answer, Form, Here, shown};
use crate::server::App;
use ::jobs::desk::Refusal;
use ::jobs::token::{Act, Scope, Token, make};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde_json::{Value, json};

const LONGEST_NAME: usize = 60;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}/revoke", post(revoke))
}

async fn list(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    here.allowed(Act::Admin)?;
    show(&here, None).await
}

async fn show(here: &Here, made: Option<String>) -> Answer {
    let tokens = here.ask(|desk| Ok(desk.store.tokens()?)).await?;
    let tokens: Vec<Value> = tokens.iter().map(row).collect();
    Ok(here.page("tokens.html", json!({ "tokens": tokens, "made": made })))
}

fn row(token: &Token) -> Value {
    let scopes: Vec<String> = token.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": token.id,
        "name": token.name,
        "scopes": scopes.join(" "),
        "made": shown::time(Some(token.made)),
        "used": shown::time(token.used),
        "revoked": token.revoked,
    })
}

async fn create(State(app): State<App>, headers: HeaderMap, uri: Uri, form: Form) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    here.formed(&headers, &form, Act::Admin)?;
    let name: String = form.get("name").map(|name| name.trim().to_owned()).unwrap_or_default();
    let scopes: Result<Vec<Scope>, String> = form
        .get("scopes")
        .map_or_else(|| Ok(Vec::new()), |text| text.split_whitespace().map(str::parse).collect());
    let made = here.ask(move |desk| {
        let scopes = scopes.map_err(Refusal::Wrong)?;
        if name.is_empty() || name.len() > LONGEST_NAME || scopes.is_empty() {
            return Err(Refusal::Wrong("a token has a name, and at least one scope".into()));
        }
        let made = make().map_err(|error| Refusal::Wrong(error.to_string()))?;
        desk.store.add_token(&made, &name, &scopes, desk.store.now()?)?;
        Ok(made.shown)
    });
    let made = made.await?;
    show(&here, Some(made)).await
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    form: Form,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    here.formed(&headers, &form, Act::Admin)?;
    here.ask(move |desk| Ok(desk.store.revoke(&id)?)).await?;
    Ok(Redirect::to("/tokens").into_response())
}
