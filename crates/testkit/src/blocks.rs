//! Blocks of TOML that generated providers share.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The address of a number in a block of IPv4.
pub(crate) fn four(block: [u8; 4], number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ipv4Addr::from(u32::from_be_bytes(block).saturating_add(number))
}

/// The address of a number in `2001:913:0:NET::/64`.
pub(crate) fn six(net: usize, number: usize) -> Ipv6Addr {
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    Ipv6Addr::new(0x2001, 0x913, 0, short(net), 0, 0, 0, short(number))
}

/// An interface, as a key of its host.
pub(crate) fn nic(name: &str, segment: &str, v4: Ipv4Addr, v6: Ipv6Addr) -> String {
    format!("nic.{name} = {{ segment = \"{segment}\", ipv4 = \"{v4}\", ipv6 = \"{v6}\" }}\n")
}

/// The provider itself, management, and where copies are kept.
pub(crate) fn head(name: &str) -> String {
    HEAD.replace("NAME", name)
}

/// From two routers, which are on `outside` already, through a pair of firewalls to a service.
pub(crate) fn services([first, second]: [&str; 2]) -> String {
    SERVICES.replace("FIRST", first).replace("SECOND", second)
}

const HEAD: &str = r#"# Generated: breaks no rule.
[isp]
name   = "NAME"
asn    = 64500
domain = "isp.example"
ipv4   = ["80.64.0.0/16"]
ipv6   = ["2001:913::/32"]
ospf_password = "pass:ospf"
[roa.four]
prefix = "80.64.0.0/16"
asn    = 64500
[roa.six]
prefix = "2001:913::/32"
asn    = 64500
[site.here]
[site.there]
[duty.team]
[certificate.all]
names  = ["*.isp.example"]
secret = "pass:tls"
[segment.management]
kind = "management"
ipv4 = "10.130.0.0/16"
[host.console]
kind = "physical"
role = "out-of-band"
site = "here"
nic.mgmt = { segment = "management", ipv4 = "10.130.255.254" }
[host.store]
kind = "physical"
role = "server"
site = "there"
"#;

const SERVICES: &str = r#"[segment.outside]
kind = "lan"
ipv4 = "80.64.240.0/28"
ipv6 = "2001:913:0:f1::/64"
[segment.services]
kind = "lan"
ipv4 = "80.64.241.0/28"
ipv6 = "2001:913:0:f2::/64"
[segment.sync]
kind = "sync"
ipv4 = "10.131.0.0/29"
[vip.uplink]
segment = "outside"
vrid  = 1
ipv4  = "80.64.240.1"
ipv6  = "2001:913:0:f1::1"
hosts = ["FIRST", "SECOND"]
[vip.inward]
segment = "outside"
vrid  = 2
ipv4  = "80.64.240.4"
ipv6  = "2001:913:0:f1::4"
hosts = ["fw-1", "fw-2"]
group = "firewall"
[vip.services]
segment = "services"
vrid  = 3
ipv4  = "80.64.241.1"
ipv6  = "2001:913:0:f2::1"
hosts = ["fw-1", "fw-2"]
group = "firewall"
[vip.proxy]
segment = "services"
vrid  = 4
ipv4  = "80.64.241.4"
ipv6  = "2001:913:0:f2::4"
hosts = ["proxy-1", "proxy-2"]
[route.services]
prefixes = ["80.64.241.0/28", "2001:913:0:f2::/64"]
via   = "inward"
hosts = ["FIRST", "SECOND"]
[host.fw-1]
kind = "physical"
role = "firewall"
site = "here"
nic.outside  = { segment = "outside", ipv4 = "80.64.240.5", ipv6 = "2001:913:0:f1::5" }
nic.services = { segment = "services", ipv4 = "80.64.241.2", ipv6 = "2001:913:0:f2::2" }
nic.sync     = { segment = "sync", ipv4 = "10.131.0.1" }
[host.fw-2]
kind = "physical"
role = "firewall"
site = "here"
nic.outside  = { segment = "outside", ipv4 = "80.64.240.6", ipv6 = "2001:913:0:f1::6" }
nic.services = { segment = "services", ipv4 = "80.64.241.3", ipv6 = "2001:913:0:f2::3" }
nic.sync     = { segment = "sync", ipv4 = "10.131.0.2" }
[host.proxy-1]
kind = "physical"
role = "proxy"
site = "here"
nic.eth0 = { segment = "services", ipv4 = "80.64.241.5", ipv6 = "2001:913:0:f2::5" }
[host.proxy-2]
kind = "physical"
role = "proxy"
site = "here"
nic.eth0 = { segment = "services", ipv4 = "80.64.241.6", ipv6 = "2001:913:0:f2::6" }
[host.web]
kind = "physical"
role = "server"
site = "here"
owner = "team"
nic.eth0 = { segment = "services", ipv4 = "80.64.241.7", ipv6 = "2001:913:0:f2::7" }
[zone.internet]
segments = ["outside"]
rest     = true
[zone.services]
segments = ["services"]
[rules.web]
from = ["internet"]
to   = ["services"]
[[rules.web.rule]]
destination = ["vip.proxy"]
ports = ["tcp/80", "tcp/443"]
[[rules.web.rule]]
ports = ["icmp"]
[service.www]
names = ["www.isp.example"]
hosts = ["web"]
owner = "team"
certificate = "all"
[check.all]
services = ["www"]
[backup.all]
services = ["www"]
to = "store"
"#;
