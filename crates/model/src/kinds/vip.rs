//! Virtual addresses: one of several hosts answers for them (VRRP).

use super::{Host, Kind, Segment};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A virtual address, held by the first of its hosts that lives (VRRP, RFC 5798).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vip {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The segment on which it is answered.
    pub segment: Id<Segment>,
    /// The IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// Virtual router identifier on the segment, from 1 to 255.
    pub vrid: u8,
    /// The hosts that may hold it, the preferred one first.
    pub hosts: Vec<Id<Host>>,
    /// VIPs with the same word here move together (a firewall's inside and outside).
    pub group: Option<String>,
    /// Time between two advertisements, in milliseconds. Default: 200.
    pub advert_ms: u16,
    /// Where it is declared.
    pub at: At,
}

impl Named for Vip {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Vip {
    const KIND: &'static str = "vip";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            segment: fields.need("segment"),
            ipv4: fields.get("ipv4"),
            ipv6: fields.get("ipv6"),
            vrid: fields.need("vrid"),
            hosts: fields.some("hosts"),
            group: fields.get("group"),
            advert_ms: fields.or("advert_ms", 200),
            at: fields.at(),
        }
    }
}
