//! The routes that a router makes itself, as the template shows them.

use derive::routing::{self, OwnRoutes, about, symbol};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::net::IpAddr;

/// What `own.conf` says.
#[derive(Debug, Serialize)]
pub(super) struct Own {
    lans: Vec<Lan>,
    families: Vec<Routes>,
    watched: bool,
}

/// A LAN on one of our interfaces.
#[derive(Debug, Serialize)]
struct Lan {
    nic: String,
    comment: String,
}

/// The routes of one family.
#[derive(Debug, Serialize)]
struct Routes {
    digit: u8,
    /// The filter that marks what we make ourselves; none on a router of another AS.
    originate: Option<String>,
    statics: Vec<Static>,
    aggregates: Vec<IpNet>,
    /// The inside routers of which one must be reachable for the aggregates to be told.
    inside: Vec<Watched>,
    /// The default route, if a customer here wants to hear it.
    default: Option<IpNet>,
    /// The edges of which one must be reachable for the default route to be told.
    edges: Vec<Watched>,
}

/// A static route.
#[derive(Debug, Serialize)]
struct Static {
    net: IpNet,
    via: Option<IpAddr>,
    comment: String,
}

/// A router that is looked for in OSPF.
#[derive(Debug, Serialize)]
struct Watched {
    host: String,
    loopback: IpAddr,
}

/// Everything that a router makes itself.
pub(super) fn own(isp: &Isp, id: Id<Host>, families: &[Family]) -> Own {
    let made = routing::own(isp, id, families);
    let families: Vec<Routes> =
        made.families.into_iter().map(|family| routes(isp, id, family)).collect();
    let watched = families.iter().any(|f| !f.inside.is_empty() || !f.edges.is_empty());
    let lan = |nic: &model::kinds::Nic| Lan {
        nic: nic.name.clone(),
        comment: about_segment(isp, nic.segment),
    };
    Own { lans: made.lans.into_iter().map(lan).collect(), families, watched }
}

/// A segment's name and what it is for.
pub(super) fn about_segment(isp: &Isp, id: Id<model::kinds::Segment>) -> String {
    let segment = &isp.segments[id];
    about(segment.name(), segment.description.as_deref())
}

fn routes(isp: &Isp, id: Id<Host>, made: OwnRoutes) -> Routes {
    let family = made.family;
    let digit = family.digit();
    let watched = |hosts: Vec<Id<Host>>| -> Vec<Watched> {
        let known = hosts.into_iter().filter_map(|id| {
            let host = &isp.hosts[id];
            Some(Watched { host: host.name().to_owned(), loopback: host.loopback(family)? })
        });
        known.collect()
    };
    let fixed = |route: routing::StaticRoute| Static {
        net: route.net,
        via: route.via.and_then(|vip| isp.vips[vip].address(family)),
        comment: route.about,
    };
    Routes {
        digit,
        originate: routing::is_ours(isp, id).then(|| format!("kt_originate_v{digit}")),
        statics: made.statics.into_iter().map(fixed).collect(),
        aggregates: made.aggregates,
        inside: watched(made.inside),
        default: made.default,
        edges: watched(made.edges),
    }
}

/// The address that packets of ours carry when they leave: the loopback, else the first of ours
/// in our own space (rule K1).
pub(super) fn source(isp: &Isp, host: &Host, family: Family) -> Option<IpAddr> {
    let nics = host.nic.iter().filter_map(|nic| nic.address(family));
    let own = || nics.clone().find(|address| isp.is_ours(IpNet::from(*address)));
    host.loopback(family).or_else(own)
}

/// A word for a protocol's name: the host's, as BIRD takes it.
pub(super) fn word(host: &Host) -> String {
    symbol(host.name())
}
