//! Translation of sources: what is translated exists, once, and its answers come back.

use crate::addresses::is_local;
use crate::tell::wrong_in;
use ipnet::{IpNet, Ipv4Net};
use model::kinds::{Host, Nat};
use model::{Finding, Id, Isp, Named as _};
use std::net::{IpAddr, Ipv4Addr};

/// N5-NAT-TO: an address that a translating machine does not have: nobody sends it the answers.
pub(crate) fn answers_elsewhere(isp: &Isp) -> Vec<Finding> {
    let told = |nat: &Nat| {
        let without = nat.hosts.iter().filter(|id| !gets(isp, **id, nat.to));
        let without: Vec<&Host> = without.map(|id| &isp.hosts[*id]).collect();
        let (first, others) = without.split_first()?;
        let names: Vec<&str> = without.iter().map(|host| host.name()).collect();
        let (names, verb) = (names.join(" and "), if others.is_empty() { "does" } else { "do" });
        let says = format!(
            "{} gives sources the address {}, which {names} {verb} not answer for",
            nat.at.key, nat.to
        );
        let finding =
            wrong_in(&nat.at, "to", says).also(first.at.place, "answers do not come here");
        let finding = without.iter().fold(finding, |all, host| all.about(host.at.key.clone()));
        let hint = "give the machines a VIP that they share and name its address, or one that a route leads to over it";
        Some(finding.hint(hint))
    };
    isp.nats.values().filter_map(told).collect()
}

/// Whether packets to an address come to a host: it has it, may hold it, or holds what it is routed to.
fn gets(isp: &Isp, host: Id<Host>, address: Ipv4Addr) -> bool {
    let address = IpAddr::V4(address);
    let routed =
        isp.routes.values().filter(|route| route.prefixes.iter().any(|net| net.contains(&address)));
    let mut over = routed.map(|route| &isp.vips[route.via]);
    isp.hosts[host].addresses().contains(&address)
        || isp.vips_of(host).any(|vip| vip.ipv4.map(IpAddr::V4) == Some(address))
        || over.any(|vip| vip.hosts.contains(&host))
}

/// N5-NAT-TWICE: a source that two declarations translate on one machine: the name decides.
pub(crate) fn twice(isp: &Isp) -> Vec<Finding> {
    let nats = || isp.nats.values().enumerate();
    let pairs =
        nats().flat_map(|(at, later)| nats().take(at).map(move |(_, first)| (first, later)));
    pairs.filter_map(|(first, later)| again(isp, first, later)).collect()
}

fn again(isp: &Isp, first: &Nat, later: &Nat) -> Option<Finding> {
    let host = later.hosts.iter().find(|host| first.hosts.contains(host))?;
    let of_first = |net: &Ipv4Net| first.from.iter().find_map(|other| common(*net, *other));
    let says = format!(
        "{} of {} is translated on {} by {} already",
        later.from.iter().find_map(of_first)?,
        later.at.key,
        isp.hosts[*host].name(),
        first.at.key
    );
    let finding = wrong_in(&later.at, "from", says)
        .also(first.at.field("from"), "this one is asked first")
        .about(first.at.key.clone());
    Some(finding.hint("keep each source in one of them: the order of their names decides"))
}

/// The smaller of two prefixes, if it is in the other one.
fn common(one: Ipv4Net, other: Ipv4Net) -> Option<Ipv4Net> {
    if one.contains(&other) { Some(other) } else { other.contains(&one).then_some(one) }
}

/// N5-NAT-PUBLIC: sources that need no translation.
pub(crate) fn public(isp: &Isp) -> Vec<Finding> {
    let told = |(nat, net): (&Nat, &Ipv4Net)| {
        let says = format!("{} translates {net}, which is not private", nat.at.key);
        wrong_in(&nat.at, "from", says)
            .hint("such addresses work on the Internet as they are: translate private ones only")
    };
    sources(isp).filter(|(_, net)| !is_local(IpNet::V4(**net))).map(told).collect()
}

/// N5-NAT-IDLE: sources that nothing declared has.
pub(crate) fn idle(isp: &Isp) -> Vec<Finding> {
    let segments = isp.segments.values().filter_map(|segment| segment.ipv4.map(IpNet::V4));
    let pools = isp.pools.values().flat_map(|pool| pool.prefixes.iter().copied());
    let routes = isp.routes.values().flat_map(|route| route.prefixes.iter().copied());
    let known: Vec<IpNet> = segments.chain(pools).chain(routes).collect();
    let lives = |net: &Ipv4Net| {
        let net = IpNet::V4(*net);
        known.iter().any(|known| known.contains(&net) || net.contains(known))
    };
    let told = |(nat, net): (&Nat, &Ipv4Net)| {
        let says = format!(
            "{} translates {net}: no segment, pool or route has such addresses",
            nat.at.key
        );
        wrong_in(&nat.at, "from", says)
            .hint("name the prefix of the segment that the sources are on")
    };
    sources(isp).filter(|(_, net)| !lives(net)).map(told).collect()
}

/// Everything that is translated.
fn sources(isp: &Isp) -> impl Iterator<Item = (&Nat, &Ipv4Net)> {
    isp.nats.values().flat_map(|nat| nat.from.iter().map(move |net| (nat, net)))
}
