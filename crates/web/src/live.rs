//! A run as it goes on: server-sent events, read from the database, so that any server can show them.

use crate::access::visitor;
use crate::api::{Failure, told};
use crate::pages::Language;
use crate::server::App;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_core::Stream;
use jobs::desk::{Desk, Refusal};
use jobs::token::Act;
use jobs::{Chunk, Run, Task};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How often is looked for more.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{id}/live", get(watch))
}

/// What a watcher has already: the last piece of output and the last task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    chunk: i64,
    task: i64,
}

impl Seen {
    /// From the number of the last event, which a browser sends when it comes again.
    pub(crate) fn from(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers.get("last-event-id")?.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let (chunk, task) = text.split_once('.')?;
        Some(Self { chunk: chunk.parse().ok()?, task: task.parse().ok()? })
    }

    fn id(self) -> String {
        format!("{}.{}", self.chunk, self.task)
    }
}

async fn watch(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, &headers).await?.ok_or(Failure::Stranger)?;
    let run = app.ask(move |desk| Ok(desk.store.run(id)?)).await?;
    let run = run.ok_or_else(|| Refusal::Unknown(format!("there is no run {id}")))?;
    if !visitor.token.may(Act::See(&run.asked.job)) {
        return Err(Failure::Forbidden);
    }
    // What is on the page already, until the browser knows more.
    let shown = || asked.get("seen").and_then(|text| Seen::read(text));
    let seen = Seen::from(&headers).or_else(shown).unwrap_or_default();
    Ok(follow(app, id, seen, Language::of(&headers)))
}

/// Everything that a run printed until now.
pub(crate) fn everything(desk: &Desk, id: i64) -> Result<String, Refusal> {
    until_now(desk, id).map(|(text, _)| text)
}

/// The same, and the number of its last piece.
pub(crate) fn until_now(desk: &Desk, id: i64) -> Result<(String, i64), Refusal> {
    let mut text = String::new();
    let mut after = 0;
    loop {
        let chunks = desk.store.output(id, after)?;
        let Some(last) = chunks.last() else { return Ok((text, after)) };
        after = last.seq;
        text.extend(chunks.iter().map(|chunk| chunk.text.as_str()));
    }
}

/// The events of a run from here on, for people who read this language.
pub(crate) fn follow(app: App, id: i64, seen: Seen, language: Language) -> Response {
    let Ok(permit) = app.watchers.clone().try_acquire_owned() else {
        let says = "too many are watching: load the page again in a while\n";
        return (StatusCode::SERVICE_UNAVAILABLE, says).into_response();
    };
    let (tell, events) = channel(16);
    tokio::spawn(async move {
        tell_all(&app, id, (seen, language), &tell).await;
        drop(permit);
    });
    Sse::new(Events(events)).keep_alive(KeepAlive::default()).into_response()
}

/// What is sent, as a stream.
struct Events(Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// What is new of a run.
struct News {
    run: Option<Run>,
    chunks: Vec<Chunk>,
    tasks: Vec<Task>,
}

async fn tell_all(
    app: &App,
    id: i64,
    (mut seen, language): (Seen, Language),
    tell: &Sender<Event>,
) {
    let mut state = None;
    while !app.house.desk.is_stopping() {
        let news = app.ask(move |desk| {
            // The state first: what a run printed before its end is there when it is over.
            let run = desk.store.run(id)?;
            let (chunks, tasks) =
                (desk.store.output(id, seen.chunk)?, desk.store.tasks(id, seen.task)?);
            Ok(News { run, chunks, tasks })
        });
        let mut news = match news.await {
            Ok(news) => news,
            Err(refusal) => {
                drop(tell.send(Event::default().event("trouble").data(told(refusal).1)).await);
                return;
            }
        };
        if let Some(run) = &mut news.run {
            run.says = app.pages.why(language, &run.says);
        }
        let quiet = news.chunks.is_empty() && news.tasks.is_empty();
        for event in events(&news, &mut seen, &mut state) {
            if tell.send(event).await.is_err() {
                return;
            }
        }
        let over = news.run.is_none_or(|run| run.state.is_over());
        if over && quiet {
            drop(tell.send(Event::default().event("end").data("over")).await);
            return;
        }
        if quiet {
            tokio::select! {
                // Nobody watches any more.
                () = tell.closed() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

fn events(news: &News, seen: &mut Seen, state: &mut Option<String>) -> Vec<Event> {
    let mut events = Vec::new();
    let event = |kind: &str, seen: Seen, data: &Value| {
        Event::default().event(kind).id(seen.id()).data(data.to_string())
    };
    for chunk in &news.chunks {
        seen.chunk = chunk.seq;
        events.push(event("output", *seen, &json!({ "text": chunk.text })));
    }
    for one in &news.tasks {
        seen.task = one.seq;
        events.push(event("task", *seen, &task(one)));
    }
    if let Some(run) = &news.run {
        let now = format!("{} {}", run.state.word(), run.attempt);
        if state.as_deref() != Some(&now) {
            let data = json!({ "state": run.state.word(), "says": run.says, "exit": run.exit });
            events.push(event("state", *seen, &data));
            *state = Some(now);
        }
    }
    events
}

/// A task as JSON.
pub(crate) fn task(task: &Task) -> Value {
    json!({ "host": task.host, "task": task.task, "result": task.result.word() })
}
