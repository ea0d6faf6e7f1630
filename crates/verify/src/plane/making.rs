//! The routes as they are put together: what our routers make, what other networks announce.

use super::routes::{Attributes, Carrier, Injection, Leads, Needs, RouteId, Routes, Session};
use super::{Plane, Position, Router};
use crate::announce::{Announced, announced};
use crate::bgp::BGP;
use crate::numbers::Numbers;
use derive::routing::{self, End, Own, OwnRoutes, Side};
use ipnet::IpNet;
use model::kinds::{Host, Neighbor, Role};
use model::{Id, Named as _};
use policy::standard::Place;
use policy::{Filter, Roa, Roas, Route, Source};
use std::collections::BTreeMap;

/// Preferences of BIRD's protocols: interfaces, static routes, the default route for customers.
const DEVICE: u16 = 240;
const STATIC: u16 = 200;
const DEFAULT: u16 = 50;

const PLACES: [Place; 2] = [Place::Edge, Place::Inside];

/// Every route of a plane whose interfaces and routers are known.
pub(super) fn all(plane: &Plane<'_>) -> Routes {
    Making::new(plane).finish()
}

/// The routes as they are put together.
pub(super) struct Making<'a> {
    pub(super) plane: &'a Plane<'a>,
    pub(super) made: Routes,
    /// Of routes, so that equal ones have one number.
    known: Numbers,
    pub(super) by_prefix: BTreeMap<IpNet, Vec<Injection>>,
    pub(super) roas: Roas,
    /// Internal filters by direction: export, import.
    pub(super) internal: Vec<(Filter, Filter)>,
    /// What marks the routes that our routers make themselves.
    originate: Filter,
}

impl<'a> Making<'a> {
    fn new(plane: &'a Plane<'a>) -> Self {
        let network =
            routing::network(plane.isp, &routing::common(plane.isp), routing::Origins::Validated);
        let pairs = PLACES.iter().flat_map(|from| PLACES.iter().map(move |to| (*from, *to)));
        let filters = pairs.map(|(from, to)| {
            let (_, export) = routing::internal(from, to, &network, plane.family);
            let (import, _) = routing::internal(to, from, &network, plane.family);
            (export, import)
        });
        Self {
            plane,
            made: Routes::default(),
            known: Numbers::default(),
            by_prefix: BTreeMap::new(),
            roas: roas(plane),
            internal: filters.collect(),
            originate: policy::standard::originate(&network, routing::family(plane.family)),
        }
    }

    fn finish(mut self) -> Routes {
        for (number, id) in self.plane.routers.iter().enumerate() {
            let host = &self.plane.isp.hosts[*id];
            let id_number = routing::router_id(host);
            self.made.router_ids.push(u32::from(id_number));
            self.made.places.push(self.place(number as Router));
        }
        self.sessions();
        self.made_here();
        self.heard();
        self.spread();
        self.index();
        self.infrastructure();
        self.tell_neighbors();
        self.made
    }

    /// Runs the export filters of all sessions with other networks.
    fn tell_neighbors(&mut self) {
        let mut told: Vec<Vec<bool>> = Vec::new();
        for (session, about) in self.made.sessions.iter().enumerate() {
            // Most neighbours of a kind are told the same.
            let mut before = self.made.sessions[..session].iter();
            let alike = before.position(|other| {
                other.export.body == about.export.body
                    && other.export.otherwise == about.export.otherwise
            });
            let routes = 0..self.made.routes.len() as RouteId;
            let tells = |route| self.made.exported(session, route, &self.roas).is_some();
            told.push(alike.map_or_else(|| routes.map(tells).collect(), |at| told[at].clone()));
        }
        self.made.told_outside = told;
    }

    fn place(&self, router: Router) -> Option<Place> {
        let id = self.plane.routers[usize::from(router)];
        let host = &self.plane.isp.hosts[id];
        let internal = host.asn(self.plane.isp) == self.plane.isp.about.asn
            && host.loopback(self.plane.family).is_some();
        internal.then_some(if host.role == Role::Edge { Place::Edge } else { Place::Inside })
    }

