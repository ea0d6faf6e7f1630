//! Shortest paths of OSPF: from every router to every router, over segments.
//!
//! A segment is a node of its own: a router reaches it at the cost of its interface, and it reaches
//! its routers at no cost (RFC 2328 section 2.1). Distances are kept towards each destination, so
//! that what fails touches only the destinations whose paths used it; everything else is shared with
//! the state before.

use crate::plane::up::Up;
use crate::plane::{Igp, Link, Member, NicNumber, Plane, Router};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// No way.
pub(crate) const FAR: u32 = u32::MAX;

/// Distances of all routers and segments towards one router: routers first, then segments.
pub(crate) type Towards = Arc<[u32]>;

/// What OSPF stands on: which routers speak, which of their links are up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Living<'a> {
    pub(crate) plane: &'a Plane<'a>,
    pub(crate) up: &'a Up,
}

impl Living<'_> {
    /// Whether a router speaks.
    fn speaks(&self, router: Router) -> bool {
        self.up.routing[self.plane.routers[usize::from(router)].index()]
    }

    /// Whether a router can be passed by a link.
    pub(crate) fn joins(&self, router: Router, nic: NicNumber) -> bool {
        self.up.nics[nic] && self.speaks(router)
    }

    /// The distances towards a router, worked out from nothing.
    pub(crate) fn towards(&self, to: Router) -> Towards {
        fresh(&self.plane.igp, self, to)
    }

    /// The same from those of a state in which links were up that are lost: only what lost its path is
    /// looked at again.
    pub(crate) fn without(&self, to: Router, before: &Towards, lost: &[(Router, Link)]) -> Towards {
        let mut shrink = Shrink::new(&self.plane.igp, self);
        shrink.towards(to, before, lost).unwrap_or_else(|| Arc::clone(before))
    }

    /// The links that were up in another state and are not in this one: router, segment, cost.
    pub(crate) fn lost(&self, before: &Self) -> Vec<(Router, Link)> {
        lost(&self.plane.igp, before, self)
    }

    /// By router: the number of the part of the network that it reaches, which others have too that do.
    pub(crate) fn parts(&self, also: impl Fn(Router, NicNumber) -> bool) -> Vec<u32> {
        let igp = &self.plane.igp;
        let routers = igp.links.len();
        let mut above: Vec<u32> = (0..(routers + igp.segments.len()) as u32).collect();
        for (router, links) in igp.links.iter().enumerate() {
            let own = router as Router;
            for link in links.iter().filter(|one| self.joins(own, one.nic) && also(own, one.nic)) {
                let one = top(&mut above, router);
                let other = top(&mut above, routers + usize::from(link.segment));
                above[one.max(other)] = one.min(other) as u32;
            }
        }
        (0..routers).map(|router| top(&mut above, router) as u32).collect()
    }
}

/// The first node of the part that a node is in; the way there gets shorter.
fn top(above: &mut [u32], mut node: usize) -> usize {
    while above[node] as usize != node {
        above[node] = above[above[node] as usize];
        node = above[node] as usize;
    }
    node
}

/// The next hops of a router by the distances towards another one: our interface and the neighbour on
/// its segment.
pub(crate) fn next_hops<'a>(
    living: Living<'a>,
    towards: &'a [u32],
    from: Router,
) -> impl Iterator<Item = (NicNumber, &'a Member)> + 'a {
    let Living { plane, up } = living;
    let routers = plane.routers.len();
    let own = towards[usize::from(from)];
    let tight = move |link: &&Link| {
        own != FAR
            && up.nics[link.nic]
            && towards[routers + usize::from(link.segment)].checked_add(link.cost) == Some(own)
    };
    plane.igp.links[usize::from(from)].iter().filter(tight).flat_map(move |link| {
        let at = towards[routers + usize::from(link.segment)];
        let members = plane.igp.members[usize::from(link.segment)].iter();
        let next = move |next: &&Member| {
            next.router != from && up.nics[next.nic] && towards[usize::from(next.router)] == at
        };
        members.filter(next).map(|next| (link.nic, next))
    })
}

/// The links that are gone: router, segment, cost.
fn lost(igp: &Igp, old: &Living<'_>, new: &Living<'_>) -> Vec<(Router, Link)> {
    let links = igp
        .links
        .iter()
        .enumerate()
        .flat_map(|(router, links)| links.iter().map(move |link| (router as Router, *link)));
    links
        .filter(|(router, link)| old.joins(*router, link.nic) && !new.joins(*router, link.nic))
        .collect()
}

/// Dijkstra's algorithm, backwards from the destination.
fn fresh(igp: &Igp, living: &Living<'_>, to: Router) -> Towards {
    let routers = igp.links.len();
    let mut cost = vec![FAR; routers + igp.segments.len()];
    if living.speaks(to) {
        cost[usize::from(to)] = 0;
        settle(igp, living, &mut cost, &mut vec![Reverse((0, usize::from(to)))].into());
    }
    cost.into()
}

/// Lets every node in the heap, and whoever gets nearer by it, settle at its distance.
fn settle(
    igp: &Igp,
    living: &Living<'_>,
    cost: &mut [u32],
    heap: &mut BinaryHeap<Reverse<(u32, usize)>>,
) {
    let routers = igp.links.len();
    while let Some(Reverse((at, node))) = heap.pop() {
        if cost[node] != at {
            continue;
        }
        let mut reach = |other: usize, far: u32| {
            if far < cost[other] {
                cost[other] = far;
                heap.push(Reverse((far, other)));
            }
        };
        if let Some(segment) = node.checked_sub(routers) {
            for Member { router, cost, nic, .. } in igp.members[segment].iter().copied() {
                if living.joins(router, nic) {
                    reach(usize::from(router), at.saturating_add(cost));
                }
            }
        } else {
            let router = node as Router;
            for link in igp.links[node].iter().filter(|link| living.joins(router, link.nic)) {
                reach(routers + usize::from(link.segment), at);
            }
        }
    }
}

/// Finds the distances towards routers after links were lost; keeps its lists from one router to the
/// next.
struct Shrink<'a> {
    igp: &'a Igp,
    living: Living<'a>,
    /// The nodes that may have another distance now.
    nodes: Vec<usize>,
    suspects: BinaryHeap<Reverse<(u32, bool, usize)>>,
    heap: BinaryHeap<Reverse<(u32, usize)>>,
}

