//! The proof: every state that failures lead to is simulated and judged; what is wrong is told once,
//! by the smallest failure that shows it.

use crate::element::{Element, Failure};
use crate::failures::{self, Scenario};
use crate::judge::{About, Fault, Judge};
use crate::plane::Plane;
use crate::plane::up::Up;
use crate::questions::Questions;
use crate::report::{Extent, Report, Violation};
use crate::since::{self, Touched};
use crate::world::World;
use crate::{accept, fixed, tell};
use model::Isp;
use model::ask::Family;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many things may fail at once: 0, 1 or 2.
    pub failures: u8,
    /// How many threads share the work.
    pub threads: usize,
}

/// One family, and what is asked of it.
pub(crate) struct Ready<'a> {
    pub(crate) planes: &'a [Plane<'a>],
    pub(crate) questions: Vec<Questions>,
}

/// The families in which the network has routers.
pub(crate) fn planes(isp: &Isp) -> Vec<Plane<'_>> {
    let all = Family::BOTH.into_iter().map(|family| Plane::of(isp, family));
    all.filter(|plane| plane.nics.iter().any(|nic| nic.address.is_some())).collect()
}

/// Proves a network, or says what does not hold.
pub fn prove(isp: &Isp, options: Options) -> Report {
    prove_among(isp, options, &failures::elements(isp))
}

/// The same where only some things can fail.
pub fn prove_among(isp: &Isp, options: Options, elements: &[Element]) -> Report {
    let planes = planes(isp);
    let questions = planes.iter().map(|plane| Questions::of(plane, options.failures)).collect();
    let fixed = fixed::violations(&planes);
    report(isp, options, elements, (&Ready { planes: &planes, questions }, fixed))
}

/// Proves what a change of a network can touch: the rest was judged when the old version was proved.
pub fn prove_since(old: &Isp, isp: &Isp, options: Options) -> Report {
    let (before, mut planes) = (planes(old), planes(isp));
    let fixed = fixed::violations(&planes);
    let asked = |plane: &Plane<'_>| {
        let mut questions = Questions::of(plane, options.failures);
        let same = before.iter().find(|other| other.family == plane.family);
        let touched = same.map_or(Touched::Everything, |other| since::touched(other, plane));
        let flows = 0..questions.flows.len();
        let keep: Vec<bool> = flows.map(|flow| touched.reaches(plane, &questions, flow)).collect();
        questions.keep(&keep);
        questions
    };
    let mut questions: Vec<Questions> = planes.iter().map(asked).collect();
    // Where no flow is touched, hosts and links are the same too: no state has to be looked at again.
    let idle = |one: &Questions| one.flows.is_empty();
    let mut busy = questions.iter().map(|one| !idle(one)).collect::<Vec<_>>().into_iter();
    planes.retain(|_| busy.next().unwrap_or(true));
    questions.retain(|one| !idle(one));
    let elements = if planes.is_empty() { Vec::new() } else { failures::elements(isp) };
    report(isp, options, &elements, (&Ready { planes: &planes, questions }, fixed))
}

