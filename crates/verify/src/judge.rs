//! Judges states, each beside the one that it was worked out from: what is asked of hosts and flows.

use crate::bits::{self, Rows};
use crate::columns::{Answer, Memory, StartsNumber};
use crate::fault::{About, Fault, Faults, broken, listed};
use crate::flows::{Flow, Origin};
use crate::forwards::Saved;
use crate::killers::Killers;
use crate::lost::{lost, returns, unheard};
use crate::onward::Left;
use crate::plane::{Plane, Position};
use crate::questions::{Asked, Questions};
use crate::seen::{ComesTo, Seen};
use crate::walk::At;
use crate::world::World;
use model::kinds::{InvariantKind, Role};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// A flow in a state: where it starts, what it does.
type Place<'a> = (&'a [At], &'a Seen);

/// Judges states of one plane, each beside the one that it was worked out from, in which one thing more
/// worked. A flow that leans on nothing that failed shows nothing new.
pub(crate) struct Judge<'a> {
    plane: &'a Plane<'a>,
    questions: &'a Questions,
    memory: Memory<'a>,
    /// By origin: where it starts in the base.
    starts: Vec<Starts>,
    /// By origin: what that leans on.
    origins: Rows,
    /// By flow: what it leans on where everything works.
    whole: Rows,
    /// By flow: what it leans on in the base.
    leans: Rows,
    /// Whether routers come to rest whatever fails.
    rests: bool,
    /// What failed in the base.
    failed: Option<usize>,
    /// The flows that are looked at: all, or those that leant on what failed in the base.
    flows: Rc<[usize]>,
    /// By thing that may fail: those of these flows that are to be asked when it does.
    asked: Vec<Vec<u32>>,
}

/// Where packets of an origin start.
type Starts = (Rc<[At]>, StartsNumber);

/// What a judge takes up again after it judged beside another base.
pub(crate) struct Before<'a> {
    memory: Option<(Saved<'a>, Left)>,
    starts: Vec<Starts>,
    origins: Rows,
    failed: Option<usize>,
    flows: Rc<[usize]>,
    asked: Vec<Vec<u32>>,
}

impl<'a> Judge<'a> {
    /// One that judges states beside this one, in which one of these things failed.
    pub(crate) fn new(
        questions: &'a Questions,
        base: &Arc<World<'a>>,
        killers: &Arc<Killers>,
    ) -> Self {
        let mut memory = Memory::new(base, (&questions.destinations, &questions.flows), killers);
        let size = killers.len();
        let mut origins = Rows::none(questions.origins_of.len(), size);
        let mut starts = Vec::new();
        for (at, (origin, source)) in questions.origins_of.iter().enumerate() {
            let all = crate::flows::starts(base, *origin, *source);
            let number = memory.starts(&all);
            memory.forwards.lean.start(*origin, *source, origins.row_mut(at));
            starts.push((Rc::from(all), number));
        }
        let flows = questions.flows.len();
        let mut judge = Self {
            plane: base.plane,
            questions,
            memory,
            starts,
            origins,
            whole: Rows::default(),
            rests: base.plane.routes.rest(),
            leans: Rows::none(flows, size),
            failed: None,
            flows: Rc::default(),
            asked: vec![Vec::new(); size],
        };
        // Those to one destination after each other: what is known of it stays at hand.
        let mut all: Vec<usize> = (0..flows).collect();
        all.sort_by_key(|flow| (judge.memory.course(*flow), *flow));
        judge.flows = all.into();
        if size > 0 {
            (0..flows).for_each(|flow| judge.lean(base, flow));
        }
        judge.whole = judge.leans.clone();
        judge.ask_whom();
        judge
    }

