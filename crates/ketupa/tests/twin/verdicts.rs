//! What the proof says of packet filters is what packets meet: for a table of flows, the hosts that let
//! the packet pass and the one that drops it, as counters beside the filters see them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use model::Isp;
use model::ask::Family;
use model::value::Port;
use rehearse::{ask, probe};
use twin::Twin;
use verify::ask::{Asked, path};
use verify::{End, Failure, Flow, Paths, Way};

use crate::stage::Living;

/// From where, to where, by what. Which of them pass is not said here: the proof says it.
const FLOWS: [(&str, &str, &[&str]); 22] = [
    // From other networks: to services, past the proxies, to members, to our routers.
    ("verixi/edge-01", "vip.proxy", &["tcp/443", "tcp/80", "tcp/22", "udp/443", "icmp"]),
    ("verixi/edge-02", "vip.proxy", &["tcp/8404", "udp/80"]),
    ("verixi/edge-02", "host.cube", &["tcp/80", "tcp/443", "tcp/22", "icmp"]),
    ("verixi/edge-01", "host.friend", &["tcp/22", "tcp/443", "udp/53", "icmp"]),
    ("verixi/edge-01", "host.vpn-01", &["udp/1194", "tcp/1194", "tcp/22", "tcp/179", "icmp"]),
    ("verixi/edge-01", "host.edge-01", &["tcp/22", "tcp/179", "tcp/9100", "udp/3784", "icmp"]),
    ("verixi/edge-02", "host.core-01", &["tcp/22", "tcp/179", "icmp"]),
    ("hurricane/belgiumix", "host.rpki-01", &["tcp/323", "tcp/22", "icmp"]),
    ("cloudflare/bnix", "host.member-line", &["tcp/25", "udp/1194", "icmp"]),
    ("cloudflare/bnix", "host.fw-01", &["tcp/22", "icmp"]),
    // From members: to each other, to services, to routers, to the Internet.
    ("segment.patata", "host.memebox", &["tcp/22", "udp/5060", "icmp"]),
    ("segment.patata", "vip.proxy", &["tcp/443", "tcp/25"]),
    ("segment.meme", "vip.collecte", &["tcp/22", "icmp"]),
    ("segment.meme", "host.core-03", &["tcp/22", "udp/161", "icmp"]),
    ("segment.collecte", "internet", &["tcp/443", "udp/53", "icmp"]),
    ("segment.collecte", "host.cube", &["tcp/5432", "icmp"]),
    // From services and what the network needs.
    ("segment.services", "internet", &["tcp/443", "tcp/22", "udp/53", "udp/161", "icmp"]),
    ("segment.services", "host.friend", &["tcp/25", "tcp/22"]),
    ("host.cube", "host.core-01", &["tcp/22", "icmp"]),
    ("host.core-01", "host.rpki-01", &["tcp/323", "tcp/22"]),
    ("host.core-02", "host.edge-01", &["tcp/179", "tcp/22", "icmp"]),
    ("host.edge-01", "host.cube", &["tcp/443", "tcp/22"]),
];

/// How often each verdict must come in each family, so that a filter that lets all pass, or nothing, is
/// noticed; and on how many hosts packets are dropped.
const OFTEN: usize = 20;
const DROPPERS: usize = 8;

/// The flows of the example that filters treat otherwise than predicted, a line each.
pub(crate) fn differences(network: &Living) -> String {
    let (twin, isp) = (network.twin(), &network.isp);
    let all = predicted(isp);
    let ours: Vec<&str> = containers(twin, isp).collect();
    for host in &ours {
        twin.write(host, "/run/watch.nft", watch(&all).as_bytes()).unwrap();
        network.says(host, "nft -f /run/watch.nft");
    }
    knock(twin, isp, &all);
    let mut seen = vec![Met::default(); all.len()];
    for host in &ours {
        read(twin, host, &mut seen);
        network.says(host, "nft delete table inet watch");
    }
    let different = all.iter().zip(&seen).filter_map(|(one, met)| difference(one, met));
    let different: Vec<String> = different.collect();
    println!("{} flows through filters, {} differ", all.len(), different.len());
    different.concat()
}

#[test]
fn flows_pass_and_are_dropped_often_enough_to_mean_something() {
    let isp = testkit::isp(&testkit::example("neutrinet"));
    let all = predicted(&isp);
    for family in Family::BOTH {
        let own = || all.iter().filter(|one| one.flow.family == family);
        let dropped = own().filter(|one| drops(one)).count();
        let passed = own().count() - dropped;
        println!("IPv{}: {passed} pass, {dropped} are dropped", family.digit());
        assert!(dropped >= OFTEN && passed >= OFTEN, "{family:?}: {passed}, {dropped}");
    }
    let by: BTreeSet<&str> = all.iter().filter(|one| drops(one)).filter_map(dropper).collect();
    assert!(by.len() >= DROPPERS, "{by:?}");
    let packets: BTreeSet<String> = all.iter().map(|one| matches(&one.flow)).collect();
    assert_eq!(packets.len(), all.len(), "counters would count two flows as one");
}

/// The host whose filter drops a flow first.
fn dropper(one: &Paths) -> Option<&str> {
    let dropped = one.ways.iter().find(|way| matches!(way.end, End::Filtered(_)));
    Some(dropped?.hops.last()?.host.as_str())
}

