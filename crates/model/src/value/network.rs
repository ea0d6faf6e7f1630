//! Addresses, prefixes, AS numbers, ports and communities.

use super::{Value, Wrong, integer, parsed, unexpected};
use crate::names::Names;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use toml::de::DeValue;

impl Value for Ipv4Addr {
    fn expects() -> String {
        "an IPv4 address such as \"192.0.2.1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
impl Value for Ipv6Addr {
    fn expects() -> String {
        "an IPv6 address such as \"2001:db8::1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
impl Value for IpAddr {
    fn expects() -> String {
        "an address such as \"192.0.2.1\" or \"2001:db8::1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// Refuses a prefix with bits beyond its length, and says which prefix was meant.
fn network<T>(value: &DeValue<'_>, trunc: impl Fn(&T) -> T) -> Result<T, Wrong>
where
    T: Value + FromStr + PartialEq + std::fmt::Display,
{
    let prefix: T = parsed(value)?;
    let network = trunc(&prefix);
    if network == prefix {
        return Ok(prefix);
    }
    Err(Wrong::new(format!("`{prefix}` has bits beyond its prefix length"))
        .hint(format!("write \"{network}\"")))
}

impl Value for Ipv4Net {
    fn expects() -> String {
        "an IPv4 prefix such as \"192.0.2.0/24\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}
impl Value for Ipv6Net {
    fn expects() -> String {
        "an IPv6 prefix such as \"2001:db8::/32\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}
impl Value for IpNet {
    fn expects() -> String {
        "a prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}

/// An autonomous system number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Asn(pub u32);

impl std::fmt::Display for Asn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Asn {
    /// Whether it is for private use (RFC 6996).
    pub fn is_private(self) -> bool {
        matches!(self.0, 64_512..=65_534 | 4_200_000_000..=4_294_967_294)
    }
}

impl Value for Asn {
    fn expects() -> String {
        "an AS number such as 64500".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let asn = integer::<u32>(value).map_err(|_| unexpected::<Self>(value))?;
        match asn {
            0 | 23_456 | 65_535 | u32::MAX => {
                Err(Wrong::new(format!("AS {asn} is reserved and cannot speak BGP")))
            }
            _ => Ok(Self(asn)),
        }
    }
}

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mac(pub [u8; 6]);

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs = self.0.map(|byte| format!("{byte:02x}"));
        f.write_str(&pairs.join(":"))
    }
}

impl FromStr for Mac {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes: Vec<u8> = text
            .split(':')
            .map(|part| if part.len() == 2 { u8::from_str_radix(part, 16) } else { "x".parse() })
            .collect::<Result<_, _>>()
            .map_err(|_| ())?;
        bytes.try_into().map(Self).map_err(|_| ())
    }
}

impl Value for Mac {
    fn expects() -> String {
        "an Ethernet address such as \"02:00:00:00:00:01\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let mac: Self = parsed(value)?;
        if mac.0.first().is_some_and(|byte| byte & 1 == 1) {
            return Err(Wrong::new(format!("`{mac}` is a group address, not one of a host")));
        }
        Ok(mac)
    }
}

/// A transport protocol and a port, or a protocol without ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Port {
    /// `tcp/443`, or `tcp/8000-8010`: first and last port.
    Tcp(u16, u16),
    /// `udp/53`: first and last port.
    Udp(u16, u16),
    /// Ping and the ICMP errors of both families.
    Icmp,
    /// The payload of `IPsec` (RFC 4303).
    Esp,
    /// Tunnels (RFC 2784).
    Gre,
    /// VRRP, which stays on its link.
    Vrrp,
}

/// The protocols without ports, by name.
const BARE: [(&str, Port); 4] =
    [("icmp", Port::Icmp), ("esp", Port::Esp), ("gre", Port::Gre), ("vrrp", Port::Vrrp)];

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, first, last) = match self {
            Self::Tcp(first, last) => ("tcp", first, last),
            Self::Udp(first, last) => ("udp", first, last),
            Self::Icmp | Self::Esp | Self::Gre | Self::Vrrp => {
                let bare = BARE.iter().find(|(_, port)| port == self);
                return f.write_str(bare.map_or("?", |(name, _)| name));
            }
        };
        if first == last { write!(f, "{name}/{first}") } else { write!(f, "{name}/{first}-{last}") }
    }
}

impl FromStr for Port {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some((_, port)) = BARE.iter().find(|(name, _)| *name == text) {
            return Ok(*port);
        }
        let (protocol, ports) = text.split_once('/').ok_or(())?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let first: u16 = first.parse().map_err(|_| ())?;
        let last: u16 = last.parse().map_err(|_| ())?;
        match protocol {
            "tcp" if 0 < first && first <= last => Ok(Self::Tcp(first, last)),
            "udp" if 0 < first && first <= last => Ok(Self::Udp(first, last)),
            _ => Err(()),
        }
    }
}

impl Value for Port {
    fn expects() -> String {
        "\"tcp/443\", \"udp/53\", \"tcp/8000-8010\", \"icmp\", \"esp\", \"gre\" or \"vrrp\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// A large BGP community (RFC 8092).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LargeCommunity(pub u32, pub u32, pub u32);

/// A standard (RFC 1997) or large (RFC 8092) BGP community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Community {
    /// `65535:666`
    Standard(u16, u16),
    /// `204059:0:20`
    Large(LargeCommunity),
}

impl std::fmt::Display for Community {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Standard(a, b) => write!(f, "{a}:{b}"),
            Self::Large(LargeCommunity(a, b, c)) => write!(f, "{a}:{b}:{c}"),
        }
    }
}

impl FromStr for Community {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Vec<u32> =
            text.split(':').map(str::parse).collect::<Result<_, _>>().map_err(|_| ())?;
        match numbers.as_slice() {
            [a, b] => {
                let (a, b) = (u16::try_from(*a), u16::try_from(*b));
                Ok(Self::Standard(a.map_err(|_| ())?, b.map_err(|_| ())?))
            }
            [a, b, c] => Ok(Self::Large(LargeCommunity(*a, *b, *c))),
            _ => Err(()),
        }
    }
}

impl Value for Community {
    fn expects() -> String {
        "a BGP community such as \"65535:666\" or \"204059:0:20\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
