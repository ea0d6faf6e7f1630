//! Addresses: each belongs to one interface, inside its segment, inside our space.

use crate::tell::{owner, twice, wrong, wrong_in};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Nic, Segment, SegmentKind};
use model::{At, Finding, Isp, Named as _, Place};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// An address and who has it.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) address: IpAddr,
    /// Where it is written.
    pub(crate) place: Place,
    /// The table that it is written in.
    pub(crate) at: &'a At,
}

/// Every address of our hosts: loopbacks and interfaces.
pub(crate) fn of_hosts(isp: &Isp) -> Vec<Held<'_>> {
    isp.hosts.values().flat_map(|host| loopbacks(host).chain(interfaces(host))).collect()
}

fn loopbacks(host: &Host) -> impl Iterator<Item = Held<'_>> {
    [Family::V4, Family::V6].into_iter().filter_map(|family| {
        let key = keyed("loopback", family);
        let address = host.loopback(family)?;
        Some(Held { address, place: host.at.field(key), at: &host.at })
    })
}

fn interfaces(host: &Host) -> impl Iterator<Item = Held<'_>> {
    host.nic.iter().flat_map(|nic| {
        Family::BOTH.into_iter().filter_map(|family| {
            let address = nic.address(family)?;
            Some(Held { address, place: nic.at.field(keyed("ip", family)), at: &nic.at })
        })
    })
}

/// The key of a family's address: `ipv4`, `loopback6`, `gateway4`.
pub(crate) fn keyed(what: &str, family: Family) -> &'static str {
    match (what, family) {
        ("loopback", Family::V4) => "loopback4",
        ("loopback", Family::V6) => "loopback6",
        ("gateway", Family::V4) => "gateway4",
        ("gateway", Family::V6) => "gateway6",
        (_, Family::V4) => "ipv4",
        (_, Family::V6) => "ipv6",
    }
}

/// N1-ADDRESS. VIPs among each other belong here; a VIP on an interface is N4-VIP-STATIC.
pub(crate) fn duplicates(isp: &Isp) -> Vec<Finding> {
    let vips = isp.vips.values().flat_map(|vip| {
        Family::BOTH.into_iter().filter_map(|family| {
            let address = vip.address(family)?;
            Some(Held { address, place: vip.at.field(keyed("ip", family)), at: &vip.at })
        })
    });
    let told = |(address, first, again): (IpAddr, Held<'_>, Held<'_>)| {
        let says = format!("{} and {} have the same address {address}", first.at.key, again.at.key);
        wrong(again.place, says)
            .also(first.place, "first here")
            .about(owner(again.at))
            .about(owner(first.at))
            .hint("give one of them a free address of its segment")
    };
    let hosts = twice(of_hosts(isp).into_iter().map(|held| (held.address, held)));
    let among_vips = twice(vips.map(|held| (held.address, held)));
    hosts.into_iter().chain(among_vips).map(told).collect()
}

/// N1-MAC.
pub(crate) fn macs(isp: &Isp) -> Vec<Finding> {
    let nics = isp.hosts.values().flat_map(|host| host.nic.iter().map(|nic| (nic.mac, nic)));
    let told = |(mac, first, again): (_, &Nic, &Nic)| {
        let says = format!("{} and {} have the Ethernet address {mac}", first.at.key, again.at.key);
        wrong_in(&again.at, "mac", says)
            .also(first.at.field("mac"), "first here")
            .about(owner(&first.at))
            .hint("remove `mac`: Ketupa derives a different one for every interface")
    };
    twice(nics).into_iter().map(told).collect()
}

/// N1-NIC-TWICE.
pub(crate) fn nics_on_one_segment(isp: &Isp) -> Vec<Finding> {
    let of_host = |host: &Host| {
        twice(host.nic.iter().map(|nic| (nic.segment, nic.clone())).collect::<Vec<_>>())
    };
    let told = |(segment, first, again): (_, Nic, Nic)| {
        let name = isp.segments[segment].name();
        let says = format!("{} and {} are both on the segment {name}", first.at.key, again.at.key);
        wrong_in(&again.at, "segment", says)
            .also(first.at.field("segment"), "first here")
            .hint("keep one interface for each segment")
    };
    isp.hosts.values().flat_map(of_host).map(told).collect()
}

/// N1-PREFIX.
pub(crate) fn outside_segment(isp: &Isp) -> Vec<Finding> {
    on_segments(isp, |nic, segment, family, address| {
        let place = nic.at.field(keyed("ip", family));
        match segment.prefix(family) {
            Some(prefix) if prefix.contains(&address) => None,
            Some(prefix) => {
                let says = format!("{address} of {} is outside {prefix}", nic.at.key);
                let finding = wrong(place, says).hint(format!("take an address inside {prefix}"));
                let also = segment.at.field(keyed("ip", family));
                Some(finding.also(also, format!("the prefix of {}", segment.name())))
            }
            None => {
                let digit = family.digit();
                let name = segment.name();
                let says =
                    format!("{name} has no IPv{digit} prefix for {address} of {}", nic.at.key);
                let hint =
                    format!("add `ipv{digit} = …` to [segment.{name}], or remove the address");
                Some(wrong(place, says).also(segment.at.place, "the segment").hint(hint))
            }
        }
    })
}