impl<'a> Shrink<'a> {
    fn new(igp: &'a Igp, living: &Living<'a>) -> Self {
        let (suspects, heap) = (BinaryHeap::new(), BinaryHeap::new());
        Self { igp, living: *living, nodes: Vec::new(), suspects, heap }
    }

    /// The distances towards a router; none if no way used the links. Nodes that lost every shortest
    /// path are found from the nearest on, then settled again from what is left around them.
    fn towards(
        &mut self,
        to: Router,
        towards: &Towards,
        lost: &[(Router, Link)],
    ) -> Option<Towards> {
        if towards[usize::from(to)] == FAR {
            return None;
        }
        if !self.living.speaks(to) {
            self.nodes = (0..towards.len()).collect();
            return Some(vec![FAR; towards.len()].into());
        }
        self.suspect(towards, lost);
        if self.suspects.is_empty() {
            return None;
        }
        let mut fresh: Towards = Arc::from(&towards[..]);
        let cost = Arc::get_mut(&mut fresh)?;
        self.orphans(to, cost);
        for node in &self.nodes {
            let nearest = best(self.igp, &self.living, cost, *node);
            if nearest != FAR {
                self.heap.push(Reverse((nearest, *node)));
            }
        }
        for Reverse((nearest, node)) in &self.heap {
            cost[*node] = *nearest;
        }
        settle(self.igp, &self.living, cost, &mut self.heap);
        Some(fresh)
    }

    /// Finds the nodes of which some shortest path used a link that was lost.
    fn suspect(&mut self, towards: &Towards, lost: &[(Router, Link)]) {
        let routers = self.igp.links.len();
        for (router, link) in lost {
            let (near, far) = (usize::from(*router), routers + usize::from(link.segment));
            if towards[near] == FAR {
                continue;
            }
            if towards[far].checked_add(link.cost) == Some(towards[near]) {
                self.suspects.push(Reverse(key(towards[near], near, routers)));
            }
            if towards[far] == towards[near] {
                self.suspects.push(Reverse(key(towards[far], far, routers)));
            }
        }
    }

    /// Finds the nodes that lost every shortest path; their distances become [`FAR`].
    fn orphans(&mut self, to: Router, cost: &mut [u32]) {
        self.nodes.clear();
        while let Some(Reverse((at, _, node))) = self.suspects.pop() {
            let keeps = || best(self.igp, &self.living, cost, node) == at;
            if cost[node] == FAR || node == usize::from(to) || keeps() {
                continue;
            }
            cost[node] = FAR;
            self.nodes.push(node);
            self.suspect_around(node, at, cost);
        }
    }

    /// Suspects the nodes of which a shortest path led over this one.
    fn suspect_around(&mut self, node: usize, at: u32, cost: &[u32]) {
        let routers = self.igp.links.len();
        let Some(segment) = node.checked_sub(routers) else {
            for link in &self.igp.links[node] {
                let segment = routers + usize::from(link.segment);
                if cost[segment] == at {
                    self.suspects.push(Reverse(key(at, segment, routers)));
                }
            }
            return;
        };
        for member in &self.igp.members[segment] {
            let router = usize::from(member.router);
            if cost[router] == at.saturating_add(member.cost) {
                self.suspects.push(Reverse(key(cost[router], router, routers)));
            }
        }
    }
}

/// Routers before segments of the same distance: a segment hangs on routers at its own distance.
fn key(cost: u32, node: usize, routers: usize) -> (u32, bool, usize) {
    (cost, node >= routers, node)
}

/// The distance of a node by its neighbours' distances.
fn best(igp: &Igp, living: &Living<'_>, cost: &[u32], node: usize) -> u32 {
    let routers = igp.links.len();
    if let Some(segment) = node.checked_sub(routers) {
        let members = igp.members[segment].iter();
        let members = members.filter(|member| living.joins(member.router, member.nic));
        return members.map(|one| cost[usize::from(one.router)]).min().unwrap_or(FAR);
    }
    let links = igp.links[node].iter().filter(|link| living.joins(node as Router, link.nic));
    let over = |link: &Link| cost[routers + usize::from(link.segment)].saturating_add(link.cost);
    links.map(over).min().unwrap_or(FAR)
}
