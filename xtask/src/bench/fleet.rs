//! `xtask bench fleet`: a plan and an apply of many hosts at once, against hosts that are only played: each
//! connection takes the time that one takes over a line of 20 ms, each byte that of 20 Mbit/s. Requests and answers go
//! through the real frames. Each row comes from a process of its own, so that memory is its own.

use super::peak;
use component::tree::HostTree;
use converge::{Guard, Interrupted, Job, NoSecret, Origin, Plan, Revision, Terms, Vault};
use host::frame;
use host::wire::{
    Accounts, Answer, Confirmed, End, Entry, FileEntry, Observe, Orders, Outcome, Package, Request,
    Seen, UnitState,
};
use machine::{Machine, Unreachable};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How many hosts, and how many of them on their way at a time.
const SIZES: [(usize, usize); 5] = [(10, 8), (100, 8), (1_000, 8), (100, 64), (1_000, 64)];
/// A provider with a thousand hosts: pairs of routers, and machines behind each.
const PROVIDER: (usize, usize) = (32, 70);
/// Assumed: six round trips to a machine 30 ms away, and the work of two key exchanges.
const CONNECTION: Duration = Duration::from_millis(250);
/// 20 Mbit/s.
const BYTES_PER_S: u64 = 2_500_000;

/// All rows.
pub(super) fn table() -> Result<String, String> {
    let mut said = String::from(
        "plan and apply of many hosts that are only played\n\
         \x20 hosts workers MiB before | waves ms count | plan s cpu s MiB | apply s cpu s MiB | no-op s cpu s MiB | threads\n",
    );
    for (hosts, workers) in SIZES {
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let words = [hosts.to_string(), workers.to_string()];
        let output = Command::new(this).args(["bench", "fleet-one"]).args(words).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        said += &String::from_utf8_lossy(&output.stdout);
    }
    Ok(said)
}

/// `HOSTS WORKERS`: one row.
pub(super) fn one(words: &[String]) -> Result<String, String> {
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let [hosts, workers] = *numbers else { return Err("usage: fleet-one HOSTS WORKERS".into()) };
    let isp = testkit::isp_from(&testkit::large::isp_with(PROVIDER.0, PROVIDER.1));
    let trees = trees(&isp, hosts)?;
    let begun = Instant::now();
    let waves = verify::waves::waves(&isp).len();
    let waves_ms = begun.elapsed().as_millis();
    forget_peak()?;
    let before = peak()?;
    let fleet: Vec<Played> = trees.keys().map(|name| Played::new(name)).collect();
    let jobs: Vec<Job<'_>> =
        trees.values().zip(&fleet).map(|(desired, machine)| Job { desired, machine }).collect();
    let run = Run { jobs: &jobs, workers };
    let (plans, planned) = run.measured(Run::plans)?;
    let ((), applied) = run.measured(|run| run.apply(&plans))?;
    drop(plans);
    let (again, same) = run.measured(Run::plans)?;
    if let Some(plan) = again.values().find(|plan| !plan.is_empty()) {
        return Err(format!("it differs still: {plan}"));
    }
    let threads = THREADS.load(Ordering::Relaxed);
    let mut row = format!("  {hosts:>5} {workers:>7} {before:>10} | {waves_ms:>8} {waves:>5}");
    for (figures, width) in [(planned, 6), (applied, 7), (same, 7)] {
        let Figures { wall, cpu, mib } = figures;
        let (wall, cpu) = (wall.as_secs_f64(), cpu.as_secs_f64());
        let _ = write!(row, " | {wall:>width$.2} {cpu:>5.2} {mib:>3}");
    }
    let _ = write!(row, " | {threads:>7}");
    Ok(row)
}

fn trees(isp: &model::Isp, hosts: usize) -> Result<BTreeMap<String, HostTree>, String> {
    let today = jiff::civil::date(2022, 1, 15);
    let proof = ::prove::prove(isp, components::ALL, today).map_err(|_| "it is wrong")?;
    let tree = render::tree(&proof, components::ALL, &BTreeMap::new());
    Ok(tree.map_err(|error| error.to_string())?.hosts.into_iter().take(hosts).collect())
}

/// What one stage took.
#[derive(Clone, Copy)]
struct Figures {
    wall: Duration,
    cpu: Duration,
    mib: u64,
}

struct Run<'a> {
    jobs: &'a [Job<'a>],
    workers: usize,
}

