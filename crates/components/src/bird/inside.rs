//! Internal BGP: between the loopbacks of our own routers, one session for each family.

use super::own::word;
use derive::routing::{self, place};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use policy::standard::{Network, Place};
use policy::{Filter, bird};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One internal session.
#[derive(Debug, Serialize)]
pub(super) struct Peer {
    protocol: String,
    host: String,
    role: &'static str,
    digit: u8,
    local: IpAddr,
    remote: IpAddr,
    import: String,
    export: String,
}

/// The internal sessions of a router, with their filters and the one for what it makes itself.
pub(super) fn peers(
    isp: &Isp,
    id: Id<Host>,
    network: &Network,
    families: &[Family],
) -> (Vec<Peer>, Vec<Filter>) {
    let host = &isp.hosts[id];
    let mut filters = Vec::new();
    filters.extend(families.iter().filter_map(|of| routing::originate(isp, id, network, *of)));
    // Hundreds of peers share few filters: each is made once.
    let mut known: BTreeMap<(bool, Family), (String, String)> = BTreeMap::new();
    let mut peers = Vec::new();
    for (_, peer) in isp.internal_peers(id) {
        for of in families {
            let ends = (host.loopback(*of), peer.loopback(*of));
            let (Some(local), Some(remote)) = ends else { continue };
            let (near, far) = (place(host), place(peer));
            let (import, export) = known.entry((far == Place::Edge, *of)).or_insert_with(|| {
                let (import, export) = routing::internal(near, far, network, *of);
                let names = (bird::filter_name(&import), bird::filter_name(&export));
                filters.extend([import, export]);
                names
            });
            peers.push(Peer {
                protocol: format!("ibgp_{}_{}", word(peer), of.digit()),
                host: peer.name().to_owned(),
                role: peer.role.word(),
                digit: of.digit(),
                local,
                remote,
                import: import.clone(),
                export: export.clone(),
            });
        }
    }
    (peers, filters)
}