    /// Declared sessions, the provider's end of each.
    fn sessions(&mut self) {
        let plane = self.plane;
        for (router, id) in plane.routers.iter().enumerate() {
            let sides = routing::sides(plane.isp, *id);
            let origins = routing::origins(plane.isp, *id);
            for side in sides.iter().filter(|side| side.end == End::Ours) {
                let Some(address) = side.remote(plane.isp, plane.family) else { continue };
                let (import, export, _) = side.filters(plane.isp, origins, plane.family);
                let Some((neighbor, at)) = named(plane, side) else { continue };
                let remote = side.session.remote.and_then(|id| plane.router_of[id.index()]);
                let nic = side.nic.and_then(|nic| plane.nic_named(id.index(), &nic.name));
                let router = router as Router;
                let session =
                    Session { neighbor, at, router, remote, nic, address, export, import };
                self.made.sessions.push(session);
            }
        }
    }

    /// LANs, static routes, pools, aggregates and default routes.
    fn made_here(&mut self) {
        let plane = self.plane;
        for (number, id) in plane.routers.iter().enumerate() {
            let own = routing::own(plane.isp, *id, &[plane.family]);
            for (route, preference, needs, leads) in self.own_routes(number as Router, &own) {
                self.inject(Injection {
                    router: number as Router,
                    route,
                    preference,
                    address: None,
                    needs,
                    leads,
                });
            }
        }
    }

    fn own_routes(&mut self, router: Router, own: &Own<'_>) -> Vec<(RouteId, u16, Needs, Leads)> {
        let plane = self.plane;
        let host = plane.routers[usize::from(router)].index();
        let mut all = attached(plane, host, own);
        for routes in own.families.iter().filter(|routes| routes.family == plane.family) {
            all.extend(fixed(plane, host, routes));
        }
        let ours = routing::is_ours(plane.isp, plane.routers[usize::from(router)]);
        let mut made = Vec::new();
        for Unfiltered { net, source, preference, needs, leads } in all {
            let route = Route::bare(net, source);
            // A default route for customers is not filtered, and stays here.
            let route = match Some(&self.originate).filter(|_| ours && preference != DEFAULT) {
                Some(filter) => {
                    let verdict = policy::pass(filter, route, &self.roas);
                    if !verdict.accepted {
                        continue;
                    }
                    verdict.route
                }
                None => route,
            };
            made.push((self.number(route), preference, needs, leads));
        }
        made
    }

    /// What other networks announce.
    fn heard(&mut self) {
        for number in 0..self.made.sessions.len() {
            let session = &self.made.sessions[number];
            if session.remote.is_some() {
                continue;
            }
            let (router, address, nic) = (session.router, session.address, session.nic);
            let Announced { routes } = announced(self.plane, session);
            let own = self.asn(router);
            for route in routes {
                let verdict = policy::pass(&self.made.sessions[number].import, route, &self.roas);
                if !verdict.accepted || verdict.route.path.asns().any(|asn| asn == own) {
                    continue;
                }
                let route = self.number(verdict.route);
                let needs = Needs { nic, session: Some(number), ..Needs::default() };
                self.inject(Injection {
                    router,
                    route,
                    preference: BGP,
                    address: Some(address),
                    needs,
                    leads: Leads::Out(number),
                });
            }
        }
    }

    pub(super) fn asn(&self, router: Router) -> u32 {
        self.plane.isp.hosts[self.plane.routers[usize::from(router)]].asn(self.plane.isp).0
    }

    fn inject(&mut self, injection: Injection) {
        let net = self.made.routes[injection.route as usize].net;
        self.by_prefix.entry(net).or_default().push(injection);
    }

    /// The number of a route; the same for the same attributes.
    pub(super) fn number(&mut self, route: Route) -> RouteId {
        let routes = &self.made.routes;
        let vacant = match self.known.find(&route, |other| routes[other as usize] == route) {
            Ok(known) => return known,
            Err(vacant) => vacant,
        };
        let number = self.made.routes.len() as RouteId;
        self.made.attributes.push(Attributes {
            local_pref: route.local_pref.unwrap_or(0),
            path: route.path.len() as u32,
            origin: route.origin.map_or(0, |origin| origin as u8),
        });
        self.made.routes.push(route);
        self.known.add(vacant, number);
        number
    }

    /// Sorts what was put together by prefix.
    fn index(&mut self) {
        let ends: Vec<Router> =
            self.made.inner.iter().flat_map(|inner| [inner.from, inner.to]).collect();
        for (net, mut injections) in std::mem::take(&mut self.by_prefix) {
            injections.sort_by_key(|one| one.router);
            let mut active: Vec<Router> = injections.iter().map(|one| one.router).collect();
            active.extend(&ends);
            active.sort_unstable();
            active.dedup();
            self.made.prefixes.push(net);
            self.made.injections.push(injections);
            self.made.active.push(active);
        }
    }

