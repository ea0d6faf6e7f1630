//! Processors: where their time went, how fast they run, who interrupts them.

use super::{Source, Went, numbers};
use crate::text::{Families, Metric};
use crate::tree::Trouble;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The kernel counts processor time in hundredths of a second.
const TICKS: f64 = 100.0;
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
/// The place of `idle` among them.
const IDLE: usize = 3;
/// A processor that has been idle for so many seconds less than before was off.
const NEW: f64 = 3.0;

/// What each processor told, in hundredths of a second.
type Processors = BTreeMap<String, Vec<f64>>;
/// What was told last, by the file that it came from.
static TOLD: LazyLock<Mutex<BTreeMap<PathBuf, Processors>>> = LazyLock::new(Mutex::default);

const SECONDS: Metric<'_> =
    Metric::counter("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.");
const GUEST: Metric<'_> = Metric::counter(
    "node_cpu_guest_seconds_total",
    "Seconds the CPUs spent in guests (VMs) for each mode.",
);

pub(super) fn cpu(source: &Source, found: &mut Families) -> Went {
    let text = source.root.read("proc/stat")?;
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let before = told.remove(&source.root.path("proc/stat")).unwrap_or_default();
    let mut now = Processors::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(cpu) = words.next().and_then(|word| word.strip_prefix("cpu")) else { continue };
        if !cpu.is_empty() {
            let times = numbers(words);
            let times = before.get(cpu).map_or_else(|| times.clone(), |old| held(old, &times));
            now.insert(cpu.to_owned(), times);
        }
    }
    for (cpu, times) in &now {
        for (mode, ticks) in MODES.iter().zip(times) {
            found.add(&SECONDS, &[("cpu", cpu), ("mode", mode)], ticks / TICKS);
        }
        for (mode, ticks) in ["user", "nice"].iter().zip(times.iter().skip(MODES.len())) {
            found.add(&GUEST, &[("cpu", cpu), ("mode", mode)], ticks / TICKS);
        }
    }
    told.insert(source.root.path("proc/stat"), now);
    Ok(())
}

/// The times of a processor, none less than it was before: the kernel estimates some of them, and
/// may take a hundredth back. To Prometheus a counter that falls has begun anew, and `rate` would
/// add all of it once more. One that was off and came again does begin anew.
fn held(before: &[f64], now: &[f64]) -> Vec<f64> {
    let idle = |times: &[f64]| times.get(IDLE).copied().unwrap_or_default();
    if idle(before) - idle(now) >= NEW * TICKS {
        return now.to_vec();
    }
    let before = before.iter().copied().chain(std::iter::repeat(0.0));
    now.iter().zip(before).map(|(now, before)| now.max(before)).collect()
}

const FREQUENCIES: [(&str, Metric<'_>); 6] = [
    (
        "cpuinfo_cur_freq",
        Metric::gauge("node_cpu_frequency_hertz", "Current cpu thread frequency in hertz."),
    ),
    (
        "cpuinfo_min_freq",
        Metric::gauge("node_cpu_frequency_min_hertz", "Minimum cpu thread frequency in hertz."),
    ),
    (
        "cpuinfo_max_freq",
        Metric::gauge("node_cpu_frequency_max_hertz", "Maximum cpu thread frequency in hertz."),
    ),
    (
        "scaling_cur_freq",
        Metric::gauge(
            "node_cpu_scaling_frequency_hertz",
            "Current scaled CPU thread frequency in hertz.",
        ),
    ),
    (
        "scaling_min_freq",
        Metric::gauge(
            "node_cpu_scaling_frequency_min_hertz",
            "Minimum scaled CPU thread frequency in hertz.",
        ),
    ),
    (
        "scaling_max_freq",
        Metric::gauge(
            "node_cpu_scaling_frequency_max_hertz",
            "Maximum scaled CPU thread frequency in hertz.",
        ),
    ),
];

pub(super) fn frequency(source: &Source, found: &mut Families) -> Went {
    const CPUS: &str = "sys/devices/system/cpu";
    for name in source.root.names(CPUS)? {
        let Some(cpu) = name.strip_prefix("cpu").filter(|cpu| cpu.parse::<u32>().is_ok()) else {
            continue;
        };
        for (file, metric) in &FREQUENCIES {
            if let Some(kilohertz) = source.root.number(&format!("{CPUS}/{name}/cpufreq/{file}")) {
                found.add(metric, &[("cpu", cpu)], kilohertz * 1000.0);
            }
        }
    }
    Ok(())
}

const RUNNING: Metric<'_> = Metric::counter(
    "node_schedstat_running_seconds_total",
    "Number of seconds CPU spent running a process.",
);
const WAITING: Metric<'_> = Metric::counter(
    "node_schedstat_waiting_seconds_total",
    "Number of seconds spent by processing waiting for this CPU.",
);
const SLICES: Metric<'_> =
    Metric::counter("node_schedstat_timeslices_total", "Number of timeslices executed by CPU.");

pub(super) fn schedule(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/schedstat")?.lines() {
        let mut words = line.split_whitespace();
        let Some(cpu) = words.next().and_then(|word| word.strip_prefix("cpu")) else { continue };
        // Six counters of the scheduler come before those that are told.
        if let [running, waiting, slices, ..] = numbers(words.skip(6)).as_slice() {
            found.add(&RUNNING, &[("cpu", cpu)], running / 1e9);
            found.add(&WAITING, &[("cpu", cpu)], waiting / 1e9);
            found.add(&SLICES, &[("cpu", cpu)], *slices);
        }
    }
    Ok(())
}

const INTERRUPTS: Metric<'_> = Metric::counter("node_interrupts_total", "Interrupt details.");

pub(super) fn interrupts(source: &Source, found: &mut Families) -> Went {
    let text = source.root.read("proc/interrupts")?;
    let mut lines = text.lines();
    let cpus = lines.next().ok_or(Trouble::Strange("/proc/interrupts", "no line"))?;
    let cpus: Vec<&str> =
        cpus.split_whitespace().map(|cpu| cpu.trim_start_matches("CPU")).collect();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(name), Some(counts)) = (words.first(), words.get(1..=cpus.len())) else {
            continue;
        };
        let name = name.trim_end_matches(':');
        let after = words.get(cpus.len() + 1..).unwrap_or_default();
        // A number is an interrupt of a device; a name is the kernel's own, with what it means.
        let (info, devices) = match after.split_first() {
            Some((chip, devices)) if name.parse::<u32>().is_ok() => {
                (chip.to_string(), devices.join(" "))
            }
            Some(_) | None => (after.join(" "), String::new()),
        };
        for (cpu, count) in cpus.iter().zip(counts) {
            let Ok(count) = count.parse() else { continue };
            let labels = [("cpu", *cpu), ("devices", &*devices), ("info", &info), ("type", name)];
            found.add(&INTERRUPTS, &labels, count);
        }
    }
    Ok(())
}
