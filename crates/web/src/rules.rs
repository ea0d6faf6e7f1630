//! Rules, alerts and incidents: as whoever evaluates them told them last.

use crate::prometheus::{Answer, allowed, as_json};
use crate::server::App;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use jobs::token::Act;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};

/// What answers to the three questions, each a text in JSON.
#[derive(Debug, Clone)]
pub struct Told {
    /// `/api/v1/rules`, as Prometheus has it.
    pub rules: Arc<str>,
    /// `/api/v1/alerts`, as Prometheus has it.
    pub alerts: Arc<str>,
    /// `/api/v1/incidents`: alerts under their causes.
    pub incidents: Arc<str>,
}

/// What was told last.
#[derive(Debug)]
pub struct Rules(RwLock<Told>);

impl Default for Rules {
    fn default() -> Self {
        let none = |name: &str| {
            let mut data = serde_json::Map::new();
            data.insert(name.to_owned(), Value::Array(Vec::new()));
            Arc::from(json!({ "status": "success", "data": data }).to_string())
        };
        let told =
            Told { rules: none("groups"), alerts: none("alerts"), incidents: none("incidents") };
        Self(RwLock::new(told))
    }
}

impl Rules {
    /// Tells anew.
    pub fn tell(&self, told: Told) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = told;
    }

    fn told(&self) -> Told {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/rules", get(rules))
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/incidents", get(incidents).post(incidents))
}

async fn rules(State(app): State<App>, headers: HeaderMap) -> Answer {
    answer(&app, &headers, |told| &told.rules).await
}

async fn alerts(State(app): State<App>, headers: HeaderMap) -> Answer {
    answer(&app, &headers, |told| &told.alerts).await
}

async fn incidents(State(app): State<App>, headers: HeaderMap) -> Answer {
    answer(&app, &headers, |told| &told.incidents).await
}

async fn answer(app: &App, headers: &HeaderMap, which: fn(&Told) -> &Arc<str>) -> Answer {
    allowed(app, headers, Act::ReadMetrics).await?;
    Ok(as_json(StatusCode::OK, which(&app.house.rules.told()).to_string()))
}
