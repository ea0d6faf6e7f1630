//! What the proof predicts and what real daemons do is the same: routes and who told them, ways of
//! packets, holders of virtual addresses, verdicts of firewalls; with nothing broken, and with each of a
//! list of failures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use model::ask::Family;
use model::{Isp, Named as _};
use rehearse::follow::{Kernel, Kernels, Route};
use rehearse::quiet::{self, Patience};
use rehearse::{ask, fail, outside};
use twin::Twin;
use verify::predict::{self, By, Predicted, To};
use verify::{Element, Failure};

use crate::stage::{Declared, Living};

/// What is broken, one after the other.
const FAILURES: [&str; 8] = [
    "session.verixi/edge-01",
    "link.core-03/bb-a",
    "daemon.bra-01/bird",
    "daemon.core-01/keepalived",
    "segment.backbone-a",
    "host.fw-01",
    "host.core-01",
    "host.edge-01",
];

#[test]
fn daemons_do_what_the_proof_predicts_whatever_is_broken() {
    let declared = Declared::example("neutrinet", "agrees");
    declared.without_generated_routes();
    agree(&declared.up(), &FAILURES);
}

/// The choice between routes, rule by rule: about twenty prefixes of each family, taken or refused, on six
/// routers.
#[test]
fn daemons_choose_as_predicted_where_every_route_is_a_close_call() {
    let network = Declared::text(include_str!("isps/ties.toml"), "ties").up();
    agree(&network, &["session.first/one", "link.core-1/a", "segment.bb-b", "host.edge-2"]);
}

