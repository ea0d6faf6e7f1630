//! What is wrong in one state: each fault by its property and what it is about.

use crate::bits::Bits;
use crate::columns::{Answer, Memory, Seen, StartsNumber};
use crate::flows::{Flow, Origin};
use crate::lost::{lost, returns};
use crate::plane::{Plane, Position};
use crate::questions::{Asked, Questions, Wanted};
use crate::touched::Touched;
use crate::walk::At;
use crate::world::World;
use model::kinds::{InvariantKind, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// One thing that is wrong in a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The property's code.
    pub(crate) code: &'static str,
    /// What it is about, as positions: equal ones are one violation.
    pub(crate) about: About,
    /// The flow that shows it, if one does.
    pub(crate) flow: Option<usize>,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A host.
    Host(Position),
    /// Two hosts, in this order.
    Hosts(Position, Position),
    /// A VIP.
    Vip(usize),
    /// A declared invariant, and the first flow with the same origin.
    Invariant(usize, usize),
    /// A prefix.
    Prefix(usize),
}

/// Faults, each with the flow that shows it.
type Faults = BTreeMap<(&'static str, About), Option<usize>>;

/// A flow in a state: where it starts, what it does.
type Place<'a> = (&'a [At], &'a Seen);

/// Judges states of one plane, remembering what it saw.
pub(crate) struct Judge<'a> {
    plane: &'a Plane<'a>,
    questions: &'a Questions,
    memory: Memory<'a>,
    whole: Arc<World<'a>>,
    /// By origin: where it starts, if everything works.
    starts: Vec<Starts>,
    /// By flow: nothing is wrong as long as nothing differs at these hosts.
    quiet: Vec<Option<Quiet>>,
}

/// Where packets of an origin start.
type Starts = (Vec<At>, StartsNumber);

/// A flow with which nothing is wrong where everything works.
struct Quiet {
    /// The hosts that it may pass.
    there: Bits,
    /// Those that its answer may pass, where its way back counts.
    back: Option<Bits>,
}

impl<'a> Judge<'a> {
    /// One that has seen the state in which everything works.
    pub(crate) fn new(questions: &'a Questions, whole: &Arc<World<'a>>) -> Self {
        let mut memory = Memory::new(whole, &questions.destinations);
        let starts = questions.origins_of.iter().map(|(origin, source)| {
            let starts = crate::flows::starts(whole, *origin, *source);
            let number = memory.starts(&starts);
            (starts, number)
        });
        let starts = starts.collect();
        let (plane, whole, quiet) = (whole.plane, Arc::clone(whole), Vec::new());
        let mut judge = Self { plane, questions, memory, whole, starts, quiet };
        judge.quiet = (0..questions.flows.len()).map(|number| judge.quiet(number)).collect();
        judge
    }

    /// Where nothing may differ for a flow to be as fine as it is where everything works.
    fn quiet(&mut self, number: usize) -> Option<Quiet> {
        let (questions, whole) = (self.questions, Arc::clone(&self.whole));
        let flow = &questions.flows[number];
        let (starts, from) = self.starts[questions.origin_of[number]].clone();
        let seen = self.memory.seen((number, flow), (&starts, from));
        let (answer, way) = self.answer(&whole, (number, flow), &seen);
        let fine = |asked: &Asked| match asked {
            Asked::Always => {
                starts.is_empty()
                    || (seen.two_edges.is_none() && seen.arrives && answer != Answer::Astray)
            }
            Asked::Invariant(at) => !broken(&questions.invariants[*at], &seen, answer),
        };
        let hosts = |all: &[Position]| Bits::of(self.plane.isp.hosts.len(), all.iter().copied());
        let quiet = || Quiet { there: hosts(&seen.hosts), back: way.map(|way| hosts(&way)) };
        questions.asked[number].iter().all(fine).then(quiet)
    }

    /// Everything that is wrong in a state that this many failures led to; of all flows that show a
    /// fault, the first.
    pub(crate) fn judge(&mut self, world: &World<'a>, failures: usize) -> BTreeSet<Fault> {
        let mut faults = Faults::new();
        owners(world, &mut faults);
        self.defaults(world, failures, &mut faults);
        for (prefix, choices) in world.choices.iter().enumerate() {
            if choices.oscillates {
                faults.insert(("V-OSCILLATES", About::Prefix(prefix)), None);
            }
        }
        self.flows(world, failures, &mut faults);
        let fault = |((code, about), flow)| Fault { code, about, flow };
        faults.into_iter().map(fault).collect()
    }

    fn flows(&mut self, world: &World<'a>, failures: usize, faults: &mut Faults) {
        let questions = self.questions;
        let touched = Touched::between(&self.whole, world);
        self.memory.turn(world, &touched);
        let starts: Vec<Option<Starts>> =
            (0..questions.origins_of.len()).map(|at| self.moved(world, &touched, at)).collect();
        for (number, flow) in questions.flows.iter().enumerate() {
            let origin = questions.origin_of[number];
            let same = starts[origin].is_none() && self.is_quiet(number, flow, &touched);
            if same || failures > usize::from(questions.most_of[number]) {
                continue;
            }
            let (from, from_number) = starts[origin].as_ref().unwrap_or(&self.starts[origin]);
            let seen = self.memory.seen((number, flow), (from, *from_number));
            let from = from.clone();
            for one in &questions.asked[number] {
                if failures <= usize::from(questions.survives(*one)) {
                    self.ask(world, (*one, number, flow), (&from, &seen), faults);
                }
            }
        }
    }