/// N1-NETWORK-ADDRESS.
pub(crate) fn reserved(isp: &Isp) -> Vec<Finding> {
    on_segments(isp, |nic, segment, family, address| {
        let what = reserved_in(segment.prefix(family)?, address)?;
        let says = format!("{address} of {} is the {what} of {}", nic.at.key, segment.name());
        let finding = wrong(nic.at.field(keyed("ip", family)), says);
        Some(finding.hint("take the next free address of the segment"))
    })
}

/// What an address means in its prefix, where no host may have it.
pub(crate) fn reserved_in(prefix: IpNet, address: IpAddr) -> Option<&'static str> {
    match prefix {
        // RFC 3021: both addresses of a /31 are hosts.
        IpNet::V4(net) if net.prefix_len() >= 31 => None,
        IpNet::V6(net) if net.prefix_len() >= 127 => None,
        IpNet::V4(net) if IpAddr::V4(net.broadcast()) == address => Some("broadcast address"),
        IpNet::V4(net) => (IpAddr::V4(net.network()) == address).then_some("network address"),
        IpNet::V6(net) => {
            (IpAddr::V6(net.network()) == address).then_some("subnet-router anycast address")
        }
    }
}

/// Asks about every address of every interface, with its segment.
fn on_segments(
    isp: &Isp,
    ask: impl Fn(&Nic, &Segment, Family, IpAddr) -> Option<Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for nic in isp.hosts.values().flat_map(|host| &host.nic) {
        let segment = &isp.segments[nic.segment];
        for family in Family::BOTH {
            let asked = nic.address(family).and_then(|own| ask(nic, segment, family, own));
            findings.extend(asked.map(|f| f.about(owner(&nic.at)).about(segment.at.key.clone())));
        }
    }
    findings
}

/// A prefix and who declares it.
#[derive(Clone, Copy)]
pub(crate) struct Net<'a> {
    pub(crate) prefix: IpNet,
    pub(crate) place: Place,
    pub(crate) at: &'a At,
}

/// The prefixes of all segments, in order.
fn of_segments(isp: &Isp) -> Vec<Net<'_>> {
    let of = |segment: &'_ Segment| {
        let at = &segment.at;
        Family::BOTH.map(|family| {
            let prefix = segment.prefix(family)?;
            Some((prefix, at.field(keyed("ip", family))))
        })
    };
    let nets = isp.segments.values().flat_map(|segment| {
        let found = of(segment).into_iter().flatten();
        found.map(|(prefix, place)| Net { prefix, place, at: &segment.at })
    });
    let mut nets: Vec<Net<'_>> = nets.collect();
    nets.sort_by_key(|net| (net.prefix.network(), net.prefix.prefix_len()));
    nets
}

/// N1-SEGMENT-OVERLAP.
pub(crate) fn segments(isp: &Isp) -> Vec<Finding> {
    overlapping(&of_segments(isp))
        .into_iter()
        .map(|(outer, inner)| overlap(&outer, &inner))
        .collect()
}

fn overlap(outer: &Net<'_>, inner: &Net<'_>) -> Finding {
    let (one, two) = (&outer.at.key, &inner.at.key);
    let says = format!("{} of {two} overlaps {} of {one}", inner.prefix, outer.prefix);
    wrong(inner.place, says)
        .also(outer.place, "overlaps this")
        .about(inner.at.key.clone())
        .about(outer.at.key.clone())
        .hint("an address must lead to one place only: give one of them other space")
}

/// Each prefix that lies in an earlier one, with that one. Needs them sorted.
pub(crate) fn overlapping<'a>(sorted: &[Net<'a>]) -> Vec<(Net<'a>, Net<'a>)> {
    let mut open: Vec<Net<'a>> = Vec::new();
    let mut pairs = Vec::new();
    for net in sorted {
        while open.last().is_some_and(|outer| !outer.prefix.contains(&net.prefix)) {
            open.pop();
        }
        pairs.extend(open.last().map(|outer| (*outer, *net)));
        open.push(*net);
    }
    pairs
}

