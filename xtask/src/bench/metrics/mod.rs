//! `xtask bench metrics`: our store beside Debian's Prometheus and `VictoriaMetrics`, on the same samples.
//!
//! The samples come from Debian's `node_exporter` on this machine, scraped once and kept below
//! `target/bench-metrics`: remove that to scrape anew. Nothing is installed, nothing keeps running.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "counts and times are far from where casts lose anything"
)]

mod data;
mod own;
mod rivals;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use data::Load;
use rivals::{Kind, Rival};

/// Series of one host.
const HOST: usize = 500;

/// A day and its questions: name, question, length in seconds, step in seconds.
const QUESTIONS: [(&str, &str, i64, i64); 5] = [
    ("1 hour, 64 rates", "sum by (instance, mode) (rate(node_cpu_seconds_total[5m]))", 3600, 15),
    ("1 hour, one series", "node_memory_MemFree_bytes{instance=\"host0:9100\"}", 3600, 15),
    (
        "12 hours, 64 rates",
        "sum by (instance, mode) (rate(node_cpu_seconds_total[5m]))",
        43_200,
        60,
    ),
    ("12 hours, averages", "avg_over_time(node_memory_MemFree_bytes[1h])", 43_200, 300),
    (
        "12 hours, a subquery",
        "max_over_time(rate(node_network_receive_bytes_total[5m])[1h:1m])",
        43_200,
        300,
    ),
];

const YEAR: [(&str, &str, i64, i64); 3] = [
    ("1 day, 64 rates", "sum by (instance, mode) (rate(node_cpu_seconds_total[10m]))", 86_400, 120),
    (
        "1 year, 64 rates",
        "sum by (instance, mode) (rate(node_cpu_seconds_total[12h]))",
        31_536_000,
        31_536,
    ),
    ("1 year, extremes", "max_over_time(node_memory_MemFree_bytes[12h])", 31_536_000, 31_536),
];

pub(super) use own::one;

/// What one store did with one load.
#[derive(Default)]
struct Figures {
    samples: f64,
    cpu_s: f64,
    memory_mib: f64,
    settled: f64,
    log: f64,
    asked: Vec<(f64, f64)>,
}

fn work(root: &Path) -> Result<PathBuf, String> {
    let work = super::target(root).join("bench-metrics");
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    Ok(work)
}

/// All tables, or those that the words name: `day`, `hosts`, `year`.
pub(super) fn table(root: &Path, words: &[String]) -> Result<String, String> {
    let work = work(root)?;
    let programs = rivals::programs(&work)?;
    let observed = data::observed(&work, &programs)?;
    let wanted = |name: &str| words.len() < 2 || words.iter().any(|word| word == name);
    let mut said = String::new();
    let loads = [
        (
            "day",
            Load { hosts: 4, series: HOST, scrapes: 2880, every_s: 15, together: 1 },
            &QUESTIONS[..],
        ),
        ("hosts", Load { hosts: 100, series: HOST, scrapes: 240, every_s: 15, together: 1 }, &[]),
        (
            "year",
            Load { hosts: 4, series: 20, scrapes: 262_800, every_s: 120, together: 30 },
            &YEAR[..],
        ),
    ];
    for (name, load, questions) in loads {
        if !wanted(name) {
            continue;
        }
        let bodies = work.join(format!("{name}.bodies"));
        let end = data::write(&observed, &load, &bodies)?;
        let _ = writeln!(
            said,
            "\n{name}: {} series x {} scrapes of {} s",
            load.hosts * load.series,
            load.scrapes,
            load.every_s
        );
        let ours = own::run(&work, &bodies, end, questions)?;
        said += &row("ours", &ours, questions);
        for kind in [Kind::Prometheus, Kind::VictoriaMetrics] {
            let figures =
                Rival::run(kind, &programs, &work, (&bodies, end, ours.samples), questions)?;
            said += &row(kind.name(), &figures, questions);
        }
        let _ = fs::remove_file(&bodies);
    }
    Ok(said)
}

fn row(name: &str, figures: &Figures, questions: &[(&str, &str, i64, i64)]) -> String {
    let Figures { samples, cpu_s, memory_mib, settled, log, asked } = figures;
    let per_s = samples / cpu_s;
    let mut said = String::new();
    let _ = writeln!(
        said,
        "  {name:<16} {samples:>11.0} samples {per_s:>10.0} per CPU-s {settled:>6.2} B settled {log:>6.2} B log {memory_mib:>6.0} MiB"
    );
    for ((question, ..), (wall, cpu)) in questions.iter().zip(asked) {
        let _ = writeln!(said, "    {question:<24} {wall:>9.2} ms {cpu:>9.2} ms CPU");
    }
    // It takes a while: who waits sees what is there.
    eprint!("{said}");
    said
}

/// User and system time of a process so far, in seconds.
fn cpu_s(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = |place: usize| -> f64 {
        after.split(' ').nth(place).and_then(|word| word.parse().ok()).unwrap_or_default()
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// The most memory that a process ever held, in MiB.
fn peak_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    kib / 1024.0
}

/// Bytes of all files below a folder whose path a word is in.
fn bytes(folder: &Path, word: &str) -> f64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0.0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes(&entry.path(), word),
        Ok(metadata) if entry.path().to_string_lossy().contains(word) => metadata.len() as f64,
        Ok(_) | Err(_) => 0.0,
    };
    entries.flatten().map(of).sum()
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
