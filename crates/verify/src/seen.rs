//! What becomes of a packet from a host on.

use crate::onward::GateNumber;
use crate::plane::{NicNumber, Plane, Position};
use crate::shared::Shared;
use crate::walk::Ending;
use std::ops::Deref;
use std::rc::Rc;

/// What all ways of a packet come to, from one host on or from several. Where it has one way on, the
/// rest of that is shared with all other packets that come by there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    comes_to: Rc<ComesTo>,
    /// The hosts on its ways, up to where there is only one way on.
    hosts: Shared<Position>,
    here: Option<Position>,
    next: Option<Rc<Self>>,
}

/// What it comes to, whatever hosts are on its ways.
#[derive(Debug, Clone, Default)]
pub(crate) struct ComesTo {
    /// Whether every end is one that it should have, and there is one.
    pub(crate) arrives: bool,
    /// Whether some end is.
    pub(crate) may_arrive: bool,
    /// Where and how it ends.
    pub(crate) ends: Shared<(Position, Ending)>,
    /// Hosts that track connections, on any of its ways.
    pub(crate) tracked: Shared<Position>,
    /// Two edges, one behind the other on some way with no other between them.
    pub(crate) two_edges: Shared<(Position, Position)>,
    /// The filters on its ways that look at its source: the rest holds if they let it pass.
    pub(crate) gates: Shared<GateNumber>,
    /// The first edges on its ways.
    pub(crate) edges: Shared<Position>,
}

impl Deref for Seen {
    type Target = ComesTo;

    fn deref(&self) -> &ComesTo {
        &self.comes_to
    }
}

impl Seen {
    /// Where a packet is that has one way on.
    pub(crate) fn one_way(
        plane: &Plane<'_>,
        host: Position,
        (next, gates): (&Rc<Self>, Vec<GateNumber>),
    ) -> Self {
        let mut comes_to = Rc::clone(&next.comes_to);
        if !gates.is_empty() {
            let gates = gates.into_iter().chain(next.gates.iter().copied());
            Rc::make_mut(&mut comes_to).gates = Shared::sorted(gates.collect());
        }
        if plane.gates.tracks(host) {
            let tracked = next.tracked.iter().copied().chain([host]);
            Rc::make_mut(&mut comes_to).tracked = Shared::sorted(tracked.collect());
        }
        if is_edge(plane, host) {
            let pairs = next.edges.iter().map(|other| (host, *other));
            let pairs = pairs.chain(next.two_edges.iter().copied());
            let own = Rc::make_mut(&mut comes_to);
            own.two_edges = Shared::sorted(pairs.collect());
            own.edges = Shared::sorted(vec![host]);
        }
        let (hosts, here, next) = (Shared::default(), Some(host), Some(Rc::clone(next)));
        Self { comes_to, hosts, here, next }
    }

    /// Every host on any of its ways; sorted.
    pub(crate) fn hosts(&self) -> Vec<Position> {
        let mut all: Vec<Position> = self.parts().flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether it may pass a host.
    pub(crate) fn passes(&self, host: Position) -> bool {
        self.parts().flatten().any(|one| one == host)
    }

    /// Every host on any of its ways, some of them more than once.
    pub(crate) fn each_host(&self) -> impl Iterator<Item = Position> {
        self.parts().flatten()
    }

    /// The hosts on its ways, part by part.
    fn parts(&self) -> impl Iterator<Item = impl Iterator<Item = Position>> {
        let chain = std::iter::successors(Some(self), |seen| seen.next.as_deref());
        chain.map(|seen| seen.hosts.iter().copied().chain(seen.here))
    }
}

/// What is found on several ways.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) ends: Vec<(Position, Ending)>,
    pub(crate) hosts: Vec<Position>,
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
    pub(crate) fn join(&mut self, next: &Seen) {
        self.ends.extend(next.ends.iter().cloned());
        self.hosts.extend(next.hosts());
        self.tracked.extend(next.tracked.iter());
        self.pairs.extend(next.two_edges.iter());
        self.edges.extend(next.edges.iter());
        self.gates.extend(next.gates.iter());
    }

    /// All ways start at this host.
    pub(crate) fn start(&mut self, plane: &Plane<'_>, host: Position) {
        self.hosts.push(host);
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
    pub(crate) fn seen(self) -> Seen {
        let comes_to = ComesTo {
            arrives: !self.ends.is_empty() && self.ends.iter().all(|(_, ending)| ending.arrives()),
            may_arrive: self.ends.iter().any(|(_, ending)| ending.arrives()),
            ends: Shared::sorted(self.ends),
            tracked: Shared::sorted(self.tracked),
            two_edges: Shared::sorted(self.pairs),
            gates: Shared::sorted(self.gates),
            edges: Shared::sorted(self.edges),
        };
        let hosts = Shared::sorted(self.hosts);
        Seen { comes_to: Rc::new(comes_to), hosts, here: None, next: None }
    }
}

pub(crate) fn is_edge(plane: &Plane<'_>, host: Position) -> bool {
    plane.host(host).role == model::kinds::Role::Edge
}
