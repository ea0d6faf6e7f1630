//! What everything in a state leans on: the things without any of which it could be different. Where
//! something else fails beside, it is as it is.
//!
//! Failures only take away. A shortest path of which everything is left stays the shortest, and the
//! others do not come near; a route stays the best one while whoever told it is as near as before, and
//! all say what they said. So what leans on none of what fails needs no second look.

use crate::bgp::From;
use crate::bits::{self, Rows};
use crate::destination::{Destination, Step};
use crate::flows::{Flow, Origin, first_router, gateway_of};
use crate::igp::{FAR, Living};
use crate::killers::{Killers, Set};
use crate::lost;
use crate::plane::routes::Leads;
use crate::plane::{Member, Position, Router};
use crate::questions::Questions;
use crate::rechoose::splits;
use crate::seen::ComesTo;
use crate::walk::Ending;
use crate::world::{OSPF, World};
use std::net::IpAddr;
use std::sync::Arc;

/// What is leant on in one state.
pub(crate) struct Lean<'a> {
    world: Arc<World<'a>>,
    pub(crate) killers: Arc<Killers>,
    /// By router and node of OSPF's graph: what every shortest path from the node to it leans on.
    paths: Rows,
    /// By prefix: what decides who tells others of it, and what.
    pub(crate) said: Rows,
    /// Who cuts any routers off from each other that are not.
    splitting: Box<Set>,
}

impl<'a> Lean<'a> {
    /// Worked out from nothing.
    pub(crate) fn of(world: &Arc<World<'a>>, killers: &Arc<Killers>) -> Self {
        let plane = world.plane;
        let routers = plane.routers.len();
        let nodes = routers + plane.igp.segments.len();
        let mut lean = Self {
            world: Arc::clone(world),
            killers: Arc::clone(killers),
            paths: Rows::none(routers * nodes, killers.len()),
            said: Rows::default(),
            splitting: Box::default(),
        };
        if killers.len() > 0 {
            for to in 0..routers {
                lean.again(to as Router, (0..nodes).collect());
            }
        }
        (lean.said, lean.splitting) = lean.said();
        lean
    }

    /// The same in the state without one more of the things: only what leant on it is looked at.
    pub(crate) fn without(&self, world: &Arc<World<'a>>, one: usize) -> Self {
        let routers = self.world.plane.routers.len();
        let nodes = routers + self.world.plane.igp.segments.len();
        let mut lean = Self {
            world: Arc::clone(world),
            killers: Arc::clone(&self.killers),
            paths: self.paths.clone(),
            said: Rows::default(),
            splitting: Box::default(),
        };
        for to in 0..routers {
            let leant = |node: &usize| self.paths.has(to * nodes + node, one);
            lean.again(to as Router, (0..nodes).filter(leant).collect());
        }
        (lean.said, lean.splitting) = lean.said();
        lean
    }

    /// Works out anew what the paths from some nodes to a router lean on, the nearest first.
    fn again(&mut self, to: Router, mut nodes: Vec<usize>) {
        let plane = self.world.plane;
        let routers = plane.routers.len();
        let first = usize::from(to) * (routers + plane.igp.segments.len());
        let world = Arc::clone(&self.world);
        let far = world.towards(to);
        // A segment hangs on routers that are as far as it is.
        nodes.sort_unstable_by_key(|node| (far[*node], *node >= routers));
        for node in nodes {
            self.paths.row_mut(first + node).fill(0);
            if far[node] != FAR {
                match node.checked_sub(routers) {
                    Some(segment) => self.segment(first, far, segment),
                    None => self.router(first, far, node),
                }
            }
        }
    }

    /// What the paths from a segment lean on.
    fn segment(&mut self, first: usize, far: &[u32], segment: usize) {
        let plane = self.world.plane;
        let (routers, up) = (plane.routers.len(), &self.world.up);
        for Member { router, nic, .. } in plane.igp.members[segment].iter().copied() {
            let node = usize::from(router);
            if far[node] == far[routers + segment] && (Living { plane, up }).joins(router, nic) {
                bits::join(
                    self.paths.row_mut(first + routers + segment),
                    self.killers.nics.row(nic),
                );
                self.paths.join_row(first + routers + segment, first + node);
            }
        }
    }

    /// What the paths from a router lean on.
    fn router(&mut self, first: usize, far: &[u32], router: usize) {
        let plane = self.world.plane;
        let (routers, up) = (plane.routers.len(), &self.world.up);
        let own = self.killers.routing.row(plane.routers[router].index());
        bits::join(self.paths.row_mut(first + router), own);
        for link in &plane.igp.links[router] {
            let segment = routers + usize::from(link.segment);
            let tight = far[segment].checked_add(link.cost) == Some(far[router]);
            if tight && (Living { plane, up }).joins(router as Router, link.nic) {
                bits::join(self.paths.row_mut(first + router), self.killers.nics.row(link.nic));
                self.paths.join_row(first + router, first + segment);
            }
        }
    }

