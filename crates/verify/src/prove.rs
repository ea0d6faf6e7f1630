//! The proof: every state that failures lead to is simulated and judged; what is wrong is told once,
//! by the smallest failure that shows it.

use crate::element::{Element, Failure};
use crate::failures::{self, Scenario};
use crate::fault::{About, Fault};
use crate::judge::Judge;
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
    /// By family: the state in which everything works.
    pub(crate) wholes: Vec<Arc<World<'a>>>,
    pub(crate) questions: Vec<Questions>,
    /// Under how many failures at once anything is asked.
    most: u8,
}

impl<'a> Ready<'a> {
    fn new(threads: usize, planes: &'a [Plane<'a>], questions: Vec<Questions>) -> Self {
        let wholes = each(threads, planes, |plane| Arc::new(World::whole(plane)));
        Self { wholes, questions, most: u8::MAX }
    }
}

/// The families in which the network has routers, side by side where there are threads for it.
pub(crate) fn planes(isp: &Isp, threads: usize) -> Vec<Plane<'_>> {
    let all = each(threads, Family::BOTH, |family| Plane::of(isp, family));
    let all = all.into_iter();
    all.filter(|plane| plane.nics.iter().any(|nic| nic.address.is_some())).collect()
}

/// Does something for each of a few: one after the other, or each in a thread of its own.
fn each<T: Send, R: Send>(
    threads: usize,
    few: impl IntoIterator<Item = T>,
    act: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 {
        return few.into_iter().map(act).collect();
    }
    let act = &act;
    thread::scope(|scope| {
        let running: Vec<_> = few.into_iter().map(|one| scope.spawn(move || act(one))).collect();
        running.into_iter().filter_map(|one| one.join().ok()).collect()
    })
}

/// Proves a network, or says what does not hold.
pub fn prove(isp: &Isp, options: Options) -> Report {
    prove_among(isp, options, &failures::elements(isp))
}

/// The same where only some things can fail.
pub fn prove_among(isp: &Isp, options: Options, elements: &[Element]) -> Report {
    let planes = planes(isp, options.threads);
    let ask = |plane| Questions::of(plane, options.failures);
    let questions = each(options.threads, &planes, ask);
    let fixed = fixed::violations(&planes);
    report(
        isp,
        options,
        elements,
        (planes.as_slice(), &Ready::new(options.threads, &planes, questions), fixed),
    )
}

/// Proves what a change of a network can touch: the rest was judged when the old version was proved.
pub fn prove_since(old: &Isp, isp: &Isp, options: Options) -> Report {
    let threads = options.threads;
    let (before, mut planes) = (planes(old, threads), planes(isp, threads));
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
    let most = questions.iter().flat_map(|one| one.most_of.iter().copied()).max().unwrap_or(0);
    let ready = Ready { most, ..Ready::new(options.threads, &planes, questions) };
    report(isp, options, &elements, (planes.as_slice(), &ready, fixed))
}

/// What a proof says, with what needs no simulation.
fn report(
    isp: &Isp,
    options: Options,
    elements: &[Element],
    (planes, ready, fixed): (&[Plane<'_>], &Ready<'_>, Vec<Violation>),
) -> Report {
    let scenarios = failures::scenarios(planes, elements, options.failures.min(ready.most));
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
    let planes = planes(isp, 1);
    let most = u8::try_from(counts).unwrap_or(u8::MAX);
    let questions = planes.iter().map(|plane| Questions::of(plane, most)).collect();
    let ready = Ready::new(1, &planes, questions);
    let scenarios = [Scenario { failures: vec![failure.clone()], counts }];
    let found = in_itself(&ready, &scenarios[0]);
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

/// Simulates and judges every state, on several threads that share nothing but the start. What a state
/// shows that already the state before showed, with one failure less, is not told again.
fn simulate(ready: &Ready<'_>, scenarios: &[Scenario], threads: usize) -> Found {
    let wholes = &ready.wholes;
    let branches = branches(scenarios);
    let next = AtomicUsize::new(0);
    let work = |first: bool| {
        let judges = wholes.iter().zip(&ready.questions);
        let judges = judges.map(|(whole, questions)| Judge::new(questions, whole)).collect();
        let mut work = Work { wholes, judges, found: Found::new() };
        if first {
            work.whole();
        }
        while let Some(branch) = branches.get(next.fetch_add(1, Ordering::Relaxed)) {
            work.branch(scenarios, branch);
        }
        work.found
    };
    let mut all = Found::new();
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(thread == 0))).collect();
        for (fault, numbers) in running.into_iter().flat_map(|one| one.join().unwrap_or_default()) {
            all.entry(fault).or_default().extend(numbers);
        }
    });
    all
}

