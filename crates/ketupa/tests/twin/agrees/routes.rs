//! Routes: what the proof says that every router has, and what its kernel and its BIRD have.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use model::{Isp, Named as _};
use rehearse::follow::{Kernel, Kernels, Route};
use rehearse::{ask, outside};
use twin::Twin;
use verify::Failure;
use verify::predict::{self, By, Predicted, To};

use crate::stage::Living;

/// What a router's kernel holds for a prefix, in the words of the prediction, and BIRD's teller.
type Held = BTreeMap<(String, IpNet), (To, Option<By>)>;

/// The routes that a router has otherwise than predicted.
pub(super) fn differences(
    network: &Living,
    failure: &Failure,
    kernels: &Kernels<'_>,
) -> Vec<String> {
    let (twin, isp) = (network.twin(), &network.isp);
    let predicted = predict::routes(isp, failure);
    let routers: BTreeSet<&str> = predicted.iter().map(|one| one.host.as_str()).collect();
    let mut held = Held::new();
    for router in &routers {
        held.extend(kernel_of(twin, isp, (router, kernels)));
    }
    let mut lines = Vec::new();
    for one in &predicted {
        lines.extend(difference(one, held.remove(&(one.host.clone(), one.net))));
    }
    let left = held.into_iter().map(|((host, net), (to, by))| {
        format!("{host}: {net}: not predicted, seen {to:?} by {by:?}")
    });
    lines.extend(left);
    lines
}

/// What is seen of a predicted route, where it is something else.
fn difference(predicted: &Predicted, seen: Option<(To, Option<By>)>) -> Option<String> {
    let Predicted { host, net, leads, by, .. } = predicted;
    let Some((to, teller)) = seen else {
        return Some(format!("{host}: {net}: predicted {leads:?} by {by:?}, not there"));
    };
    // A pool's members have no machines here: nobody is online.
    let nobody = (&to, leads) == (&To::Unreachable, &To::Pool);
    // BIRD knows a connected network by OSPF; the kernel had it first.
    let connected = matches!(leads, To::Segment(_));
    let told = connected || teller.as_ref().is_none_or(|teller| teller == by);
    let same = (to == *leads || nobody) && told;
    let differs =
        || format!("{host}: {net}: predicted {leads:?} by {by:?}, seen {to:?} by {teller:?}");
    (!same).then(differs)
}

/// A router's kernel in both families, without what is only its own.
fn kernel_of(twin: &Twin, isp: &Isp, (router, kernels): (&str, &Kernels<'_>)) -> Held {
    let mut held = Held::new();
    let tellers = tellers(twin, isp, router);
    for family in ["-4", "-6"] {
        let shown =
            ask::output(twin, router, &["ip", "-j", family, "route", "show", "table", "main"]);
        let mut routes: Vec<Route> = serde_json::from_str(&shown.unwrap()).unwrap();
        // The one that the kernel takes comes last, and stays.
        routes.sort_by_key(|route| std::cmp::Reverse(route.metric));
        for route in routes {
            let Some(net) = net_of(&route.dst, family).filter(|_| route.lives()) else { continue };
            let name = route.interface().unwrap_or_default();
            let vrrp = name.starts_with("vrrp");
            if is_management(isp, router, name)
                || (name == "lo" && route.kind.is_none())
                || vrrp
                || is_local(net)
            {
                continue;
            }
            let to = leads(isp, router, (&route, kernels));
            let by = tellers.get(&net).cloned();
            held.insert((router.to_owned(), net), (to, by));
        }
    }
    held
}

fn net_of(text: &str, family: &str) -> Option<IpNet> {
    let whole = if family == "-4" { "0.0.0.0/0" } else { "::/0" };
    if text == "default" {
        return whole.parse().ok();
    }
    let host = || text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse().ok().or_else(host)
}

fn is_local(net: IpNet) -> bool {
    match net {
        IpNet::V4(_) => false,
        IpNet::V6(net) => net.addr().segments()[0] == 0xfe80 || net.addr().is_multicast(),
    }
}

fn is_management(isp: &Isp, router: &str, name: &str) -> bool {
    let host = &isp.hosts[isp.hosts.find(router).unwrap()];
    let nic = host.nic.iter().find(|nic| nic.name == name);
    nic.is_some_and(|nic| isp.segments[nic.segment].kind == model::kinds::SegmentKind::Management)
}

fn leads(isp: &Isp, router: &str, (route, kernels): (&Route, &Kernels<'_>)) -> To {
    let hops = match route.kernel() {
        Kernel::Local => return To::Pool,
        Kernel::Unreachable => return To::Unreachable,
        Kernel::Blackhole => return To::Blackhole,
        Kernel::Via(hops) => hops,
    };
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for hop in &hops {
        let Some(gateway) = hop.gateway else { return To::Segment(hop.interface.clone()) };
        let owners = kernels.owners(gateway);
        let owners = owners.into_iter().filter(|owner| owner != router);
        for owner in owners {
            let next = (hop.interface.clone(), neighbor_of(isp, &owner));
            if isp.hosts.find(&owner).is_some() {
                ours.insert(next)
            } else {
                theirs.insert(next)
            };
        }
    }
    match (ours.is_empty(), theirs.is_empty()) {
        (true, true) => To::Silence(hops[0].interface.clone()),
        (false, _) => To::Hosts(ours.into_iter().collect()),
        (true, false) => To::Neighbors(theirs.into_iter().collect()),
    }
}

/// The neighbour that a container plays; a host of ours is itself.
pub(super) fn neighbor_of(isp: &Isp, container: &str) -> String {
    let plays = |neighbor: &&model::kinds::Neighbor| {
        outside::routers(isp, neighbor).iter().any(|(name, _)| name == container)
    };
    let neighbor = isp.neighbors.values().find(plays);
    neighbor.map_or(container, |neighbor| neighbor.name()).to_owned()
}

/// Who told a router its best route, by prefix, in the words of the prediction.
fn tellers(twin: &Twin, isp: &Isp, router: &str) -> BTreeMap<IpNet, By> {
    let shown =
        ask::output(twin, router, &["birdc", "show", "route", "primary"]).unwrap_or_default();
    let mut found = BTreeMap::new();
    for line in shown.lines().filter(|line| line.contains(" [")) {
        let net = line.split_whitespace().next().and_then(|net| net.parse().ok());
        let name = line.split_once('[').and_then(|(_, rest)| rest.split([' ', ']']).next());
        if let Some((net, name)) = net.zip(name) {
            found.insert(net, teller(isp, name));
        }
    }
    found
}

fn teller(isp: &Isp, protocol: &str) -> By {
    let stem = protocol.strip_suffix("_4").or_else(|| protocol.strip_suffix("_6"));
    let stem = stem.unwrap_or(protocol);
    let word = |name: &str| name.replace('-', "_");
    if protocol.starts_with("ospf") {
        return By::Ospf;
    }
    if let Some(far) = stem.strip_prefix("ibgp_") {
        let host = isp.hosts.values().find(|host| word(host.name()) == far);
        return By::Internal(host.unwrap().name().to_owned());
    }
    if let Some(far) = stem.strip_prefix("bgp_") {
        for neighbor in isp.neighbors.values() {
            for session in &neighbor.session {
                if word(&format!("{}_{}", neighbor.name(), session.name)) == far {
                    return By::Session(format!("{}/{}", neighbor.name(), session.name));
                }
            }
        }
    }
    By::Itself
}
