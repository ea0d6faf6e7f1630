//! Results that many states share: what happens to a flow depends only on what each host does with
//! its destination, so a state in which they all do the same as in another one is not walked again.

use crate::destination::Destination;
use crate::flows::{Destinations, Flow};
use crate::plane::{Plane, Position};
use crate::walk::{At, Ending, Sent, Walk, Walker};
use crate::world::{Forward, World};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

/// The number of a column: what every host does with packets to one destination.
pub(crate) type ColumnNumber = u32;

/// Columns and walks known to one thread.
pub(crate) struct Memory<'a> {
    plane: &'a Plane<'a>,
    destinations: &'a Destinations,
    /// The hosts that may have packets to any of them.
    hosts: Vec<Position>,
    /// By destination: the columns seen, by a digest.
    known: Vec<BTreeMap<u64, Vec<(Vec<Forward>, ColumnNumber)>>>,
    columns: Vec<Column>,
    starts: BTreeMap<Vec<At>, StartsNumber>,
    /// By flow.
    walks: Vec<Walks>,
    answers: BTreeMap<(usize, ColumnNumber, ColumnNumber, StartsNumber, StartsNumber), Answer>,
}

/// The number of a set of starts.
pub(crate) type StartsNumber = u32;
/// What a flow did before.
type Walks = BTreeMap<(ColumnNumber, StartsNumber), Rc<Seen>>;

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

/// What each host does, by the host's position; `None` for one that never has such packets.
type Column = Rc<Vec<Option<Forward>>>;

/// What a flow does in one column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether every end is one that it should have, and there is one.
    pub(crate) arrives: bool,
    /// Whether some end is.
    pub(crate) may_arrive: bool,
    /// Where and how it ends.
    pub(crate) ends: Vec<(Position, Ending)>,
    /// Hosts that track connections, on any of its ways.
    pub(crate) tracked: Vec<Position>,
    /// Two edges, one behind the other.
    pub(crate) two_edges: Option<(Position, Position)>,
    /// Every host on any of its ways.
    pub(crate) hosts: Vec<Position>,
}

impl Seen {
    /// Whether there is nothing to judge: it arrives, over one edge, and nobody tracks it.
    pub(crate) fn is_plain(&self) -> bool {
        self.arrives && self.tracked.is_empty() && self.two_edges.is_none()
    }
}

impl<'a> Memory<'a> {
    /// Nothing known yet.
    pub(crate) fn new(plane: &'a Plane<'a>, destinations: &'a Destinations, flows: usize) -> Self {
        let hosts = involved(plane, destinations);
        Self {
            plane,
            destinations,
            hosts,
            known: vec![BTreeMap::new(); destinations.all.len()],
            columns: Vec::new(),
            starts: BTreeMap::new(),
            walks: vec![Walks::new(); flows],
            answers: BTreeMap::new(),
        }
    }

    /// The column of a destination in a state.
    pub(crate) fn column(&mut self, world: &World<'_>, destination: usize) -> ColumnNumber {
        let about = &self.destinations.all[destination];
        let hosts = &self.hosts;
        let forwards: Vec<Forward> = hosts.iter().map(|host| world.forward(*host, about)).collect();
        let mut digest = DefaultHasher::new();
        forwards.hash(&mut digest);
        let alike = self.known[destination].entry(digest.finish()).or_default();
        if let Some((_, known)) = alike.iter().find(|(column, _)| *column == forwards) {
            return *known;
        }
        let next = self.columns.len() as ColumnNumber;
        let mut column = vec![None; self.plane.isp.hosts.len()];
        for (host, forward) in hosts.iter().zip(&forwards) {
            column[*host] = Some(forward.clone());
        }
        self.columns.push(Rc::new(column));
        alike.push((forwards, next));
        next
    }

    /// The number of a set of starts.
    pub(crate) fn starts(&mut self, starts: &[At]) -> StartsNumber {
        if let Some(known) = self.starts.get(starts) {
            return *known;
        }
        let next = self.starts.len() as StartsNumber;
        self.starts.insert(starts.to_vec(), next);
        next
    }

    /// What a flow does in a column, from where it starts.
    pub(crate) fn seen(
        &mut self,
        (number, flow): (usize, &Flow),
        column: ColumnNumber,
        (starts, from): (&[At], StartsNumber),
    ) -> Rc<Seen> {
        if let Some(known) = self.walks[number].get(&(column, from)) {
            return Rc::clone(known);
        }
        let sent = Sent { source: flow.source, content: flow.content(), known_to: &[] };
        let destination = &self.destinations.all[flow.to];
        let walks: Vec<Walk> =
            starts.iter().map(|start| self.walk(destination, column, sent, *start)).collect();
        let seen = Rc::new(summary(self.plane, &walks));
        self.walks[number].insert((column, from), Rc::clone(&seen));
        seen
    }