/// Sends what opens every flow: at the same time from different networks and machines.
fn knock(twin: &Twin, isp: &Isp, all: &[Paths]) {
    let mut by_start: BTreeMap<&str, Vec<&Flow>> = BTreeMap::new();
    for one in all {
        let start = one.flow.from.split('/').next().unwrap();
        by_start.entry(start).or_default().push(&one.flow);
    }
    std::thread::scope(|threads| {
        for flows in by_start.values() {
            threads.spawn(move || {
                for flow in flows {
                    assert!(probe::knock(twin, isp, flow).unwrap(), "nobody at {}", flow.from);
                }
            });
        }
    });
}

/// What the proof says of every flow, in every family that it has.
fn predicted(isp: &Isp) -> Vec<Paths> {
    let flows = FLOWS.iter().flat_map(|(from, to, ports)| ports.iter().map(move |p| (from, to, p)));
    let asked = flows.map(|(from, to, port)| {
        let port: Option<Port> = port.parse().ok();
        assert!(port.is_some());
        path(isp, &Asked { from, to, port }, &Failure::none()).unwrap()
    });
    asked.flatten().collect()
}

/// Our hosts that are containers.
fn containers<'a>(twin: &'a Twin, isp: &'a Isp) -> impl Iterator<Item = &'a str> {
    let plays = |name: &&str| twin.pid(name).is_ok();
    isp.hosts.values().map(model::Named::name).filter(plays)
}

/// What hosts did with a flow's packets.
#[derive(Debug, Default, Clone)]
struct Met {
    arrived: BTreeSet<String>,
    passed: BTreeSet<String>,
}

/// Where packets are counted: before every filter, and after the last one on the way through a host
/// and into it.
const PLACES: [(&str, &str); 3] = [
    ("arrived", "prerouting priority -500"),
    ("through", "forward priority 500"),
    ("into", "input priority 500"),
];

/// A table of counters, for every flow and place.
fn watch(all: &[Paths]) -> String {
    let mut text = String::from("table inet watch {\n");
    for (place, _) in PLACES {
        for number in 0..all.len() {
            writeln!(text, "  counter {place}_{number} {{\n  }}").unwrap();
        }
    }
    for (place, hook) in PLACES {
        writeln!(text, "  chain {place} {{\n    type filter hook {hook}; policy accept;").unwrap();
        for (number, one) in all.iter().enumerate() {
            writeln!(text, "    {} counter name {place}_{number}", matches(&one.flow)).unwrap();
        }
        text.push_str("  }\n");
    }
    text + "}\n"
}

/// What opens a flow, in the words of nft.
fn matches(flow: &Flow) -> String {
    let (ip, icmp) = match flow.family {
        Family::V4 => ("ip", "icmp type echo-request"),
        Family::V6 => ("ip6", "icmpv6 type echo-request"),
    };
    let content = match flow.port {
        Some(Port::Tcp(port, _)) => format!("tcp dport {port} tcp flags & (syn | ack) == syn"),
        Some(Port::Udp(port, _)) => format!("udp dport {port}"),
        _ => icmp.to_owned(),
    };
    format!("{ip} saddr {} {ip} daddr {} {content}", flow.source, flow.destination)
}

/// Reads a host's counters.
fn read(twin: &Twin, host: &str, seen: &mut [Met]) {
    let shown =
        ask::output(twin, host, &["nft", "-j", "list", "counters", "table", "inet", "watch"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.unwrap()).unwrap();
    for one in shown["nftables"].as_array().unwrap() {
        let counter = &one["counter"];
        let name = counter["name"].as_str().and_then(|name| name.split_once('_'));
        let Some((place, number)) = name.filter(|_| counter["packets"] != 0) else { continue };
        let met = &mut seen[number.parse::<usize>().unwrap()];
        let which = if place == "arrived" { &mut met.arrived } else { &mut met.passed };
        which.insert(host.to_owned());
    }
}

/// Whether a filter is to drop a flow.
fn drops(one: &Paths) -> bool {
    one.ways.iter().any(|way| matches!(way.end, End::Filtered(_)))
}

/// How a flow met something else than predicted. What is said again may take another of several ways
/// (IPv6 changes its flow label then): every host that saw it must be on a way that it took as a whole.
fn difference(one: &Paths, met: &Met) -> Option<String> {
    // A host's own packets leave it without arriving first.
    let arrives = |way: &Way| -> BTreeSet<String> {
        let hops = way.hops.iter().filter(|hop| format!("host.{}", hop.host) != one.flow.from);
        hops.map(|hop| hop.host.clone()).collect()
    };
    let taken = || one.ways.iter().filter(|way| arrives(way).is_subset(&met.arrived));
    let arrived: BTreeSet<String> = taken().flat_map(arrives).collect();
    let dropped = taken().filter(|way| matches!(way.end, End::Filtered(_)));
    let dropped: BTreeSet<String> =
        dropped.filter_map(|way| Some(way.hops.last()?.host.clone())).collect();
    let agrees = taken().next().is_some()
        && (&met.arrived, &met.passed) == (&arrived, &(&arrived - &dropped));
    let Flow { from, to, source, destination, port, .. } = &one.flow;
    let port = port.map_or_else(String::new, |port| port.to_string());
    let ways: Vec<String> = one.ways.iter().map(told).collect();
    (!agrees).then(|| {
        format!("{from} ({source}) to {to} ({destination}), {port}: predicted {ways:?}, {met:?}\n")
    })
}

fn told(way: &Way) -> String {
    let hosts: Vec<&str> = way.hops.iter().map(|hop| hop.host.as_str()).collect();
    format!("{}: {:?}", hosts.join(" > "), way.end)
}
