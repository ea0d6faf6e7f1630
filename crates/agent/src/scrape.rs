//! Measures at regular times: this host itself, and the programs on it that tell metrics of their own.

use crate::outbox::{Outbox, log};
use crate::post;
use crate::sender::rest;
use metrics::Labels;
use metrics::wire::exposition::Target;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A program answers within this time. One that takes longer than the time between scrapes is asked
/// less often: no two questions go on at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// No program tells more.
const LARGEST: u64 = 16 << 20;
/// Nor more samples.
const MOST: usize = 50_000;

/// Measures until the process shall end: what `tell` gives is put into the outbox. Who is a moment
/// late comes at the next regular time.
pub(crate) fn run(
    (outbox, labels): (&Outbox, &Labels),
    interval: Duration,
    stop: &AtomicBool,
    tell: &mut dyn FnMut() -> Result<String, String>,
) {
    let mut target = Target::new(labels.clone());
    let begin = Instant::now();
    let mut failed = false;
    while !stop.load(Ordering::Relaxed) {
        let (time, started) = (now_ms(), Instant::now());
        let text = tell().and_then(|text| limited(&text).map(|()| text));
        let took = started.elapsed().as_secs_f64();
        let (told, went) = match text {
            Ok(text) => target.told(&text, (time, took)),
            Err(why) => (target.silent((time, took)), Err(why)),
        };
        put(outbox, labels, told);
        if let Err(why) = &went
            && !failed
        {
            log("scrape", &format!("{labels} cannot be measured: {why}"));
        }
        failed = went.is_err();
        let periods = begin.elapsed().as_nanos() / interval.as_nanos().max(1) + 1;
        let next = begin + interval * u32::try_from(periods).unwrap_or(u32::MAX);
        rest(next.saturating_duration_since(Instant::now()), stop);
    }
}

/// Samples of one time go together; others have rows of their own.
fn put(outbox: &Outbox, labels: &Labels, mut told: Vec<(Labels, i64, f64)>) {
    told.sort_by_key(|(_, time, _)| *time);
    for row in told.chunk_by(|one, next| one.1 == next.1) {
        let Some((_, time, _)) = row.first() else { continue };
        let samples: Vec<(Labels, f64)> =
            row.iter().map(|(labels, _, value)| (labels.clone(), *value)).collect();
        outbox.put(labels, *time, &samples);
    }
}

/// What a program of this host tells.
pub(crate) struct Program {
    agent: ureq::Agent,
    url: String,
}

impl Program {
    /// A program that is asked at an address.
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        let agent = post::agent(url, None, PATIENCE)?;
        Ok(Self { agent, url: url.to_owned() })
    }

    /// Asks it.
    pub(crate) fn ask(&self) -> Result<String, String> {
        let about = |error: &dyn std::fmt::Display| format!("{}: {error}", self.url);
        let request = self.agent.get(&self.url).header("Accept", "text/plain;version=0.0.4");
        let mut answer = request.call().map_err(|error| about(&error))?;
        if answer.status() != 200 {
            return Err(about(&format!("it answered {}", answer.status())));
        }
        let mut bytes = Vec::new();
        let body = answer.body_mut().as_reader().take(LARGEST + 1).read_to_end(&mut bytes);
        body.map_err(|error| about(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(about(&format!("it tells more than {LARGEST} bytes")));
        }
        String::from_utf8(bytes).map_err(|_| about(&"it tells what is no text"))
    }
}

/// Refuses what is too much, before it is read.
fn limited(text: &str) -> Result<(), String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    match lines.count() {
        count if count > MOST => Err(format!("it tells {count} samples; {MOST} is the most")),
        _ => Ok(()),
    }
}

/// The clock, in milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