    /// Notes what a flow leans on in the base: what decides its way and that of the answer. Of one that
    /// does not arrive, it counts why.
    fn lean(&mut self, world: &World<'a>, number: usize) {
        let questions = self.questions;
        let flow = &questions.flows[number];
        let origin = questions.origin_of[number];
        let (starts, from) = self.starts[origin].clone();
        let seen = self.memory.seen((number, flow), (&starts, from));
        let always = questions.asked[number].contains(&Asked::Always);
        let settled = seen.arrives || starts.is_empty() || !always;
        let (_, back) = self.answer(world, (number, flow), &seen);
        let row = self.leans.row_mut(number);
        row.copy_from_slice(self.origins.row(origin));
        let forwards = &self.memory.forwards;
        if !settled {
            forwards.lean.lost(flow, &questions.destinations.all[flow.to], &seen, row);
        }
        if questions.asks_to_reach(number) {
            forwards.lean.heard(questions, flow, &seen, row);
        }
        if let Some(back) = back {
            back.iter().for_each(|host| bits::join(row, forwards.leans(flow.back, *host)));
            forwards.lean.returns(&seen, row);
        }
        self.memory.leans((number, flow), (&starts, &seen), row);
    }

    /// Everything that is wrong in the base, to which this many failures led.
    pub(crate) fn standing(&mut self, failures: usize) -> BTreeSet<Fault> {
        let world = Arc::clone(self.memory.forwards.base());
        let mut faults = self.at_hand(&world, (None, failures));
        for flow in 0..self.questions.flows.len() {
            self.ask_all(&world, flow, (None, failures), &mut faults);
        }
        listed(faults)
    }

    /// Everything that is wrong in the state in which one more thing failed than in the base, to which
    /// this many failures led, but for what is wrong with either of them alone. What two things show of a
    /// flow that leant on both of them is told beside the first.
    pub(crate) fn judge(
        &mut self,
        world: impl FnOnce() -> Arc<World<'a>>,
        (one, failures): (usize, usize),
    ) -> BTreeSet<Fault> {
        let second = self.failed.is_some_and(|failed| failed > one);
        let flows = std::mem::take(&mut self.asked[one]);
        let at_hand = !second && self.leans_at_hand(one);
        if flows.is_empty() && !at_hand {
            self.asked[one] = flows;
            return BTreeSet::new();
        }
        let world = world();
        let mut faults =
            if at_hand { self.at_hand(&world, (Some(one), failures)) } else { Faults::new() };
        let moved = self.turn(&world, one);
        for flow in flows.iter().map(|flow| *flow as usize) {
            let starts = moved[self.questions.origin_of[flow]].as_ref();
            self.ask_all(&world, flow, (starts, failures), &mut faults);
        }
        self.asked[one] = flows;
        listed(faults)
    }

    /// Notes for each thing that may fail which of the flows that are looked at lean on it.
    fn ask_whom(&mut self) {
        for flow in self.flows.iter() {
            for one in bits::ones(self.leans.row(*flow)) {
                let second = self.failed.is_some_and(|failed| failed > one);
                // What leans on whatever there is has more in its set than can fail.
                if let Some(asked) = self.asked.get_mut(one)
                    && !(second && self.whole.has(*flow, one))
                {
                    asked.push(*flow as u32);
                }
            }
        }
    }

    /// Whether something may be wrong at hand, whoever sends packets, when one thing more fails.
    fn leans_at_hand(&self, one: usize) -> bool {
        let lean = &self.memory.forwards.lean;
        let Some(failed) = self.failed else { return true };
        let vips = &lean.killers.vips;
        let both = |vip: usize| vips.has(vip, failed) && vips.has(vip, one);
        let mut prefixes = 0..self.plane.routes.prefixes.len();
        (0..self.plane.vips.len()).any(both) || prefixes.any(|prefix| self.may_quarrel(prefix, one))
    }

    /// Whether routers may come to quarrel about a prefix when one thing more fails.
    fn may_quarrel(&self, prefix: usize, one: usize) -> bool {
        !self.rests && self.memory.forwards.lean.said.has(prefix, one)
    }

