//! Probes while the agent runs: a few threads try what is due, and what came of each last is kept.

use super::{Probe, Tried, once, tell};
use crate::text::Families;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Never more threads than this, however slowly everything answers.
const MOST: u64 = 16;
/// The first tries are spread over this time: a restart is no burst.
const SPREAD: Duration = Duration::from_secs(10);
/// How long a thread waits before it looks whether it shall end.
const TICK: Duration = Duration::from_millis(500);

/// Tries probes until it is told to end.
#[derive(Debug)]
pub struct Prober {
    inner: Arc<Inner>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    probes: Vec<Probe>,
    /// The next try of each: when, and which.
    due: Mutex<BTreeSet<(Instant, usize)>>,
    more: Condvar,
    last: Mutex<BTreeMap<usize, Tried>>,
    stop: AtomicBool,
}

impl Prober {
    /// Begins to try.
    pub fn start(probes: Vec<Probe>) -> Self {
        let now = Instant::now();
        let first = |(number, probe): (usize, &Probe)| (now + offset(probe), number);
        let due = probes.iter().enumerate().map(first).collect();
        let count = workers(&probes);
        let inner = Arc::new(Inner {
            probes,
            due: Mutex::new(due),
            more: Condvar::new(),
            last: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        // A host that has no thread to give tries later than it should, or not at all: then the series
        // are missing, and that is told.
        let thread = |_| {
            let inner = Arc::clone(&inner);
            Builder::new().name("probe".into()).spawn(move || inner.work()).ok()
        };
        let threads = (0..count).filter_map(thread).collect();
        Self { inner, threads }
    }

    /// Tells what came of every probe last.
    pub fn tell(&self, found: &mut Families) {
        let last = lock(&self.inner.last);
        for (probe, tried) in last.iter().filter_map(|(n, t)| Some((self.inner.probes.get(*n)?, t)))
        {
            tell::tell(found, probe, tried);
        }
    }
}

impl Prober {
    /// The same as text.
    pub fn text(&self) -> String {
        let mut found = Families::default();
        self.tell(&mut found);
        found.write()
    }
}

/// Tries every probe once, a few at a time, and tells what came of each.
pub fn told_once(probes: &[Probe]) -> String {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Families::default());
    let work = || {
        while let Some(probe) = probes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tried = once(probe);
            tell::tell(&mut lock(&found), probe, &tried);
            if tried.wrong.is_some() {
                log(probe, &tried);
            }
        }
    };
    std::thread::scope(|scope| {
        // At least this thread works, whatever the host gives.
        for _ in 1..MOST.min(probes.len() as u64) {
            drop(Builder::new().spawn_scoped(scope, work));
        }
        work();
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner).write()
}

/// Says what became of a try.
fn log(probe: &Probe, tried: &Tried) {
    let line = serde_json::json!({
        "event": "probe", "check": probe.check, "object": probe.object,
        "success": tried.wrong.is_none(), "says": tried.wrong.as_deref().unwrap_or_default(),
    });
    // Of a log that is closed nobody is left to tell.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

impl Drop for Prober {
    /// What is being tried is tried to its end.
    fn drop(&mut self) {
        self.inner.stop.store(true, Ordering::Relaxed);
        self.inner.more.notify_all();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Inner {
    fn work(&self) {
        while let Some((number, when)) = self.next() {
            let Some(probe) = self.probes.get(number) else { return };
            let tried = once(probe);
            self.keep(number, probe, tried);
            // What was missed while it took long is not made up for.
            let next = (when + probe.interval()).max(Instant::now());
            lock(&self.due).insert((next, number));
            self.more.notify_one();
        }
    }

    /// Waits for what is due next; nothing when it shall end.
    fn next(&self) -> Option<(usize, Instant)> {
        let mut due = lock(&self.due);
        while !self.stop.load(Ordering::Relaxed) {
            let first = due.first().copied();
            let wait =
                first.map_or(TICK, |(when, _)| when.saturating_duration_since(Instant::now()));
            if let Some((when, number)) = first.filter(|_| wait.is_zero()) {
                due.remove(&(when, number));
                return Some((number, when));
            }
            let waited = self.more.wait_timeout(due, wait.min(TICK));
            due = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }

    /// Keeps what came of a try, and logs it where it is another than before.
    fn keep(&self, number: usize, probe: &Probe, tried: Tried) {
        let mut last = lock(&self.last);
        let failed_before = last.get(&number).is_some_and(|before| before.wrong.is_some());
        if failed_before != tried.wrong.is_some() {
            log(probe, &tried);
        }
        last.insert(number, tried);
    }
}

/// As many as are busy when everything takes as long as it may.
fn workers(probes: &[Probe]) -> u64 {
    let busy = |probe: &Probe| probe.timeout().as_secs() * 1000 / probe.interval().as_secs().max(1);
    let all: u64 = probes.iter().map(busy).sum();
    if probes.is_empty() { 0 } else { all.div_ceil(1000).clamp(1, MOST) }
}

/// When a probe is tried first: the same at each start, and not when all others are.
fn offset(probe: &Probe) -> Duration {
    let most = SPREAD.min(probe.interval());
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&probe.check);
    let part = u32::try_from(hash % 1000).unwrap_or_default();
    most * part / 1000
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
