//! Judges states, each beside the one that it was worked out from: what is asked of hosts and flows.

use crate::bits::Bits;
use crate::columns::{Answer, Memory, StartsNumber};
use crate::fault::{About, Fault, Faults, broken, listed};
use crate::flows::{Flow, Origin};
use crate::forwards::Saved;
use crate::lost::{lost, returns};
use crate::onward::Left;
use crate::passing::Passing;
use crate::plane::{Plane, Position};
use crate::questions::{Asked, Questions};
use crate::seen::Seen;
use crate::touched::Touched;
use crate::walk::At;
use crate::world::World;
use model::kinds::Role;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// A flow in a state: where it starts, what it does.
type Place<'a> = (&'a [At], &'a Seen);

/// Judges states of one plane, each beside the one that it was worked out from: a flow of which nothing
/// differs shows nothing new.
pub(crate) struct Judge<'a> {
    plane: &'a Plane<'a>,
    questions: &'a Questions,
    memory: Memory<'a>,
    /// By origin: where it starts in the base.
    starts: Vec<Starts>,
    /// By flow: what it does in the base.
    known: Vec<Known>,
    /// By where they go, and by where their answers go: the flows that pass each host in the base.
    there: Passing,
    back: Passing,
    /// The flows of which the answer counts, by the hosts that they pass.
    answered: Passing,
    /// The flows that may show something new although nothing differs on their way.
    unsettled: Bits,
    /// By origin.
    flows_of: Vec<Vec<usize>>,
}

/// Where packets of an origin start.
type Starts = (Rc<[At]>, StartsNumber);

/// What a flow does in a state.
#[derive(Debug, Clone, Default)]
struct Known {
    seen: Rc<Seen>,
    /// The hosts that its answer may pass, where its way back counts.
    back: Option<Rc<[Position]>>,
    /// Whether what is asked of it depends on this alone.
    settled: bool,
}

/// What a judge takes up again after it judged beside another base.
pub(crate) struct Before<'a> {
    memory: (Saved<'a>, Left),
    starts: Vec<Starts>,
    known: Vec<(usize, Known)>,
}

impl<'a> Judge<'a> {
    /// One that judges other states beside this one.
    pub(crate) fn new(questions: &'a Questions, base: &Arc<World<'a>>) -> Self {
        let mut memory = Memory::new(base, &questions.destinations, &questions.flows);
        let starts = questions.origins_of.iter().map(|(origin, source)| {
            let starts = crate::flows::starts(base, *origin, *source);
            let number = memory.starts(&starts);
            (Rc::from(starts), number)
        });
        let starts = starts.collect();
        let (hosts, ends) = (base.plane.isp.hosts.len(), questions.destinations.all.len());
        let flows = questions.flows.iter();
        let mut flows_of = vec![Vec::new(); questions.origins_of.len()];
        questions.origin_of.iter().enumerate().for_each(|(flow, at)| flows_of[*at].push(flow));
        let mut judge = Self {
            plane: base.plane,
            questions,
            memory,
            starts,
            known: vec![Known::default(); questions.flows.len()],
            there: Passing::new(hosts, ends, flows.clone().map(|flow| flow.to)),
            back: Passing::new(hosts, ends, flows.clone().map(|flow| flow.back)),
            answered: Passing::new(hosts, 1, flows.map(|_| 0)),
            unsettled: Bits::none(questions.flows.len()),
            flows_of,
        };
        for flow in 0..questions.flows.len() {
            let known = judge.look(base, flow, None);
            judge.learn(flow, known);
        }
        judge
    }

    /// What a flow does in the state that the memory turned to.
    fn look(&mut self, world: &World<'a>, number: usize, moved: Option<&Starts>) -> Known {
        let questions = self.questions;
        let flow = &questions.flows[number];
        let (starts, from) = moved.unwrap_or(&self.starts[questions.origin_of[number]]);
        let seen = self.memory.seen((number, flow), (starts, *from));
        let always = questions.asked[number].contains(&Asked::Always);
        let settled = seen.arrives || starts.is_empty() || !always;
        let (_, back) = self.answer(world, (number, flow), &seen);
        Known { seen, back, settled }
    }

    /// Takes in what a flow does in the base; gives back what it did before.
    fn learn(&mut self, flow: usize, known: Known) -> Known {
        let old = std::mem::replace(&mut self.known[flow], known);
        let hosts = old.seen.hosts();
        self.there.remove(flow, &hosts);
        if let Some(back) = &old.back {
            self.answered.remove(flow, &hosts);
            self.back.remove(flow, back);
        }
        let Known { seen, back, settled } = &self.known[flow];
        let hosts = seen.hosts();
        self.there.add(flow, &hosts);
        if let Some(back) = back {
            self.answered.add(flow, &hosts);
            self.back.add(flow, back);
        }
        if *settled {
            self.unsettled.remove(flow);
        } else {
            self.unsettled.add(flow);
        }
        old
    }

