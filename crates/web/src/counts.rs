//! What a server counts of itself, as exporters tell it.

use crate::house::House;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Appended, Store};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Answers to one route with one status: how many, and how long they took together.
type Answers = BTreeMap<(String, u16), (u64, Duration)>;

/// Counted since this server began.
#[derive(Debug, Default)]
pub struct Counts {
    answers: Mutex<Answers>,
    added: AtomicU64,
    known: AtomicU64,
    replaced: AtomicU64,
    late: AtomicU64,
    refused: AtomicU64,
    failed_ticks: AtomicU64,
    fed: Mutex<BTreeMap<String, Fed>>,
}

/// How it goes with somebody who gets everything that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// How far behind it is, in milliseconds.
    pub behind: i64,
    /// Samples that it refused, and that were left out.
    pub dropped: u64,
}

impl Counts {
    /// How it goes with a receiver, by its address: of that no more is told than whose it is.
    pub fn fed(&self, url: &str, fed: Fed) {
        let place = url.split('?').next().unwrap_or_default().to_owned();
        self.fed.lock().unwrap_or_else(PoisonError::into_inner).insert(place, fed);
    }

    /// Somebody sent samples.
    pub fn wrote(&self, appended: &Appended) {
        let counts = &appended.counts;
        let add = |counter: &AtomicU64, count| counter.fetch_add(count, Ordering::Relaxed);
        add(&self.added, counts.added);
        add(&self.known, counts.known);
        add(&self.replaced, counts.replaced);
        add(&self.late, counts.late);
        add(&self.refused, appended.refused);
    }

    /// What was due in the store could not be done.
    pub fn failed_tick(&self) {
        self.failed_ticks.fetch_add(1, Ordering::Relaxed);
    }

    fn answered(&self, route: &str, status: u16, took: Duration) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // Routes are a few, and so are statuses.
        let entry = answers.entry((route.to_owned(), status)).or_default();
        entry.0 += 1;
        entry.1 += took;
    }
}

/// Counts every answer.
pub(crate) async fn counted(
    State(house): State<Arc<House>>,
    request: Request,
    next: Next,
) -> Response {
    let begun = tokio::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let route = route.as_deref().unwrap_or("other");
    house.counts.answered(route, response.status().as_u16(), begun.elapsed());
    response
}

/// A text in the making.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &str, (kind, help): (&str, &str), value: impl std::fmt::Display) {
        self.family(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }
}

impl House {
    /// How this server is, in the text format of exporters.
    pub fn exposed(&self) -> String {
        let mut text = Text(String::new());
        let version = env!("CARGO_PKG_VERSION");
        text.family("ketupa_build_info", "gauge", "Which version this server is.");
        let _ = writeln!(text.0, "ketupa_build_info{{version=\"{version}\"}} 1");
        let about = ("gauge", "Runs of jobs that are under way here.");
        text.one("ketupa_job_runs", about, self.desk.busy());
        self.put_samples(&mut text);
        self.put_answers(&mut text);
        self.put_fed(&mut text);
        let about = ("gauge", "Whether the store of measurements is open here.");
        text.one("ketupa_metrics_open", about, u8::from(self.metrics.is_open()));
        let _ = self.metrics.read(|store| put_store(&mut text, store));
        let _ = self.logs.read(|store| put_logs(&mut text, store));
        text.0.push_str(&(self.process)());
        text.0
    }

    fn put_samples(&self, text: &mut Text) {
        let name = "ketupa_metrics_samples_total";
        text.family(name, "counter", "Samples that were sent here, by what became of them.");
        let counts = &self.counts;
        let counters = [
            ("added", &counts.added),
            ("known", &counts.known),
            ("replaced", &counts.replaced),
            ("late", &counts.late),
            ("refused", &counts.refused),
        ];
        for (result, counter) in counters {
            let count = counter.load(Ordering::Relaxed);
            let _ = writeln!(text.0, "{name}{{result=\"{result}\"}} {count}");
        }
        let about = ("counter", "How often the store could not do what was due.");
        let failed = counts.failed_ticks.load(Ordering::Relaxed);
        text.one("ketupa_metrics_upkeep_failures_total", about, failed);
    }

    fn put_fed(&self, text: &mut Text) {
        let fed = self.counts.fed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if fed.is_empty() {
            return;
        }
        let name = "ketupa_forward_dropped_samples_total";
        text.family(name, "counter", "Samples that a receiver refused, and that were left out.");
        for (to, Fed { dropped, .. }) in &fed {
            let _ = writeln!(text.0, "{name}{{to={to:?}}} {dropped}");
        }
        let name = "ketupa_forward_lag_seconds";
        text.family(name, "gauge", "How old the newest is that a receiver has, while more waits.");
        for (to, Fed { behind, .. }) in &fed {
            let _ = writeln!(text.0, "{name}{{to={to:?}}} {}.{:03}", behind / 1000, behind % 1000);
        }
    }

    fn put_answers(&self, text: &mut Text) {
        let answers = self.counts.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = "ketupa_http_requests_total";
        text.family(name, "counter", "Requests that were answered.");
        for ((route, code), (count, _)) in &answers {
            let _ = writeln!(text.0, "{name}{{route=\"{route}\",code=\"{code}\"}} {count}");
        }
        let name = "ketupa_http_request_seconds_total";
        text.family(name, "counter", "How long these answers took together.");
        for ((route, code), (_, took)) in &answers {
            let seconds = took.as_secs_f64();
            let _ = writeln!(text.0, "{name}{{route=\"{route}\",code=\"{code}\"}} {seconds}");
        }
    }
}

fn put_store(text: &mut Text, store: &Store) {
    let about = ("gauge", "Series that the store knows.");
    text.one("ketupa_metrics_series", about, store.series_count());
    let about = ("gauge", "Things in the store that could not be read, since it was opened.");
    text.one("ketupa_metrics_damage", about, store.damage().len());
}

fn put_logs(text: &mut Text, store: &logs::Store) {
    let counts = store.counts();
    let name = "ketupa_logs_lines_total";
    text.family(name, "counter", "Lines of logs, by what became of them.");
    let counters = [
        ("kept", counts.lines),
        ("refused", counts.refused),
        ("expired", counts.expired),
        ("pushed_out", counts.pushed_out),
    ];
    for (result, count) in counters {
        let _ = writeln!(text.0, "{name}{{result=\"{result}\"}} {count}");
    }
    let about = ("counter", "Bytes of the lines that were kept.");
    text.one("ketupa_logs_bytes_total", about, counts.bytes);
    let about = ("gauge", "Streams of logs that the store knows.");
    text.one("ketupa_logs_streams", about, store.stream_count());
    let about = ("gauge", "What the logs take on the disk, in bytes.");
    text.one("ketupa_logs_disk_bytes", about, store.disk_bytes());
    let about = ("gauge", "Things in the logs that could not be read, since they were opened.");
    text.one("ketupa_logs_damage", about, store.damage().len());
}
