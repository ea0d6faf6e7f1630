//! Many hosts side by side, no more at a time than asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use component::tree::HostTree;
use machine::Machine;

use crate::apply::{Outcome, apply};
use crate::guarded::{Terms, apply_guarded};
use crate::observe::{Interrupted, Trouble, observe};
use crate::plan::{Plan, plan};
use crate::vault::Vault;

/// One host and what it shall hold.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What it shall hold.
    pub desired: &'a HostTree,
    /// The way to it.
    pub machine: &'a dyn Machine,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Look and compare; touch nothing.
    Plan,
    /// Make it so.
    Apply,
}

/// Where a host is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// It is being looked at.
    Observing,
    /// This is about to be applied.
    Applying(&'a Plan),
    /// It is over.
    Ended(&'a Result<Report, Trouble>),
}

/// What happens to one of many hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Its turn has come.
    Begins,
    /// It was looked at, or it is known that it cannot be.
    Seen,
    /// The change is over.
    Changed(&'a Outcome),
}

/// Who is told how far many hosts are.
type Watch<'a> = &'a (dyn Fn(&str, Step<'_>) + Sync);

/// What was planned for one host and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The plan.
    pub plan: Plan,
    /// How it ended; `None` when nothing was to be applied.
    pub outcome: Option<Outcome>,
}

/// Plans, or applies, every job; at most `workers` hosts are on their way at a time.
pub fn converge_all(
    jobs: &[Job<'_>],
    act: Act,
    vault: &dyn Vault,
    workers: usize,
    progress: &(dyn Fn(&str, Progress<'_>) + Sync),
) -> BTreeMap<String, Result<Report, Trouble>> {
    side_by_side(jobs, workers, |job| {
        let report = converge(job, act, vault, progress);
        progress(job.machine.name(), Progress::Ended(&report));
        (job.machine.name().to_owned(), report)
    })
}

/// Looks at every job and plans; at most `workers` hosts are on their way at a time.
pub fn plan_all(
    jobs: &[Job<'_>],
    interrupted: Interrupted,
    vault: &dyn Vault,
    workers: usize,
    watch: Watch<'_>,
) -> BTreeMap<String, Result<Plan, Trouble>> {
    side_by_side(jobs, workers, |job| {
        watch(job.machine.name(), Step::Begins);
        let observed = observe(job.desired, job.machine, vault, interrupted);
        watch(job.machine.name(), Step::Seen);
        let planned = observed.map(|observed| plan(job.desired, &observed));
        (job.machine.name().to_owned(), planned)
    })
}

/// Applies plans, each to its machine, under a dead man's timer where a plan may cut its host off.
pub fn apply_all(
    plans: &[(&Plan, &dyn Machine)],
    terms: &Terms,
    vault: &dyn Vault,
    workers: usize,
    watch: Watch<'_>,
) -> BTreeMap<String, Outcome> {
    side_by_side(plans, workers, |(plan, machine)| {
        watch(machine.name(), Step::Begins);
        let outcome = apply_guarded(plan, *machine, vault, terms);
        watch(machine.name(), Step::Changed(&outcome));
        (machine.name().to_owned(), outcome)
    })
}

/// Asks every machine something; at most `workers` are asked at a time.
pub fn ask_all<R: Send>(
    machines: &[&dyn Machine],
    workers: usize,
    watch: Watch<'_>,
    ask: impl Fn(&dyn Machine) -> R + Sync,
) -> BTreeMap<String, R> {
    side_by_side(machines, workers, |machine| {
        watch(machine.name(), Step::Begins);
        let answer = ask(*machine);
        watch(machine.name(), Step::Seen);
        (machine.name().to_owned(), answer)
    })
}

/// Does `act` for all, with at most `workers` threads.
fn side_by_side<T: Sync, R: Send>(
    all: &[T],
    workers: usize,
    act: impl Fn(&T) -> (String, R) + Sync,
) -> BTreeMap<String, R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, result) = act(one);
            results.lock().unwrap_or_else(PoisonError::into_inner).insert(name, result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers.clamp(1, all.len().max(1)) {
            scope.spawn(work);
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn converge(
    job: &Job<'_>,
    act: Act,
    vault: &dyn Vault,
    progress: &(dyn Fn(&str, Progress<'_>) + Sync),
) -> Result<Report, Trouble> {
    let name = job.machine.name();
    progress(name, Progress::Observing);
    let interrupted = match act {
        Act::Plan => Interrupted::Report,
        Act::Apply => Interrupted::Settle,
    };
    let observed = observe(job.desired, job.machine, vault, interrupted)?;
    let plan = plan(job.desired, &observed);
    let outcome = match act {
        Act::Plan => None,
        Act::Apply => {
            progress(name, Progress::Applying(&plan));
            Some(apply(&plan, job.machine, vault))
        }
    };
    Ok(Report { plan, outcome })
}
