//! Which route each router takes to each prefix: BIRD's choice, to a fixed point.
//!
//! A router that took a route by internal BGP tells it to no other (RFC 4271 section 9.2), so only
//! the routers with a route of their own or from outside speak. Who these are is found first, by
//! rounds; then every router chooses among them. Only the best route of a router is told.

use crate::igp::{FAR, Paths};
use crate::plane::routes::{Injection, RouteId, SessionNumber};
use crate::plane::up::Up;
use crate::plane::{Plane, Router};
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;

/// The number of a prefix in `Routes::prefixes`.
pub(crate) type PrefixNumber = usize;

/// How a router came to its best route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// From itself, or a session with another network: the position among the prefix's injections.
    Own(u16),
    /// From a router of ours that is another network's, or the other way round.
    Inner(SessionNumber),
    /// From a router of our AS.
    Internal(Router),
}

/// A router's best route to a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Best {
    pub(crate) route: RouteId,
    pub(crate) from: From,
    key: Key,
}

/// What decides between two routes, the better one greater: BIRD's order (nest/route.h, `rte_better`;
/// proto/bgp/attrs.c, `bgp_rte_better`). The MED is set to 0 by every import filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    preference: u16,
    local_pref: u32,
    path: Reverse<u32>,
    origin: Reverse<u8>,
    external: bool,
    metric: Reverse<u32>,
    router_id: Reverse<u32>,
    address: Option<Reverse<IpAddr>>,
}

/// The choices of one prefix: for each router its best route and those that share the load with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    /// By router; the best first, then those as good in all that counts (`bgp_rte_mergable`).
    pub(crate) of: Vec<Vec<From>>,
    /// The route that each router took.
    pub(crate) route: Vec<Option<RouteId>>,
    /// Whether it never came to rest.
    pub(crate) oscillates: bool,
}

/// Everything that a choice depends on.
struct Choosing<'a> {
    plane: &'a Plane<'a>,
    up: &'a Up,
    paths: &'a Paths,
    prefix: PrefixNumber,
}

/// The choices of all routers for a prefix, taken from another state where nothing differs that they
/// depend on.
pub(crate) fn choose_after(
    plane: &Plane<'_>,
    (before, up_before): (&Paths, &Up),
    (up, paths): (&Up, &Paths),
    (prefix, known): (PrefixNumber, &Arc<Choices>),
) -> Arc<Choices> {
    let same_router = |router: &Router| paths.same_towards(before, *router);
    let same_need = |one: &Injection| {
        one.needs.nic.is_none_or(|nic| up.nics[nic] == up_before.nics[nic])
            && one
                .needs
                .session
                .is_none_or(|session| up.sessions[session] == up_before.sessions[session])
            && one.needs.one_of.iter().all(same_router)
    };
    let same_inner = plane.routes.inner.iter().all(|one| {
        up.sessions[one.session] == up_before.sessions[one.session]
            && up.nics[one.nics.0] == up_before.nics[one.nics.0]
            && up.nics[one.nics.1] == up_before.nics[one.nics.1]
    });
    let same = up.routing == up_before.routing
        && same_inner
        && plane.routes.active[prefix].iter().all(same_router)
        && plane.routes.injections[prefix].iter().all(same_need);
    if same { Arc::clone(known) } else { Arc::new(choose(plane, up, paths, prefix)) }
}

/// The choices of all routers for a prefix.
pub(crate) fn choose(plane: &Plane<'_>, up: &Up, paths: &Paths, prefix: PrefixNumber) -> Choices {
    let choosing = Choosing { plane, up, paths, prefix };
    let routers = plane.routers.len();
    let active = &plane.routes.active[prefix];
    let mut bests: Vec<Option<Best>> = vec![None; routers];
    let mut rounds = 0;
    // Every router changes its mind a few times at most, unless the network never comes to rest.
    let limit = 8 + 2 * active.len();
    loop {
        let mut changed = false;
        for router in active {
            let best = choosing.best(*router, active, &bests).first().copied();
            let own = &mut bests[usize::from(*router)];
            changed |= *own != best;
            *own = best;
        }
        rounds += 1;
        if !changed || rounds > limit {
            break;
        }
    }
    let speakers: Vec<Router> = active
        .iter()
        .copied()
        .filter(|r| bests[usize::from(*r)].is_some_and(|b| !matches!(b.from, From::Internal(_))))
        .collect();
    let mut choices = Choices { oscillates: rounds > limit, ..Choices::default() };
    for router in 0..routers as Router {
        let all = choosing.best(router, &speakers, &bests);
        choices.route.push(all.first().map(|best| best.route));
        choices.of.push(all.into_iter().map(|best| best.from).collect());
    }
    choices
}

