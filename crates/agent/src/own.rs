//! What the agent costs: the metrics of its own process.

use crate::collect::Went;
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float, text};
use std::path::Path;

const CPU: Metric<'_> = Metric::counter(
    "process_cpu_seconds_total",
    "Total user and system CPU time spent in seconds.",
);
const RESIDENT: Metric<'_> =
    Metric::gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
const VIRTUAL: Metric<'_> =
    Metric::gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
const OPEN: Metric<'_> = Metric::gauge("process_open_fds", "Number of open file descriptors.");
const START: Metric<'_> = Metric::gauge(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
);
const BUILD: Metric<'_> = Metric::gauge(
    "ketupa_agent_build_info",
    "A metric with a constant '1' value labeled by the agent's version.",
);
/// The kernel counts time in hundredths of a second.
const TICKS: f64 = 100.0;

/// Tells what this process has used so far.
pub(crate) fn process(found: &mut Families) -> Went {
    found.add(&BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    let read = |file: &'static str| {
        text(Path::new(file)).map_err(|error| Trouble::Read(file.into(), error))
    };
    let stat = read("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let fields: Vec<f64> =
        fields.split_whitespace().skip(1).map(|word| word.parse().unwrap_or_default()).collect();
    // Counted from the parent's number, which follows the state.
    let [user, system] = [10, 11].map(|place| fields.get(place).copied().unwrap_or_default());
    let [start, bytes, pages] =
        [18, 19, 20].map(|place| fields.get(place).copied().unwrap_or_default());
    found.add(&CPU, &[], (user + system) / TICKS);
    found.add(&VIRTUAL, &[], bytes);
    found.add(&RESIDENT, &[], pages * float(rustix::param::page_size() as u64));
    let boot = read("/proc/stat")?
        .lines()
        .find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok())
        .ok_or(Trouble::Strange("/proc/stat", "no time of boot"))?;
    found.add(&START, &[], boot + start / TICKS);
    // The listing itself is one of them.
    let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default();
    found.add(&OPEN, &[], float(open.saturating_sub(1) as u64));
    Ok(())
}
