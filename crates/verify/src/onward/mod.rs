//! What becomes of packets from a host on, whoever sent them: worked out once for all sources, and in
//! another state only where the hosts on their way do something else.
//!
//! Filters that look at the source are passed over and noted: what is found holds for a packet that
//! they let pass. The others are followed one by one ([`crate::columns`]).

mod filters;

use crate::bits;
use crate::flows::Destinations;
use crate::forwards::Forwards;
use crate::outcomes::{OutcomeNumber, Outcomes};
use crate::places::{PlaceNumber, Places};
use crate::plane::{NicNumber, Plane, Position};
use crate::seen::{ComesTo, Found};
use crate::walk::{At, Ending, FARTHEST};
use crate::world::Forward;
use model::value::Port;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of a destination with a port: packets that filters tell apart by their source only.
pub(crate) type CourseNumber = usize;
/// The number of a filter that looks at the source: a host, and its interfaces in and out.
pub(crate) type GateNumber = u32;
/// A way through a host's filter between two interfaces; none for the host itself.
type Gate = (PlaceNumber, Option<NicNumber>);

/// What is known from every host on.
pub(crate) struct Onward<'a> {
    plane: &'a Plane<'a>,
    destinations: &'a Destinations,
    places: Places<'a>,
    outcomes: Outcomes<'a>,
    courses: Vec<Course>,
    /// How many things can fail, in words of bits.
    words: usize,
    /// By place: what was found in the state that was turned to where it differs from the base, for the
    /// course that was looked at last, with the number of that look. Nothing where packets may go in
    /// circles.
    fresh: Vec<(u64, Option<OutcomeNumber>)>,
    look: u64,
    looked_at: CourseNumber,
    /// What became known since another state was taken for the base.
    learned: Vec<(CourseNumber, PlaceNumber)>,
    /// The hosts that a packet came by; empty between two packets.
    trail: Vec<Position>,
    gates: Vec<Gate>,
    numbers: BTreeMap<Gate, GateNumber>,
    /// What filters do to packets to a port, whatever their ends are; none where these count.
    open: BTreeMap<(u32, Option<Port>), Option<bool>>,
}

/// Packets to a destination with a port.
struct Course {
    to: usize,
    port: Option<Port>,
    /// By place: what they come to in the base.
    known: Vec<Option<OutcomeNumber>>,
    /// By place: what that leans on.
    leans: Vec<u64>,
    /// By way through a filter: what it does to them.
    sure: Vec<Option<Does>>,
}

/// What a filter does to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Passes,
    Drops,
    /// What it does to those from their source.
    LooksAtSource(GateNumber),
}

/// What [`Onward::back`] needs to take up the base from before: what was known before, by place, and
/// what that leant on.
pub(crate) struct Left {
    known: Vec<(CourseNumber, PlaceNumber, OutcomeNumber)>,
    leans: Vec<u64>,
}

