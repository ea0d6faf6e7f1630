//! What becomes of packets from a host on, whoever sent them: worked out once for all sources, and in
//! another state only where the hosts on their way do something else.
//!
//! Filters that look at the source are passed over and noted: what is found holds for a packet that
//! they let pass. The others are followed one by one ([`crate::columns`]).

use crate::bits;
use crate::flows::Destinations;
use crate::forwards::Forwards;
use crate::plane::{NicNumber, Plane, Position};
use crate::seen::{Found, Seen};
use crate::walk::{At, Ending, FARTHEST, Sent, Walker};
use crate::world::Forward;
use derive::packet::judge::Ends;
use model::value::Port;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of a destination with a port: packets that filters tell apart by their source only.
pub(crate) type Course = usize;
/// The number of a filter that looks at the source: a host, and its interfaces in and out.
pub(crate) type GateNumber = u32;
/// A host's filter between two interfaces; none for the host itself.
type Gate = (At, Option<NicNumber>);
/// The number of a host with the interface that packets come in by.
type AtNumber = usize;

/// What is known from every host on.
pub(crate) struct Onward<'a> {
    plane: &'a Plane<'a>,
    destinations: &'a Destinations,
    courses: Vec<(usize, Option<Port>)>,
    /// By course: in the base.
    known: Vec<Vec<Option<Known>>>,
    /// By course: in the state that was turned to, where it differs from the base. Nothing where
    /// packets may go in circles.
    fresh: Vec<Vec<Fresh>>,
    turn: u32,
    /// What became known since another state was taken for the base.
    learned: Vec<(Course, AtNumber)>,
    /// The hosts that a packet came by; empty between two packets.
    trail: Vec<Position>,
    gates: Vec<Gate>,
    numbers: BTreeMap<Gate, GateNumber>,
    /// What filters do to packets to a port, whatever their ends are; none where these count.
    open: BTreeMap<(Gate, Option<Port>), Option<bool>>,
    /// What filters do by course, wherever packets come from; none where that counts.
    sure: Vec<BTreeMap<Gate, Option<bool>>>,
}

/// What was found in a turn.
#[derive(Clone, Default)]
struct Fresh {
    turn: u32,
    seen: Option<Rc<Seen>>,
}

/// What [`Onward::back`] needs to take up the base from before: what was known before, by place.
pub(crate) struct Left(Vec<(Course, AtNumber, Known)>);

/// What becomes of packets from a place on in the base, and what that leans on.
struct Known {
    seen: Rc<Seen>,
    leans: Box<[u64]>,
}

fn nothing(places: usize) -> Vec<Option<Known>> {
    std::iter::repeat_with(|| None).take(places).collect()
}

impl<'a> Onward<'a> {
    /// Nothing is known yet.
    pub(crate) fn new(
        plane: &'a Plane<'a>,
        destinations: &'a Destinations,
        courses: Vec<(usize, Option<Port>)>,
    ) -> Self {
        let count = courses.len();
        let places = plane.nics.len() + plane.isp.hosts.len();
        Self {
            plane,
            destinations,
            courses,
            known: (0..count).map(|_| nothing(places)).collect(),
            fresh: vec![vec![Fresh::default(); places]; count],
            turn: 1,
            learned: Vec::new(),
            trail: Vec::new(),
            gates: Vec::new(),
            numbers: BTreeMap::new(),
            open: BTreeMap::new(),
            sure: vec![BTreeMap::new(); count],
        }
    }

    /// Turns to another state.
    pub(crate) fn turn(&mut self) {
        self.turn += 1;
    }

    /// Lets the state in which one more thing failed be the base.
    pub(crate) fn rest(&mut self, one: usize) -> Left {
        let mut left = Vec::new();
        for (course, known) in self.known.iter_mut().enumerate() {
            for (at, known) in known.iter_mut().enumerate() {
                let leaning = known.take_if(|known| bits::has(&known.leans, one));
                left.extend(leaning.map(|known| (course, at, known)));
            }
        }
        self.learned.clear();
        self.turn();
        Left(left)
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, Left(left): Left) {
        self.turn();
        for (course, at) in self.learned.drain(..) {
            self.known[course][at] = None;
        }
        for (course, at, known) in left {
            self.known[course][at] = Some(known);
        }
    }

    fn number(&self, at: At) -> AtNumber {
        at.input.unwrap_or(self.plane.nics.len() + at.host)
    }

    /// What becomes of packets that start at a host; none where they may go in circles.
    pub(crate) fn from(
        &mut self,
        forwards: &mut Forwards<'_>,
        start: (Course, At),
    ) -> Option<Rc<Seen>> {
        let mut trail = std::mem::take(&mut self.trail);
        let seen = self.seen(forwards, start, &mut trail);
        trail.clear();
        self.trail = trail;
        seen
    }

    fn seen(
        &mut self,
        forwards: &mut Forwards<'_>,
        (course, at): (Course, At),
        trail: &mut Vec<Position>,
    ) -> Option<Rc<Seen>> {
        let number = self.number(at);
        let fresh = &self.fresh[course][number];
        if fresh.turn == self.turn {
            return fresh.seen.clone();
        }
        let beside = forwards.beside();
        if let Some(known) = &self.known[course][number]
            && beside.is_none_or(|one| !bits::has(&known.leans, one))
        {
            return Some(Rc::clone(&known.seen));
        }
        if trail.contains(&at.host) || trail.len() >= FARTHEST {
            return None;
        }
        trail.push(at.host);
        let seen = self.work_out(forwards, (course, at), trail);
        trail.pop();
        if let (Some(seen), None) = (&seen, beside) {
            let leans = self.leans(forwards, course, at);
            self.known[course][number] = Some(Known { seen: Rc::clone(seen), leans });
            self.learned.push((course, number));
        } else {
            self.fresh[course][number] = Fresh { turn: self.turn, seen: seen.clone() };
        }
        seen
    }

