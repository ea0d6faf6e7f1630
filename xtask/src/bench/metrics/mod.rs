//! `xtask bench metrics`: our store beside Debian's Prometheus and `VictoriaMetrics`, on the same samples.
//!
//! The samples come from Debian's `node_exporter` on this machine, scraped once and kept below
//! `target/bench-metrics`: remove that to scrape anew. Nothing is installed, nothing keeps running.
//! All of it takes about ten minutes on two quiet cores, the first time. Each store is a server of its own, which is
//! sent the same requests over one connection.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "counts and times are far from where casts lose anything"
)]

mod data;
mod kept;
mod pause;
mod stores;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use data::Load;
use stores::{Kind, Settled};

/// Series of one host.
const HOST: usize = 500;

/// A day and its questions: name, question, length in seconds, step in seconds.
const QUESTIONS: [Question; 5] = [
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

const YEAR: [Question; 3] = [
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
pub(super) use kept::one;

/// What one store did with one load.
#[derive(Default)]
struct Figures {
    samples: f64,
    /// Of a processor, until the last request was answered; and what was done later.
    cpu_s: f64,
    later_s: f64,
    memory_mib: f64,
    settled: f64,
    log: f64,
    asked: Vec<(f64, f64)>,
}

/// What is sent to each store and asked of it.
struct Sent<'a> {
    ketupa: &'a Path,
    isp: &'a Path,
    programs: &'a Path,
    work: &'a Path,
    bodies: &'a Path,
    /// The last scrape, in milliseconds.
    end: i64,
    samples: f64,
    settled: Settled,
    questions: &'a [Question],
}

fn work(root: &Path) -> Result<PathBuf, String> {
    let work = super::target(root).join("bench-metrics");
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    Ok(work)
}

/// The series that the samples are made of.
pub(super) fn observed(root: &Path) -> Result<Vec<Observed>, String> {
    let work = work(root)?;
    data::observed(&work, &stores::programs(&work)?)
}

/// All tables, or those that the words name: `day`, `gathered`, `hosts`, `year`, `pause`.
pub(super) fn table(root: &Path, words: &[String]) -> Result<String, String> {
    let work = work(root)?;
    let programs = stores::programs(&work)?;
    let ketupa = super::released(root)?;
    let observed = data::observed(&work, &programs)?;
    let isp = root.join("examples/minimal");
    let wanted = |name: &str| words.len() < 2 || words.iter().any(|word| word == name);
    let mut said = String::new();
    for (name, load, questions) in loads().into_iter().filter(|(name, ..)| wanted(name)) {
        let bodies = work.join(format!("{name}.bodies"));
        let end = data::write(&observed, &load, &bodies)?;
        let series = load.hosts * load.series;
        let samples = series as f64 * load.scrapes as f64;
        let settled = if questions.is_empty() { Settled::NotAwaited } else { Settled::Awaited };
        let (ketupa, isp, programs, work, bodies) =
            (ketupa.as_path(), isp.as_path(), programs.as_path(), work.as_path(), bodies.as_path());
        let sent = Sent { ketupa, isp, programs, work, bodies, end, samples, settled, questions };
        let mut all = Vec::new();
        for kind in Kind::ALL {
            all.push((kind.name(), stores::run(kind, &sent)?));
        }
        let part = format!(
            "\n{name}: {series} series x {} scrapes of {} s, {} to a request\n{}",
            load.scrapes,
            load.every_s,
            load.together,
            side_by_side(&all, questions)
        );
        // It takes a while: who waits sees what is there.
        eprint!("{part}");
        said += &part;
        let _ = fs::remove_file(bodies);
    }
    if wanted("pause") {
        said += &pause::table(&work, &observed)?;
    }
    Ok(said)
}

type Question = (&'static str, &'static str, i64, i64);

fn loads() -> [(&'static str, Load, &'static [Question]); 4] {
    let day = Load { hosts: 4, series: HOST, scrapes: 2880, every_s: 15, together: 1 };
    // A sender that was behind: as many samples in a request, four of each series.
    let gathered = Load { hosts: 1, scrapes: 11_520, together: 4, ..day };
    let hosts = Load { hosts: 100, scrapes: 240, ..day };
    let year = Load { hosts: 4, series: 20, scrapes: 262_800, every_s: 120, together: 30 };
    [
        ("day", day, &QUESTIONS),
        ("gathered", gathered, &[]),
        ("hosts", hosts, &[]),
        ("year", year, &YEAR),
    ]
}

/// A line for each figure, a column for each store; the last one says how many times ours is as good
/// as the better of the others.
fn side_by_side(all: &[(&'static str, Figures)], questions: &[Question]) -> String {
    let mut said = format!("  {:<40}", "");
    for (name, _) in all {
        let _ = write!(said, "{name:>16}");
    }
    said.push_str("  ours against the better of the others\n");
    let mut line = |what: &str, more_is_better: Better, of: &dyn Fn(&Figures) -> f64| {
        let _ = write!(said, "  {what:<40}");
        let values: Vec<f64> = all.iter().map(|(_, figures)| of(figures)).collect();
        for value in &values {
            let _ = write!(said, "{:>16}", known(*value, 2));
        }
        let _ = writeln!(said, "  {} times", known(more_is_better.times(&values), 1));
    };
    line("samples taken in a CPU second, millions", Better::More, &|figures| {
        figures.samples / figures.cpu_s / 1e6
    });
    line("the same with what is done later", Better::More, &|figures| {
        figures.samples / (figures.cpu_s + figures.later_s) / 1e6
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

/// A figure, or a dash where nothing was measured.
pub(super) fn known(figure: f64, places: usize) -> String {
    if figure.is_finite() { format!("{figure:.places$}") } else { "-".into() }
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

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
