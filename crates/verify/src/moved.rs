//! Which routers go another way than in the state without failures, and to whom.

use crate::bits::Bits;
use crate::igp::{FAR, Paths};
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
    /// What differs between two states.
    pub(crate) fn between(plane: &Plane<'_>, before: &Paths, paths: &Paths) -> Self {
        let all = 0..plane.routers.len() as Router;
        let moves = |to: Router| {
            let differs = !paths.same_towards(before, to);
            differs.then(|| Moves::of(plane, before.towards(to), paths.towards(to)))
        };
        Self { towards: all.map(moves).collect() }
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
}

impl Moves {
    fn of(plane: &Plane<'_>, before: &[u32], now: &[u32]) -> Self {
        let routers = plane.routers.len();
        let none = || Bits::none(routers);
        let mut moves = Self { far: none(), cut: none(), hops: none() };
        for (node, (old, new)) in before.iter().zip(now).enumerate() {
            if old == new {
                continue;
            }
            if let Some(segment) = node.checked_sub(routers) {
                moves.near(plane, segment);
                continue;
            }
            moves.far.add(node);
            moves.hops.add(node);
            if (*old == FAR) != (*new == FAR) {
                moves.cut.add(node);
            }
            for link in &plane.igp.links[node] {
                moves.near(plane, usize::from(link.segment));
            }
        }
        moves
    }

    /// Everyone on a segment may choose among its routers anew.
    fn near(&mut self, plane: &Plane<'_>, segment: usize) {
        for (router, _) in &plane.igp.members[segment] {
            self.hops.add(usize::from(*router));
        }
    }
}
