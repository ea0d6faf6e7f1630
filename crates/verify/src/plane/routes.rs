//! Every route that may exist: who makes it, on what condition, and what the filters on its way make
//! of it. Filters do not depend on what fails, so each is run once, here.

use super::{NicNumber, Plane, Router};
use crate::announce::{Announced, announced};
use crate::bgp::{BGP, PrefixNumber};
use derive::routing::{self, End, Own, Side};
use ipnet::IpNet;
use model::kinds::{Neighbor, Role};
use model::{Id, Named as _};
use policy::standard::Place;
use policy::{Filter, Path, Roa, Roas, Route, Source};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The number of a route, with all its attributes.
pub(crate) type RouteId = u32;
/// The number of a session.
pub(crate) type SessionNumber = usize;

/// Every route of one family.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Sorted.
    pub(crate) prefixes: Vec<IpNet>,
    pub(crate) sessions: Vec<Session>,
    /// By prefix; sorted by router.
    pub(crate) injections: Vec<Vec<Injection>>,
    /// By prefix: the routers that may have it from elsewhere than internal BGP; sorted.
    pub(crate) active: Vec<Vec<Router>>,
    pub(crate) inner: Vec<Inner>,
    pub(crate) attributes: Vec<Attributes>,
    pub(crate) routes: Vec<Route>,
    pub(crate) router_ids: Vec<u32>,
    /// What OSPF carries: prefix, and the routers that it belongs to.
    pub(crate) infrastructure: BTreeMap<IpNet, Vec<Router>>,
    /// What internal BGP makes of a route, by the places of teller and hearer.
    tells: Vec<[Option<RouteId>; 4]>,
    places: Vec<Option<Place>>,
    /// By session and route: whether the neighbour hears of it.
    told_outside: Vec<Vec<bool>>,
}

/// A declared session of this family.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) neighbor: Id<Neighbor>,
    /// Its position among the neighbour's sessions.
    pub(crate) at: usize,
    pub(crate) router: Router,
    pub(crate) remote: Option<Router>,
    pub(crate) nic: Option<NicNumber>,
    /// The other end's address.
    pub(crate) address: IpAddr,
    /// What we tell the neighbour.
    pub(crate) export: Filter,
    pub(crate) import: Filter,
}

/// A route that a router makes itself or hears from another network.
#[derive(Debug, Clone)]
pub(crate) struct Injection {
    pub(crate) router: Router,
    pub(crate) route: RouteId,
    pub(crate) preference: u16,
    /// The other end of the session that it is heard over.
    pub(crate) address: Option<IpAddr>,
    pub(crate) needs: Needs,
    pub(crate) leads: Leads,
}

/// What must work for a route to exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    pub(crate) nic: Option<NicNumber>,
    pub(crate) session: Option<SessionNumber>,
    /// One of these routers must be reached by OSPF.
    pub(crate) one_of: Vec<Router>,
}

/// Where packets go that follow a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To the segment of an interface.
    Attached(NicNumber),
    /// To a virtual address, over an interface: the position of the VIP.
    Via(usize, NicNumber),
    /// To the router itself: it knows who is online.
    Pool,
    /// Nowhere: only more specific routes lead on.
    Unreachable,
    /// Over a session.
    Out(SessionNumber),
}

/// One direction of a session between routers of ours.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) session: SessionNumber,
    pub(crate) from: Router,
    pub(crate) to: Router,
    pub(crate) nics: (NicNumber, NicNumber),
    /// The teller's address.
    pub(crate) address: IpAddr,
    /// By route: what arrives of it.
    pub(crate) passes: Vec<Option<RouteId>>,
}

/// What of a route decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes {
    pub(crate) local_pref: u32,
    pub(crate) path: u32,
    pub(crate) origin: u8,
}

const PLACES: [Place; 2] = [Place::Edge, Place::Inside];