    /// What decides who tells others of each prefix: what routes need at hand, and what cuts those off
    /// from each other who may tell of it, or from what they need.
    fn said(&self) -> (Rows, Box<Set>) {
        let world = &self.world;
        let plane = world.plane;
        let mut said = self.killers.prefixes.clone();
        let mut splitting = Rows::none(1, self.killers.len());
        for (one, up) in self.killers.ups.iter().enumerate() {
            let (living, also) = (Living { plane, up: &world.up }, Living { plane, up });
            if also.lost(&living).is_empty() {
                continue;
            }
            let parts = living.parts(|router, nic| also.joins(router, nic));
            if splits(&world.parts, &parts) {
                self.cut(&parts, one, &mut said);
                splitting.add(0, one);
            }
        }
        if !plane.routes.inner.is_empty() {
            self.tellers_apart(&mut said);
        }
        (said, splitting.row(0).into())
    }

    /// Notes the prefixes for which it counts that the network falls into these parts.
    fn cut(&self, parts: &[u32], one: usize, said: &mut Rows) {
        let routes = &self.world.plane.routes;
        let apart = |a: Router, b: Router| {
            self.world.reaches(a, b) && parts[usize::from(a)] != parts[usize::from(b)]
        };
        // By part of the network: the first router of the list that was in it.
        let mut firsts: Vec<Option<Router>> = vec![None; parts.len()];
        for (prefix, active) in routes.active.iter().enumerate() {
            let part = |router: &Router| self.world.parts[usize::from(*router)] as usize;
            let tellers = active
                .iter()
                .any(|router| apart(*firsts[part(router)].get_or_insert(*router), *router));
            for router in active {
                firsts[part(router)] = None;
            }
            let needs = || {
                let injections = routes.injections[prefix].iter();
                injections.into_iter().any(|injection| {
                    injection.needs.one_of.iter().any(|far| apart(injection.router, *far))
                })
            };
            if tellers || needs() {
                said.add(prefix, one);
            }
        }
    }

    /// Where routers of ours tell other networks of ours what they heard, it counts how near they are.
    fn tellers_apart(&self, said: &mut Rows) {
        let active = &self.world.plane.routes.active;
        for (prefix, active) in active.iter().enumerate() {
            for one in active {
                for other in active {
                    bits::join(said.row_mut(prefix), self.way(*one, *other));
                }
            }
        }
    }

    /// What the ways of one router to another lean on.
    fn way(&self, from: Router, to: Router) -> &Set {
        let plane = self.world.plane;
        let nodes = plane.routers.len() + plane.igp.segments.len();
        self.paths.row(usize::from(to) * nodes + usize::from(from))
    }

    /// Adds what it leans on what a host does with packets to a destination.
    pub(crate) fn forward(&self, host: Position, destination: &Destination, into: &mut Set) {
        let (world, plane) = (&self.world, self.world.plane);
        if !world.up.hosts[host] {
            return;
        }
        bits::join(into, self.killers.hosts.row(host));
        let may_hold = |vip: &&crate::plane::Vip| {
            vip.address == Some(destination.address)
                && vip.candidates.iter().any(|one| one.host == host)
        };
        if plane.vips.iter().any(|vip| may_hold(&vip)) {
            self.killers.holding(plane, destination.address, into);
        }
        if world.holds(host, destination.address) {
            return;
        }
        for step in &destination.steps {
            self.step(host, destination.address, step, into);
            if world.step(host, destination.address, step).is_some() {
                return;
            }
        }
        if plane.router_of[host].is_some() && !world.up.routing[host] {
            // Its kernel does what it did, over the interfaces that are left around it.
            let around =
                plane.nics_of(host).flat_map(|nic| &plane.on_segment[plane.nics[nic].segment]);
            around.for_each(|nic| bits::join(into, self.killers.nics.row(*nic)));
        }
        if let Some(gateway) = &plane.gateways[host] {
            self.on_link(gateway.nic, gateway.address, into);
        }
    }

    fn step(&self, host: Position, address: IpAddr, step: &Step, into: &mut Set) {
        let plane = self.world.plane;
        let nic = step.segment.and_then(|segment| plane.nic_on(host, segment));
        if let Some(nic) = nic.filter(|nic| self.world.connected(*nic)) {
            self.on_link(nic, address, into);
        }
        let Some(router) = plane.router_of[host].filter(|_| self.world.up.routing[host]) else {
            return;
        };
        bits::join(into, self.killers.routing.row(host));
        let mut preference = 0;
        if let Some(prefix) = step.prefix {
            let chosen = self.world.chosen(prefix, router);
            preference = self.world.preference(prefix, &chosen);
            self.chosen(prefix, router, into);
        }
        if preference <= OSPF {
            for carrier in self.world.nearest(router, &step.infrastructure) {
                bits::join(into, self.way(router, carrier));
            }
        }
    }

