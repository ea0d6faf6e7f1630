//! The sessions of an ISP, as the judgement of leaks looks at them.

use super::doors::{Door, Doors, Role};
use derive::routing::{
    End, Origins, Side, common, cone, families, family, internal, network, origins, place, relation,
};
use model::ask::Family;
use model::kinds::{BgpRole, Host, Neighbor, Relation, Session};
use model::{Id, Isp, Named as _};
use policy::standard::Place;
use policy::{Community, PrefixPattern};
use std::collections::BTreeMap;

/// Which session a door is: the neighbour, and the position among its sessions.
pub(super) type At = (Id<Neighbor>, usize);

/// Every session with the outside of one family, and which each is.
pub(super) fn collect(isp: &Isp, of: Family) -> (Doors, Vec<At>) {
    let network = network(isp, &common(isp), Origins::Unknown);
    let mut doors = Doors::new(&network, family(of));
    let mut places = Vec::new();
    let mut known: BTreeMap<Id<Host>, Origins> = BTreeMap::new();
    for (id, neighbor) in isp.neighbors.iter() {
        for (at, session) in neighbor.session.iter().enumerate() {
            let host = session.host;
            let speaks = families(&isp.hosts[host]).contains(&of);
            if session.address(of).is_none() || !speaks {
                continue;
            }
            let origins = *known.entry(host).or_insert_with(|| origins(isp, host));
            doors.all.push(door(isp, (neighbor, session), (of, origins)));
            places.push((id, at));
        }
    }
    let mut pairs: BTreeMap<(Place, Place), usize> = BTreeMap::new();
    for near in known.keys() {
        for (far, peer) in isp.internal_peers(*near) {
            let spoken = isp.hosts[*near].loopback(of).and(peer.loopback(of)).is_some();
            if !spoken || !known.contains_key(&far) {
                continue;
            }
            let ends = (place(&isp.hosts[*near]), place(peer));
            let pair = *pairs.entry(ends).or_insert_with(|| {
                let (_, told) = internal(ends.0, ends.1, &network, of);
                let (taken, _) = internal(ends.1, ends.0, &network, of);
                doors.inside.push((told, taken));
                doors.inside.len() - 1
            });
            doors.told.insert((near.index(), far.index()), pair);
        }
    }
    (doors, places)
}

fn door(
    isp: &Isp,
    (neighbor, session): (&Neighbor, &Session),
    (of, origins): (Family, Origins),
) -> Door {
    let nic = Family::BOTH.into_iter().find_map(|family| session.nic(isp, family));
    let side = Side { neighbor, session, nic, end: End::Ours };
    let (import, export, _) = side.filters(isp, origins, of);
    Door {
        name: format!("{}/{}", neighbor.name(), session.name),
        router: session.host.index(),
        relation: relation(neighbor.relation),
        asn: neighbor.asn.0,
        import,
        export,
        cone: declared(isp, neighbor),
        boundless: is_boundless(neighbor, of),
        drops: match neighbor.blackhole {
            Some(model::value::Community::Standard(asn, value)) => Some(Community(asn, value)),
            Some(model::value::Community::Large(_)) | None => None,
        },
        role: match session.role.unwrap_or_else(|| neighbor.relation.our_role()) {
            BgpRole::Customer | BgpRole::Peer | BgpRole::RsClient => Role::Lateral,
            BgpRole::Provider | BgpRole::None => Role::Silent,
        },
    }
}

/// Whether a customer is one in name only: nobody has so much of the Internet.
fn is_boundless(neighbor: &Neighbor, of: Family) -> bool {
    let mut wide = neighbor.boundless_prefixes();
    neighbor.relation == Relation::Customer && wide.any(|prefix| Family::of_net(*prefix) == of)
}

/// What a neighbour may announce at the most, by what is declared for it.
fn declared(isp: &Isp, neighbor: &Neighbor) -> Option<Vec<PrefixPattern>> {
    let cone = cone(isp, neighbor);
    if cone.is_empty() && neighbor.relation != Relation::Customer {
        return None;
    }
    let whole = Family::BOTH.into_iter().filter(|_| neighbor.default_route);
    let whole = whole.map(|of| PrefixPattern::exact(family(of).whole()));
    Some(cone.into_iter().map(PrefixPattern::or_longer).chain(whole).collect())
}
