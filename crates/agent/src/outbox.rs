//! What waits to be sent, for all who measure on this host.

use crate::text::{Families, Metric};
use crate::tree::float;
use metrics::Labels;
use metrics::queue::{Parcel, Queue, Waiting};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The same trouble is told once in this time.
const SILENCE: Duration = Duration::from_secs(600);

const WAITING: Metric<'_> = Metric::gauge(
    "ketupa_agent_send_waiting_samples",
    "Samples that the server has not acknowledged yet.",
);
const BYTES: Metric<'_> =
    Metric::gauge("ketupa_agent_send_waiting_bytes", "Bytes that the waiting samples take.");
const SENT: Metric<'_> =
    Metric::counter("ketupa_agent_send_samples_total", "Samples that the server acknowledged.");
const LOST: Metric<'_> = Metric::counter(
    "ketupa_agent_send_lost_samples_total",
    "Samples that went unsent because there was no room for them.",
);
const REFUSED: Metric<'_> = Metric::counter(
    "ketupa_agent_send_refused_samples_total",
    "Samples that were dropped because the server will never take their request.",
);
const FAILURES: Metric<'_> =
    Metric::counter("ketupa_agent_send_failures_total", "Requests that the server did not take.");
const DISK: Metric<'_> = Metric::counter(
    "ketupa_agent_send_disk_failures_total",
    "Times that the disk did not take what was measured: memory holds it.",
);
const LAST: Metric<'_> = Metric::gauge(
    "ketupa_agent_send_last_time_seconds",
    "When the server acknowledged something last, in seconds since 1970; 0 if never.",
);

/// Numbers that are told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) sent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) last_s: AtomicU64,
    disk: AtomicU64,
}

/// A queue that many fill and one empties.
pub struct Outbox {
    queue: Mutex<Queue>,
    bell: Condvar,
    pub(crate) told: Told,
    silent_until: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl Outbox {
    /// Opens the queue of a directory; what cannot be read in it is logged.
    pub fn open(directory: &Path, most: u64) -> Result<Self, String> {
        let mut queue = Queue::open(directory, most)
            .map_err(|error| format!("cannot keep what is to be sent: {error}"))?;
        for damage in queue.damage() {
            log("damage", &damage);
        }
        Ok(Self {
            queue: Mutex::new(queue),
            bell: Condvar::new(),
            told: Told::default(),
            silent_until: Mutex::default(),
        })
    }

    /// Takes what a target told: the labels that name the target, the time in milliseconds, and
    /// samples with all their labels. It is kept in any case.
    pub fn put(&self, target: &Labels, time: i64, samples: &[(Labels, f64)]) {
        let kept = self.lock().append(target, time, samples);
        self.bell.notify_all();
        if let Err(error) = kept {
            self.told.disk.fetch_add(1, Ordering::Relaxed);
            self.trouble(&error);
        }
    }

    /// What is to be sent next: the same until it is taken.
    pub(crate) fn next(&self, most: u64) -> Option<Parcel> {
        self.lock().next(most)
    }

    /// Waits for something to send, for this long at most.
    pub(crate) fn wait(&self, patience: Duration) {
        let queue = self.lock();
        if queue.is_empty() {
            drop(self.bell.wait_timeout(queue, patience));
        }
    }

    /// Notes that something has not to be sent any more.
    pub(crate) fn taken(&self, parcel: &Parcel) {
        let mut queue = self.lock();
        queue.taken(parcel);
        for damage in queue.damage() {
            log("damage", &damage);
        }
    }

    /// Makes what came in outlast a power cut.
    pub(crate) fn sync(&self) {
        let synced = self.lock().sync();
        if let Err(error) = synced {
            self.trouble(&error);
        }
    }

    fn trouble(&self, error: &std::io::Error) {
        let mut silent = self.silent_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if silent.is_none_or(|until| now >= until) {
            *silent = Some(now + SILENCE);
            log(
                "trouble",
                &format!("memory holds what is to be sent, the disk does not take it: {error}"),
            );
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// How much waits.
    pub fn waiting(&self) -> Waiting {
        self.lock().waiting()
    }

    /// Tells how sending goes.
    pub(crate) fn tell(&self, found: &mut Families) {
        let Waiting { samples, bytes, lost } = self.waiting();
        let told = |number: &AtomicU64| number.load(Ordering::Relaxed);
        for (metric, number) in [
            (&WAITING, samples),
            (&BYTES, bytes),
            (&LOST, lost),
            (&SENT, told(&self.told.sent)),
            (&REFUSED, told(&self.told.refused)),
            (&FAILURES, told(&self.told.failures)),
            (&DISK, told(&self.told.disk)),
            (&LAST, told(&self.told.last_s)),
        ] {
            found.add(metric, &[], float(number));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes an event to the log, one JSON object a line.
pub(crate) fn log(event: &str, says: &str) {
    let line = serde_json::json!({ "event": event, "says": says });
    // Of a log that is closed nobody is left to tell.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