    /// Adds what it leans on what a router takes of a prefix, and where that leads.
    fn chosen(&self, prefix: usize, router: Router, into: &mut Set) {
        if self.world.oscillates(prefix) {
            into.fill(u64::MAX);
        }
        bits::join(into, self.said.row(prefix));
        for from in &self.world.chosen(prefix, router).of {
            match from {
                From::Internal(teller) => bits::join(into, self.way(router, *teller)),
                From::Own(number) => {
                    let plane = self.world.plane;
                    let leads = plane.routes.injections[prefix][usize::from(*number)].leads;
                    if let Leads::Via(vip, nic) = leads
                        && let Some(address) = plane.vips[vip].address
                    {
                        self.on_link(nic, address, into);
                    }
                }
                From::Inner(_) => {}
            }
        }
    }

    /// Adds what decides who answers for an address over an interface.
    fn on_link(&self, nic: usize, address: IpAddr, into: &mut Set) {
        let plane = self.world.plane;
        bits::join(into, self.killers.nics.row(nic));
        self.killers.answering(plane, (plane.nics[nic].segment, address), into);
    }

    /// Adds what it leans on where packets of an origin start.
    pub(crate) fn start(&self, origin: Origin, source: IpAddr, into: &mut Set) {
        let plane = self.world.plane;
        match origin {
            Origin::Lan(segment) => {
                if let Some(address) = gateway_of(plane, segment) {
                    self.killers.answering(plane, (segment, address), into);
                } else if let Some(first) = first_router(&self.world, segment) {
                    bits::join(into, self.killers.nics.row(first));
                }
            }
            Origin::Vip(vip, _) => bits::join(into, self.killers.vips.row(vip)),
            Origin::Pool(host) | Origin::Host(host) => {
                bits::join(into, self.killers.hosts.row(host));
            }
            Origin::Outside(session) => {
                let about = &plane.routes.sessions[session];
                let host = plane.routers[usize::from(about.router)].index();
                bits::join(into, self.killers.sessions.row(session));
                bits::join(into, self.killers.routing.row(host));
                if let Some(nic) = about.nic {
                    bits::join(into, self.killers.nics.row(nic));
                }
                self.killers.holding(plane, source, into);
            }
        }
    }

    /// Adds what it leans on why a flow that ends like this counts as lost, or does not: whether its
    /// neighbour was told of us, and who else knew a way.
    pub(crate) fn lost(
        &self,
        flow: &Flow,
        destination: &Destination,
        seen: &ComesTo,
        into: &mut Set,
    ) {
        let plane = self.world.plane;
        let prefixes = || destination.steps.iter().filter_map(|step| step.prefix);
        if let Origin::Outside(session) = flow.origin {
            self.start(flow.origin, flow.source, into);
            bits::join(into, &self.splitting);
            let router = plane.routes.sessions[session].router;
            prefixes().for_each(|prefix| self.chosen(prefix, router, into));
        }
        for (host, _) in &seen.ends {
            if let Some(router) = plane.router_of[*host] {
                prefixes().for_each(|prefix| self.chosen(prefix, router, into));
            }
        }
    }

    /// Adds what it leans on that other networks hear of what a flow and its answer need them to know.
    pub(crate) fn heard(&self, questions: &Questions, flow: &Flow, seen: &ComesTo, into: &mut Set) {
        let (about, sessions) = lost::told(questions, flow, seen);
        let heard = |one| lost::heard(&self.world, (one, &questions.transits), about);
        for (by, prefix) in sessions.into_iter().filter_map(heard) {
            self.start(Origin::Outside(by), about.address, into);
            self.chosen(prefix, self.world.plane.routes.sessions[by].router, into);
        }
    }

    /// Adds what it leans on where answers start to what came to this.
    pub(crate) fn returns(&self, seen: &ComesTo, into: &mut Set) {
        let nobody = std::net::Ipv4Addr::UNSPECIFIED.into();
        for (_, ending) in &seen.ends {
            match ending {
                Ending::Member(nic) => {
                    self.start(Origin::Lan(self.world.plane.nics[*nic].segment), nobody, into);
                }
                Ending::Left(session) => self.start(Origin::Outside(*session), nobody, into),
                Ending::Delivered
                | Ending::Strayed(_)
                | Ending::Filtered(_)
                | Ending::Unreachable
                | Ending::Blackhole
                | Ending::Silence(_)
                | Ending::Loop => {}
            }
        }
    }
}
