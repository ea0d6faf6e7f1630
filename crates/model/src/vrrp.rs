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