    /// Loopbacks, backbones and links to other networks.
    fn infrastructure(&mut self) {
        let plane = self.plane;
        for (number, id) in plane.routers.iter().enumerate() {
            let Some(ospf) = routing::ospf(plane.isp, *id) else { continue };
            let host = &plane.isp.hosts[*id];
            let loopback = host.loopback(plane.family).map(IpNet::from);
            let router = number as Router;
            let loopback = loopback.map(|net| (net, Carrier { router, cost: 0, nic: None }));
            let nics = ospf.backbones.iter().chain(&ospf.stubs);
            let links = nics.filter_map(|(nic, cost)| {
                let own = plane.nic_named(id.index(), &nic.name)?;
                plane.nics[own].address?;
                let net = plane.isp.segments[nic.segment].prefix(plane.family)?;
                Some((net, Carrier { router, cost: u32::from((*cost).max(1)), nic: Some(own) }))
            });
            for (net, carrier) in loopback.into_iter().chain(links) {
                self.made.infrastructure.entry(net).or_default().0.push(carrier);
            }
        }
    }
}

/// A route that a router makes itself, before its filter.
struct Unfiltered {
    net: IpNet,
    source: Source,
    preference: u16,
    needs: Needs,
    leads: Leads,
}

/// The LANs of a host.
fn attached(plane: &Plane<'_>, host: Position, own: &Own<'_>) -> Vec<Unfiltered> {
    let lan = |name: &str| {
        let nic = plane.nic_named(host, name).filter(|nic| plane.nics[*nic].address.is_some())?;
        let segment = plane.segment_ids[plane.nics[nic].segment];
        let net = plane.isp.segments[segment].prefix(plane.family)?;
        let needs = Needs { nic: Some(nic), ..Needs::default() };
        let (source, leads) = (Source::Device, Leads::Attached(nic));
        Some(Unfiltered { net, source, preference: DEVICE, needs, leads })
    };
    own.lans.iter().filter_map(|nic| lan(&nic.name)).collect()
}

/// The static routes, pools, aggregates and default routes of a host.
fn fixed(plane: &Plane<'_>, host: Position, routes: &OwnRoutes) -> Vec<Unfiltered> {
    let behind = |vip: usize| {
        let segment = plane.isp.vips.iter().nth(vip)?.1.segment.index();
        Some((vip, plane.nic_on(host, segment)?))
    };
    let watched = |hosts: &[Id<Host>]| Needs {
        one_of: hosts.iter().filter_map(|id| plane.router_of[id.index()]).collect(),
        ..Needs::default()
    };
    let made = |net, preference, needs, leads| {
        let source = Source::Static;
        Unfiltered { net, source, preference, needs, leads }
    };
    let mut all = Vec::new();
    for route in &routes.statics {
        let (needs, leads) = match route.via.and_then(|vip| behind(vip.index())) {
            Some((vip, nic)) => {
                (Needs { nic: Some(nic), ..Needs::default() }, Leads::Via(vip, nic))
            }
            None => (Needs::default(), Leads::Pool),
        };
        all.push(made(route.net, STATIC, needs, leads));
    }
    let nowhere = Leads::Unreachable;
    let inside = |net: &IpNet| made(*net, STATIC, watched(&routes.inside), nowhere);
    all.extend(routes.aggregates.iter().map(inside));
    all.extend(routes.default.map(|net| made(net, DEFAULT, watched(&routes.edges), nowhere)));
    all
}

/// The neighbour of a side and the position of its session.
fn named(plane: &Plane<'_>, side: &Side<'_>) -> Option<(Id<Neighbor>, usize)> {
    let id = plane.isp.neighbors.find(side.neighbor.name())?;
    let at = side.neighbor.session.iter().position(|one| one.name == side.session.name)?;
    Some((id, at))
}

/// What our own RTR caches know.
fn roas(plane: &Plane<'_>) -> Roas {
    let isp = plane.isp;
    let mut tables: BTreeMap<String, Vec<Roa>> = BTreeMap::new();
    for roa in isp.roas.values() {
        let table = match roa.prefix {
            IpNet::V4(_) => "kt_roa4",
            IpNet::V6(_) => "kt_roa6",
        };
        let roa = Roa { net: roa.prefix, max_length: roa.max_length, asn: roa.asn.0 };
        tables.entry(table.to_owned()).or_default().push(roa);
    }
    Roas { own_asn: isp.about.asn.0, tables }
}
