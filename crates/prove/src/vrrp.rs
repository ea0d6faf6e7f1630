//! Virtual addresses: one of several hosts answers, never two, never none.

use crate::addresses::{keyed, of_hosts, reserved_in};
use crate::tell::{owner, twice, wrong, wrong_in};
use model::ask::Family;
use model::kinds::{Host, Segment, Vip};
use model::{Finding, Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

/// N4-VRID.
pub(crate) fn vrids_on_segment(isp: &Isp) -> Vec<Finding> {
    let vips = isp.vips.values().map(|vip| ((vip.segment, vip.vrid), vip));
    let told = |((segment, vrid), first, again): ((_, u8), &Vip, &Vip)| {
        let on = isp.segments[segment].name();
        let says = format!("{} and {} both have VRID {vrid} on {on}", first.at.key, again.at.key);
        let hint = free(isp, segment);
        wrong_in(&again.at, "vrid", says)
            .also(first.at.field("vrid"), "first here")
            .about(first.at.key.clone())
            .hint(hint)
    };
    twice(vips).into_iter().map(told).collect()
}

/// N4-VRID-HOST: interfaces are named after the VRID, so that a host has each only once.
pub(crate) fn vrids_on_host(isp: &Isp) -> Vec<Finding> {
    let vips = isp.vips.values();
    let held = vips.flat_map(|vip| vip.hosts.iter().map(move |host| ((*host, vip.vrid), vip)));
    let told = |((host, vrid), first, again): ((Id<Host>, u8), &Vip, &Vip)| {
        let host = &isp.hosts[host];
        let (one, two) = (&first.at.key, &again.at.key);
        let says = format!(
            "{} would have the interface vrrp4.{vrid} for {one} and for {two}",
            host.name()
        );
        wrong_in(&again.at, "vrid", says)
            .also(first.at.field("vrid"), "first here")
            .about(first.at.key.clone())
            .about(host.at.key.clone())
            .hint("give one of the VIPs another VRID")
    };
    let apart = |(_, first, again): &(_, &Vip, &Vip)| {
        first.segment != again.segment && first.name != again.name
    };
    twice(held).into_iter().filter(apart).map(told).collect()
}

/// A VRID that no VIP has: best unique in the whole network.
fn free(isp: &Isp, segment: Id<Segment>) -> String {
    let taken = |by: &dyn Fn(&&Vip) -> bool| -> BTreeSet<u8> {
        isp.vips.values().filter(by).map(|vip| vip.vrid).collect()
    };
    let (all, here) = (taken(&|_| true), taken(&|vip| vip.segment == segment));
    let unused = |taken: &BTreeSet<u8>| (1..=255).find(|vrid| !taken.contains(vrid));
    match unused(&all).or_else(|| unused(&here)) {
        Some(vrid) => format!("{vrid} is free"),
        None => "all 255 are taken on this segment".into(),
    }
}

/// N4-VRID-ZERO.
pub(crate) fn zero(isp: &Isp) -> Vec<Finding> {
    let told = |vip: &Vip| {
        let says = format!("{} has VRID 0", vip.at.key);
        wrong_in(&vip.at, "vrid", says).hint("VRIDs go from 1 to 255")
    };
    isp.vips.values().filter(|vip| vip.vrid == 0).map(told).collect()
}

/// N4-VIP-STATIC.
pub(crate) fn configured(isp: &Isp) -> Vec<Finding> {
    let held: BTreeMap<_, _> = of_hosts(isp).into_iter().map(|held| (held.address, held)).collect();
    let mut findings = Vec::new();
    for vip in isp.vips.values() {
        for family in Family::BOTH {
            let Some(address) = vip.address(family) else { continue };
            let Some(held) = held.get(&address) else { continue };
            let says = format!("{address} of {} also stands on {}", vip.at.key, held.at.key);
            let finding = wrong(held.place, says)
                .also(vip.at.field(keyed("ip", family)), "the virtual address")
                .about(vip.at.key.clone())
                .about(owner(held.at));
            let hint = "the host would answer even as backup: give the interface its own address";
            findings.push(finding.hint(hint));
        }
    }
    findings
}

/// N4-VIP-PREFIX.
pub(crate) fn outside_segment(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for vip in isp.vips.values() {
        let segment = &isp.segments[vip.segment];
        for family in Family::BOTH {
            let (Some(address), key) = (vip.address(family), keyed("ip", family)) else { continue };
            let inside = segment.prefix(family).filter(|prefix| prefix.contains(&address));
            let says = match inside.map(|prefix| reserved_in(prefix, address)) {
                Some(None) => continue,
                Some(Some(what)) => {
                    format!("{address} of {} is the {what} of {}", vip.at.key, segment.name())
                }
                None => format!("{address} of {} is not in {}", vip.at.key, segment.at.key),
            };
            let finding = wrong_in(&vip.at, key, says).about(segment.at.key.clone());
            let finding = finding.also(segment.at.field(key), "its segment");
            findings.push(finding.hint("take a free address of the segment"));
        }
    }
    findings
}

/// N4-VIP-EMPTY.
pub(crate) fn empty(isp: &Isp) -> Vec<Finding> {
    let told = |vip: &Vip| {
        let says = format!("{} has neither an IPv4 nor an IPv6 address", vip.at.key);
        wrong_in(&vip.at, "ipv4", says).hint("add `ipv4 = …` or `ipv6 = …`, or delete it")
    };
    isp.vips.values().filter(|vip| vip.ipv4.is_none() && vip.ipv6.is_none()).map(told).collect()
}

/// N4-VIP-NIC.
pub(crate) fn hosts_elsewhere(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for vip in isp.vips.values() {
        let segment = &isp.segments[vip.segment];
        for host in vip.hosts.iter().map(|id| &isp.hosts[*id]) {
            let says = match host.nic_on(vip.segment) {
                None => format!(
                    "{} holds {} but has no interface on {}",
                    host.at.key,
                    vip.at.key,
                    segment.name()
                ),
                // VRRP for IPv6 is sent from the link-local address; IPv4 needs one of the segment.
                Some(nic) if vip.ipv4.is_some() && nic.ipv4.is_none() => {
                    format!(
                        "{} holds {} but {} has no IPv4 address",
                        host.at.key, vip.at.key, nic.at.key
                    )
                }
                Some(_) => continue,
            };
            let finding = wrong_in(&vip.at, "hosts", says).also(host.at.place, "the host");
            let hint =
                format!("give {} an interface with an address on {}", host.name(), segment.name());
            findings.push(finding.about(host.at.key.clone()).hint(hint));
        }
    }
    findings
}

/// N4-VIP-ALONE.
pub(crate) fn alone(isp: &Isp) -> Vec<Finding> {
    let told = |vip: &Vip| {
        let says = format!("{} has one host only: nobody takes over", vip.at.key);
        wrong_in(&vip.at, "hosts", says).hint("add a second host to `hosts`")
    };
    isp.vips.values().filter(|vip| vip.hosts.len() == 1).map(told).collect()
}

/// N4-VIP-UNMANAGED.
pub(crate) fn unmanaged(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for vip in isp.vips.values() {
        let hosts = vip.hosts.iter().map(|id| &isp.hosts[*id]);
        for host in hosts.filter(|host| !host.managed) {
            let says = format!(
                "{} may hold {}, but Ketupa does not configure it",
                host.at.key, vip.at.key
            );
            let finding =
                wrong_in(&vip.at, "hosts", says).also(host.at.field("managed"), "the host");
            findings.push(
                finding
                    .about(host.at.key.clone())
                    .hint("set `managed = true`, or remove it from `hosts`"),
            );
        }
    }
    findings
}

/// N4-VIP-GROUP: VIPs that move together have the same hosts in the same order.
pub(crate) fn groups(isp: &Isp) -> Vec<Finding> {
    let mut groups: BTreeMap<&str, Vec<&Vip>> = BTreeMap::new();
    for vip in isp.vips.values() {
        if let Some(group) = &vip.group {
            groups.entry(group).or_default().push(vip);
        }
    }
    let mut findings = Vec::new();
    for (group, vips) in groups {
        let Some((first, rest)) = vips.split_first() else { continue };
        for vip in rest.iter().filter(|vip| vip.hosts != first.hosts) {
            let (one, two) = (&first.at.key, &vip.at.key);
            let says =
                format!("{one} and {two} move together as `{group}`, but their hosts differ");
            let finding =
                wrong_in(&vip.at, "hosts", says).also(first.at.field("hosts"), "differs from this");
            let hint = "list the same hosts in the same order, or take them out of the group";
            findings.push(finding.about(first.at.key.clone()).hint(hint));
        }
    }
    findings
}

/// N4-ADVERT: VRRP version 3 counts hundredths of a second in 12 bits (RFC 5798 section 5.2.7).
pub(crate) fn adverts(isp: &Isp) -> Vec<Finding> {
    let odd = |vip: &&Vip| {
        let ms = vip.advert_ms;
        !(10..=40_950).contains(&ms) || !ms.is_multiple_of(10)
    };
    let told = |vip: &Vip| {
        let says = format!("{} cannot send advertisements every {} ms", vip.at.key, vip.advert_ms);
        wrong_in(&vip.at, "advert_ms", says).hint("take a multiple of 10 from 10 to 40950")
    };
    isp.vips.values().filter(odd).map(told).collect()
}