impl Routes {
    /// Works out every route of a plane whose interfaces and routers are known.
    pub(crate) fn of(plane: &Plane<'_>) -> Self {
        Making::new(plane).finish()
    }

    /// Whether two routers are to speak internal BGP.
    pub(crate) fn meshed(&self, one: Router, other: Router) -> bool {
        let place = |router: Router| self.places[usize::from(router)];
        one != other && place(one).is_some() && place(other).is_some()
    }

    /// What a router hears of another's route by internal BGP.
    pub(crate) fn told(&self, route: RouteId, teller: Router, hearer: Router) -> Option<RouteId> {
        let place = |router: Router| self.places[usize::from(router)];
        let direction = direction(place(teller)?, place(hearer)?);
        self.tells.get(route as usize)?[direction]
    }

    /// The prefixes that hold an address, the longest first.
    pub(crate) fn covering(&self, address: IpAddr) -> Vec<PrefixNumber> {
        let all = self.prefixes.iter().enumerate();
        let mut found: Vec<_> = all.filter(|(_, net)| net.contains(&address)).collect();
        found.sort_by_key(|(_, net)| std::cmp::Reverse(net.prefix_len()));
        found.into_iter().map(|(number, _)| number).collect()
    }

    /// Whether a session tells its neighbour of a route.
    pub(crate) fn tells_neighbor(&self, session: SessionNumber, route: RouteId) -> bool {
        self.told_outside[session].get(route as usize).copied().unwrap_or(false)
    }

    /// What a session tells its neighbour of a route.
    pub(crate) fn exported(
        &self,
        session: SessionNumber,
        route: RouteId,
        roas: &Roas,
    ) -> Option<Route> {
        let verdict =
            policy::run(&self.sessions[session].export, &self.routes[route as usize], roas);
        verdict.accepted.then_some(verdict.route)
    }
}

fn direction(teller: Place, hearer: Place) -> usize {
    let number = |place: Place| usize::from(place == Place::Inside);
    2 * number(teller) + number(hearer)
}

