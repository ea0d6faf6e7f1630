//! The style sheet and the script.

use crate::server::App;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/style.css", get(async || file("text/css", include_str!("style.css"))))
        .route("/live.js", get(async || file("text/javascript", include_str!("live.js"))))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}