    /// Whether the answer to a flow that arrived comes back through the hosts that track it.
    pub(crate) fn answered(
        &mut self,
        (number, flow): (usize, &Flow),
        (there, back): (ColumnNumber, ColumnNumber),
        (starts, returns, known_to): (StartsNumber, &[At], &[Position]),
    ) -> Answer {
        let key = (number, there, back, starts, self.starts(returns));
        if let Some(known) = self.answers.get(&key) {
            return *known;
        }
        let destination = &self.destinations.all[flow.back];
        let source = self.destinations.all[flow.to].address;
        let sent = Sent { source, content: flow.answer(), known_to };
        let walks: Vec<Walk> =
            returns.iter().map(|start| self.walk(destination, back, sent, *start)).collect();
        let seen = summary(self.plane, &walks);
        let stranger = |host: &Position| self.plane.gates.tracks(*host) && !known_to.contains(host);
        let refused = seen.ends.iter().any(|(host, end)| {
            matches!(end, Ending::Filtered(_)) && self.plane.gates.tracks(*host)
        });
        let avoided = seen.arrives && !known_to.iter().all(|host| seen.tracked.contains(host));
        let answer = match (refused || avoided || seen.tracked.iter().any(stranger), seen.arrives) {
            (true, _) => Answer::Astray,
            (false, true) => Answer::Comes,
            (false, false) => Answer::Lost,
        };
        self.answers.insert(key, answer);
        answer
    }

    fn walk(
        &self,
        destination: &Destination,
        column: ColumnNumber,
        sent: Sent<'_>,
        start: At,
    ) -> Walk {
        let column = &self.columns[column as usize];
        let nowhere = Forward::Unreachable;
        let forward = |host: Position| column[host].as_ref().unwrap_or(&nowhere);
        Walker { plane: self.plane, destination, forward, sent }.walk(start)
    }
}

/// The hosts that may have packets to a destination: those that forward, and those that answer.
fn involved(plane: &Plane<'_>, destinations: &Destinations) -> Vec<Position> {
    let is_goal = |address| destinations.all.iter().any(|one| Some(one.address) == address);
    let holds = |host: usize| {
        plane.nics_of(host).any(|nic| is_goal(plane.nics[nic].address))
            || plane.vips.iter().any(|vip| {
                is_goal(vip.address) && vip.candidates.iter().any(|one| one.host == host)
            })
    };
    let all = plane.isp.hosts.iter().map(|(id, host)| (id.index(), host));
    all.filter(|(at, host)| host.role.forwards() || plane.named_hosts.contains(at) || holds(*at))
        .map(|(at, _)| at)
        .collect()
}

/// What all the ways of a flow come to.
pub(crate) fn summary(plane: &Plane<'_>, walks: &[Walk]) -> Seen {
    let ends = walks.iter().flat_map(|walk| &walk.ends);
    let mut seen = Seen {
        arrives: !walks.is_empty() && ends.clone().all(|(_, ending)| ending.arrives()),
        may_arrive: ends.clone().any(|(_, ending)| ending.arrives()),
        ..Seen::default()
    };
    for walk in walks {
        seen.ends
            .extend(walk.ends.iter().map(|(visit, end)| (walk.visits[*visit].0.host, end.clone())));
        seen.hosts.extend(walk.hosts());
        seen.two_edges = two_edges(plane, walk).or(seen.two_edges);
    }
    seen.ends.sort_unstable();
    seen.ends.dedup();
    seen.hosts.sort_unstable();
    seen.hosts.dedup();
    seen.tracked = seen.hosts.iter().copied().filter(|host| passes(plane, walks, *host)).collect();
    seen
}

/// Two edges on one way, the later one last: on the way that each visit was found by, or on one that
/// meets it there.
fn two_edges(plane: &Plane<'_>, walk: &Walk) -> Option<(Position, Position)> {
    let edge = |visit: usize| Some(walk.visits[visit].0.host).filter(|host| is_edge(plane, *host));
    // By visit: the last edge on some way to it, itself not counted.
    let mut before: Vec<Option<Position>> = vec![None; walk.visits.len()];
    let tree = walk.visits.iter().enumerate().filter_map(|(to, (_, from))| Some(((*from)?, to)));
    let steps: Vec<(usize, usize)> = tree.chain(walk.meets.iter().copied()).collect();
    let mut found = None;
    let mut changed = true;
    while std::mem::take(&mut changed) {
        for (from, to) in &steps {
            let passed = edge(*from).or(before[*from]);
            if before[*to].is_none() && passed.is_some() {
                before[*to] = passed;
                changed = true;
            }
            if let (Some(one), Some(other)) = (passed, edge(*to)) {
                found = Some((one, other));
            }
        }
    }
    found
}

fn is_edge(plane: &Plane<'_>, host: Position) -> bool {
    plane.host(host).role == model::kinds::Role::Edge
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
