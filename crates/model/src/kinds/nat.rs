//! Translation of addresses.

use super::{Host, Kind};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Translation of IPv4 sources: what comes from private addresses leaves with one of ours. IPv6 needs
/// none. A proof sees whether the machines can translate; it does not follow translated packets.
///
/// ```toml
/// [nat.guests]
/// description = "Guests' telephones share one address"
/// hosts = ["fw-01", "fw-02"]
/// from  = ["10.20.0.0/24"]
/// to    = "80.67.191.196"
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nat {
    /// Its name.
    pub name: String,
    /// Whose addresses are translated, and why.
    pub description: Option<String>,
    /// The machines that translate what leaves through them; they must track connections, as hosts
    /// of role `firewall` do and routers do not.
    pub hosts: Vec<Id<Host>>,
    /// The sources that are translated.
    pub from: Vec<Ipv4Net>,
    /// The address that they get: one of the machine itself, or a VIP that the machines share.
    pub to: Ipv4Addr,
    /// Where it is declared.
    pub at: At,
}

impl Named for Nat {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Nat {
    const KIND: &'static str = "nat";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            hosts: fields.some("hosts"),
            from: fields.some("from"),
            to: fields.need_or("to", Ipv4Addr::UNSPECIFIED),
            at: fields.at(),
        }
    }
}
