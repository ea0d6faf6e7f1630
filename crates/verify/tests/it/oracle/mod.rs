//! What bgpsim, a simulator by others, says where our routers send packets. It knows routers, links
//! with weights, sessions and route maps; it knows no address, no segment, no firewall. What it is
//! told comes from the model alone, and nothing of ours is asked but the words for failures.
//!
//! Where nothing else decides between two neighbours on one edge, BGP takes the lower router id of
//! theirs, which no model knows: here, as if it were the address that we reach them by.

mod agree;
mod compare;
mod told;
mod up;

use bgpsim::bgp::Community;
use bgpsim::prelude::{BasicEventQueue, GlobalOspf, NetworkError, RouterId, SimplePrefix};
use bgpsim::route_map::{RouteMapBuilder, RouteMapDirection};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Role, SegmentKind};
use model::{Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use told::Told;
use up::Up;
use verify::Failure;
use verify::table::{Best, Table};

/// More than these is a dispute without end.
const MESSAGES: usize = 1_000_000;

type Network = bgpsim::prelude::Network<SimplePrefix, BasicEventQueue<SimplePrefix>, GlobalOspf>;

/// For each living router and each prefix of the outside: what its best route is, if it has one.
pub(crate) type Answers = BTreeMap<(String, IpNet), Option<Best>>;

/// What bgpsim answers.
///
/// # Errors
/// bgpsim's own: it does not converge, or was told nonsense.
pub(crate) fn ask(isp: &Isp, family: Family, failure: &Failure) -> Result<Answers, NetworkError> {
    let mut oracle = Oracle::new(Up::after(isp, failure), family);
    oracle.inside()?;
    oracle.outside()?;
    oracle.start()?;
    oracle.answers()
}

/// What the simulation answers, under each of several failures.
pub(crate) fn ours(isp: &Isp, family: Family, failures: &[Failure]) -> Vec<Answers> {
    let prefixes = prefixes(isp, family);
    let answers = |table: Table| {
        let of = |(router, routes): (String, BTreeMap<IpNet, Best>)| {
            prefixes
                .iter()
                .map(|prefix| ((router.clone(), *prefix), routes.get(prefix).cloned()))
                .collect::<Vec<_>>()
        };
        table.into_iter().flat_map(of).collect()
    };
    verify::table::best(isp, family, failures).into_iter().map(answers).collect()
}

/// What differs, in words; nothing where both agree.
pub(crate) fn differences(ours: &Answers, theirs: &Answers) -> Vec<String> {
    let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let differ = keys.into_iter().filter(|key| ours.get(key) != theirs.get(key));
    differ
        .map(|(router, prefix)| {
            let of = |all: &Answers| format!("{:?}", all.get(&(router.clone(), *prefix)));
            format!("{router} to {prefix}: we say {}, bgpsim {}", of(ours), of(theirs))
        })
        .collect()
}

/// Every prefix that anybody tells us of.
fn prefixes(isp: &Isp, family: Family) -> Vec<IpNet> {
    let told = isp.neighbors.values().flat_map(|neighbor| &neighbor.twin.announces);
    let told: BTreeSet<IpNet> = told.map(IpNet::trunc).collect();
    told.into_iter().filter(|net| Family::of_net(*net) == family).collect()
}

struct Oracle<'a> {
    up: Up<'a>,
    family: Family,
    net: Network,
    /// Our routers, by router id: bgpsim decides between equals by the order in which it met them.
    routers: Vec<(Id<Host>, RouterId)>,
    names: BTreeMap<RouterId, String>,
    /// bgpsim's prefixes are numbers.
    prefixes: Vec<IpNet>,
    /// Set up when all else is: each step before costs the more, the more sessions there are.
    sessions: Vec<(RouterId, RouterId, Option<bool>)>,
}

impl<'a> Oracle<'a> {
    fn new(up: Up<'a>, family: Family) -> Self {
        let mut net = Network::default();
        net.set_msg_limit(Some(MESSAGES));
        let isp = up.isp;
        let takes_part = |(id, host): &(Id<Host>, &Host)| {
            matches!(host.role, Role::Edge | Role::Core | Role::Access)
                && host.asn(isp) == isp.about.asn
                && up.routes(*id)
        };
        let mut hosts: Vec<_> = isp.hosts.iter().filter(takes_part).collect();
        hosts.sort_by_key(|(_, host)| host.router_id());
        let mut names = BTreeMap::new();
        let mut routers = Vec::new();
        for (id, host) in hosts {
            let router = net.add_router(host.name(), isp.about.asn.0);
            names.insert(router, host.name().to_owned());
            routers.push((id, router));
        }
        let prefixes = prefixes(isp, family);
        Self { up, family, net, routers, names, prefixes, sessions: Vec::new() }
    }

    fn is_edge(&self, id: Id<Host>) -> bool {
        self.up.isp.hosts[id].role == Role::Edge
    }

    fn own(&self) -> Community {
        Community::new(self.up.isp.about.asn.0, 1)
    }

    /// Links with their weights, and internal sessions.
    fn inside(&mut self) -> Result<(), NetworkError> {
        let weights = self.weights();
        let pairs = weights.keys().filter(|(a, b)| a < b).copied().collect::<Vec<_>>();
        self.net.add_links_from(pairs)?;
        let weights = weights.iter().map(|((a, b), cost)| (*a, *b, f64::from(*cost)));
        self.net.set_link_weights_from(weights.collect::<Vec<_>>())?;
        for (at, (_, one)) in self.routers.iter().enumerate() {
            let others = self.routers.iter().skip(at + 1);
            self.sessions.extend(others.map(|(_, other)| (*one, *other, Some(false))));
        }
        self.fence()
    }