    /// Lets the state in which one thing more failed be the base for others.
    pub(crate) fn rest(&mut self, world: &Arc<World<'a>>, one: usize) -> Before<'a> {
        let moved = self.turn(world, one);
        let before = Before {
            memory: self.memory.rest(),
            starts: self.starts.clone(),
            origins: self.origins.clone(),
            failed: self.failed.replace(one),
            flows: Rc::clone(&self.flows),
            asked: std::mem::take(&mut self.asked),
        };
        self.asked = vec![Vec::new(); before.asked.len()];
        for (at, moved) in moved.into_iter().enumerate() {
            if before.origins.has(at, one) {
                let (origin, source) = self.questions.origins_of[at];
                let row = self.origins.row_mut(at);
                row.fill(0);
                self.memory.forwards.lean.start(origin, source, row);
            }
            if let Some(moved) = moved {
                self.starts[at] = moved;
            }
        }
        let more =
            |flow: &&usize| self.leans.has(**flow, one) && self.questions.most_of[**flow] > 1;
        self.flows = before.flows.iter().filter(more).copied().collect();
        for flow in Rc::clone(&self.flows).iter() {
            self.lean(world, *flow);
        }
        self.ask_whom();
        before
    }

    /// Takes the base from before again: the one in which everything works.
    pub(crate) fn back(&mut self, before: Before<'a>) {
        let Before { memory, starts, origins, failed, flows, asked } = before;
        if let Some(memory) = memory {
            self.memory.back(memory);
        }
        for flow in self.flows.iter() {
            self.leans.row_mut(*flow).copy_from_slice(self.whole.row(*flow));
        }
        (self.starts, self.origins, self.failed, self.flows) = (starts, origins, failed, flows);
        self.asked = asked;
    }

    /// Turns to a state; says by origin where packets start, if that is elsewhere than in the base.
    fn turn(&mut self, world: &Arc<World<'a>>, one: usize) -> Vec<Option<Starts>> {
        self.memory.turn(world, one);
        let origins = 0..self.questions.origins_of.len();
        origins.map(|at| self.moved(world, one, at)).collect()
    }

    /// What is wrong with hosts and addresses, whoever sends packets.
    fn at_hand(&self, world: &World<'a>, (one, failures): (Option<usize>, usize)) -> Faults {
        let mut faults = Faults::new();
        for (code, vip) in crate::vrrp::faults(world.plane, &world.up, &world.masters) {
            faults.insert((code, About::Vip(vip)), None);
            let owning = self.questions.owning(failures).filter(|_| code == "V-OWNER");
            for (invariant, _) in owning.filter(|(_, wanted)| wanted.owned.contains(&vip)) {
                faults.insert(("V-INVARIANT", About::Owner(invariant, vip)), None);
            }
        }
        self.defaults(world, failures, &mut faults);
        for prefix in 0..self.plane.routes.prefixes.len() {
            let may = one.is_none_or(|one| self.may_quarrel(prefix, one));
            if may && world.oscillates(prefix) {
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
    fn moved(&mut self, world: &World<'a>, one: usize, at: usize) -> Option<Starts> {
        let may = self.origins.has(at, one);
        let (origin, source) = self.questions.origins_of[at];
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
            let first = faults.entry((code, about)).or_insert(Some(number));
            *first = (*first).min(Some(number));
        };
        match asked {
            Asked::Always if starts.is_empty() => {}
            Asked::Always => {
                for (one, other) in &seen.two_edges {
                    tell("V-EDGE-TRANSIT", About::Hosts(*one, *other));
                }
                let destination = &self.questions.destinations.all[flow.to];
                let lost = || lost(world, flow, destination, seen);
                if let Some((code, host)) = (!seen.arrives).then(lost).flatten() {
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
                let wanted = &self.questions.invariants[invariant];
                let through = || self.memory.passes(number, (starts, seen), &wanted.through);
                let reach = wanted.kind == InvariantKind::Reach;
                let unheard = || reach && unheard(world, self.questions, flow, seen);
                if broken(wanted, seen, answer, through) || unheard() {
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
            Origin::Vip(vip, host) => world.masters[vip].contains(&host),
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
        seen: &ComesTo,
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
