//! Samples for the benchmark: real ones, gone on with by chance in their own steps.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use metrics::wire::{exposition, remote_write};
use metrics::{Labels, NAME};

use crate::bench::chance::Chance;

const SCRAPES: usize = 48;
const EVERY: Duration = Duration::from_secs(3);
const PORT: u16 = 19_100;

/// How much is sent.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) hosts: usize,
    pub(super) series: usize,
    pub(super) scrapes: i64,
    pub(super) every_s: i64,
    /// Scrapes of one request: a year is sent in fewer.
    pub(super) together: usize,
}

/// What one series did while it was watched.
pub(in super::super) struct Observed {
    labels: Labels,
    first: f64,
    /// From one scrape to the next.
    steps: Vec<f64>,
    /// It only rises.
    counter: bool,
    /// One through what its values are multiples of.
    scale: f64,
    least: f64,
    most: f64,
}

/// Scrapes `node_exporter`, unless that was done before.
pub(super) fn observed(work: &Path, programs: &Path) -> Result<Vec<Observed>, String> {
    let folder = work.join("scrapes");
    let file = |n: usize| folder.join(format!("{n:02}.txt"));
    if !file(SCRAPES - 1).exists() {
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut exporter = Command::new(programs.join("usr/bin/prometheus-node-exporter"));
        exporter.arg(format!("--web.listen-address=127.0.0.1:{PORT}"));
        let child = exporter.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(|error| format!("node_exporter: {error}"))?;
        let scraped = (0..SCRAPES).try_for_each(|n| {
            std::thread::sleep(EVERY);
            let (_, text) = crate::bench::http::http(PORT, "GET /metrics", "", b"")?;
            fs::write(file(n), text).map_err(|error| error.to_string())
        });
        let _ = child.kill();
        let _ = child.wait();
        scraped?;
    }
    let texts =
        (0..SCRAPES).map(|n| fs::read_to_string(file(n)).map_err(|error| error.to_string()));
    let texts = texts.collect::<Result<Vec<String>, String>>()?;
    let exposed = texts.iter().map(|text| exposition::parse(text));
    let exposed = exposed.collect::<Result<Vec<_>, String>>()?;
    let first = exposed.first().ok_or("nothing was scraped")?;
    let mut series: Vec<Observed> = first
        .samples
        .iter()
        .filter_map(|sample| {
            let of = |one: &exposition::Exposed| {
                one.samples
                    .iter()
                    .find(|other| other.labels == sample.labels)
                    .map(|found| found.value)
            };
            let values: Vec<f64> = exposed.iter().map(of).collect::<Option<_>>()?;
            let told = first.metadata.get(sample.labels.get(NAME));
            let counter = told.is_some_and(|told| told.kind == "counter");
            Some(Observed { counter, ..watched(&sample.labels, &values) })
        })
        .collect();
    // The questions' metrics come first, that small loads have them.
    series.sort_by_key(|one| {
        let name = one.labels.get(NAME);
        !["node_cpu_seconds_total", "node_memory_MemFree_bytes", "node_network_receive_bytes_total"]
            .contains(&name)
    });
    Ok(series)
}

fn watched(labels: &Labels, values: &[f64]) -> Observed {
    let steps = values.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
    let fits = |scale: &f64| {
        values.iter().all(|value| {
            let scaled = value * scale;
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
        })
    };
    let scale = [1.0 / 4096.0, 1.0, 100.0, 1000.0, 1e6, 1e9].into_iter().find(fits).unwrap_or(1e9);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let first = values.first().copied().unwrap_or_default();
    Observed { labels: labels.clone(), first, steps, counter: false, scale, least, most }
}

