//! What becomes of the packets of one flow, and of the answers to them: followed once for all states
//! in which the hosts on their way do the same.

use crate::bits;
use crate::flows::{Destinations, Flow};
use crate::forwards::{Forwards, Saved};
use crate::killers::{Killers, Set};
use crate::onward::{self, CourseNumber, GateNumber, Left, Onward};
use crate::plane::{Plane, Position};
use crate::recall::{Asked, Recall};
use crate::seen::{ComesTo, Found, Seen, is_edge};
use crate::walk::{At, Ending, Sent, Walk, Walker};
use crate::world::World;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What one thread knows of flows.
pub(crate) struct Memory<'a> {
    plane: &'a Plane<'a>,
    destinations: &'a Destinations,
    pub(crate) forwards: Forwards<'a>,
    onward: Onward<'a>,
    /// By flow.
    courses: Vec<CourseNumber>,
    /// By flow: the filters that looked at its source, and whether they let it pass.
    passed: Vec<Vec<(GateNumber, bool)>>,
    starts: BTreeMap<Vec<At>, StartsNumber>,
    known: BTreeMap<Vec<Position>, u32>,
    /// By starts.
    walks: Recall<StartsNumber, Seen>,
    /// By starts of the answer and the hosts that know the question.
    answers: Recall<(StartsNumber, u32), Answered>,
}

/// The number of a set of starts.
pub(crate) type StartsNumber = u32;

/// What becomes of an answer, and the hosts that it may pass.
type Answered = (Answer, Rc<[Position]>);

/// What becomes of the answer to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It comes back, through every host that saw the question.
    Comes,
    /// It is lost on the way, as a question would be.
    Lost,
    /// It meets a host that tracks connections and did not see the question, or avoids the one that did.
    Astray,
}

impl<'a> Memory<'a> {
    /// Nothing known but what hosts do where everything works.
    pub(crate) fn new(
        base: &Arc<World<'a>>,
        (destinations, flows): (&'a Destinations, &'a [Flow]),
        killers: &Arc<Killers>,
    ) -> Self {
        let mut numbers = BTreeMap::new();
        let mut all = Vec::new();
        let courses = flows.iter().map(|flow| {
            let next = numbers.len();
            let course = *numbers.entry((flow.to, flow.port)).or_insert(next);
            if course == next {
                all.push((flow.to, flow.port));
            }
            course
        });
        let courses = courses.collect();
        Self {
            plane: base.plane,
            destinations,
            forwards: Forwards::of(base, destinations, killers),
            onward: Onward::new(base.plane, (destinations, all), killers.len()),
            courses,
            passed: vec![Vec::new(); flows.len()],
            starts: BTreeMap::new(),
            known: BTreeMap::new(),
            walks: Recall::new(),
            answers: Recall::new(),
        }
    }

    /// Turns to the base without one more thing.
    pub(crate) fn turn(&mut self, world: &Arc<World<'a>>, one: usize) {
        self.forwards.turn(world, one);
        self.onward.turn();
    }