/// What a proof says, with what needs no simulation.
fn report(
    isp: &Isp,
    options: Options,
    elements: &[Element],
    (ready, fixed): (&Ready<'_>, Vec<Violation>),
) -> Report {
    let scenarios = failures::scenarios(ready.planes, elements, options.failures);
    let found = simulate(ready, &scenarios, options.threads.max(1));
    let told = minimal(&scenarios, found).into_iter();
    let told = told.map(|(family, fault, failure, others)| {
        tell::violation(ready, family, &fault, (failure, others))
    });
    let violations = told.chain(fixed).collect();
    let mut report = accept::sort(isp, tell::joined(violations));
    report.extent = extent(ready, options.failures, (elements.len(), scenarios.len()));
    report
}

/// What is wrong in one state, accepted or not.
pub(crate) fn at(isp: &Isp, failure: &Failure) -> Vec<Violation> {
    state(isp, failure, failure.elements().len())
}

/// What is wrong while these are down on purpose, accepted or not: however many they are, what
/// survives one failure must survive that.
pub(crate) fn planned(isp: &Isp, failure: &Failure) -> Vec<Violation> {
    state(isp, failure, 1)
}

fn state(isp: &Isp, failure: &Failure, counts: usize) -> Vec<Violation> {
    let planes = planes(isp);
    let most = u8::try_from(counts).unwrap_or(u8::MAX);
    let questions = planes.iter().map(|plane| Questions::of(plane, most)).collect();
    let ready = Ready { planes: &planes, questions };
    let scenarios = [Scenario { failures: vec![failure.clone()], counts }];
    let found = simulate(&ready, &scenarios, 1);
    let told = minimal(&scenarios, found).into_iter();
    let told = told.map(|(family, fault, failure, others)| {
        tell::violation(&ready, family, &fault, (failure, others))
    });
    tell::joined(told.collect())
}

/// What is wrong in one state and not accepted.
pub(crate) fn standing(isp: &Isp, failure: &Failure) -> Vec<Violation> {
    accept::sort(isp, at(isp, failure)).violations
}

fn extent(ready: &Ready<'_>, failures: u8, (elements, simulated): (usize, usize)) -> Extent {
    let pairs = elements * elements.saturating_sub(1) / 2;
    let scenarios = 1 + [elements, pairs].iter().take(usize::from(failures)).sum::<usize>();
    let questions = ready.questions.iter();
    Extent {
        failures,
        elements,
        scenarios,
        simulated,
        destinations: questions.clone().map(|one| one.destinations.all.len()).sum(),
        flows: questions.map(|one| one.flows.len()).sum(),
    }
}

/// A fault of one family in one scenario.
type Found = BTreeMap<(usize, Fault), Vec<usize>>;

/// Simulates and judges every state, on several threads that share nothing but the start.
fn simulate(ready: &Ready<'_>, scenarios: &[Scenario], threads: usize) -> Found {
    let wholes: Vec<Arc<World<'_>>> =
        ready.planes.iter().map(|plane| Arc::new(World::whole(plane))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let judges = wholes.iter().zip(&ready.questions);
        let judges = judges.map(|(whole, questions)| Judge::new(questions, whole)).collect();
        let mut work = Work { wholes: &wholes, judges, found: Found::new() };
        loop {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= scenarios.len() {
                return work.found;
            }
            let batch = scenarios.iter().enumerate().skip(from).take(BATCH);
            batch.for_each(|(number, scenario)| work.judge(number, scenario));
        }
    };
    let mut all = Found::new();
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for (fault, numbers) in running.into_iter().flat_map(|one| one.join().unwrap_or_default()) {
            all.entry(fault).or_default().extend(numbers);
        }
    });
    all
}

/// States that a thread takes at once.
const BATCH: usize = 32;

/// What one thread does.
struct Work<'w, 'a> {
    /// By family: the state in which everything works.
    wholes: &'w [Arc<World<'a>>],
    judges: Vec<Judge<'a>>,
    found: Found,
}

impl Work<'_, '_> {
    fn judge(&mut self, number: usize, scenario: &Scenario) {
        let Some(failure) = scenario.failures.first() else { return };
        let families = self.wholes.iter().zip(&mut self.judges).enumerate();
        for (family, (whole, judge)) in families {
            let world = World::after(whole, Up::without(whole.plane, failure));
            for fault in judge.judge(&world, scenario.counts) {
                self.found.entry((family, fault)).or_default().push(number);
            }
        }
    }
}

/// A scenario that shows a fault, and the flow.
type Shown = (usize, Option<usize>);

/// Each fault with the smallest failure that shows it, and the other smallest ones.
fn minimal(scenarios: &[Scenario], found: Found) -> Vec<(usize, Fault, Failure, Vec<Failure>)> {
    let mut by_about: BTreeMap<(usize, &'static str, About), Vec<Shown>> = BTreeMap::new();
    for ((family, fault), numbers) in found {
        let entry = by_about.entry((family, fault.code, fault.about)).or_default();
        entry.extend(numbers.into_iter().map(|number| (number, fault.flow)));
    }
    let mut all = Vec::new();
    for ((family, code, about), mut numbers) in by_about {
        numbers.sort_unstable();
        numbers.dedup_by_key(|(number, _)| *number);
        let mut smallest: Vec<(Failure, Option<usize>)> = Vec::new();
        for (number, flow) in numbers {
            for failure in &scenarios[number].failures {
                if !smallest.iter().any(|(known, _)| failure.includes(known)) {
                    smallest.push((failure.clone(), flow));
                }
            }
        }
        smallest.sort_by_key(|(failure, _)| failure.elements().len());
        let mut smallest = smallest.into_iter();
        if let Some((failure, flow)) = smallest.next() {
            let others = smallest.map(|(failure, _)| failure).collect();
            all.push((family, Fault { code, about, flow }, failure, others));
        }
    }
    all
}