/// What is wrong in the state that a failure leads to, itself.
fn in_itself(ready: &Ready<'_>, scenario: &Scenario) -> Found {
    let mut found = Found::new();
    let Some(failure) = scenario.failures.first() else { return found };
    for (family, (whole, questions)) in ready.wholes.iter().zip(&ready.questions).enumerate() {
        let up = Up::without(whole.plane, failure);
        let world = Arc::new(World::after(whole, up).settled());
        for fault in Judge::new(questions, &world).standing(scenario.counts) {
            found.insert((family, fault), vec![0]);
        }
    }
    found
}

/// One failure, and those of the pairs that begin with it, as numbers of scenarios.
struct Branch {
    single: usize,
    pairs: Vec<usize>,
}

/// Every scenario but the one without failures, the longest branches first.
fn branches(scenarios: &[Scenario]) -> Vec<Branch> {
    let mut by_first: BTreeMap<Element, usize> = BTreeMap::new();
    let mut branches: Vec<Branch> = Vec::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        match scenario.failures.first().map(Failure::elements) {
            Some([single]) => {
                by_first.insert(*single, branches.len());
                branches.push(Branch { single: number, pairs: Vec::new() });
            }
            Some([first, ..]) => {
                if let Some(at) = by_first.get(first) {
                    branches[*at].pairs.push(number);
                }
            }
            Some([]) | None => {}
        }
    }
    branches.sort_by_key(|branch| std::cmp::Reverse(branch.pairs.len()));
    branches
}

/// What one thread does.
struct Work<'w, 'a> {
    /// By family: the state in which everything works.
    wholes: &'w [Arc<World<'a>>],
    judges: Vec<Judge<'a>>,
    found: Found,
}

impl<'a> Work<'_, 'a> {
    /// The state in which everything works.
    fn whole(&mut self) {
        for (family, judge) in self.judges.iter_mut().enumerate() {
            for fault in judge.standing(0) {
                self.found.entry((family, fault)).or_default().push(0);
            }
        }
    }

    /// A failure, then each pair with it beside it.
    fn branch(&mut self, scenarios: &[Scenario], branch: &Branch) {
        for family in 0..self.wholes.len() {
            let whole = Arc::clone(&self.wholes[family]);
            let Some(single) = self.judge(family, &whole, (branch.single, scenarios)) else {
                continue;
            };
            if branch.pairs.is_empty() {
                continue;
            }
            let single = Arc::new(single.settled());
            let before = self.judges[family].rest(&single);
            for pair in &branch.pairs {
                self.judge(family, &single, (*pair, scenarios));
            }
            self.judges[family].back(before);
        }
    }

    /// Judges a scenario beside another state, from which it is worked out.
    fn judge(
        &mut self,
        family: usize,
        base: &Arc<World<'a>>,
        (number, scenarios): (usize, &[Scenario]),
    ) -> Option<World<'a>> {
        let scenario = &scenarios[number];
        let up = Up::without(base.plane, scenario.failures.first()?);
        let world = World::after(base, up);
        for fault in self.judges[family].judge(&world, scenario.counts) {
            self.found.entry((family, fault)).or_default().push(number);
        }
        Some(world)
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
