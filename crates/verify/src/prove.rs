//! The proof: every state that failures lead to is simulated and judged; what is wrong is told once,
//! by the smallest failure that shows it.

use crate::alike::Alike;
use crate::element::{Element, Failure};
use crate::failures::{self, Scenario};
use crate::fault::{About, Fault};
use crate::judge::Judge;
use crate::killers::Killers;
use crate::plane::up::Up;
use crate::plane::{Plane, gate};
use crate::questions::Questions;
use crate::report::{Extent, Report, Violation};
use crate::since::{self, Touched};
use crate::threads::{both, each, in_shares};
use crate::world::World;
use crate::{accept, fixed, tell};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// What makes the second one the first with other addresses, if it is.
    alike: Option<Alike>,
    /// Under how many failures at once anything is asked.
    most: u8,
}

impl<'a> Ready<'a> {
    fn new(threads: usize, planes: &'a [Plane<'a>], questions: Vec<Questions>) -> Self {
        let wholes = each(threads, planes, |plane| Arc::new(World::whole(plane)));
        let alike = match (planes, questions.as_slice()) {
            ([one, other], [asked, also]) => Alike::of([one, other], [asked, also]),
            _ => None,
        };
        Self { wholes, questions, alike, most: u8::MAX }
    }

    /// The families that are judged; the others are like the first.
    fn judged(&self) -> std::ops::Range<usize> {
        0..if self.alike.is_some() { 1 } else { self.wholes.len() }
    }

    /// Says of the families that are not judged what is wrong there, too.
    fn tell_others(&self, found: &mut Found) {
        let Some(alike) = &self.alike else { return };
        let other = |((_, fault), numbers): (&(usize, Fault), &Vec<usize>)| {
            ((1, alike.other(fault)), numbers.clone())
        };
        let others: Vec<_> = found.iter().map(other).collect();
        found.extend(others);
    }
}

/// The families in which the network has routers, side by side where there are threads for it.
pub(crate) fn planes(isp: &Isp, threads: usize) -> Vec<Plane<'_>> {
    let hosts: Vec<Id<Host>> = isp.hosts.iter().map(|(id, _)| id).collect();
    let filters = Arc::new(in_shares(threads, &hosts, |id| gate::filter(isp, *id)));
    let all = each(threads, Family::BOTH, |family| Plane::with(isp, family, Arc::clone(&filters)));
    let all = all.into_iter();
    all.filter(|plane| plane.nics.iter().any(|nic| nic.address.is_some())).collect()
}

/// Proves a network, or says what does not hold.
pub fn prove(isp: &Isp, options: Options) -> Report {
    prove_among(isp, options, &failures::elements(isp))
}

/// The same where only some things can fail.
pub fn prove_among(isp: &Isp, options: Options, elements: &[Element]) -> Report {
    let planes = planes(isp, options.threads);
    let threads = options.threads;
    let ask = |plane| Questions::of(plane, options.failures);
    let ready = Ready::new(threads, &planes, each(threads, &planes, ask));
    report(isp, options, elements, (&planes, &ready, || fixed::violations(&planes)))
}

/// The same, each family judged by itself.
#[cfg(test)]
pub(crate) fn prove_each(isp: &Isp, options: Options) -> Report {
    let planes = planes(isp, options.threads);
    let ask = |plane: &Plane<'_>| Questions::of(plane, options.failures);
    let ready = Ready::new(options.threads, &planes, planes.iter().map(ask).collect());
    let (ready, elements) = (Ready { alike: None, ..ready }, failures::elements(isp));
    report(isp, options, &elements, (&planes, &ready, || fixed::violations(&planes)))
}