    /// Everything that is wrong in the base, to which this many failures led.
    pub(crate) fn standing(&mut self, failures: usize) -> BTreeSet<Fault> {
        let world = Arc::clone(self.memory.forwards.base());
        let mut faults = self.at_hand(&world, failures);
        for flow in 0..self.questions.flows.len() {
            self.ask_all(&world, flow, (None, failures), &mut faults);
        }
        listed(faults)
    }

    /// Everything that is wrong in a state worked out from the base, to which this many failures led,
    /// but for what flows show that do the same in the base.
    pub(crate) fn judge(&mut self, world: &World<'a>, failures: usize) -> BTreeSet<Fault> {
        let mut faults = self.at_hand(world, failures);
        let (moved, affected) = self.affected(world);
        for flow in affected.iter() {
            let starts = moved[self.questions.origin_of[flow]].as_ref();
            self.ask_all(world, flow, (starts, failures), &mut faults);
        }
        listed(faults)
    }

    /// Lets a state worked out from the base be the base for others.
    pub(crate) fn rest(&mut self, world: &Arc<World<'a>>) -> Before<'a> {
        let (moved, affected) = self.affected(world);
        let mut known = Vec::new();
        for flow in affected.iter() {
            let starts = moved[self.questions.origin_of[flow]].as_ref();
            let now = self.look(world, flow, starts);
            known.push((flow, self.learn(flow, now)));
        }
        let starts = self.starts.clone();
        for (own, moved) in self.starts.iter_mut().zip(moved) {
            if let Some(moved) = moved {
                *own = moved;
            }
        }
        Before { memory: self.memory.rest(world), starts, known }
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, before: Before<'a>) {
        let Before { memory, starts, known } = before;
        self.memory.back(memory);
        self.starts = starts;
        for (flow, known) in known {
            self.learn(flow, known);
        }
    }

    /// Turns to a state; says by origin where packets start, if that is elsewhere than in the base, and
    /// the flows that may do something else or show something new.
    fn affected(&mut self, world: &World<'a>) -> (Vec<Option<Starts>>, Bits) {
        let touched = Touched::between(self.memory.forwards.base(), world);
        self.memory.turn(world, &touched);
        let mut affected = self.unsettled.clone();
        for (end, hosts) in self.memory.forwards.changed().iter().enumerate() {
            if !hosts.is_empty() {
                self.there.join(end, hosts, &mut affected);
                self.back.join(end, hosts, &mut affected);
            }
        }
        self.answered.join(0, &touched.hosts, &mut affected);
        let origins = 0..self.questions.origins_of.len();
        let moved: Vec<_> = origins.map(|at| self.moved(world, &touched, at)).collect();
        for (flows, _) in self.flows_of.iter().zip(&moved).filter(|(_, moved)| moved.is_some()) {
            for flow in flows {
                affected.add(*flow);
            }
        }
        (moved, affected)
    }

    /// What is wrong with hosts and addresses, whoever sends packets.
    fn at_hand(&self, world: &World<'a>, failures: usize) -> Faults {
        let mut faults = Faults::new();
        for (code, vip) in crate::vrrp::faults(world.plane, &world.up, &world.masters) {
            faults.insert((code, About::Vip(vip)), None);
        }
        self.defaults(world, failures, &mut faults);
        for (prefix, choices) in world.choices.iter().enumerate() {
            if choices.oscillates {
                faults.insert(("V-OSCILLATES", About::Prefix(prefix)), None);
            }
        }
        faults
    }

    /// Asks a flow everything that must hold after so many failures.
    fn ask_all(
        &mut self,
        world: &World<'a>,
        number: usize,
        (moved, failures): (Option<&Starts>, usize),
        faults: &mut Faults,
    ) {
        let questions = self.questions;
        if failures > usize::from(questions.most_of[number]) {
            return;
        }
        let flow = &questions.flows[number];
        let (starts, from) = moved.unwrap_or(&self.starts[questions.origin_of[number]]);
        let seen = self.memory.seen((number, flow), (starts, *from));
        let starts = Rc::clone(starts);
        for one in &questions.asked[number] {
            if failures <= usize::from(questions.survives(*one)) {
                self.ask(world, (*one, number, flow), (&starts, &seen), faults);
            }
        }
    }

    /// Where packets of an origin start, if that is elsewhere than in the base.
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
        (*starts != *self.starts[at].0).then(|| (Rc::from(starts), number))
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
                for (one, other) in seen.two_edges.iter() {
                    tell("V-EDGE-TRANSIT", About::Hosts(*one, *other));
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
