//! The server: what answers to which address, and how it begins and ends.

use crate::counts::counted;
use crate::house::House;
use crate::prometheus::Gates;
use crate::{api, hook, live, loki, pages, prometheus, rules};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jobs::desk::{Desk, Refusal};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A form, or what a program asks with.
const MOST_BODY: usize = 64 * 1024;
/// So many people watch at once.
const WATCHERS: usize = 100;
/// How often is looked whether the server shall end.
const LOOK: Duration = Duration::from_millis(200);
/// How long answers that are under way may take then.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// What browsers may run and load: nothing but what this server serves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer has at hand.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) house: Arc<House>,
    pub(crate) pages: Arc<pages::Pages>,
    pub(crate) watchers: Arc<Semaphore>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) log_gates: Arc<loki::Gates>,
}

impl App {
    /// Asks the desk, which may wait for its database, on a thread for such things.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Desk) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let house = self.house.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&house.desk)).await;
        asked.unwrap_or_else(|_| {
            Err(Refusal::Broken(jobs::store::Trouble::new("this server stops")))
        })
    }
}

/// Answers until the desk is told to stop.
pub fn serve(house: Arc<House>, listener: TcpListener) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stopping = house.clone();
        let pages = Arc::new(pages::Pages::new());
        let watchers = Arc::new(Semaphore::new(WATCHERS));
        let router = router(App {
            house,
            pages,
            watchers,
            gates: Arc::default(),
            log_gates: Arc::default(),
        });
        let serve = axum::serve(listener, router);
        tokio::select! {
            ended = async { serve.await } => ended,
            () = stopped(&stopping.desk) => Ok(()),
        }
    });
    runtime.shutdown_timeout(LAST_ANSWERS);
    ended
}

async fn stopped(desk: &Desk) {
    while !desk.is_stopping() {
        tokio::time::sleep(LOOK).await;
    }
}

fn router(app: App) -> Router {
    let limited = Router::new()
        .merge(pages::routes())
        .nest("/api/v1", api::routes())
        .merge(live::routes())
        .layer(DefaultBodyLimit::max(MOST_BODY));
    Router::new()
        .merge(limited)
        .merge(hook::routes())
        .merge(prometheus::routes())
        .merge(loki::routes())
        .merge(rules::routes())
        .route("/healthz", get(healthz))
        .layer(from_fn_with_state(app.house.clone(), counted))
        .layer(from_fn(careful))
        .with_state(app)
}

/// Whether this server and its database answer.
async fn healthz(State(app): State<App>) -> Response {
    match app.ask(|desk| Ok((desk.store.now()?, desk.busy()))).await {
        Ok((_, running)) => (StatusCode::OK, format!("ok, {running} under way\n")).into_response(),
        Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// What every answer says to browsers.
async fn careful(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let says: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in says {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