impl<'a> Onward<'a> {
    /// Nothing is known yet; so many things can fail.
    pub(crate) fn new(
        plane: &'a Plane<'a>,
        (destinations, courses): (&'a Destinations, Vec<(usize, Option<Port>)>),
        things: usize,
    ) -> Self {
        let course = |(to, port)| Course {
            to,
            port,
            known: Vec::new(),
            leans: Vec::new(),
            sure: Vec::new(),
        };
        Self {
            plane,
            destinations,
            places: Places::new(plane),
            outcomes: Outcomes::new(plane),
            courses: courses.into_iter().map(course).collect(),
            words: things.div_ceil(64),
            fresh: Vec::new(),
            look: 1,
            looked_at: 0,
            learned: Vec::new(),
            trail: Vec::new(),
            gates: Vec::new(),
            numbers: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Turns to another state.
    pub(crate) fn turn(&mut self) {
        self.look += 1;
    }

    /// Lets the state in which one more thing failed be the base.
    pub(crate) fn rest(&mut self, one: usize) -> Left {
        let mut left = Left { known: Vec::new(), leans: Vec::new() };
        for (number, course) in self.courses.iter_mut().enumerate() {
            let rows = course.leans.chunks_exact(self.words.max(1));
            for (place, (known, leans)) in course.known.iter_mut().zip(rows).enumerate() {
                if let Some(known) = known.take_if(|_| bits::has(leans, one)) {
                    left.known.push((number, place as PlaceNumber, known));
                    left.leans.extend_from_slice(leans);
                }
            }
        }
        self.learned.clear();
        self.turn();
        left
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, left: Left) {
        self.turn();
        for (course, place) in self.learned.drain(..) {
            self.courses[course].known[place as usize] = None;
        }
        let leans = left.leans.chunks_exact(self.words.max(1));
        for ((course, place, known), leans) in left.known.into_iter().zip(leans) {
            let (course, place) = (&mut self.courses[course], place as usize);
            course.known[place] = Some(known);
            course.leans[place * self.words..(place + 1) * self.words].copy_from_slice(leans);
        }
        if self.outcomes.are_many() {
            let known = self.courses.iter().flat_map(|course| &course.known).flatten();
            let kept = known.max().map_or(0, |last| *last as usize + 1);
            self.outcomes.forget(kept);
        }
    }

    /// What becomes of packets that start at a host; none where they may go in circles.
    pub(crate) fn from(
        &mut self,
        forwards: &mut Forwards<'_>,
        (course, at): (CourseNumber, At),
    ) -> Option<&Rc<ComesTo>> {
        self.look_at(course);
        let place = self.places.number(at);
        let seen = self.seen(forwards, place);
        self.trail.clear();
        seen.map(|number| self.outcomes.get(number))
    }

    fn look_at(&mut self, course: CourseNumber) {
        if self.looked_at != course {
            self.looked_at = course;
            self.look += 1;
        }
    }

    /// Adds what it leans on what becomes of packets that start at a host, which is known in the base.
    pub(crate) fn leans(&mut self, (course, at): (CourseNumber, At), into: &mut [u64]) {
        let place = self.places.number(at) as usize;
        let row = place * self.words..(place + 1) * self.words;
        bits::join(into, self.courses[course].leans.get(row).unwrap_or_default());
    }

    /// Every host that packets may pass that start at a host.
    pub(crate) fn hosts(
        &mut self,
        forwards: &mut Forwards<'_>,
        (course, at): (CourseNumber, At),
    ) -> Vec<Position> {
        self.look_at(course);
        let mut places = vec![self.places.number(at)];
        let mut next = 0;
        while let Some(place) = places.get(next).copied() {
            next += 1;
            let forward = forwards.at(self.courses[course].to, self.places.at(place).host);
            for (output, input) in forward.hops() {
                if self.gate(place, Some(*output)) == Does::Drops {
                    continue;
                }
                let host = self.plane.nics[*input].host;
                let onward = self.places.number(At { host, input: Some(*input) });
                if !places.contains(&onward) {
                    places.push(onward);
                }
            }
        }
        places.into_iter().map(|place| self.places.at(place).host).collect()
    }

    /// What packets of the course that is looked at come to from a place on.
    fn seen(&mut self, forwards: &mut Forwards<'_>, place: PlaceNumber) -> Option<OutcomeNumber> {
        let at = place as usize;
        if let Some((look, found)) = self.fresh.get(at)
            && *look == self.look
        {
            return *found;
        }
        let course = &self.courses[self.looked_at];
        let leant = |one| bits::has(&course.leans[at * self.words..(at + 1) * self.words], one);
        if let Some(known) = course.known.get(at).copied().flatten()
            && forwards.beside().is_none_or(|one| !leant(one))
        {
            return Some(known);
        }
        let host = self.places.at(place).host;
        if self.trail.contains(&host) || self.trail.len() >= FARTHEST {
            return None;
        }
        self.trail.push(host);
        let seen = self.work_out(forwards, place);
        self.trail.pop();
        if let (Some(seen), None) = (seen, forwards.beside()) {
            self.learn(forwards, place, seen);
        } else {
            let places = self.fresh.len().max(at + 1);
            self.fresh.resize(places, (0, None));
            self.fresh[at] = (self.look, seen);
        }
        seen
    }

    /// Notes what packets come to in the base, and what that leans on: what the host does, and all that
    /// comes then.
    fn learn(&mut self, forwards: &mut Forwards<'_>, place: PlaceNumber, seen: OutcomeNumber) {
        let (number, at, words) = (self.looked_at, place as usize, self.words);
        let host = self.places.at(place).host;
        let to = self.courses[number].to;
        let mut leans: Vec<u64> = forwards.leans(to, host).to_vec();
        for (output, input) in forwards.at(to, host).hops() {
            if self.gate(place, Some(*output)) != Does::Drops {
                let next = At { host: self.plane.nics[*input].host, input: Some(*input) };
                self.leans((number, next), &mut leans);
            }
        }
        let course = &mut self.courses[number];
        if course.known.len() <= at {
            course.known.resize(at + 1, None);
            course.leans.resize((at + 1) * words, 0);
        }
        course.known[at] = Some(seen);
        course.leans[at * words..(at + 1) * words].copy_from_slice(&leans);
        self.learned.push((number, place));
    }

    fn work_out(
        &mut self,
        forwards: &mut Forwards<'_>,
        place: PlaceNumber,
    ) -> Option<OutcomeNumber> {
        let host = self.places.at(place).host;
        let forward = forwards.at(self.courses[self.looked_at].to, host);
        if let [(output, input)] = forward.hops() {
            let does = self.gate(place, Some(*output));
            if does != Does::Drops {
                let next = At { host: self.plane.nics[*input].host, input: Some(*input) };
                let next = self.places.number(next);
                let next = self.seen(forwards, next)?;
                return Some(self.outcomes.passed_on(host, does.gate(), next));
            }
        }
        let mut found = Found::default();
        for (output, input) in forward.hops() {
            if !self.passes(&mut found, place, Some(*output)) {
                found.ends.push((host, Ending::Filtered(Some(*output))));
                continue;
            }
            let next = At { host: self.plane.nics[*input].host, input: Some(*input) };
            let next = self.places.number(next);
            let next = self.seen(forwards, next)?;
            found.join(self.outcomes.get(next));
        }
        self.end(&mut found, place, &forward);
        found.start(self.plane, host);
        Some(self.outcomes.number(found))
    }

    /// How packets end that go on to no other host of ours.
    fn end(&mut self, found: &mut Found, place: PlaceNumber, forward: &Forward) {
        let at = self.places.at(place);
        match forward {
            Forward::Here => {
                let passes = at.input.is_none() || self.passes(found, place, None);
                found.end(at.host, passes.then_some(Ending::Delivered), None);
            }
            Forward::Member(nic) => {
                let passes = self.passes(found, place, Some(*nic));
                found.end(at.host, passes.then_some(Ending::Member(*nic)), Some(*nic));
            }
            Forward::Out(sessions) => {
                let to = self.courses[self.looked_at].to;
                for session in sessions {
                    let left = self.destinations.all[to].outside(*session);
                    let nic = self.plane.routes.sessions[*session].nic;
                    let passes = nic.is_none() || self.passes(found, place, nic);
                    found.end(at.host, passes.then_some(left), nic);
                }
            }
            Forward::Pool => found.ends.push((at.host, Ending::Delivered)),
            Forward::Unreachable => found.ends.push((at.host, Ending::Unreachable)),
            Forward::Blackhole => found.ends.push((at.host, Ending::Blackhole)),
            Forward::Silence(nic) => found.ends.push((at.host, Ending::Silence(*nic))),
            Forward::To(_) => {}
        }
    }
}

impl Does {
    /// The filter, if it looks at the source.
    fn gate(self) -> Option<GateNumber> {
        match self {
            Self::LooksAtSource(gate) => Some(gate),
            Self::Passes | Self::Drops => None,
        }
    }
}

/// What packets come to that may start at several hosts.
pub(crate) fn together(all: &[Rc<ComesTo>]) -> Rc<ComesTo> {
    if let [one] = all {
        return Rc::clone(one);
    }
    let mut found = Found::default();
    for comes_to in all {
        found.join(comes_to);
    }
    Rc::new(found.comes_to())
}
