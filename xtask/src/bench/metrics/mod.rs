//! `xtask bench metrics`: our store beside Debian's Prometheus and `VictoriaMetrics`, on the same samples.
//!
//! The samples come from Debian's `node_exporter` on this machine, scraped once and kept below
//! `target/bench-metrics`: remove that to scrape anew. Nothing is installed, nothing keeps running.
//! All of it takes about ten minutes on two quiet cores, the first time.
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

pub(super) use data::{Observed, scrapes};
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

/// The series that the samples are made of.
pub(super) fn observed(root: &Path) -> Result<Vec<Observed>, String> {
    let work = work(root)?;
    data::observed(&work, &rivals::programs(&work)?)
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
        let mut all = vec![("ours", ours)];
        for kind in [Kind::Prometheus, Kind::VictoriaMetrics] {
            let samples = all.first().map_or(0.0, |(_, ours)| ours.samples);
            let settled = rivals::Settled::of(name);
            let sent = (bodies.as_path(), end, samples, settled);
            all.push((kind.name(), Rival::run(kind, &programs, &work, sent, questions)?));
        }
        let part = side_by_side(&all, questions);
        // It takes a while: who waits sees what is there.
        eprint!("{part}");
        said += &part;
        let _ = fs::remove_file(&bodies);
    }
    Ok(said)
}

/// A line for each figure, a column for each store; the last one says how many times ours is as good
/// as the better of the others.
fn side_by_side(all: &[(&'static str, Figures)], questions: &[(&str, &str, i64, i64)]) -> String {
    let mut said = format!("  {:<40}", "");
    for (name, _) in all {
        let _ = write!(said, "{name:>16}");
    }
    said.push_str("  ours against the better of the others\n");
    let mut line = |what: &str, more_is_better: Better, of: &dyn Fn(&Figures) -> f64| {
        let _ = write!(said, "  {what:<40}");
        let values: Vec<f64> = all.iter().map(|(_, figures)| of(figures)).collect();
        for value in &values {
            let _ = write!(said, "{value:>16.2}");
        }
        let _ = writeln!(said, "  {:.1} times", more_is_better.times(&values));
    };
    line("samples taken in a CPU second, millions", Better::More, &|figures| {
        figures.samples / figures.cpu_s / 1e6
    });
    line("most memory, MiB", Better::Less, &|figures| figures.memory_mib);
    line("bytes for each sample, settled", Better::Less, &|figures| figures.settled);
    line("bytes for each sample in the log", Better::Less, &|figures| figures.log);
    for (number, (question, ..)) in questions.iter().enumerate() {
        let asked = |figures: &Figures| figures.asked.get(number).copied().unwrap_or_default();
        line(&format!("{question}, ms"), Better::Less, &|figures| asked(figures).0);
        line(&format!("{question}, ms of CPU"), Better::Less, &|figures| asked(figures).1);
    }
    said
}

/// Which of two figures is the better one.
#[derive(Clone, Copy)]
enum Better {
    More,
    Less,
}

impl Better {
    /// How many times the first value is as good as the best of the others that are known.
    fn times(self, values: &[f64]) -> f64 {
        let ours = values.first().copied().unwrap_or(f64::NAN);
        let others = values.iter().skip(1).copied().filter(|value| *value > 0.0);
        match self {
            Self::More => ours / others.fold(f64::NAN, f64::max),
            Self::Less => others.fold(f64::NAN, f64::min) / ours,
        }
    }
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
