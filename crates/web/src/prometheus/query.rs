//! Questions in `PromQL`.

use super::asked::{Asked, wrong};
use super::{Answer, allowed, as_json, ask};
use crate::server::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jobs::token::Act;
use metrics::promql::{self, Wrong};
use metrics::wire::json;

/// Points that an answer may have: more are hundreds of megabytes as text.
const MOST_POINTS: usize = 5_000_000;

pub(super) async fn query(State(app): State<App>, headers: HeaderMap, asked: Asked) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let question = asked.question()?;
    let at = asked.moment("time")?.unwrap_or_else(|| app.house.metrics.now());
    let answered = ask(&app, asked.within()?, move |store, stop| {
        told(&small(store.asking(stop).query(&question, at)))
    });
    let (status, body) = answered.await?;
    Ok(as_json(status, body))
}

pub(super) async fn query_range(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Asked,
) -> Answer {
    allowed(&app, &headers, Act::ReadMetrics).await?;
    let question = asked.question()?;
    let (start, end) = (asked.moment("start")?, asked.moment("end")?);
    let start = start.ok_or_else(|| wrong("start", "there is none"))?;
    let end = end.ok_or_else(|| wrong("end", "there is none"))?;
    let step = asked.length("step")?.ok_or_else(|| wrong("step", "there is none"))?;
    let answered = ask(&app, asked.within()?, move |store, stop| {
        told(&small(store.asking(stop).query_range(&question, (start, end), step)))
    });
    let (status, body) = answered.await?;
    Ok(as_json(status, body))
}

/// An answer that is not too large to be sent.
fn small(answer: Result<promql::Answer, Wrong>) -> Result<promql::Answer, Wrong> {
    let answer = answer?;
    let points = match &answer {
        promql::Answer::Vector(series) | promql::Answer::Matrix(series) => {
            series.iter().map(|series| series.points.len()).sum()
        }
        promql::Answer::Scalar(_) | promql::Answer::Text(..) => 1_usize,
    };
    if points > MOST_POINTS {
        return Err(Wrong::Answer(format!(
            "the answer has {points} points, more than {MOST_POINTS}: ask for fewer series or a longer step"
        )));
    }
    Ok(answer)
}

fn told(answer: &Result<promql::Answer, Wrong>) -> (StatusCode, String) {
    let status = match answer {
        Ok(_) => StatusCode::OK,
        Err(Wrong::Question(_)) => StatusCode::BAD_REQUEST,
        Err(Wrong::Answer(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Err(Wrong::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, json::answer(answer))
}