/// Proves what a change of a network can touch: the rest was judged when the old version was proved.
pub fn prove_since(old: &Isp, isp: &Isp, options: Options) -> Report {
    let threads = options.threads;
    let (before, planes) = both(threads, || planes(old, threads), || planes(isp, threads));
    let asked = |plane: &Plane<'_>| {
        let mut questions = Questions::of(plane, options.failures);
        let same = before.iter().find(|other| other.family == plane.family);
        let touched =
            same.map_or(Touched::Everything, |other| since::touched(other, plane, &questions));
        let flows = 0..questions.flows.len();
        let keep: Vec<bool> = flows.map(|flow| touched.reaches(plane, &questions, flow)).collect();
        questions.keep(&keep);
        if let Touched::Some { fresh, .. } = &touched {
            questions.keep_owned(fresh);
        }
        questions
    };
    let mut questions = each(threads, &planes, asked);
    // Where no flow is touched, hosts and links are the same too: no state has to be looked at again.
    let idle = |one: &Questions| one.flows.is_empty() && one.owning(0).next().is_none();
    // Of two at most: those that are left stand together.
    let first = questions.iter().take_while(|one| idle(one)).count();
    questions.retain(|one| !idle(one));
    let busy = &planes[first..first + questions.len()];
    let elements = if busy.is_empty() { Vec::new() } else { failures::elements(isp) };
    let most = questions.iter().map(Questions::most).max().unwrap_or(0);
    let ready = Ready { most, ..Ready::new(threads, busy, questions) };
    report(isp, options, &elements, (busy, &ready, || fixed::violations(&planes)))
}