    /// What it leans on what becomes of packets in the base: what the host does, and all that comes then.
    fn leans(&self, forwards: &mut Forwards<'_>, course: Course, at: At) -> Box<[u64]> {
        let to = self.courses[course].0;
        let mut leans: Box<[u64]> = forwards.leans(to, at.host).into();
        for (_, input) in forwards.at(to, at.host).hops() {
            if let Some(next) = &self.known[course][*input] {
                bits::join(&mut leans, &next.leans);
            }
        }
        leans
    }

    fn work_out(
        &mut self,
        forwards: &mut Forwards<'_>,
        (course, at): (Course, At),
        trail: &mut Vec<Position>,
    ) -> Option<Rc<Seen>> {
        let mut found = Found::default();
        let forward = forwards.at(self.courses[course].0, at.host);
        if let Forward::To(hops) = &*forward {
            let mut only = None;
            for (output, input) in hops {
                if !self.gate(&mut found, course, (at, Some(*output))) {
                    found.ends.push((at.host, Ending::Filtered(Some(*output))));
                    continue;
                }
                let next = At { host: self.plane.nics[*input].host, input: Some(*input) };
                let seen = self.seen(forwards, (course, next), trail)?;
                if hops.len() > 1 {
                    found.join(&seen);
                }
                only = Some(seen);
            }
            if let (Some(next), [_]) = (&only, hops.as_slice()) {
                let seen = Seen::one_way(self.plane, at.host, (next, found.gates));
                return Some(Rc::new(seen));
            }
        } else {
            self.end(&mut found, course, (at, &forward));
        }
        found.start(self.plane, at.host);
        Some(Rc::new(found.seen()))
    }

    /// How packets end that go on to no other host of ours.
    fn end(&mut self, found: &mut Found, course: Course, (at, forward): (At, &Forward)) {
        match forward {
            Forward::Here => {
                let passes = at.input.is_none() || self.gate(found, course, (at, None));
                found.end(at.host, passes.then_some(Ending::Delivered), None);
            }
            Forward::Member(nic) => {
                let passes = self.gate(found, course, (at, Some(*nic)));
                found.end(at.host, passes.then_some(Ending::Member(*nic)), Some(*nic));
            }
            Forward::Out(sessions) => {
                for session in sessions {
                    let nic = self.plane.routes.sessions[*session].nic;
                    let passes = nic.is_none() || self.gate(found, course, (at, nic));
                    found.end(at.host, passes.then_some(Ending::Left(*session)), nic);
                }
            }
            Forward::Pool => found.ends.push((at.host, Ending::Delivered)),
            Forward::Unreachable => found.ends.push((at.host, Ending::Unreachable)),
            Forward::Blackhole => found.ends.push((at.host, Ending::Blackhole)),
            Forward::Silence(nic) => found.ends.push((at.host, Ending::Silence(*nic))),
            Forward::To(_) => {}
        }
    }

    /// Whether a filter lets packets pass; where it looks at their source, it is taken to, and noted.
    fn gate(&mut self, found: &mut Found, course: Course, gate: Gate) -> bool {
        let (at, output) = gate;
        if !self.plane.gates.filters(at.host) {
            return true;
        }
        if let Some(passes) = self.sure(course, (at, output)) {
            return passes;
        }
        let next = self.gates.len() as GateNumber;
        let number = *self.numbers.entry(gate).or_insert(next);
        if number == next {
            self.gates.push(gate);
        }
        found.gates.push(number);
        true
    }

    /// What a filter does to the packets of a course, wherever they come from; none where that counts.
    fn sure(&mut self, course: Course, gate: Gate) -> Option<bool> {
        let port = self.courses[course].1;
        let known = self.open.get(&(gate, port)).copied();
        let open = known.unwrap_or_else(|| self.ask(course, gate, Ends::Any));
        if known.is_none() {
            self.open.insert((gate, port), open);
        }
        if open.is_some() {
            return open;
        }
        if let Some(known) = self.sure[course].get(&gate) {
            return *known;
        }
        let sure = self.ask(course, gate, Ends::AnySource);
        *self.sure[course].entry(gate).or_insert(sure)
    }

    fn ask(&self, course: Course, (at, output): Gate, ends: Ends) -> Option<bool> {
        let (to, port) = self.courses[course];
        let content = crate::flows::question(port);
        // The source does not count; the destination is of its family.
        let source = self.destinations.all[to].address;
        let sent = Sent { source, content, known_to: &[] };
        let packet = self.walker(to, sent).packet(at, output);
        self.plane.gates.judge_any(at.host, &packet, ends)
    }

    /// Whether a filter lets a packet pass.
    pub(crate) fn passes(&self, gate: GateNumber, to: usize, sent: Sent<'_>) -> bool {
        let (at, output) = self.gates[gate as usize];
        self.walker(to, sent).passes(at, output)
    }

    /// One that goes nowhere: it is asked about single filters only.
    fn walker<'s>(
        &'s self,
        to: usize,
        sent: Sent<'s>,
    ) -> Walker<'s, impl Fn(Position) -> &'static Forward> {
        let forward = |_: Position| &Forward::Unreachable;
        Walker { plane: self.plane, destination: &self.destinations.all[to], forward, sent }
    }
}

/// What packets come to that may start at several hosts.
pub(crate) fn together(all: &[Rc<Seen>]) -> Rc<Seen> {
    if let [one] = all {
        return Rc::clone(one);
    }
    let mut found = Found::default();
    for seen in all {
        found.join(seen);
    }
    Rc::new(found.seen())
}
