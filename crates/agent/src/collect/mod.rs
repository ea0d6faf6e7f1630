//! The collectors, one function each, and how all are asked.
//!
//! Names, labels, `HELP` and `TYPE` are those of `node_exporter` 1.5, so that dashboards and alerts
//! that others wrote work unchanged. A collector that fails says so in
//! `node_scrape_collector_success`; the others go on.

mod clock;
mod cpu;
mod disk;
mod filesystem;
mod hardware;
mod hwmon;
mod kernel;
mod memory;
mod netclass;
mod network;
mod processes;
mod sockets;
mod system;
mod systemd;
mod textfile;

use crate::text::{Families, Metric};
use crate::tree::{Root, Trouble};
use std::path::PathBuf;
use std::time::Instant;

/// What the collectors read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where `/proc` and `/sys` are.
    pub root: Root,
    /// The directory of `*.prom` files that others write.
    pub textfile: Option<PathBuf>,
    /// The directory of what `smartctl --json -a` printed, one file a disk.
    pub smart: Option<PathBuf>,
    /// BIRD's control socket, if there is one.
    pub bird: PathBuf,
    /// Collectors that are asked only if somebody wants them.
    pub with: Vec<String>,
}

/// How a collector goes.
pub(crate) type Went = Result<(), Trouble>;

/// One collector.
pub struct Collector {
    /// Its name, as `node_exporter` has it.
    pub name: &'static str,
    /// Whether it is asked if nobody says so.
    pub usual: Usual,
    collect: fn(&Source, &mut Families) -> Went,
}

/// Whether a collector is asked if nobody says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// It is.
    Always,
    /// Only if it is named: it gives many series.
    Named,
}

const fn always(name: &'static str, collect: fn(&Source, &mut Families) -> Went) -> Collector {
    Collector { name, usual: Usual::Always, collect }
}

/// All collectors, by name.
pub const ALL: &[Collector] = &[
    always("arp", network::arp),
    always("bird", crate::bird::bird),
    always("conntrack", network::conntrack),
    always("cpu", cpu::cpu),
    always("cpufreq", cpu::frequency),
    always("diskstats", disk::stats),
    always("dmi", system::dmi),
    always("entropy", kernel::entropy),
    always("filefd", kernel::files),
    always("filesystem", filesystem::filesystem),
    always("hwmon", hwmon::hwmon),
    Collector { name: "interrupts", usual: Usual::Named, collect: cpu::interrupts },
    always("loadavg", kernel::load),
    always("meminfo", memory::meminfo),
    always("netclass", netclass::netclass),
    always("netdev", network::netdev),
    always("netstat", sockets::netstat),
    always("os", system::os),
    always("powersupplyclass", hardware::power),
    always("pressure", kernel::pressure),
    always("processes", processes::processes),
    always("schedstat", cpu::schedule),
    always("selinux", kernel::selinux),
    always("smart", crate::smart::smart),
    always("sockstat", sockets::sockstat),
    always("softnet", network::softnet),
    always("stat", kernel::stat),
    always("systemd", systemd::systemd),
    always("tcpstat", sockets::tcp),
    always("textfile", textfile::textfile),
    always("thermal_zone", hardware::thermal),
    always("time", clock::time),
    always("timex", clock::timex),
    always("udp_queues", sockets::udp),
    always("uname", system::uname),
    always("vmstat", memory::vmstat),
];

const DURATION: Metric<'_> = Metric::gauge(
    "node_scrape_collector_duration_seconds",
    "node_exporter: Duration of a collector scrape.",
);
const SUCCESS: Metric<'_> =
    Metric::gauge("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.");

/// Refuses a collector that is not there: its metrics would be missed too late.
pub fn known(with: &[String]) -> Result<(), String> {
    let named = || ALL.iter().filter(|collector| collector.usual == Usual::Named);
    match with.iter().find(|name| named().all(|collector| collector.name != name.as_str())) {
        Some(name) => {
            let names: Vec<&str> = named().map(|collector| collector.name).collect();
            Err(format!("{name}: only {} can be named there", names.join(", ")))
        }
        None => Ok(()),
    }
}

/// Asks every collector.
pub fn gather(source: &Source) -> Families {
    let mut found = Families::default();
    for collector in ALL {
        if collector.usual == Usual::Named && !source.with.iter().any(|name| name == collector.name)
        {
            continue;
        }
        time(&mut found, collector.name, |found| (collector.collect)(source, found));
    }
    found
}

/// Asks one collector, and notes how long it took and whether it could answer.
pub(crate) fn time(found: &mut Families, name: &str, collect: impl FnOnce(&mut Families) -> Went) {
    let begin = Instant::now();
    let went = collect(found);
    let labels = [("collector", name)];
    found.add(&DURATION, &labels, begin.elapsed().as_secs_f64());
    found.add(&SUCCESS, &labels, if went.is_ok() { 1.0 } else { 0.0 });
}

/// The numbers of a line, in order; what is no number ends them.
pub(crate) fn numbers<Words>(words: Words) -> Vec<f64>
where
    Words: Iterator,
    Words::Item: AsRef<str>,
{
    words.map_while(|word| word.as_ref().parse().ok()).collect()
}
