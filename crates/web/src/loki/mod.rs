//! Logs, pushed and asked for as with Loki: its HTTP interface v1.

mod push;
mod query;
mod words;

use crate::house::House;
use crate::prometheus::asked::{Asked, wrong};
use crate::prometheus::{Answer, Failure};
use crate::server::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A question may be long, and be written with three letters for each.
const MOST_QUESTION: usize = 128 * 1024;
/// How long a question may take, with its waiting.
const LONGEST: Duration = Duration::from_secs(30);
/// How long a question that was told to stop is waited for.
const LAST_WORD: Duration = Duration::from_secs(3);
/// So many questions are answered at once, and so many pushes are in memory.
const QUESTIONS: usize = 2;
const WRITERS: usize = 8;
const HOUR: i64 = 3600 * logs::SECOND;

pub(crate) fn routes() -> Router<App> {
    let v1 = Router::new()
        .route("/query", get(query::query).post(query::query))
        .route("/query_range", get(query::query_range).post(query::query_range))
        .route("/format_query", get(query::format).post(query::format))
        .route("/labels", get(words::labels).post(words::labels))
        .route("/label", get(words::labels).post(words::labels))
        .route("/label/{name}/values", get(words::values))
        .route("/series", get(words::series).post(words::series))
        .route("/index/stats", get(words::stats).post(words::stats))
        .route("/index/volume", get(words::volume).post(words::volume))
        .route("/status/buildinfo", get(words::build))
        .layer(DefaultBodyLimit::max(MOST_QUESTION))
        // The body is read by hand there, after the sender is known.
        .route("/push", post(push::push));
    Router::new().nest("/loki/api/v1", v1).route("/ready", get(words::ready))
}

/// How many are let in at once.
pub(crate) struct Gates {
    questions: Arc<Semaphore>,
    writers: Arc<Semaphore>,
}

impl Default for Gates {
    fn default() -> Self {
        let gate = |most| Arc::new(Semaphore::new(most));
        Self { questions: gate(QUESTIONS), writers: gate(WRITERS) }
    }
}

/// Stops a question that nobody waits for any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks on a thread for such things, after those who came before, and not for longer than it may take.
async fn ask<T: Send + 'static>(
    app: &App,
    within: Option<Duration>,
    ask: impl FnOnce(&House, &AtomicBool) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let longest = within.map_or(LONGEST, |within| within.min(LONGEST));
    let slow = || {
        Failure::Slow(format!(
            "there is no answer after {} s: ask for less time, fewer streams or a whole word",
            longest.as_secs_f64()
        ))
    };
    let broken = || Failure::Later("the question could not be answered".to_owned());
    let ends = tokio::time::Instant::now() + longest;
    let turn = tokio::time::timeout_at(ends, app.log_gates.questions.clone().acquire_owned());
    let turn = turn.await.map_err(|_| slow())?.map_err(|_| broken())?;
    let stop = Stop(Arc::default());
    let (house, told) = (app.house.clone(), stop.0.clone());
    let mut asked = tokio::task::spawn_blocking(move || {
        // Whoever waits for an answer may go; its turn ends with the question.
        let _turn = turn;
        ask(&house, &told)
    });
    let answer = if let Ok(answer) = tokio::time::timeout_at(ends, &mut asked).await {
        answer
    } else {
        stop.0.store(true, Ordering::Relaxed);
        let last = tokio::time::timeout(LAST_WORD, &mut asked).await;
        last.map_err(|_| slow())?
    };
    answer.map_err(|_| broken())?
}

/// A moment in nanoseconds: these, seconds (also with a point), or as RFC 3339 has it.
fn moment(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        // As Loki has it: ten digits are seconds.
        return if text.len() <= 10 { number.checked_mul(logs::SECOND) } else { Some(number) };
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return nanoseconds(seconds);
    }
    i64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "it is within a hundred years")]
fn nanoseconds(seconds: f64) -> Option<i64> {
    (seconds.abs() < 4e9).then_some((seconds * 1e9).round() as i64)
}

/// Seconds, or parts such as `1h30m`, in nanoseconds.
fn length(text: &str) -> Option<i64> {
    let length = match text.parse::<f64>() {
        Ok(seconds) => nanoseconds(seconds),
        Err(_) => logs::logql::duration(text),
    };
    length.filter(|length| *length > 0)
}

fn asked_moment(asked: &Asked, name: &str) -> Result<Option<i64>, Failure> {
    let odd = || {
        wrong(
            name,
            "expected nanoseconds or seconds since 1970, or a time such as 2026-01-01T00:00:00Z",
        )
    };
    asked.text(name).map(|text| moment(text).ok_or_else(odd)).transpose()
}

fn asked_length(asked: &Asked, name: &str) -> Result<Option<i64>, Failure> {
    let odd = || wrong(name, "expected seconds, or a length of time such as 15s or 1h30m");
    asked.text(name).map(|text| length(text).ok_or_else(odd)).transpose()
}

/// From when to when: the last hour unless something else is said.
fn window(asked: &Asked, now: i64, usual: i64) -> Result<(i64, i64), Failure> {
    let end = asked_moment(asked, "end")?.unwrap_or(now);
    let since = asked_length(asked, "since")?.unwrap_or(usual);
    let start = asked_moment(asked, "start")?.unwrap_or(end.saturating_sub(since));
    if start > end {
        return Err(wrong("end", "it is before the start"));
    }
    Ok((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_nanoseconds_seconds_or_dates() {
        assert_eq!(moment("1700000000"), Some(1_700_000_000 * logs::SECOND));
        assert_eq!(moment("1700000000000000001"), Some(1_700_000_000_000_000_001));
        assert_eq!(moment("1700000000.5"), Some(1_700_000_000_500_000_000));
        assert_eq!(moment("2023-11-14T22:13:20.5Z"), Some(1_700_000_000_500_000_000));
        for odd in ["now", "NaN", "1e300", "2023-11-14"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
        assert_eq!(
            (length("1h30m"), length("0.5"), length("0"), length("x")),
            (Some(5400 * logs::SECOND), Some(500_000_000), None, None)
        );
    }
}
