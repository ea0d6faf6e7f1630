//! How routes spread among our own routers: what every filter on the way makes of every route.

use super::making::Making;
use super::routes::{self, Inner, RouteId};
use derive::routing::{self, End};
use model::Named as _;
use policy::{Filter, Path, Route, Source};

impl Making<'_> {
    /// Runs every filter between our routers on every route, until no new route comes out.
    pub(super) fn spread(&mut self) {
        let directions = self.directions();
        let mut passes: Vec<Vec<Option<RouteId>>> = vec![Vec::new(); directions.len()];
        let tellers = self.tellers();
        // What came from another network of ours may be told on from anywhere.
        let anywhere = [!directions.is_empty(); 2];
        let mut next = 0;
        while next < self.made.routes.len() {
            let told_from = tellers.get(next).copied().unwrap_or(anywhere);
            let tells = [0, 1, 2, 3].map(|direction| {
                let told = told_from[direction / 2] || anywhere[direction / 2];
                told.then(|| self.internal(next, direction)).flatten()
            });
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

    /// By route, of those that routers make themselves or hear from other networks: the places from which
    /// it is told inside. Nobody tells on what it heard inside.
    fn tellers(&self) -> Vec<[bool; 2]> {
        let mut tellers = vec![[false; 2]; self.made.routes.len()];
        for injection in self.by_prefix.values().flatten() {
            if let Some(place) = self.made.places[usize::from(injection.router)] {
                tellers[injection.route as usize][routes::number(place)] = true;
            }
        }
        tellers
    }

    /// What internal BGP makes of a route; nothing if it is refused.
    fn internal(&mut self, route: usize, direction: usize) -> Option<RouteId> {
        // A default route for customers is of no use inside: it carries no mark.
        let (export, import) = &self.internal[direction];
        let told = policy::run(export, &self.made.routes[route], &self.roas);
        if !told.accepted {
            return None;
        }
        let route = Route {
            source: Source::Bgp,
            origin: told.route.origin.or(Some(policy::Origin::Igp)),
            ..told.route
        };
        let heard = policy::pass(import, route, &self.roas);
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
        let verdict = policy::pass(import, Route { next_hop: hop, ..route }, &self.roas);
        verdict.accepted.then_some(verdict.route)
    }

    /// Both directions of the sessions between routers of ours: filters, and the AS of both ends.
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
            let far_nic = far.nic.and_then(|nic| plane.nic_named(theirs.index(), &nic.name));
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
}
