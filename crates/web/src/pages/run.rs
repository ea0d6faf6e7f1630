//! The page of a run: its tasks, what it printed, and how it goes on.

use super::{Answer, Form, Here, Instead, shown};
use crate::live;
use crate::server::App;
use ::jobs::token::Act;
use ::jobs::{Run, Task};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So much of what it printed is on the page; the rest is behind a link.
const SHOWN_BYTES: usize = 300_000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{id}", get(one))
        .route("/runs/{id}/output", get(output))
        .route("/runs/{id}/cancel", post(cancel))
}

/// A run that whoever is here may see.
async fn seen(here: &Here, id: i64) -> Result<Run, Instead> {
    here.visitor()?;
    let run = here.ask(move |desk| Ok(desk.store.run(id)?)).await?;
    let run = run.ok_or_else(|| here.wrong(StatusCode::NOT_FOUND, ""))?;
    here.allowed(Act::See(&run.asked.job)).map(|_| run)
}

async fn one(State(app): State<App>, Path(id): Path<i64>, headers: HeaderMap, uri: Uri) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let run = seen(&here, id).await?;
    let may_run = here.visitor()?.token.may(Act::Run(&run.asked.job));
    let asked = here.ask(move |desk| {
        let tasks = desk.store.tasks(id, 0)?;
        let (text, last) = live::until_now(desk, id)?;
        Ok((tasks, text, last, desk.store.now()?))
    });
    let (tasks, text, last, now) = asked.await?;
    let (text, cut) = tail(&text);
    let seen = format!("{last}.{}", tasks.last().map_or(0, |task| task.seq));
    let why = here.app.pages.why(here.language, &run.says);
    let page = json!({
        "run": shown::run(&run, now),
        "why": why,
        "tasks": table(&tasks),
        "output": shown::plain(text),
        "cut": cut,
        "seen": seen,
        "may_run": may_run,
    });
    Ok(here.page("run.html", page))
}

/// The last part of a text, from a line on; whether something is before it.
fn tail(text: &str) -> (&str, bool) {
    let from = text.len().saturating_sub(SHOWN_BYTES);
    if from == 0 {
        return (text, false);
    }
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let rest = text.get(from..).unwrap_or_default();
    (rest.split_once('\n').map_or(rest, |(_, lines)| lines), true)
}

/// Tasks by hosts: the worst that became of a task on a host is what is shown.
fn table(tasks: &[Task]) -> Value {
    let mut hosts: Vec<&str> = tasks.iter().map(|task| task.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let mut order: Vec<&str> = Vec::new();
    let mut cells: BTreeMap<(&str, &str), &'static str> = BTreeMap::new();
    for task in tasks {
        let name = task.task.as_str();
        if !cells.keys().any(|(known, _)| *known == name) {
            order.push(name);
        }
        cells.insert((name, &task.host), task.result.word());
    }
    let row = |name: &&str| {
        let results: Vec<Value> = hosts
            .iter()
            .map(|host| json!({ "host": host, "result": cells.get(&(*name, *host)) }))
            .collect();
        json!({ "name": name, "results": results })
    };
    json!({ "hosts": hosts, "rows": order.iter().map(row).collect::<Vec<_>>() })
}

async fn output(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    seen(&here, id).await?;
    let text = here.ask(move |desk| live::everything(desk, id)).await?;
    Ok(text.into_response())
}

async fn cancel(
    State(app): State<App>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    uri: Uri,
    form: Form,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    let run = seen(&here, id).await?;
    let token = here.formed(&headers, &form, Act::Run(&run.asked.job))?.token.clone();
    here.ask(move |desk| desk.cancel(id, &token)).await?;
    Ok(Redirect::to(&format!("/runs/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::jobs::TaskResult;

    #[test]
    fn the_table_is_in_the_order_of_the_playbook() {
        let task = |seq, host: &str, task: &str, result| Task {
            seq,
            host: host.into(),
            task: task.into(),
            result,
        };
        let tasks = [
            task(1, "b", "second name, first task", TaskResult::Ok),
            task(2, "a", "second name, first task", TaskResult::Changed),
            task(3, "a", "first name", TaskResult::Failed),
        ];
        let table = table(&tasks);
        assert_eq!(table["hosts"], json!(["a", "b"]));
        assert_eq!(table["rows"][0]["results"][0]["result"], "changed");
        assert_eq!(table["rows"][1]["name"], "first name");
        assert_eq!(table["rows"][1]["results"][1]["result"], Value::Null);
    }

    #[test]
    fn a_long_text_is_shown_from_a_line_on() {
        assert_eq!(tail("short"), ("short", false));
        let long = "é".repeat(SHOWN_BYTES) + "\nlast\n";
        assert_eq!(tail(&long), ("last\n", true));
    }
}