/// Predicted and seen are the same, with nothing broken and with each of these.
fn agree(network: &Living, failures: &[&str]) {
    let mut told = differences(network, &Failure::none());
    for (number, text) in failures.iter().enumerate() {
        let failure = Failure::of([Element::parse(&network.isp, text).unwrap()]);
        told.push_str(&under(network, &failure));
        // Nobody needs what the last one broke.
        if number + 1 < failures.len() {
            mend(network, &failure);
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// Breaks something and compares.
fn under(network: &Living, failure: &Failure) -> String {
    let begun = Instant::now();
    fail::fail(network.twin(), &network.isp, failure).unwrap();
    forget_sessions(network);
    let quiet = quiet::wait(network.twin(), Patience::after_failure());
    let told = differences(network, failure);
    let names = failure.text(&network.isp);
    println!("{names}: quiet {quiet}, compared after {:.1?}", begun.elapsed());
    told
}

fn mend(network: &Living, failure: &Failure) {
    fail::mend(network.twin(), &network.isp, failure).unwrap();
    forget_sessions(network);
    network.rehearsal().wait(&network.isp, &|_| ()).unwrap();
}

/// The concentrator holds on to its sessions with a router that lost its power for as long as their
/// hold time, four minutes: here it has passed.
fn forget_sessions(network: &Living) {
    if network.isp.hosts.find("vpn-01").is_some() {
        network.says("vpn-01", "birdc restart '\"bgp_*\"'");
    }
}

/// Everything in which prediction and daemons differ, a line each.
pub(crate) fn differences(network: &Living, failure: &Failure) -> String {
    let end = Instant::now() + PREEMPTS;
    loop {
        let told = compared(network, failure);
        if told.is_empty() || Instant::now() > end {
            print!("{told}");
            return told;
        }
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// After how long the better half of a pair has its addresses back.
const PREEMPTS: Duration = Duration::from_secs(40);

fn compared(network: &Living, failure: &Failure) -> String {
    let kernels = Kernels::of(network.twin()).unwrap();
    let mut lines = Vec::new();
    lines.extend(routes(network, failure, &kernels));
    lines.extend(holders(network, failure, &kernels));
    lines.extend(ways(network, failure, &kernels));
    let names = failure.text(&network.isp);
    let mut told = String::new();
    for line in lines {
        writeln!(told, "without {names}: {line}").unwrap();
    }
    told
}

/// What a router's kernel holds for a prefix, in the words of the prediction, and BIRD's teller.
type Held = BTreeMap<(String, IpNet), (To, Option<By>)>;

fn routes(network: &Living, failure: &Failure, kernels: &Kernels<'_>) -> Vec<String> {
    let (twin, isp) = (network.twin(), &network.isp);
    let predicted = predict::routes(isp, failure);
    let routers: BTreeSet<&str> = predicted.iter().map(|one| one.host.as_str()).collect();
    let mut held = Held::new();
    for router in &routers {
        held.extend(kernel_of(twin, isp, (router, kernels)));
    }
    let mut lines = Vec::new();
    for Predicted { host, net, leads, by, .. } in &predicted {
        // Nobody sends to them; and the proof counts the way to a router, not to its far interface.
        if is_transfer(isp, *net) {
            held.remove(&(host.clone(), *net));
            continue;
        }
        let seen = held.remove(&(host.clone(), *net));
        match seen {
            None => lines.push(format!("{host}: {net}: predicted {leads:?} by {by:?}, not there")),
            Some((to, teller)) => {
                // A pool's members have no machines here: nobody is online.
                let nobody = (&to, leads) == (&To::Unreachable, &To::Pool);
                if to != *leads && !nobody {
                    lines.push(format!(
                        "{host}: {net}: predicted {leads:?} by {by:?}, seen {to:?} by {teller:?}"
                    ));
                }
                // BIRD knows a connected network by OSPF; the kernel had it first.
                let connected = matches!(leads, To::Segment(_));
                if !connected && teller.as_ref().is_some_and(|teller| teller != by) {
                    lines.push(format!("{host}: {net}: predicted by {by:?}, seen by {teller:?}"));
                }
            }
        }
    }
    for ((host, net), (to, by)) in held {
        if !failure.elements().is_empty() && is_transfer(isp, net) {
            continue;
        }
        lines.push(format!("{host}: {net}: not predicted, seen {to:?} by {by:?}"));
    }
    lines
}

/// Whether it is a network between routers, or an address in one. Where a link is down, OSPF tells of
/// single addresses there and kernels keep what leads nowhere: no packet of anybody goes there.
fn is_transfer(isp: &Isp, net: IpNet) -> bool {
    let backbone = |segment: &&model::kinds::Segment| {
        segment.kind == model::kinds::SegmentKind::Backbone
            && Family::BOTH
                .into_iter()
                .any(|family| segment.prefix(family).is_some_and(|whole| whole.contains(&net)))
    };
    isp.segments.values().any(|segment| backbone(&segment))
}

/// A router's kernel in both families, without what is only its own.
fn kernel_of(twin: &Twin, isp: &Isp, (router, kernels): (&str, &Kernels<'_>)) -> Held {
    let mut held = Held::new();
    let tellers = tellers(twin, isp, router);
    for family in ["-4", "-6"] {
        let shown =
            ask::output(twin, router, &["ip", "-j", family, "route", "show", "table", "main"]);
        let routes: Vec<Route> = serde_json::from_str(&shown.unwrap()).unwrap();
        for route in routes {
            let Some(net) = net_of(&route.dst, family) else { continue };
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
fn neighbor_of(isp: &Isp, container: &str) -> String {
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
    let stem = protocol.trim_end_matches("_4").trim_end_matches("_6");
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

/// Who has each virtual address.
fn holders(network: &Living, failure: &Failure, kernels: &Kernels<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for vip in network.isp.vips.values() {
        for address in Family::BOTH.into_iter().filter_map(|family| vip.address(family)) {
            let answerers = verify::ask::who_answers(&network.isp, address, failure).hosts;
            let mut predicted: Vec<String> = answerers.into_iter().map(|one| one.host).collect();
            predicted.sort();
            let seen = kernels.owners(address);
            if seen != predicted {
                lines.push(format!("{address}: predicted {predicted:?}, seen {seen:?}"));
            }
        }
    }
    lines
}

/// Flows between clients, the Internet and services.
const FLOWS: [(&str, &str); 8] = [
    ("friend", "internet"),
    ("memebox", "internet"),
    ("member-line", "internet"),
    ("vpn-01", "internet"),
    ("friend", "memebox"),
    ("member-line", "vpn-01"),
    ("friend", "vip.proxy"),
    ("verixi/edge-02", "vip.proxy"),
];

fn ways(network: &Living, failure: &Failure, kernels: &Kernels<'_>) -> Vec<String> {
    let isp = &network.isp;
    let mut lines = Vec::new();
    for (from, to) in FLOWS {
        let asked = verify::ask::Asked { from, to, port: None };
        for found in verify::ask::path(isp, &asked, failure).unwrap_or_default() {
            let mut predicted: Vec<String> = Vec::new();
            for way in &found.ways {
                let hosts: Vec<&str> = way.hops.iter().map(|hop| hop.host.as_str()).collect();
                predicted.push(hosts.join(" > "));
            }
            predicted.sort();
            predicted.dedup();
            let starts: BTreeSet<&str> =
                found.ways.iter().filter_map(|way| Some(way.hops.first()?.host.as_str())).collect();
            let mut seen: Vec<String> = Vec::new();
            for start in starts {
                for trail in kernels.trails(start, found.flow.destination) {
                    let ours = trail.hosts.iter().take_while(|host| isp.hosts.find(host).is_some());
                    let ours: Vec<&str> = ours.map(String::as_str).collect();
                    seen.push(ours.join(" > "));
                }
            }
            seen.sort();
            seen.dedup();
            if seen != predicted {
                let family = found.flow.family.digit();
                lines.push(format!(
                    "{from} to {to} (IPv{family}): predicted {predicted:?}, seen {seen:?}"
                ));
            }
        }
    }
    lines
}