    /// Lets the state that was turned to be the base for others.
    pub(crate) fn rest(&mut self) -> Option<(Saved<'a>, Left)> {
        let left = self.onward.rest(self.forwards.beside()?);
        Some((self.forwards.rest()?, left))
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, (saved, left): (Saved<'a>, Left)) {
        self.forwards.back(saved);
        self.onward.back(left);
    }

    /// The number of a set of starts.
    pub(crate) fn starts(&mut self, starts: &[At]) -> StartsNumber {
        number(&mut self.starts, starts)
    }

    /// What a flow does, from where it starts.
    pub(crate) fn seen(
        &mut self,
        (number, flow): (usize, &Flow),
        (starts, from): (&[At], StartsNumber),
    ) -> Seen {
        let sent = Sent { source: flow.source, content: flow.content(), known_to: &[] };
        if let Some(comes_to) = self.seen_onward((number, flow), starts, sent) {
            return Seen { comes_to, hosts: None };
        }
        let forwards = &mut self.forwards;
        if let Some(known) = self.walks.get(number, &from, |host| forwards.form(flow.to, host)) {
            return known;
        }
        let (comes_to, hosts, asked) = self.follow(flow.to, sent, starts);
        let seen = Seen { comes_to: Rc::new(comes_to), hosts: Some(hosts) };
        self.walks.insert((number, from), &asked, seen.clone());
        seen
    }

    /// The number of what a flow's packets have in common with others: those of one after each other
    /// are followed with less work.
    pub(crate) fn course(&self, flow: usize) -> CourseNumber {
        self.courses[flow]
    }

    /// Adds what it leans on in the base what the hosts do that a flow passes.
    pub(crate) fn leans(
        &mut self,
        (number, flow): (usize, &Flow),
        (starts, seen): (&[At], &Seen),
        into: &mut Set,
    ) {
        if let Some(hosts) = &seen.hosts {
            hosts.iter().for_each(|host| bits::join(into, self.forwards.leans(flow.to, *host)));
            return;
        }
        for start in starts {
            self.onward.leans((self.courses[number], *start), into);
        }
    }

    /// Whether a flow may pass one of some hosts.
    pub(crate) fn passes(
        &mut self,
        number: usize,
        (starts, seen): (&[At], &Seen),
        some: &[Position],
    ) -> bool {
        if let Some(hosts) = &seen.hosts {
            return hosts.iter().any(|host| some.contains(host));
        }
        let course = self.courses[number];
        starts.iter().any(|start| {
            let hosts = self.onward.hosts(&mut self.forwards, (course, *start));
            hosts.iter().any(|host| some.contains(host))
        })
    }

    /// What a flow does, if every filter on its way that looks at its source lets it pass.
    fn seen_onward(
        &mut self,
        flow: (usize, &Flow),
        starts: &[At],
        sent: Sent<'_>,
    ) -> Option<Rc<ComesTo>> {
        // Nearly every flow starts at one host.
        if let [start] = starts {
            return self.passes_onward(flow, *start, sent);
        }
        let all: Option<Vec<Rc<ComesTo>>> =
            starts.iter().map(|start| self.passes_onward(flow, *start, sent)).collect();
        Some(onward::together(&all?))
    }

    fn passes_onward(
        &mut self,
        (number, flow): (usize, &Flow),
        start: At,
        sent: Sent<'_>,
    ) -> Option<Rc<ComesTo>> {
        let seen = self.onward.from(&mut self.forwards, (self.courses[number], start))?;
        let seen = Rc::clone(seen);
        for gate in &seen.gates {
            let known = self.passed[number].iter().find(|(known, _)| known == gate);
            let passes = match known {
                Some((_, passes)) => *passes,
                None => self.onward.lets_pass(*gate, flow.to, sent),
            };
            if known.is_none() {
                self.passed[number].push((*gate, passes));
            }
            if !passes {
                return None;
            }
        }
        Some(seen)
    }

    /// Whether the answer to a flow that arrived comes back through the hosts that track it, and the
    /// hosts that it may pass.
    pub(crate) fn answered(
        &mut self,
        (flow_number, flow): (usize, &Flow),
        returns: &[At],
        known_to: &[Position],
    ) -> Answered {
        let known = number(&mut self.known, known_to);
        let key = (self.starts(returns), known);
        let forwards = &mut self.forwards;
        let known = self.answers.get(flow_number, &key, |host| forwards.form(flow.back, host));
        if let Some(known) = known {
            return known;
        }
        let source = self.destinations.all[flow.to].address;
        // The host that asked knows the connection, too.
        let mut knowing = known_to.to_vec();
        knowing.extend(flow.asker());
        let sent = Sent { source, content: flow.answer(), known_to: &knowing };
        let (seen, hosts, asked) = self.follow(flow.back, sent, returns);
        let answer = (self.verdict(&seen, (flow.asker(), known_to)), hosts);
        self.answers.insert((flow_number, key), &asked, answer.clone());
        answer
    }

    fn verdict(
        &self,
        seen: &ComesTo,
        (asker, known_to): (Option<Position>, &[Position]),
    ) -> Answer {
        // The answer ends at the host that asked, and need not come through it.
        let back = |host: &Position| asker == Some(*host) || seen.tracked.contains(host);
        let stranger = |host: &Position| self.plane.gates.tracks(*host) && !known_to.contains(host);
        let refused = seen.ends.iter().any(|(host, end)| {
            matches!(end, Ending::Filtered(_)) && self.plane.gates.tracks(*host)
        });
        let avoided = seen.arrives && !known_to.iter().all(back);
        match (refused || avoided || seen.tracked.iter().any(stranger), seen.arrives) {
            (true, _) => Answer::Astray,
            (false, true) => Answer::Comes,
            (false, false) => Answer::Lost,
        }
    }

    /// Follows packets, and says which hosts they may pass, and which were asked what they do, in this
    /// order.
    fn follow(
        &mut self,
        to: usize,
        sent: Sent<'_>,
        starts: &[At],
    ) -> (ComesTo, Rc<[Position]>, Vec<Asked>) {
        let asked: RefCell<Vec<Asked>> = RefCell::default();
        let forwards = RefCell::new(&mut self.forwards);
        let forward = |host: Position| {
            let mut forwards = forwards.borrow_mut();
            let form = forwards.form(to, host);
            let mut asked = asked.borrow_mut();
            if !asked.iter().any(|(known, _)| *known == host) {
                asked.push((host, form));
            }
            forwards.at(to, host)
        };
        let destination = &self.destinations.all[to];
        let walker = Walker { plane: self.plane, destination, forward, sent };
        let walks: Vec<Walk> = starts.iter().map(|start| walker.walk(*start)).collect();
        let hosts: BTreeSet<Position> = walks.iter().flat_map(Walk::hosts).collect();
        let hosts = hosts.into_iter().collect();
        (summary(self.plane, &walks), hosts, asked.into_inner())
    }
}

/// The number of a list, new or known.
fn number<T: Ord + Clone>(known: &mut BTreeMap<Vec<T>, u32>, list: &[T]) -> u32 {
    if let Some(number) = known.get(list) {
        return *number;
    }
    let next = known.len() as u32;
    known.insert(list.to_vec(), next);
    next
}

/// What all the ways of a flow come to.
pub(crate) fn summary(plane: &Plane<'_>, walks: &[Walk]) -> ComesTo {
    let mut found = Found::default();
    for walk in walks {
        let ends = walk.ends.iter();
        found.ends.extend(ends.map(|(visit, end)| (walk.visits[*visit].0.host, end.clone())));
        found.pairs.extend(two_edges(plane, walk));
    }
    let hosts: BTreeSet<Position> = walks.iter().flat_map(Walk::hosts).collect();
    found.tracked = hosts.into_iter().filter(|host| passes(plane, walks, *host)).collect();
    found.comes_to()
}

/// Every two edges on one way with no other between them, the later one last.
fn two_edges(plane: &Plane<'_>, walk: &Walk) -> BTreeSet<(Position, Position)> {
    let edge = |visit: usize| Some(walk.visits[visit].0.host).filter(|host| is_edge(plane, *host));
    // By visit: the last edges on the ways to it, itself not counted.
    let mut before: Vec<BTreeSet<Position>> = vec![BTreeSet::new(); walk.visits.len()];
    let tree = walk.visits.iter().enumerate().filter_map(|(to, (_, from))| Some(((*from)?, to)));
    let steps: Vec<(usize, usize)> = tree.chain(walk.meets.iter().copied()).collect();
    let mut found = BTreeSet::new();
    let mut changed = true;
    while std::mem::take(&mut changed) {
        for (from, to) in &steps {
            let passed = edge(*from).map_or_else(|| before[*from].clone(), |one| [one].into());
            found
                .extend(edge(*to).iter().flat_map(|other| passed.iter().map(|one| (*one, *other))));
            changed |= !passed.is_subset(&before[*to]);
            before[*to].extend(passed);
        }
    }
    found
}

/// Whether a host that tracks connections passed the packet on.
fn passes(plane: &Plane<'_>, walks: &[Walk], host: Position) -> bool {
    let ended = |walk: &Walk, visit: usize| {
        walk.ends.iter().any(|(at, end)| *at == visit && *end == Ending::Delivered)
    };
    plane.gates.tracks(host)
        && walks.iter().any(|walk| {
            walk.visits
                .iter()
                .enumerate()
                .any(|(at, (place, _))| place.host == host && !ended(walk, at))
        })
}
