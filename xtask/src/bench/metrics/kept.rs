//! What our store does by and by while samples come, in a process of its own: files each two hours, days
//! merged, rollups. A server does it by the clock, which nobody waits for here.

use std::path::Path;
use std::process::Command;

use metrics::{Settings, Store};

use super::data;
use crate::bench::process::{bytes, status_mib, threads_s};

const DAY_MS: i64 = 86_400_000;
/// The store looks whether something is due after so many requests.
const LOOK: usize = 20;

/// What such a process says.
pub(super) struct Kept {
    /// Seconds of a processor for what is done by and by, without taking the samples.
    pub(super) cpu_s: f64,
    pub(super) memory_mib: f64,
    /// Bytes of the files of samples, for each sample.
    pub(super) settled: f64,
}

/// Keeps all bodies in a folder, in a process of its own.
pub(super) fn keep(bodies: &Path, folder: &Path) -> Result<Kept, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output =
        Command::new(this).args(["bench", "metrics-keep"]).arg(bodies).arg(folder).output();
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match said.as_slice() {
        [cpu_s, memory_mib, settled] => {
            Ok(Kept { cpu_s: *cpu_s, memory_mib: *memory_mib, settled: *settled })
        }
        _ => Err(format!("our store says {said:?}{}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// What such a process does: prints the figures of [`Kept`].
pub(in super::super) fn one(words: &[String]) -> Result<String, String> {
    let [bodies, folder] = words else { return Err("metrics-keep takes BODIES FOLDER".into()) };
    let fail = |error: std::io::Error| error.to_string();
    let folder = Path::new(folder);
    // What is older than a month is kept too: the questions are about all of it.
    let settings = Settings { keep_raw_ms: 800 * DAY_MS, ..Settings::default() };
    let mut store = Store::open(folder, settings).map_err(fail)?;
    let (mut samples, mut last) = (0, 0);
    let mut due = Due::default();
    data::bodies(Path::new(bodies), |n, time, body| {
        let appended = store.remote_write(body, time).map_err(|error| error.to_string())?;
        samples += appended.counts.added;
        last = time;
        if n.is_multiple_of(LOOK) { due.work(&mut store, time).map_err(fail) } else { Ok(()) }
    })?;
    due.work(&mut store, last + 3 * DAY_MS).map_err(fail)?;
    let memory_mib = status_mib(std::process::id(), "VmHWM:");
    let settled = bytes(folder, "raw_") / samples as f64;
    Ok(format!("{} {memory_mib} {settled}", due.beside + due.held))
}

/// What is done by and by, in seconds of a processor.
#[derive(Default)]
pub(super) struct Due {
    /// While the store is used.
    pub(super) beside: f64,
    /// While nobody may use it; and the longest of these times.
    pub(super) held: f64,
    pub(super) longest: f64,
}

impl Due {
    /// Does what a server does.
    pub(super) fn work(&mut self, store: &mut Store, now: i64) -> std::io::Result<()> {
        self.held(|| store.quick_tick(now))?;
        if let Some(mut seal) = self.held(|| store.seal_due(now))? {
            self.beside(|| seal.work());
            self.held(|| store.seal_done(seal))?;
        }
        while let Some(mut merge) = self.held(|| store.merge_due(now)) {
            self.beside(|| merge.work());
            self.held(|| store.merge_done(merge))?;
        }
        Ok(())
    }

    fn beside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (done, took) = timed(work);
        self.beside += took;
        done
    }

    fn held<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (done, took) = timed(work);
        self.held += took;
        self.longest = self.longest.max(took);
        done
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = threads_s(std::process::id());
    let done = work();
    (done, threads_s(std::process::id()) - begun)
}
