//! The provider itself: its number, its addresses, and what it signs for them.

use super::Kind;
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use crate::value::{Asn, Cents, Secret};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The provider: exactly one table `[isp]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The name that people use.
    pub name: String,
    /// The autonomous system number that the provider originates its prefixes from.
    pub asn: Asn,
    /// The DNS domain of hosts and services.
    pub domain: String,
    /// The provider's IPv4 prefixes, as announced to the Internet.
    pub ipv4: Vec<Ipv4Net>,
    /// The provider's IPv6 prefixes, as announced to the Internet.
    pub ipv6: Vec<Ipv6Net>,
    /// Contact address of the network team: a role, not a person.
    pub contact: Option<String>,
    /// The currency of every amount. Default: `EUR`.
    pub currency: String,
    /// What may be spent in a month.
    pub budget: Option<Cents>,
    /// The routing policy of neighbours that name none.
    pub policy: Option<Id<super::Policy>>,
    /// What OSPF on the backbones signs its packets with (RFC 5709, RFC 7166). Without it, whoever
    /// reaches a backbone can change our routes.
    pub ospf_password: Option<Secret>,
    /// Where it is declared.
    pub at: At,
}

impl About {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            name: fields.need("name"),
            asn: fields.need("asn"),
            domain: fields.need("domain"),
            ipv4: fields.list("ipv4"),
            ipv6: fields.list("ipv6"),
            contact: fields.get("contact"),
            currency: fields.or("currency", "EUR".to_owned()),
            budget: fields.get("budget"),
            policy: fields.get("policy"),
            ospf_password: fields.get("ospf_password"),
            at: fields.at(),
        }
    }

    /// The provider's prefixes of both families.
    pub fn prefixes(&self) -> impl Iterator<Item = IpNet> {
        let v4 = self.ipv4.iter().copied().map(IpNet::V4);
        v4.chain(self.ipv6.iter().copied().map(IpNet::V6))
    }
}

/// A route origin authorisation that our own RTR caches serve besides those of the RPKI:
/// our own signed prefixes, and exceptions (RFC 8416).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roa {
    /// Its name.
    pub name: String,
    /// The prefix that may be originated.
    pub prefix: IpNet,
    /// The longest prefix length that may be announced. Default: that of `prefix`.
    pub max_length: u8,
    /// The AS that may originate it.
    pub asn: Asn,
    /// Where it is declared.
    pub at: At,
}

impl Named for Roa {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Roa {
    const KIND: &'static str = "roa";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let unknown = IpNet::V4(Ipv4Net::default());
        let prefix = fields.need_or("prefix", unknown);
        Self {
            name: name.to_owned(),
            prefix,
            max_length: fields.or("max_length", prefix.prefix_len()),
            asn: fields.need("asn"),
            at: fields.at(),
        }
    }
}
