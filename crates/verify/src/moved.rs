//! Which routers go another way than in the state before, and to whom.

use crate::bits::Bits;
use crate::igp::FAR;
use crate::plane::{Plane, Router};

/// The ways that differ, towards each router towards which some do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moved {
    towards: Vec<Option<Moves>>,
}

/// What differs on the ways towards one router: sets of routers.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    /// Their distance is another one.
    pub(crate) far: Bits,
    /// They are cut off.
    pub(crate) cut: Bits,
    /// Their next hops may be others.
    pub(crate) hops: Bits,
}

impl Moved {
    /// Nothing differs yet on the ways towards this many routers.
    pub(crate) fn none(routers: usize) -> Self {
        Self { towards: vec![None; routers] }
    }

    /// Takes in what differs towards a router: distances before and now, and the nodes to look at.
    pub(crate) fn note(
        &mut self,
        plane: &Plane<'_>,
        to: usize,
        (before, now): (&[u32], &[u32]),
        nodes: &[usize],
    ) {
        let mut moves = Moves::none(plane);
        let differ = nodes.iter().filter(|node| before[**node] != now[**node]);
        for node in differ {
            moves.add(plane, *node);
            if before[*node] != FAR && now[*node] == FAR && *node < plane.routers.len() {
                moves.cut.add(*node);
            }
        }
        self.towards[to] = Some(moves);
    }

    /// What differs on the ways towards a router.
    pub(crate) fn towards(&self, router: Router) -> Option<&Moves> {
        self.towards.get(usize::from(router))?.as_ref()
    }

    /// The routers towards which something differs.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Router, &Moves)> {
        let numbered = (0..).zip(&self.towards);
        numbered.filter_map(|(to, moves)| Some((to, moves.as_ref()?)))
    }

    /// Whether any router is cut off from another.
    pub(crate) fn cuts(&self) -> bool {
        self.all().any(|(_, moves)| !moves.cut.is_empty())
    }
}

impl Moves {
    fn none(plane: &Plane<'_>) -> Self {
        let none = || Bits::none(plane.routers.len());
        Self { far: none(), cut: none(), hops: none() }
    }

    /// A node of the graph has another distance now, or none.
    fn add(&mut self, plane: &Plane<'_>, node: usize) {
        if let Some(segment) = node.checked_sub(plane.routers.len()) {
            return self.near(plane, segment);
        }
        self.far.add(node);
        self.hops.add(node);
        for link in &plane.igp.links[node] {
            self.near(plane, usize::from(link.segment));
        }
    }

    /// Everyone on a segment may choose among its routers anew.
    fn near(&mut self, plane: &Plane<'_>, segment: usize) {
        for (router, _) in &plane.igp.members[segment] {
            self.hops.add(usize::from(*router));
        }
    }
}