/// What a proof says, with what needs no simulation.
fn report(
    isp: &Isp,
    options: Options,
    elements: &[Element],
    (planes, ready, fixed): (&[Plane<'_>], &Ready<'_>, impl FnOnce() -> Vec<Violation> + Send),
) -> Report {
    let simulated = || {
        let scenarios = failures::scenarios(
            &planes[ready.judged()],
            elements,
            options.failures.min(ready.most),
        );
        let found = simulate(ready, &scenarios, options.threads.max(1));
        (scenarios, found)
    };
    let (fixed, (scenarios, found)) = both(options.threads, fixed, simulated);
    let told = in_shares(options.threads, &minimal(&scenarios, found), |one| one.told(ready));
    let violations = told.into_iter().chain(fixed).collect();
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
    let told = minimal(&scenarios, found);
    tell::joined(told.iter().map(|one| one.told(&ready)).collect())
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
/// shows that already one with one failure less shows is not told again.
fn simulate(ready: &Ready<'_>, scenarios: &[Scenario], threads: usize) -> Found {
    let branches = branches(scenarios);
    let share = |family| Share::of(family, ready, (scenarios, &branches));
    let families: Vec<Share<'_, '_>> = each(threads, ready.judged(), share);
    let work = |thread: usize| {
        let mut found = Found::new();
        // Each begins with a family of its own.
        for at in 0..families.len() {
            families[(at + thread) % families.len()].work(scenarios, &branches, &mut found);
        }
        found
    };
    let mut all = Found::new();
    for (fault, numbers) in each(threads, 0..threads, work).into_iter().flatten() {
        all.entry(fault).or_default().extend(numbers);
    }
    ready.tell_others(&mut all);
    all
}

/// What is wrong in the state that a failure leads to, itself.
fn in_itself(ready: &Ready<'_>, scenario: &Scenario) -> Found {
    let mut found = Found::new();
    let Some(failure) = scenario.failures.first() else { return found };
    for family in ready.judged() {
        let (whole, questions) = (&ready.wholes[family], &ready.questions[family]);
        let up = Up::without(whole.plane, failure);
        let world = Arc::new(World::after(whole, up));
        let killers = Arc::new(Killers::of(whole.plane, &[]));
        for fault in Judge::new(questions, &world, &killers).standing(scenario.counts) {
            found.insert((family, fault), vec![0]);
        }
    }
    ready.tell_others(&mut found);
    found
}

/// One failure, and those of the pairs with it, as numbers of scenarios.
struct Branch {
    single: usize,
    /// The number of the other branch, and the scenario.
    pairs: Vec<(usize, usize)>,
}

/// Every scenario but the one without failures; a pair in the branches of both its halves.
fn branches(scenarios: &[Scenario]) -> Vec<Branch> {
    let mut known: BTreeMap<Element, usize> = BTreeMap::new();
    let mut branches: Vec<Branch> = Vec::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        match scenario.failures.first().map(Failure::elements) {
            Some([single]) => {
                known.insert(*single, branches.len());
                branches.push(Branch { single: number, pairs: Vec::new() });
            }
            Some([first, second]) => {
                if let (Some(first), Some(second)) = (known.get(first), known.get(second)) {
                    branches[*first].pairs.push((*second, number));
                    branches[*second].pairs.push((*first, number));
                }
            }
            Some([] | [_, _, ..]) | None => {}
        }
    }
    branches
}

/// So few branches are done before another thread has seen how things are when all is well.
const FEW: usize = 8;

/// What is to be done for one family.
struct Share<'w, 'a> {
    number: usize,
    whole: &'w Arc<World<'a>>,
    questions: &'a Questions,
    killers: Arc<Killers>,
    /// The next branch; the first is the state in which everything works.
    next: AtomicUsize,
}

impl<'a> Share<'_, 'a> {
    fn of(
        number: usize,
        ready: &'a Ready<'a>,
        (scenarios, branches): (&[Scenario], &[Branch]),
    ) -> Self {
        let whole = &ready.wholes[number];
        let singles = branches.iter().filter_map(|one| scenarios[one.single].failures.first());
        let singles: Vec<Failure> = singles.cloned().collect();
        let killers = Arc::new(Killers::of(whole.plane, &singles));
        let questions = &ready.questions[number];
        Self { number, whole, questions, killers, next: AtomicUsize::new(0) }
    }

    /// Takes one branch after the other, as long as there are some.
    fn work(&self, scenarios: &[Scenario], branches: &[Branch], found: &mut Found) {
        let begun = self.next.load(Ordering::Relaxed);
        if begun > 0 && begun + FEW > branches.len() {
            return;
        }
        let mut judge = None;
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            if next > branches.len() {
                return;
            }
            let judge =
                judge.get_or_insert_with(|| Judge::new(self.questions, self.whole, &self.killers));
            let mut tell = |faults: BTreeSet<Fault>, scenario: usize| {
                for fault in faults {
                    found.entry((self.number, fault)).or_default().push(scenario);
                }
            };
            match next.checked_sub(1) {
                None => tell(judge.standing(0), 0),
                Some(one) => self.branch(judge, (one, &branches[one]), scenarios, &mut tell),
            }
        }
    }

    /// A failure, then each pair with it beside it.
    fn branch(
        &self,
        judge: &mut Judge<'a>,
        (one, branch): (usize, &Branch),
        scenarios: &[Scenario],
        tell: &mut impl FnMut(BTreeSet<Fault>, usize),
    ) {
        let counts = |number: usize| scenarios[number].counts;
        let single = Arc::new(World::after(self.whole, self.killers.ups[one].clone()));
        let found = judge.judge(|| Arc::clone(&single), (one, counts(branch.single)));
        tell(found, branch.single);
        if branch.pairs.is_empty() {
            return;
        }
        let before = judge.rest(&single, one);
        for (other, number) in &branch.pairs {
            let world = || {
                let up = single.up.and(&self.killers.ups[*other]);
                Arc::new(World::after(&single, up))
            };
            tell(judge.judge(world, (*other, counts(*number))), *number);
        }
        judge.back(before);
    }
}

/// A scenario that shows a fault, and the flow.
type Shown = (usize, Option<usize>);

/// A fault with the smallest failure that shows it, and the other smallest ones.
struct Smallest {
    family: usize,
    fault: Fault,
    failure: Failure,
    others: Vec<Failure>,
}

impl Smallest {
    fn told(&self, ready: &Ready<'_>) -> Violation {
        let failures = (self.failure.clone(), self.others.clone());
        tell::violation(ready, self.family, &self.fault, failures)
    }
}

/// Each fault with what shows it.
fn minimal(scenarios: &[Scenario], found: Found) -> Vec<Smallest> {
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
            all.push(Smallest { family, fault: Fault { code, about, flow }, failure, others });
        }
    }
    all
}