/// Gives rows of values of so many series: each with its time, `rows` of them, `every_s` apart. A part
/// of a host's series that is not enough is told again by another name.
pub(in super::super) fn scrapes(
    observed: &[Observed],
    count: usize,
    (rows, every_s): (i64, i64),
    mut take: impl FnMut(i64, &[(Labels, f64)]) -> Result<(), String>,
) -> Result<(), String> {
    let again = (0..count.div_ceil(observed.len().max(1))).flat_map(|turn| {
        let turn = turn.to_string();
        observed.iter().map(move |one| (one, one.labels.with("turn", &turn)))
    });
    let again: Vec<(&Observed, Labels)> = again.take(count).collect();
    let mut samples: Vec<(Labels, f64)> =
        again.iter().map(|(one, labels)| (labels.clone(), one.first)).collect();
    let (mut chance, begin) = (Chance(1), 1_700_000_000_000);
    for row in 0..rows {
        let time = begin + row * every_s * 1000;
        take(time, &samples)?;
        let day = 1.0 + 0.5 * (time as f64 / 86_400_000.0 * std::f64::consts::TAU).sin();
        for ((one, _), (_, value)) in again.iter().zip(&mut samples) {
            *value = one.next(*value, day, &mut chance);
        }
    }
    Ok(())
}

impl Observed {
    /// The value after this one: one of its own steps, more by day for counters; a gauge stays near
    /// what it was.
    fn next(&self, value: f64, day: f64, chance: &mut Chance) -> f64 {
        let step = self.steps.get(chance.below(self.steps.len())).copied().unwrap_or_default();
        let width = (self.most - self.least) * 3.0;
        let next = if self.counter {
            value + step.max(0.0) * day
        } else if value + step > self.most + width || value + step < self.least - width {
            value - step
        } else {
            value + step
        };
        (next * self.scale).round() / self.scale
    }
}

/// Writes the bodies of remote write requests; gives the time of the last scrape.
pub(super) fn write(observed: &[Observed], load: &Load, to: &Path) -> Result<i64, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", to.display());
    let mut out = BufWriter::new(File::create(to).map_err(fail)?);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_err(|error| error.to_string())?.as_secs() as i64 / 3600 * 3600 * 1000;
    let some: Vec<&Observed> = observed.iter().take(load.series).collect();
    let mut series = Vec::new();
    for host in 0..load.hosts {
        let instance = format!("host{host}:9100");
        series.extend(some.iter().map(|one| {
            let labels = one.labels.with("job", "node").with("instance", &instance);
            (*one, labels, one.first, Vec::new())
        }));
    }
    let mut chance = Chance(1);
    for n in 0..load.scrapes {
        let time = now - (load.scrapes - 1 - n) * load.every_s * 1000;
        let day = 1.0 + 0.5 * (time as f64 / 86_400_000.0 * std::f64::consts::TAU).sin();
        for (one, _, value, values) in &mut series {
            values.push((time, *value));
            *value = one.next(*value, day, &mut chance);
        }
        let collected = series.first().map_or(0, |(.., values)| values.len());
        if collected < load.together && n + 1 < load.scrapes {
            continue;
        }
        let values = series.iter().map(|(_, labels, _, values)| (labels, values.as_slice()));
        let body = remote_write::request(values);
        out.write_all(&(body.len() as u64).to_le_bytes()).map_err(fail)?;
        out.write_all(&time.to_le_bytes()).map_err(fail)?;
        out.write_all(&body).map_err(fail)?;
        for (.., values) in &mut series {
            values.clear();
        }
    }
    out.flush().map_err(fail)?;
    Ok(now)
}

/// Gives each body with its time, and which it is.
pub(super) fn bodies(
    from: &Path,
    mut take: impl FnMut(usize, i64, &[u8]) -> Result<(), String>,
) -> Result<usize, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", from.display());
    let mut file = BufReader::new(File::open(from).map_err(fail)?);
    let mut count = 0;
    loop {
        let mut head = [0; 16];
        if file.read_exact(&mut head).is_err() {
            return Ok(count);
        }
        let (length, time) = head.split_at(8);
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let mut body = vec![0; word(length) as usize];
        file.read_exact(&mut body).map_err(fail)?;
        take(count, word(time) as i64, &body)?;
        count += 1;
    }
}