impl Choosing<'_> {
    /// A router's best route and those that share the load with it; nothing if it has none.
    fn best(&self, router: Router, speakers: &[Router], bests: &[Option<Best>]) -> Vec<Best> {
        let mut top: Vec<Best> = Vec::new();
        if !self.up.routing[self.plane.routers[usize::from(router)].index()] {
            return top;
        }
        let mut weigh = |candidate: Best| match top.first() {
            None => top.push(candidate),
            Some(first) => match candidate.key.order(&first.key) {
                Ordering::Less if candidate.key.merges(&first.key) => top.push(candidate),
                Ordering::Less => {}
                Ordering::Equal | Ordering::Greater => {
                    if !candidate.key.merges(&first.key) {
                        top.clear();
                    }
                    top.insert(0, candidate);
                }
            },
        };
        for candidate in self.own(router) {
            weigh(candidate);
        }
        for candidate in self.inner(router, bests) {
            weigh(candidate);
        }
        for speaker in speakers.iter().filter(|speaker| **speaker != router) {
            if let Some(candidate) = self.internal(router, *speaker, bests) {
                weigh(candidate);
            }
        }
        if let [_, rest @ ..] = top.as_mut_slice() {
            rest.sort_unstable_by_key(|best| best.from.order());
        }
        top
    }

    /// What the router makes itself or hears from other networks.
    fn own(&self, router: Router) -> impl Iterator<Item = Best> {
        let injections = &self.plane.routes.injections[self.prefix];
        let first = injections.partition_point(|one| one.router < router);
        let own = injections[first..].iter().take_while(move |one| one.router == router);
        let numbered = (first..).zip(own);
        numbered.filter(|(_, one)| self.lives(one)).map(|(number, one)| Best {
            route: one.route,
            from: From::Own(number as u16),
            key: self.key(one.route, one.preference, &Heard::Outside(one.address)),
        })
    }

    /// Whether what makes a route works.
    fn lives(&self, injection: &Injection) -> bool {
        let host = self.plane.routers[usize::from(injection.router)].index();
        let needs = &injection.needs;
        self.up.routing[host]
            && needs.nic.is_none_or(|nic| self.up.nics[nic])
            && needs.session.is_none_or(|session| self.up.sessions[session])
            && (needs.one_of.is_empty()
                || needs.one_of.iter().any(|far| self.reaches(injection.router, *far)))
    }

    fn reaches(&self, from: Router, to: Router) -> bool {
        from == to || self.paths.distance(from, to) != FAR
    }

    /// What routers of ours that speak for another network tell it, and are told by it.
    fn inner(&self, router: Router, bests: &[Option<Best>]) -> impl Iterator<Item = Best> {
        let directions = self.plane.routes.inner.iter();
        let to = directions.filter(move |direction| direction.to == router);
        to.filter_map(|direction| {
            let teller = bests[usize::from(direction.from)]?;
            let up = self.up.sessions[direction.session]
                && self.up.nics[direction.nics.0]
                && self.up.nics[direction.nics.1]
                && self.up.routing[self.plane.routers[usize::from(direction.from)].index()];
            let route = direction.passes.get(teller.route as usize).copied().flatten()?;
            let key = self.key(route, BGP, &Heard::Outside(Some(direction.address)));
            // What came from there is not told back to it.
            let back = teller.from == From::Inner(direction.session);
            (up && !back).then_some(Best { route, from: From::Inner(direction.session), key })
        })
    }

    /// What another router of our AS tells.
    fn internal(&self, router: Router, teller: Router, bests: &[Option<Best>]) -> Option<Best> {
        let told = bests[usize::from(teller)]?;
        if matches!(told.from, From::Internal(_)) || !self.session(router, teller) {
            return None;
        }
        let route = self.plane.routes.told(told.route, teller, router)?;
        let metric = self.paths.distance(router, teller);
        let key = self.key(route, BGP, &Heard::Inside(teller, metric));
        Some(Best { route, from: From::Internal(teller), key })
    }

    /// Whether two routers of ours speak BGP: both reach each other's loopback, and their filters
    /// let them.
    fn session(&self, one: Router, other: Router) -> bool {
        self.plane.routes.meshed(one, other)
            && self.paths.distance(one, other) != FAR
            && self.paths.distance(other, one) != FAR
            && !self.plane.gates.deaf(one, other)
    }

    fn key(&self, route: RouteId, preference: u16, heard: &Heard) -> Key {
        let attributes = &self.plane.routes.attributes[route as usize];
        let (external, metric, router_id, address) = match *heard {
            Heard::Outside(address) => (true, 0, 0, address),
            Heard::Inside(teller, metric) => {
                (false, metric, self.plane.routes.router_ids[usize::from(teller)], None)
            }
        };
        Key {
            preference,
            local_pref: attributes.local_pref,
            path: Reverse(attributes.path),
            origin: Reverse(attributes.origin),
            external,
            metric: Reverse(metric),
            router_id: Reverse(router_id),
            address: address.map(Reverse),
        }
    }
}

/// Preference of BGP among BIRD's protocols.
pub(crate) const BGP: u16 = 100;

/// Where a route was heard.
enum Heard {
    Outside(Option<IpAddr>),
    Inside(Router, u32),
}

impl Key {
    fn order(&self, other: &Self) -> Ordering {
        self.shared()
            .cmp(&other.shared())
            .then_with(|| self.router_id.cmp(&other.router_id))
            .then_with(|| self.address.cmp(&other.address))
    }

    /// What must be equal for two routes to share the load.
    fn shared(&self) -> (u16, u32, Reverse<u32>, Reverse<u8>, bool, Reverse<u32>) {
        (self.preference, self.local_pref, self.path, self.origin, self.external, self.metric)
    }

    fn merges(&self, other: &Self) -> bool {
        self.preference == BGP && self.shared() == other.shared()
    }
}

impl From {
    fn order(self) -> (u8, usize) {
        match self {
            Self::Own(number) => (0, usize::from(number)),
            Self::Inner(session) => (1, session),
            Self::Internal(router) => (2, usize::from(router)),
        }
    }
}
