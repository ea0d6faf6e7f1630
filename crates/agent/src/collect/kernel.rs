//! What the kernel counts as a whole: load, forks, files, entropy, pressure.

use super::{Source, Went, numbers};
use crate::text::{Families, Metric};
use crate::tree::Trouble;

const STAT: [(&str, Metric<'_>); 6] = [
    ("btime", Metric::gauge("node_boot_time_seconds", "Node boot time, in unixtime.")),
    ("ctxt", Metric::counter("node_context_switches_total", "Total number of context switches.")),
    ("intr", Metric::counter("node_intr_total", "Total number of interrupts serviced.")),
    ("processes", Metric::counter("node_forks_total", "Total number of forks.")),
    (
        "procs_blocked",
        Metric::gauge(
            "node_procs_blocked",
            "Number of processes blocked waiting for I/O to complete.",
        ),
    ),
    (
        "procs_running",
        Metric::gauge("node_procs_running", "Number of processes in runnable state."),
    ),
];

pub(super) fn stat(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/stat")?.lines() {
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else { continue };
        let Some((_, metric)) = STAT.iter().find(|(known, _)| *known == key) else { continue };
        if let Some(value) = words.next().and_then(|word| word.parse().ok()) {
            found.add(metric, &[], value);
        }
    }
    Ok(())
}

const LOADS: [Metric<'_>; 3] = [
    Metric::gauge("node_load1", "1m load average."),
    Metric::gauge("node_load5", "5m load average."),
    Metric::gauge("node_load15", "15m load average."),
];

pub(super) fn load(source: &Source, found: &mut Families) -> Went {
    let text = source.root.read("proc/loadavg")?;
    let loads = numbers(text.split_whitespace());
    if loads.len() < LOADS.len() {
        return Err(Trouble::Strange("/proc/loadavg", "fewer than three numbers"));
    }
    for (metric, load) in LOADS.iter().zip(loads) {
        found.add(metric, &[], load);
    }
    Ok(())
}

const ALLOCATED: Metric<'_> =
    Metric::gauge("node_filefd_allocated", "File descriptor statistics: allocated.");
const MAXIMUM: Metric<'_> =
    Metric::gauge("node_filefd_maximum", "File descriptor statistics: maximum.");

pub(super) fn files(source: &Source, found: &mut Families) -> Went {
    let text = source.root.read("proc/sys/fs/file-nr")?;
    let [allocated, _, maximum] = *numbers(text.split_whitespace()).as_slice() else {
        return Err(Trouble::Strange("/proc/sys/fs/file-nr", "other than three numbers"));
    };
    found.add(&ALLOCATED, &[], allocated);
    found.add(&MAXIMUM, &[], maximum);
    Ok(())
}

const ENTROPY: [(&str, Metric<'_>); 2] = [
    ("entropy_avail", Metric::gauge("node_entropy_available_bits", "Bits of available entropy.")),
    ("poolsize", Metric::gauge("node_entropy_pool_size_bits", "Bits of entropy pool.")),
];

pub(super) fn entropy(source: &Source, found: &mut Families) -> Went {
    for (file, metric) in &ENTROPY {
        let bits = source.root.number(&format!("proc/sys/kernel/random/{file}"));
        found.add(metric, &[], bits.ok_or(Trouble::Nothing)?);
    }
    Ok(())
}

const PRESSURE: [(&str, &str, Metric<'_>); 6] = [
    (
        "cpu",
        "some",
        Metric::counter(
            "node_pressure_cpu_waiting_seconds_total",
            "Total time in seconds that processes have waited for CPU time",
        ),
    ),
    (
        "io",
        "some",
        Metric::counter(
            "node_pressure_io_waiting_seconds_total",
            "Total time in seconds that processes have waited due to IO congestion",
        ),
    ),
    (
        "io",
        "full",
        Metric::counter(
            "node_pressure_io_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IO congestion",
        ),
    ),
    (
        "memory",
        "some",
        Metric::counter(
            "node_pressure_memory_waiting_seconds_total",
            "Total time in seconds that processes have waited for memory",
        ),
    ),
    (
        "memory",
        "full",
        Metric::counter(
            "node_pressure_memory_stalled_seconds_total",
            "Total time in seconds no process could make progress due to memory congestion",
        ),
    ),
    (
        "irq",
        "full",
        Metric::counter(
            "node_pressure_irq_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IRQ congestion",
        ),
    ),
];

pub(super) fn pressure(source: &Source, found: &mut Families) -> Went {
    source.root.read("proc/pressure/cpu")?;
    for (resource, share, metric) in &PRESSURE {
        // The pressure of interrupts is there since Linux 6.1, if the kernel was built with it.
        let Ok(text) = source.root.read(&format!("proc/pressure/{resource}")) else { continue };
        let total = text
            .lines()
            .find_map(|line| line.strip_prefix(share))
            .and_then(|line| line.split_once("total="))
            .and_then(|(_, total)| total.trim().parse::<f64>().ok());
        if let Some(microseconds) = total {
            found.add(metric, &[], microseconds / 1e6);
        }
    }
    Ok(())
}

const SELINUX: Metric<'_> =
    Metric::gauge("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false");
const ENFORCING: Metric<'_> =
    Metric::gauge("node_selinux_current_mode", "Current SELinux enforcement mode");

#[expect(clippy::unnecessary_wraps, reason = "a collector")]
pub(super) fn selinux(source: &Source, found: &mut Families) -> Went {
    let mode = source.root.number("sys/fs/selinux/enforce");
    found.add(&SELINUX, &[], if mode.is_some() { 1.0 } else { 0.0 });
    if let Some(mode) = mode {
        found.add(&ENFORCING, &[], mode);
    }
    Ok(())
}
