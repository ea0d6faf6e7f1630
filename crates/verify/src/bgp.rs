//! Which route each router takes to each prefix: BIRD's choice, to a fixed point.
//!
//! A router that took a route by internal BGP tells it to no other (RFC 4271 section 9.2), so only
//! the routers with a route of their own or from outside speak. Who these are is found first, by
//! rounds; then every router chooses among them. Only the best route of a router is told.

use crate::bits::Bits;
use crate::plane::Router;
use crate::plane::routes::{Injection, RouteId, SessionNumber};
use crate::world::World;
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

/// What a router takes: the best first, then those as good in all that counts (`bgp_rte_mergable`), and
/// the route that it has by that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) of: Vec<From>,
    pub(crate) route: Option<RouteId>,
}

/// The choices of all routers for one prefix.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    /// By router.
    pub(crate) of: Vec<Choice>,
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

/// A prefix in a state of the network.
#[derive(Clone, Copy)]
pub(crate) struct Choosing<'w, 'a> {
    pub(crate) world: &'w World<'a>,
    pub(crate) prefix: PrefixNumber,
}

impl Choosing<'_, '_> {
    /// The choices of all routers, worked out from nothing.
    pub(crate) fn all(&self) -> Choices {
        let (speaking, rests) = self.settled();
        Choices { oscillates: !rests, ..self.choices(speaking) }
    }

    /// Who speaks in the end, worked out from nothing, and whether that comes to rest.
    fn settled(&self) -> (Speaking, bool) {
        let plane = self.world.plane;
        let routers = plane.routers.len();
        let active = &plane.routes.active[self.prefix];
        let mut bests: Vec<Option<Best>> = vec![None; routers];
        let active = Bits::of(routers, active.iter().map(|router| usize::from(*router)));
        let rests = self.rounds(&mut bests, &active);
        (self.speaking(bests, active), rests)
    }

    /// Who speaks in the end, where only a few routers will be asked what they take; the choices of all where
    /// that never comes to rest.
    pub(crate) fn few(&self) -> Result<Speaking, Choices> {
        let (speaking, rests) = self.settled();
        if rests {
            return Ok(speaking);
        }
        Err(Choices { oscillates: true, ..self.choices(speaking) })
    }

    /// What all routers take of what is told, if that comes to rest.
    fn choices(&self, speaking: Speaking) -> Choices {
        let routers = 0..self.world.plane.routers.len();
        let of = routers.map(|router| self.choice(router as Router, &speaking)).collect();
        Choices { of, oscillates: false, speaking: Arc::new(speaking) }
    }

    /// Lets those who may speak choose, some of them first, until nobody changes its mind; whether that
    /// comes to an end.
    fn rounds(&self, bests: &mut [Option<Best>], first: &Bits) -> bool {
        let active = &self.world.plane.routes.active[self.prefix];
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

    /// What a router takes of what is told.
    pub(crate) fn choice(&self, router: Router, speaking: &Speaking) -> Choice {
        let mut top = Vec::new();
        self.best(router, (&speaking.speakers, &speaking.bests), &mut top);
        let route = top.first().map(|best| best.route);
        Choice { of: top.iter().map(|best| best.from).collect(), route }
    }

    fn speaking(&self, bests: Vec<Option<Best>>, active: Bits) -> Speaking {
        let speaks = |router: &Router| {
            bests[usize::from(*router)].is_some_and(|best| !matches!(best.from, From::Internal(_)))
        };
        let all = self.world.plane.routes.active[self.prefix].iter().copied();
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
        if !self.world.up.routing[self.world.plane.routers[usize::from(router)].index()] {
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
        let injections = &self.world.plane.routes.injections[self.prefix];
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
        let host = self.world.plane.routers[usize::from(injection.router)].index();
        let needs = &injection.needs;
        self.world.up.routing[host]
            && needs.nic.is_none_or(|nic| self.world.up.nics[nic])
            && needs.session.is_none_or(|session| self.world.up.sessions[session])
            && (needs.one_of.is_empty()
                || needs.one_of.iter().any(|far| self.reaches(injection.router, *far)))
    }

    fn reaches(&self, from: Router, to: Router) -> bool {
        from == to || self.world.reaches(from, to)
    }

    /// What routers of ours that speak for another network tell it, and are told by it.
    fn inner(&self, router: Router, bests: &[Option<Best>]) -> impl Iterator<Item = Best> {
        let directions = self.world.plane.routes.inner.iter();
        let to = directions.filter(move |direction| direction.to == router);
        to.filter_map(|direction| {
            let teller = bests[usize::from(direction.from)]?;
            let up = self.world.up.sessions[direction.session]
                && self.world.up.nics[direction.nics.0]
                && self.world.up.nics[direction.nics.1]
                && self.world.up.routing
                    [self.world.plane.routers[usize::from(direction.from)].index()];
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
        let route = self.world.plane.routes.told(told.route, teller, router)?;
        let metric = self.world.distance(router, teller);
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
        self.world.plane.routes.meshed(one, other)
            && self.world.reaches(one, other)
            && !self.world.plane.gates.deaf(one, other)
    }

    fn key(&self, route: RouteId, preference: u16, heard: &Heard) -> Key {
        let attributes = &self.world.plane.routes.attributes[route as usize];
        let (external, metric, router_id, address) = match *heard {
            Heard::Outside(address) => (true, 0, 0, address),
            Heard::Inside(teller, metric) => {
                (false, metric, self.world.plane.routes.router_ids[usize::from(teller)], None)
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
