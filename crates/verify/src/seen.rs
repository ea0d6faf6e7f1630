//! What becomes of a packet from a host on.

use crate::onward::GateNumber;
use crate::plane::{NicNumber, Plane, Position};
use crate::walk::Ending;
use std::ops::Deref;
use std::rc::Rc;

/// What all ways of a packet come to, from one host on or from several.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) comes_to: Rc<ComesTo>,
    /// Every host on its ways, sorted; none where it was not followed by itself.
    pub(crate) hosts: Option<Rc<[Position]>>,
}

/// What packets come to, whatever hosts are on their ways. Every list is sorted and names each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ComesTo {
    /// Whether every end is one that it should have, and there is one.
    pub(crate) arrives: bool,
    /// Whether some end is.
    pub(crate) may_arrive: bool,
    /// Where and how it ends.
    pub(crate) ends: Vec<(Position, Ending)>,
    /// Hosts that track connections, on any of its ways.
    pub(crate) tracked: Vec<Position>,
    /// Two edges, one behind the other on some way with no other between them.
    pub(crate) two_edges: Vec<(Position, Position)>,
    /// The filters on its ways that look at its source: the rest holds if they let it pass.
    pub(crate) gates: Vec<GateNumber>,
    /// The first edges on its ways.
    pub(crate) edges: Vec<Position>,
}

impl Deref for Seen {
    type Target = ComesTo;

    fn deref(&self) -> &ComesTo {
        &self.comes_to
    }
}

/// What is found on several ways.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) ends: Vec<(Position, Ending)>,
    pub(crate) tracked: Vec<Position>,
    pub(crate) pairs: Vec<(Position, Position)>,
    pub(crate) edges: Vec<Position>,
    pub(crate) gates: Vec<GateNumber>,
}

impl Found {
    /// A way ends at a host that would let it pass, or at its filter in front of an interface.
    pub(crate) fn end(&mut self, host: Position, then: Option<Ending>, output: Option<NicNumber>) {
        self.ends.push((host, then.unwrap_or(Ending::Filtered(output))));
    }

    /// Takes in what another way comes to.
    pub(crate) fn join(&mut self, next: &ComesTo) {
        self.ends.extend(next.ends.iter().cloned());
        self.tracked.extend(&next.tracked);
        self.pairs.extend(&next.two_edges);
        self.edges.extend(&next.edges);
        self.gates.extend(&next.gates);
    }

    /// All ways start at this host.
    pub(crate) fn start(&mut self, plane: &Plane<'_>, host: Position) {
        let delivered = self.ends.contains(&(host, Ending::Delivered));
        if plane.gates.tracks(host) && !delivered {
            self.tracked.push(host);
        }
        if is_edge(plane, host) {
            self.pairs.extend(self.edges.iter().map(|other| (host, *other)));
            self.edges = vec![host];
        }
    }

    /// What all of it comes to.
    pub(crate) fn comes_to(self) -> ComesTo {
        ComesTo {
            arrives: !self.ends.is_empty() && self.ends.iter().all(|(_, ending)| ending.arrives()),
            may_arrive: self.ends.iter().any(|(_, ending)| ending.arrives()),
            ends: sorted(self.ends),
            tracked: sorted(self.tracked),
            two_edges: sorted(self.pairs),
            gates: sorted(self.gates),
            edges: sorted(self.edges),
        }
    }
}

/// A list sorted, each once.
fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}

pub(crate) fn is_edge(plane: &Plane<'_>, host: Position) -> bool {
    plane.host(host).role == model::kinds::Role::Edge
}
