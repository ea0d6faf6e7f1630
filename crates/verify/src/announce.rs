//! What the rest of the Internet announces to us, as far as the model says: one route for each set of
//! sessions that can tell it. A transit tells everything; a peer and a route server what is theirs.

use crate::plane::Plane;
use crate::plane::routes::Session;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Neighbor, Relation};
use policy::{Origin, Path, Route, Source};

/// What one session hears.
pub(crate) struct Announced {
    pub(crate) routes: Vec<Route>,
}

/// A prefix that only transits lead to, of each family, and the AS behind it: the rest of the
/// Internet. It is the one at which the twin's Internet answers.
pub(crate) const REST: [&str; 2] = ["9.9.9.0/24", "2620:fe::/48"];
const REST_ASN: u32 = 19_281;
/// The AS of a member behind an exchange's route servers.
const MEMBER_ASN: u32 = 5_432;

/// The prefix of the rest of the Internet in a family.
pub(crate) fn rest(family: Family) -> Option<IpNet> {
    let [four, six] = REST;
    match family {
        Family::V4 => four.parse().ok(),
        Family::V6 => six.parse().ok(),
    }
}

/// What the other end of a session announces.
pub(crate) fn announced(plane: &Plane<'_>, session: &Session) -> Announced {
    let neighbor = &plane.isp.neighbors[session.neighbor];
    let own = neighbor.asn.0;
    let route = |net: IpNet, asns: &[u32]| Route {
        path: Path::sequence(asns),
        next_hop: Some(session.address),
        origin: Some(Origin::Igp),
        local_pref: Some(100),
        ..Route::bare(net, Source::Bgp)
    };
    let mut routes = Vec::new();
    let path: &[u32] = match neighbor.relation {
        Relation::RouteServer => &[MEMBER_ASN],
        Relation::Transit | Relation::Peer | Relation::Customer => &[own],
    };
    routes.extend(prefixes(neighbor, plane.family).map(|net| route(net, path)));
    if neighbor.relation == Relation::Transit {
        routes.extend(rest(plane.family).map(|net| route(net, &[own, REST_ASN])));
        // Whoever peers with us buys transit too, and transits know each other: the world reaches them
        // another way.
        let others = plane.isp.neighbors.values().filter(|other| other.name != neighbor.name);
        for other in others.filter(|other| also_behind(other)) {
            let far = match other.relation {
                Relation::RouteServer => MEMBER_ASN,
                Relation::Transit | Relation::Peer | Relation::Customer => other.asn.0,
            };
            routes
                .extend(prefixes(other, plane.family).map(|net| route(net, &[own, REST_ASN, far])));
        }
        if neighbor.default_route {
            routes.push(route(whole(plane.family), &[own]));
        }
    }
    Announced { routes }
}

fn also_behind(neighbor: &Neighbor) -> bool {
    matches!(neighbor.relation, Relation::Transit | Relation::Peer | Relation::RouteServer)
}

fn whole(family: Family) -> IpNet {
    derive::routing::family(family).whole()
}

/// What a neighbour has of its own: what its twin announces, or what it may announce.
fn prefixes(neighbor: &Neighbor, family: Family) -> impl Iterator<Item = IpNet> {
    let twin = neighbor.twin.announces.iter();
    let all: Vec<IpNet> = match neighbor.relation {
        Relation::Customer => neighbor.prefixes.iter().chain(twin).copied().collect(),
        Relation::Transit | Relation::Peer | Relation::RouteServer => twin.copied().collect(),
    };
    let mut all: Vec<IpNet> =
        all.into_iter().filter(|net| Family::of_net(*net) == family).collect();
    all.sort();
    all.dedup();
    all.into_iter()
}
