//! A generated provider of any size that breaks no rule: for benchmarks and for tests of scale.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Machines below one hypervisor.
const PER_HYPERVISOR: usize = 20;

/// The TOML of a provider with this many routers (at least 4), and for each two further machines:
/// a tenth of the routers are edges with a transit, the others are core pairs, each with a LAN, its
/// VIP, and machines of which every second runs a service. About three hosts for each router.
pub fn isp_text(routers: usize) -> String {
    isp_with(routers, 4)
}

/// The same with this many machines (an even number from 2 to 180) behind each pair of cores.
pub fn isp_with(routers: usize, machines: usize) -> String {
    let routers = routers.clamp(4, 40_000).next_multiple_of(2);
    let machines = machines.clamp(2, 180).next_multiple_of(2);
    let edges = (routers / 10).max(2).next_multiple_of(2);
    let pairs = (routers - edges) / 2;
    let hypervisors = (routers + pairs * machines).div_ceil(PER_HYPERVISOR).next_multiple_of(2);
    let mut text = HEAD.to_owned();
    text.extend((0..hypervisors).map(hypervisor));
    text.extend((0..edges).map(|edge| edge_router(edge, hypervisors)));
    let size = (edges, hypervisors, machines);
    text.extend((0..pairs).map(|pair| core_pair(pair, size)));
    text.push_str(&care(pairs, machines));
    text
}

const HEAD: &str = r#"# Generated: a large provider that breaks no rule.
[isp]
name   = "Large"
asn    = 64500
domain = "isp.example"
ipv4   = ["198.51.100.0/24"]
ipv6   = ["2001:db8::/32"]
ospf_password = "pass:ospf"
[roa.four]
prefix = "198.51.100.0/24"
asn    = 64500
[roa.six]
prefix = "2001:db8::/32"
asn    = 64500
[site.here]
[site.there]
[duty.team]
[certificate.all]
names  = ["*.isp.example"]
secret = "pass:tls"
[segment.backbone-a]
kind = "backbone"
ipv4 = "10.128.0.0/16"
ipv6 = "2001:db8:0:a::/64"
[segment.backbone-b]
kind = "backbone"
ipv4 = "10.129.0.0/16"
ipv6 = "2001:db8:0:b::/64"
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
[host.rpki-1]
role = "validator"
site = "here"
nic.eth0 = { segment = "lan-0", ipv4 = "10.0.0.200" }
[host.rpki-2]
role = "validator"
site = "here"
nic.eth0 = { segment = "lan-0", ipv4 = "10.0.0.201" }
[host.proxy-1]
role = "proxy"
site = "here"
nic.eth0 = { segment = "lan-0", ipv4 = "10.0.0.202" }
[host.proxy-2]
role = "proxy"
site = "here"
nic.eth0 = { segment = "lan-0", ipv4 = "10.0.0.203" }
[neighbor.upstream]
asn      = 64501
relation = "transit"
limit4   = 1200000
limit6   = 300000
"#;

/// The address of a number in a block of IPv4.
fn four(block: [u8; 4], number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ipv4Addr::from(u32::from_be_bytes(block).saturating_add(number))
}

/// The address of a number in `2001:db8:0:NET::/64`.
fn six(net: u16, number: usize) -> Ipv6Addr {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, number)
}

fn hypervisor(number: usize) -> String {
    format!(
        "[host.hv-{number}]\nkind = \"hypervisor\"\nrole = \"hypervisor\"\nsite = \"here\"\n\
         memory = \"256 GiB\"\ndisk = \"4 TiB\"\n"
    )
}

/// What every router has; halves of a pair are on different hypervisors.
fn router(name: &str, role: &str, number: usize, hypervisors: usize) -> String {
    let at = number + 1;
    format!(
        "[host.{name}]\nrole = \"{role}\"\nsite = \"here\"\non = \"hv-{}\"\nmemory = \"2 GiB\"\n\
         disk = \"10 GiB\"\nloopback4 = \"{}\"\nloopback6 = \"{}\"\n\
         nic.a = {{ segment = \"backbone-a\", ipv4 = \"{}\", ipv6 = \"{}\" }}\n\
         nic.b = {{ segment = \"backbone-b\", ipv4 = \"{}\", ipv6 = \"{}\" }}\n\
         nic.mgmt = {{ segment = \"management\", ipv4 = \"{}\" }}\n",
        number % hypervisors,
        four([172, 16, 0, 0], at),
        six(0xff, at),
        four([10, 128, 0, 0], at),
        six(0xa, at),
        four([10, 129, 0, 0], at),
        six(0xb, at),
        four([10, 130, 0, 0], at),
    )
}

