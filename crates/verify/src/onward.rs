//! What becomes of packets from a host on, whoever sent them: worked out once for all sources, and in
//! another state only where the hosts on their way do something else.
//!
//! Filters that look at the source are passed over and noted: what is found holds for a packet that
//! they let pass. The others are followed one by one ([`crate::columns`]).

use crate::bits::Bits;
use crate::columns::Seen;
use crate::flows::Destinations;
use crate::forwards::Forwards;
use crate::plane::{NicNumber, Plane, Position};
use crate::walk::{At, Ending, FARTHEST, Sent, Walker};
use crate::world::Forward;
use model::value::Port;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of a destination with a port: packets that filters tell apart by their source only.
pub(crate) type Course = usize;
/// The number of a filter that looks at the source: a host, and its interfaces in and out.
pub(crate) type GateNumber = u32;
/// A host's filter between two interfaces; none for the host itself.
type Gate = (At, Option<NicNumber>);

/// What becomes of packets that come to a host.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) seen: Rc<Seen>,
    /// The filters on their ways that look at the source, sorted.
    pub(crate) gates: Vec<GateNumber>,
    /// The first edges on their ways.
    edges: Vec<Position>,
}

/// What is known from every host on.
pub(crate) struct Onward<'a> {
    plane: &'a Plane<'a>,
    destinations: &'a Destinations,
    courses: Vec<(usize, Option<Port>)>,
    /// By course: in the base.
    known: Vec<BTreeMap<At, Rc<Facts>>>,
    /// In the state that was turned to, where it differs from the base.
    fresh: BTreeMap<(Course, At), Option<Rc<Facts>>>,
    gates: Vec<Gate>,
    numbers: BTreeMap<Gate, GateNumber>,
    /// What filters do by course, wherever packets come from; none where that counts.
    sure: BTreeMap<(Gate, Course), Option<bool>>,
}

/// What [`Onward::back`] needs to take up the base from before: what was known before, by place.
pub(crate) struct Left(Vec<(Course, At, Option<Rc<Facts>>)>);

impl<'a> Onward<'a> {
    /// Nothing is known yet.
    pub(crate) fn new(
        plane: &'a Plane<'a>,
        destinations: &'a Destinations,
        courses: Vec<(usize, Option<Port>)>,
    ) -> Self {
        let known = vec![BTreeMap::new(); courses.len()];
        let (fresh, gates, numbers) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { plane, destinations, courses, known, fresh, gates, numbers, sure: BTreeMap::new() }
    }

    /// Turns to another state.
    pub(crate) fn turn(&mut self) {
        self.fresh.clear();
    }

    /// Lets the state that was turned to be the base.
    pub(crate) fn rest(&mut self, changed: &[Bits]) -> Left {
        let mut left = Vec::new();
        for (course, known) in self.known.iter_mut().enumerate() {
            let changed = &changed[self.courses[course].0];
            if !changed.is_empty() {
                known.retain(|at, facts| {
                    let holds = !touches(facts, changed);
                    if !holds {
                        left.push((course, *at, Some(Rc::clone(facts))));
                    }
                    holds
                });
            }
        }
        for ((course, at), facts) in std::mem::take(&mut self.fresh) {
            if let Some(facts) = facts
                && self.known[course].insert(at, facts).is_none()
            {
                left.push((course, at, None));
            }
        }
        Left(left)
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, Left(left): Left) {
        self.fresh.clear();
        for (course, at, facts) in left.into_iter().rev() {
            match facts {
                Some(facts) => drop(self.known[course].insert(at, facts)),
                None => drop(self.known[course].remove(&at)),
            }
        }
    }

    /// What becomes of packets that come to a host; none where they may go in circles.
    pub(crate) fn facts(
        &mut self,
        forwards: &Forwards<'_>,
        (course, at): (Course, At),
        trail: &mut Vec<Position>,
    ) -> Option<Rc<Facts>> {
        let changed = &forwards.changed()[self.courses[course].0];
        let known = self.known[course].get(&at);
        if let Some(facts) = known.filter(|facts| !touches(facts, changed)) {
            return Some(Rc::clone(facts));
        }
        if let Some(known) = self.fresh.get(&(course, at)) {
            return known.clone();
        }
        if trail.contains(&at.host) || trail.len() >= FARTHEST {
            return None;
        }
        trail.push(at.host);
        let facts = self.work_out(forwards, (course, at), trail).map(Rc::new);
        trail.pop();
        self.fresh.insert((course, at), facts.clone());
        facts
    }

