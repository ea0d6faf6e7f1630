//! What the rendered filters would do to VRRP is named beforehand, for every example there is.

use crate::{TODAY, folder, isp, read, sources};
use derive::packet;
use derive::packet::judge::{Content, Packet, judge};
use derive::packet::rules::Protocol;
use model::ask::Family;
use model::kinds::{Host, Vip};
use model::{Id, Isp, Named as _};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Codes that say why a host does not hear another one.
const NAMED: &[&str] =
    &["N4-VRRP-DROPPED", "N4-VIP-NIC", "N4-VIP-UNMANAGED", "N1-PREFIX", "N4-VIP-EMPTY"];

/// What `from` tells the other hosts of a VIP, as it arrives at `to`; none if it cannot speak.
fn passes(isp: &Isp, vip: &Vip, from: Id<Host>, to: Id<Host>, family: Family) -> Option<bool> {
    vip.address(family)?;
    let input = &isp.hosts[to].nic_on(vip.segment)?.name;
    let (source, group): (IpAddr, &str) = match family {
        Family::V4 => (isp.hosts[from].nic_on(vip.segment)?.address(family)?, "224.0.0.18"),
        Family::V6 => ("fe80::1".parse().ok()?, "ff02::12"),
    };
    let packet = Packet {
        input: Some(input),
        output: None,
        source,
        destination: group.parse().ok()?,
        content: Content::Other(Protocol::Vrrp),
        hops: 255,
        state: None,
    };
    Some(judge(&packet::of(isp, to), &packet).passes)
}

/// The VIPs and pairs of hosts where the second drops what the first one sends.
fn deaf(isp: &Isp) -> Vec<String> {
    let mut deaf = Vec::new();
    for vip in isp.vips.values() {
        let managed = || vip.hosts.iter().filter(|id| isp.hosts[**id].managed);
        for (from, to) in managed().flat_map(|from| managed().map(move |to| (*from, *to))) {
            for family in Family::BOTH.into_iter().filter(|_| from != to) {
                if passes(isp, vip, from, to, family) == Some(false) {
                    deaf.push(format!("{} {} {family:?}", vip.name(), isp.hosts[to].name()));
                }
            }
        }
    }
    deaf
}

#[test]
fn whoever_is_made_deaf_is_named() {
    for case in testkit::cases::folders(&folder()) {
        let isp = isp(&sources(read(&case.join("isp.toml"))));
        let findings = prove::check(&isp, &[], TODAY).findings;
        let named = findings.iter().any(|finding| NAMED.contains(&finding.code));
        let deaf = deaf(&isp);
        assert!(deaf.is_empty() || named, "{}: {deaf:?}", case.display());
        let dropped = findings.iter().any(|finding| finding.code == "N4-VRRP-DROPPED");
        assert!(!dropped || !deaf.is_empty(), "{}: VRRP passes", case.display());
    }
}

#[test]
fn every_vip_that_a_rule_makes_deaf_is_named() {
    let isp_is = isp(&sources(read(&folder().join("n4-vrrp-dropped/isp.toml"))));
    let deaf = deaf(&isp_is);
    let vips: BTreeSet<&str> = deaf.iter().filter_map(|one| one.split(' ').next()).collect();
    // The uplink's advertisements are link-local in IPv6 too, but they come by a link of another zone.
    assert_eq!(vips, BTreeSet::from(["lan", "proxy"]));
    let report = prove::check(&isp_is, &[], TODAY);
    let about = report.findings.iter().flat_map(|finding| &finding.about);
    let named: BTreeSet<&str> = about.filter_map(|key| key.strip_prefix("vip.")).collect();
    assert_eq!(named, vips);
}

#[test]
fn nobody_is_deaf_in_the_clean_provider() {
    assert_eq!(deaf(&isp(&[read(&folder().join("clean.toml"))])), Vec::<String>::new());
}