    /// Where packets of an origin start, if that is elsewhere than where everything works.
    fn moved(&mut self, world: &World<'a>, touched: &Touched, at: usize) -> Option<Starts> {
        let (origin, source) = self.questions.origins_of[at];
        let may = match origin {
            Origin::Lan(segment) => touched.segments.has(segment),
            Origin::Pool(host) | Origin::Host(host) => touched.hosts.has(host),
            Origin::Outside(session) => {
                let router = self.plane.routes.sessions[session].router;
                touched.hosts.has(self.plane.routers[usize::from(router)].index())
            }
        };
        let starts = may.then(|| crate::flows::starts(world, origin, source))?;
        let number = self.memory.starts(&starts);
        (starts != self.starts[at].0).then_some((starts, number))
    }

    /// Whether a flow was fine where everything works, and nothing that it meets differs.
    fn is_quiet(&self, number: usize, flow: &Flow, touched: &Touched) -> bool {
        let Some(quiet) = &self.quiet[number] else { return false };
        let changed = |to: usize| self.memory.forwards.changed(to);
        let back =
            |back: &Bits| back.meets(changed(flow.back)) || quiet.there.meets(&touched.hosts);
        !quiet.there.meets(changed(flow.to)) && !quiet.back.as_ref().is_some_and(back)
    }

    fn ask(
        &mut self,
        world: &World<'a>,
        (asked, number, flow): (Asked, usize, &Flow),
        (starts, seen): Place<'_>,
        faults: &mut Faults,
    ) {
        let mut tell = |code, about| {
            faults.entry((code, about)).or_insert(Some(number));
        };
        match asked {
            Asked::Always if starts.is_empty() => {}
            Asked::Always => {
                if let Some((one, other)) = seen.two_edges {
                    tell("V-EDGE-TRANSIT", About::Hosts(one, other));
                }
                let destination = &self.questions.destinations.all[flow.to];
                if let Some((code, host)) = lost(world, flow, destination, seen) {
                    tell(code, About::Host(host));
                }
                let astray = self.answer(world, (number, flow), seen).0 == Answer::Astray;
                // Its table of connections does not know the answer.
                if let Some(host) = seen.tracked.first().filter(|_| astray) {
                    tell("V-ASYMMETRIC", About::Host(*host));
                }
            }
            Asked::Invariant(invariant) => {
                if !self.exists(world, flow) {
                    return;
                }
                let answer = self.answer(world, (number, flow), seen).0;
                if broken(&self.questions.invariants[invariant], seen, answer) {
                    tell(
                        "V-INVARIANT",
                        About::Invariant(invariant, self.questions.first_of(number)),
                    );
                }
            }
        }
    }

    /// Whether both ends of a flow are still there: what is gone itself need not be reached.
    fn exists(&self, world: &World<'_>, flow: &Flow) -> bool {
        let plane = self.plane;
        let lives =
            |segment: Position| plane.on_segment[segment].iter().any(|nic| world.up.nics[*nic]);
        let there = match flow.origin {
            Origin::Lan(segment) => lives(segment),
            Origin::Host(host) => {
                world.up.hosts[host] && plane.nics_of(host).any(|nic| world.up.nics[nic])
            }
            Origin::Pool(_) => true,
            Origin::Outside(session) => world.session_is_up(session),
        };
        let to = &self.questions.destinations.all[flow.to];
        let segment = to.steps.iter().find_map(|step| step.segment);
        there && segment.is_none_or(lives)
    }

    /// What becomes of the answer, and the hosts that it may pass where that counts.
    fn answer(
        &mut self,
        world: &World<'a>,
        flow: (usize, &Flow),
        seen: &Seen,
    ) -> (Answer, Option<Rc<[Position]>>) {
        if seen.tracked.is_empty() || !seen.may_arrive {
            return (Answer::Comes, None);
        }
        let returns = returns(world, seen);
        let (answer, way) = self.memory.answered(flow, &returns, &seen.tracked);
        (answer, Some(way))
    }

    /// V-DEFAULT: a router for members without a way to the Internet, after one failure at most.
    fn defaults(&self, world: &World<'_>, failures: usize, faults: &mut Faults) {
        let Some(rest) = self.questions.rest.filter(|_| failures <= 1) else { return };
        let destination = &self.questions.destinations.all[rest];
        let edges = self.questions.transits.iter().any(|session| world.session_is_up(*session));
        for id in self.plane.routers.iter().filter(|_| edges) {
            let host = id.index();
            let inside = matches!(self.plane.isp.hosts[*id].role, Role::Core | Role::Access);
            let leads =
                || !matches!(world.forward(host, destination), crate::world::Forward::Unreachable);
            if inside && world.up.routing[host] && !leads() {
                faults.insert(("V-DEFAULT", About::Host(host)), None);
            }
        }
    }
}

/// Whether a flow breaks an invariant.
fn broken(wanted: &Wanted, seen: &Seen, answer: Answer) -> bool {
    let through = || wanted.through.iter().any(|host| seen.hosts.contains(host));
    match wanted.kind {
        InvariantKind::Reach => !seen.arrives || answer != Answer::Comes,
        InvariantKind::Isolate => seen.may_arrive,
        InvariantKind::Avoid => through(),
        InvariantKind::Waypoint => seen.may_arrive && !through(),
        InvariantKind::OneOwner => false,
    }
}

/// V-OWNER: more than one host may answer for a virtual address.
fn owners(world: &World<'_>, faults: &mut Faults) {
    for (vip, masters) in world.masters.iter().enumerate() {
        if world.plane.vips[vip].address.is_some() && masters.len() > 1 {
            faults.insert(("V-OWNER", About::Vip(vip)), None);
        }
    }
}