/// N1-LOOPBACK-SEGMENT.
pub(crate) fn loopbacks_in_segments(isp: &Isp) -> Vec<Finding> {
    let nets = of_segments(isp);
    let mut findings = Vec::new();
    for held in isp.hosts.values().flat_map(loopbacks) {
        let before = nets.partition_point(|net| net.prefix.network() <= held.address);
        let near = nets.get(..before).unwrap_or_default().iter().rev();
        // Segments that overlap are reported themselves: the nearest one before is enough.
        let Some(net) = near.take(2).find(|net| net.prefix.contains(&held.address)) else {
            continue;
        };
        let says =
            format!("the loopback {} of {} lies in {}", held.address, held.at.key, net.at.key);
        let finding = wrong(held.place, says).also(net.place, "the segment");
        let finding = finding.about(held.at.key.clone()).about(net.at.key.clone());
        findings.push(finding.hint("take loopbacks from a block that no segment uses"));
    }
    findings
}

/// N1-VLAN: out of range, or twice on a site.
pub(crate) fn vlans(isp: &Isp) -> Vec<Finding> {
    let tagged = isp.segments.values().filter_map(|segment| Some((segment.vlan?, segment)));
    let odd =
        tagged.clone().filter(|(vlan, _)| !(1..=4094).contains(vlan)).map(|(vlan, segment)| {
            let says = format!("{} has VLAN {vlan}: there are 1 to 4094", segment.at.key);
            wrong_in(&segment.at, "vlan", says).hint("take a free number from 1 to 4094")
        });
    // Segments without a site may be anywhere: they are compared among themselves.
    let by_site = tagged.map(|(vlan, segment)| ((segment.site, vlan), segment));
    let same = twice(by_site).into_iter().map(|((_, vlan), first, again)| {
        let says = format!("{} and {} have the same VLAN {vlan}", first.at.key, again.at.key);
        wrong_in(&again.at, "vlan", says)
            .also(first.at.field("vlan"), "first here")
            .about(first.at.key.clone())
            .hint("frames of both would mix on the site's switch: take a free number")
    });
    odd.chain(same).collect()
}

/// N1-SPACE: prefixes that we route although they are neither ours nor private.
pub(crate) fn space(isp: &Isp) -> Vec<Finding> {
    let lans = of_segments(isp).into_iter();
    let is_lan: BTreeMap<&str, bool> = isp
        .segments
        .values()
        .map(|segment| (segment.at.key.as_str(), segment.kind == SegmentKind::Lan))
        .collect();
    let lans = lans.filter(|net| is_lan.get(net.at.key.as_str()).copied().unwrap_or(false));
    let pools = isp.pools.values().flat_map(|pool| listed_in(&pool.prefixes, &pool.at));
    let routes = isp.routes.values().flat_map(|route| listed_in(&route.prefixes, &route.at));
    let foreign = lans.chain(pools).chain(routes);
    let foreign = foreign.filter(|net| !isp.is_ours(net.prefix) && !is_local(net.prefix));
    foreign
        .map(|net| {
            let says = format!("{} of {} is neither ours nor private", net.prefix, net.at.key);
            let finding = wrong(net.place, says).about(net.at.key.clone());
            let finding = finding.also(isp.about.at.place, "our prefixes are declared here");
            finding.hint("take it from our space, or add the block to `ipv4` or `ipv6` of [isp]")
        })
        .collect()
}

fn listed_in<'a>(prefixes: &'a [IpNet], at: &'a At) -> impl Iterator<Item = Net<'a>> {
    prefixes.iter().map(|prefix| Net { prefix: *prefix, place: at.field("prefixes"), at })
}

/// Space for use inside one network: RFC 1918, RFC 6598, RFC 4193.
pub(crate) fn is_local(prefix: IpNet) -> bool {
    const LOCAL: [&str; 5] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    LOCAL.iter().filter_map(|net| net.parse::<IpNet>().ok()).any(|net| net.contains(&prefix))
}

/// N1-POOL-OVERLAP: addresses that are handed out twice, or that a LAN has already.
pub(crate) fn pools(isp: &Isp) -> Vec<Finding> {
    let pools = isp.pools.values().flat_map(|pool| listed_in(&pool.prefixes, &pool.at));
    let mut nets = of_segments(isp);
    nets.extend(pools);
    nets.sort_by_key(|net| (net.prefix.network(), net.prefix.prefix_len()));
    let pairs = overlapping(&nets).into_iter();
    let of_pool = |net: &Net<'_>| net.at.key.starts_with("pool.");
    pairs
        .filter(|(outer, inner)| of_pool(outer) || of_pool(inner))
        .map(|(outer, inner)| overlap(&outer, &inner))
        .collect()
}

/// N1-MTU.
pub(crate) fn mtus(isp: &Isp) -> Vec<Finding> {
    let too_small = |segment: &&Segment| {
        let least = if segment.ipv6.is_some() { 1280 } else { 576 };
        segment.mtu < least
    };
    let told = |segment: &Segment| {
        let says = format!("{} has an MTU of {}", segment.at.key, segment.mtu);
        let hint = "IPv6 needs 1280 bytes on every link, IPv4 hosts expect 576";
        wrong_in(&segment.at, "mtu", says).hint(hint)
    };
    isp.segments.values().filter(too_small).map(told).collect()
}