/// An edge with a link to the transit of its own.
fn edge_router(edge: usize, hypervisors: usize) -> String {
    let (link, net) = (edge * 4, 0x1000 + edge);
    let own = router(&format!("edge-{edge}"), "edge", edge, hypervisors);
    format!(
        "[segment.transit-{edge}]\nkind = \"transit\"\nipv4 = \"{}/30\"\n\
         ipv6 = \"2001:db8:0:{net:x}::/64\"\n{own}\
         nic.transit = {{ segment = \"transit-{edge}\", ipv4 = \"{}\", ipv6 = \"2001:db8:0:{net:x}::2\" }}\n\
         [neighbor.upstream.session.edge-{edge}]\nhost = \"edge-{edge}\"\nipv4 = \"{}\"\n\
         ipv6 = \"2001:db8:0:{net:x}::1\"\n",
        four([172, 24, 0, 0], link),
        four([172, 24, 0, 0], link + 2),
        four([172, 24, 0, 0], link + 1),
    )
}

/// Two cores, their LAN with its VIP, and machines on it, of which half run a service each.
fn core_pair(pair: usize, (edges, hypervisors, machines): (usize, usize, usize)) -> String {
    let (lan, net) = (pair * 256, pair + 1);
    let address = |host: usize| four([10, 0, 0, 0], lan + host);
    let half = |half: usize| {
        let name = format!("core-{pair}-{half}");
        let own = router(&name, "core", edges + 2 * pair + half - 1, hypervisors);
        let at = half + 1;
        format!(
            "{own}nic.lan = {{ segment = \"lan-{pair}\", ipv4 = \"{}\", ipv6 = \"2001:db8:{net:x}::{at}\" }}\n",
            address(at)
        )
    };
    let machine = |number: usize| {
        let (on, at) = ((machines * pair + number) % hypervisors, 10 + number);
        format!(
            "[host.vm-{pair}-{number}]\nrole = \"server\"\nsite = \"here\"\non = \"hv-{on}\"\n\
             memory = \"4 GiB\"\ndisk = \"40 GiB\"\nowner = \"team\"\n\
             nic.eth0 = {{ segment = \"lan-{pair}\", ipv4 = \"{}\", ipv6 = \"2001:db8:{net:x}::{at}\" }}\n",
            address(at)
        )
    };
    let service = |number: usize| {
        format!(
            "[service.web-{pair}-{number}]\nnames = [\"web-{pair}-{number}.isp.example\"]\n\
             hosts = [\"vm-{pair}-{number}\"]\nowner = \"team\"\ncertificate = \"all\"\n"
        )
    };
    let vrid = 1 + pair % 254;
    let lan = format!(
        "[segment.lan-{pair}]\nkind = \"lan\"\nipv4 = \"{}/24\"\nipv6 = \"2001:db8:{net:x}::/64\"\n\
         [vip.lan-{pair}]\nsegment = \"lan-{pair}\"\nvrid = {vrid}\nipv4 = \"{}\"\n\
         ipv6 = \"2001:db8:{net:x}::1\"\nhosts = [\"core-{pair}-1\", \"core-{pair}-2\"]\n",
        address(0),
        address(1),
    );
    let hosts = (1..=2).map(half).chain((1..=machines).map(machine));
    let hosts = hosts.chain((1..=machines / 2).map(service));
    std::iter::once(lan).chain(hosts).collect()
}

/// One check and one backup for every service.
fn care(pairs: usize, machines: usize) -> String {
    let names =
        (0..pairs).flat_map(|pair| (1..=machines / 2).map(move |n| format!("\"web-{pair}-{n}\"")));
    let names = names.collect::<Vec<_>>().join(", ");
    format!(
        "[check.all]\nservices = [{names}]\n[backup.all]\nservices = [{names}]\nto = \"store\"\n"
    )
}