    /// The cost from each router to those it shares a backbone with: of several the least.
    fn weights(&self) -> BTreeMap<(RouterId, RouterId), u16> {
        let isp = self.up.isp;
        let mut on: BTreeMap<_, Vec<(RouterId, u16)>> = BTreeMap::new();
        for (id, router) in &self.routers {
            for nic in self.up.nics(*id) {
                let segment = &isp.segments[nic.segment];
                if segment.kind == SegmentKind::Backbone && nic.address(self.family).is_some() {
                    let cost = nic.cost.unwrap_or(segment.cost);
                    on.entry(nic.segment).or_default().push((*router, cost));
                }
            }
        }
        let mut weights = BTreeMap::new();
        for members in on.values() {
            for (from, cost) in members {
                for (to, _) in members.iter().filter(|(to, _)| to != from) {
                    let known = weights.entry((*from, *to)).or_insert(*cost);
                    *known = (*cost).min(*known);
                }
            }
        }
        weights
    }

    /// Edges tell each other only what customers told.
    fn fence(&mut self) -> Result<(), NetworkError> {
        let edges = self.routers.iter().filter(|(id, _)| self.is_edge(*id));
        let edges: Vec<RouterId> = edges.map(|(_, router)| *router).collect();
        let own = self.own();
        for from in &edges {
            for to in edges.iter().filter(|to| *to != from) {
                let map = RouteMapBuilder::new().order(1).deny().match_deny_community(own).build();
                self.net.set_bgp_route_map(*from, *to, RouteMapDirection::Outgoing, map)?;
            }
        }
        Ok(())
    }

    /// Neighbours, one router for each session, in the order of their addresses.
    fn outside(&mut self) -> Result<(), NetworkError> {
        let isp = self.up.isp;
        let mut sessions: Vec<(IpAddr, RouterId, String, u32, Vec<Told>)> = Vec::new();
        for (id, neighbor) in isp.neighbors.iter() {
            for (at, session) in neighbor.session.iter().enumerate() {
                let Some(address) = session.address(self.family) else { continue };
                let own = self.routers.iter().find(|(host, _)| *host == session.host);
                let linked = self.up.nics(session.host).any(|nic| {
                    let prefix = isp.segments[nic.segment].prefix(self.family);
                    prefix.is_some_and(|prefix| prefix.contains(&address))
                });
                let (Some((_, edge)), true) = (own, linked && self.up.session(id, at)) else {
                    continue;
                };
                let name = format!("{}/{}", neighbor.name(), session.name);
                let told = told::taken(isp, neighbor, self.family);
                sessions.push((address, *edge, name, neighbor.asn.0, told));
            }
        }
        sessions.sort_by_key(|(address, ..)| *address);
        for (_, edge, name, asn, told) in sessions {
            self.neighbor(edge, name, asn, &told)?;
        }
        Ok(())
    }

    fn neighbor(
        &mut self,
        edge: RouterId,
        name: String,
        asn: u32,
        told: &[Told],
    ) -> Result<(), NetworkError> {
        let far = self.net.add_router(name.clone(), asn);
        self.names.insert(far, name);
        self.net.add_link(edge, far)?;
        self.sessions.push((edge, far, Some(false)));
        let mut alike: BTreeMap<(u32, bool), Vec<SimplePrefix>> = BTreeMap::new();
        for route in told {
            let number = self.number(route.prefix);
            alike.entry((route.preference, route.member)).or_default().push(number);
        }
        for (order, ((preference, member), numbers)) in (1..).zip(alike) {
            let mut map = RouteMapBuilder::new();
            map.order(order).allow().set_local_pref(preference).exit();
            for number in numbers {
                map.match_prefix(number);
            }
            if member {
                map.set_community(self.own());
            }
            self.net.set_bgp_route_map(edge, far, RouteMapDirection::Incoming, map.build())?;
        }
        let nothing = || RouteMapBuilder::new().order(i16::MAX as u16).deny().build();
        self.net.set_bgp_route_map(edge, far, RouteMapDirection::Incoming, nothing())?;
        self.net.set_bgp_route_map(edge, far, RouteMapDirection::Outgoing, nothing())?;
        for route in told {
            let behind = vec![4_200_000_000_u32; route.behind];
            self.net.advertise_route(far, self.number(route.prefix), behind, None, [])?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), NetworkError> {
        self.net.set_bgp_session_from(std::mem::take(&mut self.sessions))
    }

    fn number(&self, prefix: IpNet) -> SimplePrefix {
        SimplePrefix::from(
            self.prefixes.iter().position(|own| *own == prefix).unwrap_or(usize::MAX),
        )
    }

    fn answers(mut self) -> Result<Answers, NetworkError> {
        let mut all = Answers::new();
        for (_, router) in std::mem::take(&mut self.routers) {
            self.net.set_load_balancing(router, true)?;
            let own = self.net.get_router(router)?;
            for prefix in &self.prefixes {
                let number = self.number(*prefix);
                let named = |id: &RouterId| self.names.get(id).cloned();
                let next = own.get_next_hop(number).iter().filter_map(named).collect();
                let from = own.bgp.get(number).as_ref().and_then(named);
                let name = named(&router).unwrap_or_default();
                all.insert((name, *prefix), from.map(|from| Best { from, next }));
            }
        }
        Ok(all)
    }
}
