//! Every route that may exist: who makes it, on what condition, and what the filters on its way make
//! of it. Filters do not depend on what fails, so each is run once, when the routes are made.

use super::{NicNumber, Plane, Router};
use ipnet::IpNet;
use model::Id;
use model::kinds::Neighbor;
use policy::standard::Place;
use policy::{Filter, Roas, Route};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The number of a route, with all its attributes.
pub(crate) type RouteId = u32;
/// The number of a session.
pub(crate) type SessionNumber = usize;

/// Every route of one family.
#[expect(clippy::struct_field_names, reason = "the routes themselves among what is said of them")]
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
    pub(crate) needing: Needing,
    /// What OSPF carries: prefix, and the routers that it belongs to.
    pub(crate) infrastructure: BTreeMap<IpNet, Carriers>,
    /// What internal BGP makes of a route, by the places of teller and hearer.
    pub(crate) tells: Vec<[Option<RouteId>; 4]>,
    pub(crate) places: Vec<Option<Place>>,
    /// By session and route: whether the neighbour hears of it.
    pub(crate) told_outside: Vec<Vec<bool>>,
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

/// A router that tells of a prefix by OSPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carrier {
    pub(crate) router: Router,
    /// What its interface adds to the way to it: the way ends on the network, not at the router.
    pub(crate) cost: u32,
    /// Its interface on the network; none for its loopback.
    pub(crate) nic: Option<NicNumber>,
}

/// All routers that tell of a prefix by OSPF.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carriers(pub(crate) Vec<Carrier>);

impl Carriers {
    /// The routers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Router> {
        self.0.iter().map(|carrier| &carrier.router)
    }
}

/// What must work for a route to exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    pub(crate) nic: Option<NicNumber>,
    pub(crate) session: Option<SessionNumber>,
    /// One of these routers must be reached by OSPF.
    pub(crate) one_of: Vec<Router>,
}

/// The prefixes of which a route needs something.
#[derive(Debug, Default)]
pub(crate) struct Needing {
    /// By interface.
    pub(crate) nics: Vec<Vec<usize>>,
    /// By session.
    pub(crate) sessions: Vec<Vec<usize>>,
    /// By router: the prefixes that it may have from elsewhere than internal BGP.
    pub(crate) routers: Vec<Vec<usize>>,
}

impl Needing {
    /// Of all routes of a plane with so many interfaces and routers.
    pub(crate) fn of(routes: &Routes, nics: usize, routers: usize) -> Self {
        let none = |count| vec![Vec::new(); count];
        let sessions = none(routes.sessions.len());
        let mut needing = Self { nics: none(nics), sessions, routers: none(routers) };
        for (prefix, injections) in routes.injections.iter().enumerate() {
            for Needs { nic, session, .. } in injections.iter().map(|one| &one.needs) {
                if let Some(nic) = nic {
                    needing.nics[*nic].push(prefix);
                }
                if let Some(session) = session {
                    needing.sessions[*session].push(prefix);
                }
            }
            for router in &routes.active[prefix] {
                needing.routers[usize::from(*router)].push(prefix);
            }
        }
        needing
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) local_pref: u32,
    pub(crate) path: u32,
    pub(crate) origin: u8,
}

impl Routes {
    /// Works out every route of a plane whose interfaces and routers are known.
    pub(crate) fn of(plane: &Plane<'_>) -> Self {
        super::making::all(plane)
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

    /// Whether routers come to rest whatever fails. Where nobody tells other networks of ours what it
    /// heard, and internal BGP leaves alone what decides, all agree which routes are better; then those
    /// with the best one speak from the first round on, and each worse kind is settled after the better.
    pub(crate) fn rest(&self) -> bool {
        let decides = |route: usize| {
            let Attributes { local_pref, path, origin } = self.attributes[route];
            (local_pref, path, origin)
        };
        let alike = |(route, told): (usize, &[Option<RouteId>; 4])| {
            told.iter().flatten().all(|told| decides(*told as usize) == decides(route))
        };
        self.inner.is_empty() && self.tells.iter().enumerate().all(alike)
    }

    /// What internal BGP makes of a route, by the places of teller and hearer.
    pub(crate) fn inside(&self, route: RouteId) -> [Option<RouteId>; 4] {
        self.tells.get(route as usize).copied().unwrap_or_default()
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
    2 * number(teller) + number(hearer)
}

/// The number of a place.
pub(super) fn number(place: Place) -> usize {
    usize::from(place == Place::Inside)
}
