//! Questions in `LogQL`.

use super::{Answer, HOUR, ask, asked_length, asked_moment, window};
use crate::prometheus::asked::{Asked, wrong};
use crate::prometheus::{Failure, allowed, as_json};
use crate::server::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jobs::token::Act;
use logs::logql::{Ask, Budget, Direction, Query, Trouble, parse};
use logs::wire::json;
use std::sync::atomic::Ordering;

/// Lines of an answer, unless something else is said, and at most.
const LINES: usize = 100;
const MOST_LINES: usize = 10_000;

fn parsed(asked: &Asked) -> Result<Query, Failure> {
    parse(&asked.question()?).map_err(|wrong| Failure::Wrong(wrong.to_string()))
}

pub(super) async fn query(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadLogs).await?;
    let query = parsed(&asked)?;
    if !query.is_metric() {
        return Err(Failure::Wrong("lines are asked for with query_range".into()));
    }
    let end = asked_moment(&asked, "time")?.unwrap_or_else(|| app.house.logs.now());
    let ask = Ask { start: end, end, step: 0, limit: 0, direction: Direction::Backward };
    answered(&app, &asked, query, ask).await
}

pub(super) async fn query_range(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Asked,
) -> Answer {
    allowed(&app, &headers, Act::ReadLogs).await?;
    let query = parsed(&asked)?;
    let (start, end) = window(&asked, app.house.logs.now(), HOUR)?;
    let usual = ((end - start) / 250).max(logs::SECOND);
    let step = asked_length(&asked, "step")?.unwrap_or(usual);
    let direction = match asked.text("direction").unwrap_or("backward") {
        text if text.eq_ignore_ascii_case("backward") => Direction::Backward,
        text if text.eq_ignore_ascii_case("forward") => Direction::Forward,
        _ => return Err(wrong("direction", "expected forward or backward")),
    };
    let number = |text: &str| text.parse().map_err(|_| wrong("limit", "expected a number"));
    let limit = asked.text("limit").map(number).transpose()?.unwrap_or(LINES);
    if limit > MOST_LINES {
        return Err(wrong("limit", &format!("there are at most {MOST_LINES} lines in an answer")));
    }
    // Nothing at all is what nobody asks for.
    let limit = if limit == 0 { LINES } else { limit };
    answered(&app, &asked, query, Ask { start, end, step, limit, direction }).await
}

async fn answered(app: &App, asked: &Asked, query: Query, about: Ask) -> Answer {
    let body = ask(app, asked.within()?, move |house, stop| {
        let picked = house.logs.read(|store| query.pick(store, &about))?;
        let stopped = || stop.load(Ordering::Relaxed);
        let budget = Budget { stop: &stopped, ..Budget::default() };
        match query.answer(&picked, &about, &budget) {
            Ok((answer, scanned)) => Ok(json::answer(&answer, scanned)),
            Err(Trouble::Question(says)) => Err(Failure::Wrong(says)),
            Err(trouble @ Trouble::Stopped) => Err(Failure::Slow(trouble.to_string())),
        }
    });
    Ok(as_json(StatusCode::OK, body.await?))
}

/// The question as it is, if it can be asked.
pub(super) async fn format(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadLogs).await?;
    parsed(&asked)?;
    let body = serde_json::json!({ "status": "success", "data": asked.question()?.trim() });
    Ok(as_json(StatusCode::OK, body.to_string()))
}