impl Run<'_> {
    fn measured<T>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<(T, Figures), String> {
        forget_peak()?;
        let (begun, before) = (Instant::now(), own()?);
        let done = act(self)?;
        let figures =
            Figures { wall: begun.elapsed(), cpu: own()?.saturating_sub(before), mib: peak()? };
        Ok((done, figures))
    }

    fn plans(&self) -> Result<BTreeMap<String, Plan>, String> {
        let report = Interrupted::Report;
        let plans = converge::plan_all(self.jobs, report, &MadeUp, self.workers, &|_, _| {});
        let known =
            plans.into_iter().map(|(host, plan)| Ok((host, plan.map_err(|t| t.to_string())?)));
        known.collect()
    }

    fn apply(&self, plans: &BTreeMap<String, Plan>) -> Result<(), String> {
        let pairs: Vec<(&Plan, &dyn Machine)> =
            plans.values().zip(self.jobs).map(|(plan, job)| (plan, job.machine)).collect();
        let revision = Revision::Commit("0".repeat(40));
        let origin = Origin { who: "bench".into(), run: "bench".into(), revision };
        let terms = Terms { origin, guard: Guard { id: "bench".into(), within_s: 60 } };
        let outcomes = converge::apply_all(&pairs, &terms, &MadeUp, self.workers, &|_, _| {});
        let well = |outcome: &converge::Outcome| matches!(outcome, converge::Outcome::Done { .. });
        let bad = outcomes.iter().find(|(_, outcome)| !well(outcome));
        bad.map_or(Ok(()), |(host, outcome)| Err(format!("{host}: {outcome:?}")))
    }
}

/// The most threads that this process was seen with.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// A host that remembers what it was told, and does nothing.
struct Played {
    name: String,
    holds: Mutex<Orders>,
}

impl Played {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), holds: Mutex::default() }
    }

    fn answer(&self, request: Request) -> Answer {
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        match request {
            Request::Observe(asked) => Answer::Observed(seen(&holds, asked)),
            Request::Apply(orders) => {
                let end = if orders.guard.is_some() { End::Awaiting } else { End::Done };
                let steps = orders.files.iter().map(|file| format!("create {}", file.path));
                let steps = steps.collect();
                // What stands in files is not kept: the hosts' memory is not ours.
                *holds = Orders { files: Vec::new(), ..orders };
                Answer::Applied(Outcome { recovered: None, steps, end })
            }
            Request::Confirm { .. } => Answer::Confirmed(Confirmed::Stands),
            Request::Read { .. }
            | Request::Recover
            | Request::Trace { .. }
            | Request::History { .. } => Answer::Refused { why: "nobody asks this here".into() },
        }
    }
}

/// What a host shows that holds what it was ordered.
fn seen(holds: &Orders, asked: Observe) -> Seen {
    let running = UnitState {
        load: "loaded".into(),
        active: "active".into(),
        enabled: "enabled".into(),
        skipped: false,
    };
    let unit = |unit: String| {
        let runs = holds.owned.units.contains(&unit);
        (unit, if runs { running.clone() } else { UnitState::default() })
    };
    let file = |path: String| {
        let entry = holds.owned.files.get(&path).map_or(Entry::Absent, |owned| {
            Entry::File(FileEntry {
                hash: owned.hash.clone(),
                mode: owned.mode,
                owner: owned.owner.clone(),
                group: owned.group.clone(),
                text: None,
            })
        });
        (path, entry)
    };
    let packages = holds.packages.iter().map(|name| (name.clone(), Package::default()));
    Seen {
        files: asked.files.into_keys().map(file).collect(),
        packages: Ok(packages.collect()),
        units: Ok(asked.units.into_iter().map(unit).collect()),
        accounts: Ok(Accounts::default()),
        clock: now(),
        owned: Ok(holds.owned.clone()),
        unfinished: None,
        undone: None,
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Machine for Played {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        let fails = |why: &dyn std::fmt::Display| Unreachable::new(&self.name, why);
        let (mut there, mut back) = (Vec::new(), Vec::new());
        for request in requests {
            frame::send(&mut there, request).map_err(|error| fails(&error))?;
        }
        let mut input = there.as_slice();
        while let Some(request) = frame::receive(&mut input).map_err(|error| fails(&error))? {
            frame::send(&mut back, &self.answer(request)).map_err(|error| fails(&error))?;
        }
        let bytes = (there.len() + back.len()) as u64;
        std::thread::sleep(CONNECTION + Duration::from_micros(bytes * 1_000_000 / BYTES_PER_S));
        THREADS.fetch_max(threads(), Ordering::Relaxed);
        let mut output = back.as_slice();
        let answers = requests.iter().map(|_| {
            let answer = frame::receive(&mut output).map_err(|error| fails(&error))?;
            answer.ok_or_else(|| fails(&"it did not answer"))
        });
        answers.collect()
    }
}

/// Secrets of hosts that are not there.
struct MadeUp;

impl Vault for MadeUp {
    fn reveal(&self, reference: &str) -> Result<String, NoSecret> {
        Ok(format!("made up for {reference}"))
    }
}

fn threads() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or_default()
}

/// From here on, the most memory that is held counts anew.
fn forget_peak() -> Result<(), String> {
    fs::write("/proc/self/clear_refs", "5").map_err(|error| format!("clear_refs: {error}"))
}

/// The processor time of this process.
fn own() -> Result<Duration, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    Ok(super::converge::ticks(&stat, 13..15))
}
