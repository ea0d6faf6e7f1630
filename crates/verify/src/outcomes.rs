//! What packets come to, each kept once and known by its number.

use crate::numbers::Numbers;
use crate::onward::GateNumber;
use crate::plane::{Plane, Position};
use crate::seen::{ComesTo, Found, is_edge};
use std::rc::Rc;

/// The number of something that packets come to.
pub(crate) type OutcomeNumber = u32;

/// Everything that packets came to so far.
pub(crate) struct Outcomes<'a> {
    plane: &'a Plane<'a>,
    all: Vec<Outcome>,
    numbers: Numbers,
    /// By host: whether it leaves no mark on what packets come to that it passes on.
    markless: Vec<bool>,
    /// How many are kept before some are forgotten.
    most: usize,
}

/// No more than these are kept for states that may never come again.
const MANY: usize = 1 << 15;

struct Outcome {
    comes_to: Rc<ComesTo>,
    /// What packets come to that one of these hosts passes on to this, through this filter.
    before: Vec<(Position, Option<GateNumber>, OutcomeNumber)>,
}

impl<'a> Outcomes<'a> {
    /// Nothing came to anything yet.
    pub(crate) fn new(plane: &'a Plane<'a>) -> Self {
        let hosts = 0..plane.isp.hosts.len();
        let markless = hosts.map(|host| !plane.gates.tracks(host) && !is_edge(plane, host));
        let markless = markless.collect();
        Self { plane, all: Vec::new(), numbers: Numbers::default(), markless, most: MANY }
    }

    /// Whether it is time to forget some.
    pub(crate) fn are_many(&self) -> bool {
        self.all.len() > self.most
    }

    /// Forgets those beyond the first so many.
    pub(crate) fn forget(&mut self, kept: usize) {
        self.most = MANY.max(2 * kept);
        for (number, outcome) in (kept as OutcomeNumber..).zip(self.all.drain(kept..)) {
            self.numbers.remove(&outcome.comes_to, number);
        }
        for outcome in &mut self.all {
            outcome.before.retain(|(_, _, number)| (*number as usize) < kept);
        }
    }

    /// What a number stands for.
    pub(crate) fn get(&self, number: OutcomeNumber) -> &Rc<ComesTo> {
        &self.all[number as usize].comes_to
    }

    /// The number of what was found.
    pub(crate) fn number(&mut self, found: Found) -> OutcomeNumber {
        let comes_to = found.comes_to();
        let same = |other| *self.get(other).as_ref() == comes_to;
        let vacant = match self.numbers.find(&comes_to, same) {
            Ok(known) => return known,
            Err(vacant) => vacant,
        };
        let next = self.all.len() as OutcomeNumber;
        self.numbers.add(vacant, next);
        self.all.push(Outcome { comes_to: Rc::new(comes_to), before: Vec::new() });
        next
    }

    /// What packets come to at a host that has one way on for them, past a filter that looks at their
    /// source if one does.
    pub(crate) fn passed_on(
        &mut self,
        host: Position,
        gate: Option<GateNumber>,
        next: OutcomeNumber,
    ) -> OutcomeNumber {
        if gate.is_none() && self.markless[host] {
            return next;
        }
        let before = &self.all[next as usize].before;
        let known = before.iter().find(|(at, past, _)| (*at, *past) == (host, gate));
        if let Some((_, _, known)) = known {
            return *known;
        }
        let mut found = Found::default();
        found.join(self.get(next));
        found.gates.extend(gate);
        found.start(self.plane, host);
        let number = self.number(found);
        self.all[next as usize].before.push((host, gate, number));
        number
    }
}