    fn work_out(
        &mut self,
        forwards: &Forwards<'_>,
        (course, at): (Course, At),
        trail: &mut Vec<Position>,
    ) -> Option<Facts> {
        let mut found = Found::default();
        let forward = forwards.at(self.courses[course].0, at.host);
        let end = |ending: Ending| (at.host, ending);
        let mut gate = |found: &mut Found, output| self.gate(found, course, (at, output));
        match forward {
            Forward::Here => {
                let passes = at.input.is_none() || gate(&mut found, None);
                let ending = if passes { Ending::Delivered } else { Ending::Filtered(None) };
                found.ends.push(end(ending));
            }
            Forward::Pool => found.ends.push(end(Ending::Delivered)),
            Forward::Unreachable => found.ends.push(end(Ending::Unreachable)),
            Forward::Blackhole => found.ends.push(end(Ending::Blackhole)),
            Forward::Silence(nic) => found.ends.push(end(Ending::Silence(*nic))),
            Forward::Member(nic) => {
                let passes = gate(&mut found, Some(*nic));
                let filtered = Ending::Filtered(Some(*nic));
                found.ends.push(end(if passes { Ending::Member(*nic) } else { filtered }));
            }
            Forward::Out(sessions) => {
                for session in sessions {
                    let nic = self.plane.routes.sessions[*session].nic;
                    let passes = nic.is_none() || self.gate(&mut found, course, (at, nic));
                    let filtered = Ending::Filtered(nic);
                    found.ends.push(end(if passes { Ending::Left(*session) } else { filtered }));
                }
            }
            Forward::To(hops) => {
                for (output, input) in hops {
                    if !self.gate(&mut found, course, (at, Some(*output))) {
                        found.ends.push((at.host, Ending::Filtered(Some(*output))));
                        continue;
                    }
                    let next = At { host: self.plane.nics[*input].host, input: Some(*input) };
                    let facts = self.facts(forwards, (course, next), trail)?;
                    found.join(&facts);
                }
            }
        }
        let delivered = found.ends.iter().any(|one| *one == (at.host, Ending::Delivered));
        Some(found.come_to(self.plane, at.host, delivered))
    }

    /// Whether a filter lets packets pass; where it looks at their source, it is taken to, and noted.
    fn gate(&mut self, found: &mut Found, course: Course, gate: Gate) -> bool {
        let (at, output) = gate;
        if !self.plane.gates.filters(at.host) {
            return true;
        }
        let sure = match self.sure.get(&(gate, course)) {
            Some(sure) => *sure,
            None => self.ask(course, (at, output)),
        };
        sure.unwrap_or_else(|| {
            let next = self.gates.len() as GateNumber;
            let number = *self.numbers.entry(gate).or_insert(next);
            if number == next {
                self.gates.push(gate);
            }
            found.gates.push(number);
            true
        })
    }

    fn ask(&mut self, course: Course, (at, output): Gate) -> Option<bool> {
        let (to, port) = self.courses[course];
        let destination = &self.destinations.all[to];
        let content = crate::flows::question(port);
        // The source does not count: the destination is of the right family.
        let sent = Sent { source: destination.address, content, known_to: &[] };
        let forward = |_: Position| &Forward::Unreachable;
        let walker = Walker { plane: self.plane, destination, forward, sent };
        let sure = self.plane.gates.judge_any_source(at.host, &walker.packet(at, output));
        self.sure.insert(((at, output), course), sure);
        sure
    }

    /// Whether a filter lets a packet pass.
    pub(crate) fn passes(&self, gate: GateNumber, to: usize, sent: Sent<'_>) -> bool {
        let (at, output) = self.gates[gate as usize];
        let destination = &self.destinations.all[to];
        let forward = |_: Position| &Forward::Unreachable;
        let walker = Walker { plane: self.plane, destination, forward, sent };
        walker.passes(at, output)
    }
}

fn touches(facts: &Facts, changed: &Bits) -> bool {
    !changed.is_empty() && facts.seen.hosts.iter().any(|host| changed.has(*host))
}

/// What all ways from a host on come to.
#[derive(Default)]
struct Found {
    ends: Vec<(Position, Ending)>,
    hosts: Vec<Position>,
    tracked: Vec<Position>,
    pairs: Vec<(Position, Position)>,
    edges: Vec<Position>,
    gates: Vec<GateNumber>,
}

impl Found {
    fn join(&mut self, next: &Facts) {
        self.ends.extend(next.seen.ends.iter().cloned());
        self.hosts.extend(&next.seen.hosts);
        self.tracked.extend(&next.seen.tracked);
        self.pairs.extend(&next.seen.two_edges);
        self.edges.extend(&next.edges);
        self.gates.extend(&next.gates);
    }

    /// The facts at a host.
    fn come_to(mut self, plane: &Plane<'_>, host: Position, delivered: bool) -> Facts {
        self.hosts.push(host);
        if plane.gates.tracks(host) && !delivered {
            self.tracked.push(host);
        }
        if crate::columns::is_edge(plane, host) {
            self.pairs.extend(self.edges.iter().map(|other| (host, *other)));
            self.edges = vec![host];
        }
        sorted(&mut self.edges);
        sorted(&mut self.gates);
        Facts { edges: std::mem::take(&mut self.edges), gates: std::mem::take(&mut self.gates), seen: Rc::new(self.seen()) }
    }

    fn seen(mut self) -> Seen {
        sorted(&mut self.ends);
        sorted(&mut self.hosts);
        sorted(&mut self.tracked);
        sorted(&mut self.pairs);
        Seen {
            arrives: !self.ends.is_empty() && self.ends.iter().all(|(_, ending)| ending.arrives()),
            may_arrive: self.ends.iter().any(|(_, ending)| ending.arrives()),
            ends: self.ends,
            tracked: self.tracked,
            two_edges: self.pairs,
            hosts: self.hosts,
        }
    }
}

/// What packets come to that may start at several hosts.
pub(crate) fn together(all: &[Rc<Facts>]) -> Rc<Seen> {
    if let [one] = all {
        return Rc::clone(&one.seen);
    }
    let mut found = Found::default();
    all.iter().for_each(|facts| found.join(facts));
    Rc::new(found.seen())
}

fn sorted<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}