/// The routes as they are put together.
struct Making<'a> {
    plane: &'a Plane<'a>,
    made: Routes,
    /// Routes by all their attributes, so that equal ones have one number.
    known: BTreeMap<String, RouteId>,
    by_prefix: BTreeMap<IpNet, Vec<Injection>>,
    roas: Roas,
    /// Internal filters by direction: export, import.
    internal: Vec<(Filter, Filter)>,
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
            known: BTreeMap::new(),
            by_prefix: BTreeMap::new(),
            roas: roas(plane),
            internal: filters.collect(),
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
        let numbers = 0..self.made.sessions.len();
        let told = numbers.map(|session| {
            let routes = 0..self.made.routes.len() as RouteId;
            routes.map(|route| self.made.exported(session, route, &self.roas).is_some()).collect()
        });
        self.made.told_outside = told.collect();
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
                let nic = side.nic.and_then(|nic| {
                    let host = id.index();
                    plane.nics_of(host).find(|number| plane.nic_name(*number) == nic.name)
                });
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
        let nic_named = |name: &str| plane.nics_of(host).find(|nic| plane.nic_name(*nic) == name);
        let mut all = Vec::new();
        for nic in &own.lans {
            let Some(nic) = nic_named(&nic.name) else { continue };
            let segment = plane.segment_ids[plane.nics[nic].segment];
            let prefix = plane.isp.segments[segment].prefix(plane.family);
            let addressed = plane.nics[nic].address.is_some();
            if let Some(prefix) = prefix.filter(|_| addressed) {
                let needs = Needs { nic: Some(nic), ..Needs::default() };
                all.push((prefix, Source::Device, 240, needs, Leads::Attached(nic)));
            }
        }
        for routes in own.families.iter().filter(|routes| routes.family == plane.family) {
            for route in &routes.statics {
                let via = route.via.and_then(|vip| {
                    let vip = vip.index();
                    let segment = plane.isp.vips.iter().nth(vip)?.1.segment.index();
                    Some((vip, plane.nic_on(host, segment)?))
                });
                let (needs, leads) = match via {
                    Some((vip, nic)) => {
                        (Needs { nic: Some(nic), ..Needs::default() }, Leads::Via(vip, nic))
                    }
                    None => (Needs::default(), Leads::Pool),
                };
                all.push((route.net, Source::Static, 200, needs, leads));
            }
            let watched = |hosts: &[Id<model::kinds::Host>]| Needs {
                one_of: hosts.iter().filter_map(|id| plane.router_of[id.index()]).collect(),
                ..Needs::default()
            };
            for net in &routes.aggregates {
                let needs = watched(&routes.inside);
                all.push((*net, Source::Static, 200, needs, Leads::Unreachable));
            }
            if let Some(net) = routes.default {
                let needs = watched(&routes.edges);
                all.push((net, Source::Static, 50, needs, Leads::Unreachable));
            }
        }
        let id = plane.routers[usize::from(router)];
        let network =
            routing::network(plane.isp, &routing::common(plane.isp), routing::Origins::Unknown);
        let originate = routing::originate(plane.isp, id, &network, plane.family);
        let made = all.into_iter().filter_map(|(net, source, preference, needs, leads)| {
            let route = Route::bare(net, source);
            // A default route for customers is not filtered, and stays here.
            let route = match originate.as_ref().filter(|_| preference != 50) {
                Some(filter) => {
                    let verdict = policy::run(filter, &route, &self.roas);
                    verdict.accepted.then_some(verdict.route)?
                }
                None => route,
            };
            Some((route, preference, needs, leads))
        });
        let made: Vec<_> = made.collect();
        made.into_iter()
            .map(|(route, preference, needs, leads)| (self.number(route), preference, needs, leads))
            .collect()
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
            for route in routes {
                let verdict = policy::run(&self.made.sessions[number].import, &route, &self.roas);
                if !verdict.accepted || verdict.route.path.asns().any(|asn| asn == self.asn(router))
                {
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

    fn asn(&self, router: Router) -> u32 {
        self.plane.isp.hosts[self.plane.routers[usize::from(router)]].asn(self.plane.isp).0
    }

    fn inject(&mut self, injection: Injection) {
        let net = self.made.routes[injection.route as usize].net;
        self.by_prefix.entry(net).or_default().push(injection);
    }

    /// The number of a route; the same for the same attributes.
    fn number(&mut self, route: Route) -> RouteId {
        let made = &mut self.made;
        *self.known.entry(format!("{route:?}")).or_insert_with(|| {
            let number = made.routes.len() as RouteId;
            made.attributes.push(Attributes {
                local_pref: route.local_pref.unwrap_or(0),
                path: route.path.len() as u32,
                origin: route.origin.map_or(0, |origin| origin as u8),
            });
            made.routes.push(route);
            number
        })
    }

    /// Runs every filter between our routers on every route, until no new route comes out.
    fn spread(&mut self) {
        let directions = self.directions();
        let mut passes: Vec<Vec<Option<RouteId>>> = vec![Vec::new(); directions.len()];
        let mut next = 0;
        while next < self.made.routes.len() {
            let tells = [0, 1, 2, 3].map(|direction| self.internal(next, direction));
            self.made.tells.push(tells);
            for (direction, (_, export, import, asns)) in directions.iter().enumerate() {
                let passed = self.passed(next, (export, import), *asns);
                passes[direction].push(passed);
            }
            next += 1;
        }
        for ((inner, ..), passes) in directions.into_iter().zip(passes) {
            self.made.inner.push(Inner { passes, ..inner });
        }
    }

    /// What internal BGP makes of a route; nothing if it is refused.
    fn internal(&mut self, route: usize, direction: usize) -> Option<RouteId> {
        let mut route = self.made.routes[route].clone();
        // A default route for customers is of no use inside: it carries no mark.
        let (export, import) = &self.internal[direction];
        let told = policy::run(export, &route, &self.roas);
        if !told.accepted {
            return None;
        }
        route = Route {
            source: Source::Bgp,
            origin: told.route.origin.or(Some(policy::Origin::Igp)),
            ..told.route
        };
        let heard = policy::run(import, &route, &self.roas);
        heard.accepted.then(|| self.number(heard.route))
    }

    /// What arrives of a route over a session between routers of ours.
    fn passed(
        &mut self,
        route: usize,
        (export, import): (&Filter, &Filter),
        (teller, hearer): (u32, u32),
    ) -> Option<RouteId> {
        let told = policy::run(export, &self.made.routes[route], &self.roas);
        if !told.accepted {
            return None;
        }
        let path: Vec<u32> = told.route.path.asns().collect();
        // Nobody takes a route that passed it before; who tells it has taken it.
        if path.contains(&hearer) || path.contains(&teller) {
            return None;
        }
        let asns = [vec![teller], path].concat();
        let route = Route {
            source: Source::Bgp,
            path: Path::sequence(&asns),
            local_pref: Some(100),
            origin: told.route.origin.or(Some(policy::Origin::Igp)),
            // The far end's address is what the filter wants to see: the neighbour is the next hop.
            next_hop: None,
            ..told.route
        };
        let heard = self.heard_from(import, route);
        heard.map(|route| self.number(route))
    }

    fn heard_from(&self, import: &Filter, route: Route) -> Option<Route> {
        let hop =
            self.made.sessions.iter().find_map(|session| {
                (session.import.name == import.name).then_some(session.address)
            });
        let verdict = policy::run(import, &Route { next_hop: hop, ..route }, &self.roas);
        verdict.accepted.then_some(verdict.route)
    }

    /// Both directions of the sessions between routers of ours: filters, and the AS of both ends.
    #[expect(clippy::type_complexity, reason = "one list, taken apart at once")]
    fn directions(&self) -> Vec<(Inner, Filter, Filter, (u32, u32))> {
        let plane = self.plane;
        let mut all = Vec::new();
        for (number, session) in self.made.sessions.iter().enumerate() {
            let Some(remote) = session.remote else { continue };
            let theirs = plane.routers[usize::from(remote)];
            let sides = routing::sides(plane.isp, theirs);
            let neighbor = &plane.isp.neighbors[session.neighbor];
            let name = &neighbor.session[session.at].name;
            let far = sides.iter().find(|side| {
                side.end == End::Theirs
                    && side.neighbor.name() == neighbor.name()
                    && side.session.name == *name
            });
            let Some(far) = far else { continue };
            let origins = routing::origins(plane.isp, theirs);
            let (their_import, their_export, _) = far.filters(plane.isp, origins, plane.family);
            let far_nic = far.nic.and_then(|nic| {
                plane.nics_of(theirs.index()).find(|number| plane.nic_name(*number) == nic.name)
            });
            let (Some(near_nic), Some(far_nic)) = (session.nic, far_nic) else { continue };
            let (ours, other) = (self.asn(session.router), self.asn(remote));
            let Some(local) = plane.nics[near_nic].address else { continue };
            let inner = |from, to, nics, address| Inner {
                session: number,
                from,
                to,
                nics,
                address,
                passes: Vec::new(),
            };
            let inward = inner(remote, session.router, (far_nic, near_nic), session.address);
            let outward = inner(session.router, remote, (near_nic, far_nic), local);
            all.push((inward, their_export, session.import.clone(), (other, ours)));
            all.push((outward, session.export.clone(), their_import, (ours, other)));
        }
        all
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
            let nics = ospf.backbones.iter().chain(&ospf.stubs);
            let links = nics.filter_map(|(nic, _)| {
                nic.address(plane.family)?;
                plane.isp.segments[nic.segment].prefix(plane.family)
            });
            for net in loopback.into_iter().chain(links) {
                self.made.infrastructure.entry(net).or_default().push(number as Router);
            }
        }
    }
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
