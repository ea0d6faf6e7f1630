//! Virtual routers: how their interfaces are called, what lowers a host's priority, who is a pair.

use crate::ask::Family;
use crate::kinds::{Host, Nic, Role, SegmentKind, Vip};
use crate::load::Isp;
use crate::table::Id;
use std::net::{IpAddr, Ipv6Addr};

/// The link over which the two halves of a firewall pair tell each other of their connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncLink<'a> {
    /// The interface of this half.
    pub nic: &'a Nic,
    /// The family that both halves have on it, IPv4 where there are two.
    pub family: Family,
    /// The address of this half.
    pub local: IpAddr,
    /// The address of the other half.
    pub remote: IpAddr,
}

/// What the death of BIRD takes from a router's priority: it falls below the next host, which is 10
/// less ([`Vip::priority`]).
pub const BIRD_LOSS: u8 = 11;

impl Vip {
    /// The interface with the virtual Ethernet address that its holder answers from. A VRID is
    /// unique per segment only: a host with two VIPs of one VRID would need one name twice.
    pub fn interface(&self, family: Family) -> String {
        format!("vrrp{}.{}", family.digit(), self.vrid)
    }

    /// The link-local address that comes first among the addresses of an IPv6 virtual router
    /// (RFC 5798 section 5.2.9): the tail of the virtual Ethernet address 00:00:5e:00:02:VRID.
    pub fn link_local(&self) -> Ipv6Addr {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x0200 | u16::from(self.vrid))
    }
}

impl Isp {
    /// The interfaces whose loss lowers a host's priority for its VIPs, with how much each takes
    /// away: a router without any backbone link falls below the next host, one with a link left
    /// does not (with up to four of them).
    pub fn tracked_by(&self, host: Id<Host>) -> Vec<(&Nic, u8)> {
        let backbone = |nic: &&Nic| self.segments[nic.segment].kind == SegmentKind::Backbone;
        let nics: Vec<&Nic> = self.hosts[host].nic.iter().filter(backbone).collect();
        // Two hosts that follow each other are 10 apart (`Vip::priority`).
        let loss = u8::try_from(nics.len()).ok().and_then(|n| 10u8.checked_div(n)).unwrap_or(0) + 1;
        nics.into_iter().map(|nic| (nic, loss)).collect()
    }

    /// The link of a firewall to its other half: the first `sync` interface on whose segment
    /// another firewall has one that holds a VIP with this one.
    pub fn sync_link(&self, host: Id<Host>) -> Option<SyncLink<'_>> {
        let own = &self.hosts[host];
        if own.role != Role::Firewall {
            return None;
        }
        let sync = |nic: &&Nic| self.segments[nic.segment].kind == SegmentKind::Sync;
        own.nic.iter().filter(sync).find_map(|nic| {
            let other = self.other_half(host)?.nic_on(nic.segment)?;
            Family::BOTH.into_iter().find_map(|family| {
                let (local, remote) = (nic.address(family)?, other.address(family)?);
                Some(SyncLink { nic, family, local, remote })
            })
        })
    }

    /// The firewall that holds a VIP with this one.
    fn other_half(&self, host: Id<Host>) -> Option<&Host> {
        let partners = self.vips_of(host).flat_map(|vip| vip.hosts.iter().copied());
        let mut others = partners.filter(|id| *id != host).map(|id| &self.hosts[id]);
        others.find(|other| other.role == Role::Firewall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Target;
    use crate::{Source, load};

    const PAIR: &str = r#"
        isp = { name = "Pair", asn = 64500, domain = "isp.example", ipv4 = ["192.0.2.0/24"] }
        site.here = {}
        segment.bb-a = { kind = "backbone", ipv4 = "10.0.1.0/24" }
        segment.bb-b = { kind = "backbone", ipv4 = "10.0.2.0/24" }
        segment.lan = { kind = "lan", ipv4 = "192.0.2.0/26", ipv6 = "2001:db8::/64" }
        segment.team = { kind = "management", ipv4 = "10.0.3.0/24" }
        [host.core-01]
        role = "core"
        site = "here"
        loopback4 = "192.0.2.251"
        nic.a = { segment = "bb-a", ipv4 = "10.0.1.1" }
        nic.b = { segment = "bb-b", ipv4 = "10.0.2.1" }
        nic.lan = { segment = "lan", ipv4 = "192.0.2.2", ipv6 = "2001:db8::2" }
        nic.team = { segment = "team", ipv4 = "10.0.3.1" }
        [vip.lan]
        segment = "lan"
        vrid = 51
        ipv4 = "192.0.2.1"
        hosts = ["core-01"]
        [pool.members]
        prefixes = ["192.0.2.128/25", "2001:db8:1::/48"]
        hosts = ["core-01"]
    "#;

    fn pair() -> Isp {
        let loaded = load(&[Source::new("isp.toml", PAIR.as_bytes())]);
        loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings))
    }

    fn shown(prefixes: &[ipnet::IpNet]) -> Vec<String> {
        prefixes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_follow_from_family_and_vrid() {
        let isp = pair();
        let vip = isp.vips.values().next().expect("there is one");
        assert_eq!(vip.interface(Family::V4), "vrrp4.51");
        assert_eq!(vip.interface(Family::V6), "vrrp6.51");
        assert_eq!(vip.link_local().to_string(), "fe80::5e00:233");
    }

    #[test]
    fn losing_every_backbone_link_costs_more_than_a_place_and_one_less() {
        let isp = pair();
        let host = isp.hosts.find("core-01").expect("it is declared");
        let losses: Vec<u8> = isp.tracked_by(host).iter().map(|(_, loss)| *loss).collect();
        assert_eq!(losses, [6, 6]);
    }

    #[test]
    fn a_target_is_all_its_prefixes_of_one_family() {
        let isp = pair();
        let host = Target::Host(isp.hosts.find("core-01").expect("it is declared"));
        let all = shown(&isp.prefixes_of(&host, Family::V4));
        assert_eq!(
            all,
            ["10.0.1.1/32", "10.0.2.1/32", "10.0.3.1/32", "192.0.2.2/32", "192.0.2.251/32"]
        );
        assert_eq!(shown(&isp.prefixes_of(&host, Family::V6)), ["2001:db8::2/128"]);
        let vip = Target::Vip(isp.vips.find("lan").expect("it is declared"));
        assert_eq!(shown(&isp.prefixes_of(&vip, Family::V6)), Vec::<String>::new());
    }

    #[test]
    fn a_lan_brings_what_its_hosts_route_and_management_only_itself() {
        let isp = pair();
        let on = |name: &str| {
            let segment = isp.segments.find(name).expect("it is declared");
            shown(&isp.sources_on(segment, Family::V4))
        };
        assert_eq!(on("lan"), ["192.0.2.0/26", "192.0.2.128/25"]);
        assert_eq!(on("team"), ["10.0.3.0/24"]);
    }
}
