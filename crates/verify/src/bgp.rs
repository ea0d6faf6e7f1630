//! Which route each router takes to each prefix: BIRD's choice, to a fixed point.
//!
//! A router that took a route by internal BGP tells it to no other (RFC 4271 section 9.2), so only
//! the routers with a route of their own or from outside speak. Who these are is found first, by
//! rounds; then every router chooses among them. Only the best route of a router is told.

use crate::bits::Bits;
use crate::igp::{FAR, Paths};
use crate::patched::Patched;
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
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    /// By router; the best first, then those as good in all that counts (`bgp_rte_mergable`).
    pub(crate) of: Patched<Vec<From>>,
    /// The route that each router took.
    pub(crate) route: Patched<Option<RouteId>>,
    /// Whether it never came to rest.
    pub(crate) oscillates: bool,
    pub(crate) speaking: Arc<Speaking>,
}

/// Who tells others of a prefix, and what.
#[derive(Debug, Default)]
pub(crate) struct Speaking {
    pub(crate) speakers: Vec<Router>,
    /// By router.
    bests: Vec<Option<Best>>,
    /// The routers that may come to speak.
    pub(crate) active: Bits,
}

impl Speaking {
    /// What a router tells others.
    pub(crate) fn says(&self, router: Router) -> Option<RouteId> {
        let told = self.bests[usize::from(router)]?;
        (!matches!(told.from, From::Internal(_))).then_some(told.route)
    }
}

impl Choices {
    /// The routers that choose something else than in another state.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.of.differing(&other.of).chain(self.route.differing(&other.route))
    }
}

/// Everything that a choice depends on.
pub(crate) struct Choosing<'a> {
    pub(crate) plane: &'a Plane<'a>,
    pub(crate) up: &'a Up,
    pub(crate) paths: &'a Paths,
    pub(crate) prefix: PrefixNumber,
}

/// The choices of all routers for a prefix.
pub(crate) fn choose(plane: &Plane<'_>, up: &Up, paths: &Paths, prefix: PrefixNumber) -> Choices {
    let choosing = Choosing { plane, up, paths, prefix };
    let routers = plane.routers.len();
    let active = &plane.routes.active[prefix];
    let mut bests: Vec<Option<Best>> = vec![None; routers];
    let active = Bits::of(routers, active.iter().map(|router| usize::from(*router)));
    let rests = choosing.rounds(&mut bests, &active);
    let speaking = choosing.speaking(bests, active);
    let mut top = Vec::new();
    let all = (0..routers).map(|router| choosing.choice(router, &speaking, &mut top));
    let (of, route) = all.unzip();
    Choices {
        of: Patched::new(of),
        route: Patched::new(route),
        oscillates: !rests,
        speaking: Arc::new(speaking),
    }
}

impl Choosing<'_> {
    /// Lets those who may speak choose, some of them first, until nobody changes its mind; whether that
    /// comes to an end.
    fn rounds(&self, bests: &mut [Option<Best>], first: &Bits) -> bool {
        let active = &self.plane.routes.active[self.prefix];
        let mut top = Vec::new();
        // Every router changes its mind a few times at most, unless the network never comes to rest.
        for round in 0..=8 + 2 * active.len() {
            let mut changed = false;
            let asked = |router: &&Router| round > 0 || first.has(usize::from(**router));
            for router in active.iter().filter(asked) {
                self.best(*router, (active, bests), &mut top);
                let best = top.first().copied();
                let own = &mut bests[usize::from(*router)];
                changed |= *own != best;
                *own = best;
            }
            if !changed {
                return true;
            }
        }
        false
    }

    /// What a router takes, and from whom; `top` is for those at hand.
    fn choice(
        &self,
        router: usize,
        speaking: &Speaking,
        top: &mut Vec<Best>,
    ) -> (Vec<From>, Option<RouteId>) {
        self.best(router as Router, (&speaking.speakers, &speaking.bests), top);
        (top.iter().map(|best| best.from).collect(), top.first().map(|best| best.route))
    }

    /// The choices that some routers make anew, beside those known of all.
    pub(crate) fn some_anew(
        &self,
        known: &Choices,
        anew: &Bits,
        speaking: Arc<Speaking>,
    ) -> Choices {
        let (mut of, mut route, mut top) = (Vec::new(), Vec::new(), Vec::new());
        for router in anew.iter() {
            let (from, taken) = self.choice(router, &speaking, &mut top);
            of.push((router, from));
            route.push((router, taken));
        }
        Choices {
            of: known.of.with(of),
            route: known.route.with(route),
            oscillates: false,
            speaking,
        }
    }

    fn speaking(&self, bests: Vec<Option<Best>>, active: Bits) -> Speaking {
        let speaks = |router: &Router| {
            bests[usize::from(*router)].is_some_and(|best| !matches!(best.from, From::Internal(_)))
        };
        let all = self.plane.routes.active[self.prefix].iter().copied();
        Speaking { speakers: all.filter(speaks).collect(), bests, active }
    }

    /// Who speaks now, from what all said before, where something is different for some of them;
    /// nothing if they never come to rest.
    pub(crate) fn speaking_after(&self, known: &Speaking, unsure: &Bits) -> Option<Speaking> {
        let mut bests = known.bests.clone();
        self.rounds(&mut bests, unsure).then(|| self.speaking(bests, known.active.clone()))
    }

    /// A router's best route and those that share the load with it; nothing if it has none.
    fn best(
        &self,
        router: Router,
        (speakers, bests): (&[Router], &[Option<Best>]),
        top: &mut Vec<Best>,
    ) {
        top.clear();
        if !self.up.routing[self.plane.routers[usize::from(router)].index()] {
            return;
        }
        let candidates = self.own(router).chain(self.inner(router, bests));
        candidates.for_each(|candidate| weigh(top, candidate));
        for speaker in speakers.iter().filter(|speaker| **speaker != router) {
            let beaten = top.first().map(|best| &best.key);
            if let Some(candidate) = self.internal((router, *speaker), bests, beaten) {
                weigh(top, candidate);
            }
        }
        if let [_, rest @ ..] = top.as_mut_slice() {
            rest.sort_unstable_by_key(|best| best.from.order());
        }
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

    /// What another router of our AS tells, unless a better route is known.
    fn internal(
        &self,
        (router, teller): (Router, Router),
        bests: &[Option<Best>],
        beaten: Option<&Key>,
    ) -> Option<Best> {
        let told =
            bests[usize::from(teller)].filter(|told| !matches!(told.from, From::Internal(_)))?;
        let route = self.plane.routes.told(told.route, teller, router)?;
        let metric = self.paths.distance(router, teller);
        let key = self.key(route, BGP, &Heard::Inside(teller, metric));
        if beaten.is_some_and(|known| key.shared() < known.shared())
            || !self.session(router, teller)
        {
            return None;
        }
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

/// Takes a route among the best ones if it is as good as they are, or instead of them if it is better.
fn weigh(top: &mut Vec<Best>, candidate: Best) {
    let Some(first) = top.first() else { return top.push(candidate) };
    let merges = candidate.key.merges(&first.key);
    match candidate.key.order(&first.key) {
        Ordering::Less if merges => top.push(candidate),
        Ordering::Less => {}
        Ordering::Equal | Ordering::Greater => {
            if !merges {
                top.clear();
            }
            top.insert(0, candidate);
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
