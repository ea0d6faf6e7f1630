//! Real packets through real rules: the kernel decides as the typed rules say, rule by rule.
//!
//! A host of a case stands in a network namespace with its rendered rules; one more namespace hangs
//! at each of its interfaces and owns the addresses that are used there. Each packet is judged from
//! the typed rules first; then it is sent, and the counter of the same rule must have moved.

use crate::checkers_filter::{alone, root};
use crate::folder;
use derive::packet;
use derive::packet::judge::{Content, Packet, judge};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

/// A packet to send: from behind an interface, from an address, to an address, protocol and port,
/// and the rule that is expected to decide it.
type Sent = (&'static str, &'static str, &'static str, &'static str, u16, &'static str);

/// A host of a case with what is around it.
struct Stand {
    case: &'static str,
    host: &'static str,
    /// Interface, our address on it, and the addresses behind it.
    around: &'static [(&'static str, &'static str, &'static [&'static str])],
    /// Interfaces with a virtual Ethernet address: name, parent, address that neighbours resolve.
    virtual_ones: &'static [(&'static str, &'static str, &'static str)],
    sent: &'static [Sent],
}

const FIREWALL: Stand = Stand {
    case: "every-role-of-a-small-provider",
    host: "fw-01",
    around: &[
        (
            "outside",
            "192.0.2.197/28",
            &["203.0.113.77", "203.0.113.66", "192.0.2.80", "192.0.2.140"],
        ),
        ("services", "192.0.2.66/26", &["192.0.2.70", "192.0.2.81", "198.51.100.9"]),
        ("mgmt", "10.254.0.21/24", &["10.254.0.5"]),
    ],
    virtual_ones: &[],
    sent: &[
        ("outside", "203.0.113.77", "192.0.2.70", "tcp", 443, "public-web.2"),
        ("outside", "203.0.113.77", "192.0.2.70", "tcp", 22, "forward default"),
        ("outside", "203.0.113.77", "192.0.2.81", "tcp", 443, "forward default"),
        ("outside", "203.0.113.66", "192.0.2.70", "tcp", 443, "public-web.1"),
        ("outside", "192.0.2.80", "192.0.2.70", "tcp", 443, "spoof fw-outside ipv4"),
        ("outside", "203.0.113.77", "192.0.2.197", "tcp", 22, "input default"),
        ("outside", "203.0.113.77", "192.0.2.197", "udp", 3780, "input default"),
        ("services", "192.0.2.81", "203.0.113.77", "tcp", 80, "services-out.1"),
        ("services", "192.0.2.81", "203.0.113.77", "udp", 123, "services-out.1"),
        ("services", "192.0.2.81", "203.0.113.77", "tcp", 6667, "forward default"),
        ("services", "198.51.100.9", "203.0.113.77", "tcp", 80, "spoof services ipv4"),
        ("services", "192.0.2.81", "10.254.0.5", "tcp", 22, "forward default"),
        ("mgmt", "10.254.0.5", "192.0.2.81", "tcp", 22, "team.1"),
        ("mgmt", "10.254.0.5", "192.0.2.81", "tcp", 80, "forward default"),
        ("mgmt", "10.254.0.5", "10.254.0.21", "tcp", 22, "ssh management"),
    ],
};

/// The same firewall as its neighbours meet it: by the virtual Ethernet addresses.
const MASTER: Stand = Stand {
    case: "every-role-of-a-small-provider",
    host: "fw-01",
    around: &[
        ("outside", "192.0.2.196/28", &["203.0.113.77", "192.0.2.80"]),
        ("services", "192.0.2.65/26", &["192.0.2.70", "192.0.2.81"]),
    ],
    virtual_ones: &[
        ("vrrp4.56", "outside", "00:00:5e:00:01:38"),
        ("vrrp4.51", "services", "00:00:5e:00:01:33"),
    ],
    sent: &[
        ("outside", "203.0.113.77", "192.0.2.70", "tcp", 443, "public-web.2"),
        ("outside", "203.0.113.77", "192.0.2.70", "tcp", 25, "forward default"),
        ("outside", "192.0.2.80", "192.0.2.70", "tcp", 443, "spoof fw-outside ipv4"),
        ("services", "192.0.2.81", "203.0.113.77", "tcp", 443, "services-out.1"),
        ("services", "192.0.2.81", "203.0.113.77", "tcp", 22, "forward default"),
    ],
};

const EDGE: Stand = Stand {
    case: "every-role-of-a-small-provider",
    host: "edge-01",
    around: &[
        ("up", "203.0.113.2/30", &["203.0.113.1", "8.8.8.8", "192.0.2.9"]),
        ("ix", "203.0.113.130/25", &["203.0.113.200", "203.0.113.201"]),
        ("bb-a", "10.255.1.1/24", &["10.255.1.11", "192.0.2.241", "198.51.100.130", "10.9.9.9"]),
        ("mgmt", "10.254.0.1/24", &["10.254.0.5"]),
    ],
    virtual_ones: &[],
    sent: &[
        ("up", "203.0.113.1", "203.0.113.2", "tcp", 179, "upstream.first bgp ipv4"),
        ("up", "8.8.8.8", "203.0.113.2", "tcp", 179, "input default"),
        ("ix", "203.0.113.200", "203.0.113.130", "tcp", 179, "peer.ix bgp ipv4"),
        ("ix", "203.0.113.201", "203.0.113.130", "tcp", 179, "input default"),
        ("up", "8.8.8.8", "203.0.113.2", "tcp", 22, "input default"),
        ("up", "8.8.8.8", "192.0.2.241", "tcp", 22, "to_infrastructure default"),
        ("up", "192.0.2.9", "198.51.100.130", "tcp", 80, "spoof upstream ipv4"),
        ("up", "8.8.8.8", "198.51.100.130", "tcp", 80, ""),
        ("bb-a", "198.51.100.130", "8.8.8.8", "tcp", 80, ""),
        ("bb-a", "10.9.9.9", "8.8.8.8", "tcp", 80, "spoof leaving ipv4"),
        ("bb-a", "192.0.2.241", "203.0.113.2", "tcp", 22, "ssh infrastructure ipv4"),
        ("bb-a", "10.255.1.11", "10.255.1.1", "udp", 3785, "backbone-a bfd ipv4"),
        ("mgmt", "10.254.0.5", "8.8.8.8", "tcp", 80, "from management"),
        ("bb-a", "192.0.2.241", "10.254.0.5", "tcp", 80, "to management"),
    ],
};

const SIX: Stand = Stand {
    case: "zones-behind-the-uplink",
    host: "fw",
    around: &[
        ("outside", "2001:db8:0:6::57/64", &["2001:db8:0:1::5", "2a00::1", "2001:db8:0:2::9"]),
        ("services", "2001:db8:0:2::1/64", &["2001:db8:0:2::10"]),
    ],
    virtual_ones: &[],
    sent: &[
        ("outside", "2a00::1", "2001:db8:0:2::10", "tcp", 443, "a-web.1"),
        ("outside", "2a00::1", "2001:db8:0:2::10", "tcp", 5222, "forward default"),
        ("outside", "2001:db8:0:1::5", "2001:db8:0:2::10", "tcp", 5222, "b-members.1"),
        ("outside", "2001:db8:0:2::9", "2001:db8:0:2::10", "tcp", 443, "spoof fw-outside ipv6"),
        ("services", "2001:db8:0:2::10", "2a00::1", "udp", 9, "d-out.1"),
        ("services", "2001:db8:0:2::10", "2001:db8:0:1::5", "tcp", 80, "forward default"),
    ],
};

#[test]
fn the_firewall_decides_as_judged() {
    FIREWALL.stand();
}

#[test]
fn the_master_knows_packets_to_its_virtual_address() {
    MASTER.stand();
}

#[test]
fn the_edge_decides_as_judged() {
    EDGE.stand();
}

#[test]
fn a_zone_behind_the_uplink_is_told_by_its_addresses() {
    SIX.stand();
}

impl Stand {
    /// Judges every packet, sends it, and compares.
    fn stand(&self) {
        let case = folder("nftables").join("cases").join(self.case);
        let isp = testkit::isp(&case);
        let rules = packet::of(&isp, isp.hosts.find(self.host).expect("the host is in the case"));
        for sent in self.sent {
            let ruling = judge(&rules, &self.packet(sent));
            assert_eq!(ruling.by.as_deref().unwrap_or_default(), sent.5, "judged: {sent:?}");
        }
        let conf = case.join(self.host).join("etc/nftables.conf");
        let output = alone(&self.script(), &[conf.as_path(), Path::new(&root())]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{wrong}");
        let answers: Vec<&str> = said.split("=== ").skip(1).collect();
        assert_eq!(answers.len(), self.sent.len(), "{said}\n{wrong}");
        for (sent, answer) in self.sent.iter().zip(answers) {
            self.compare(sent, answer);
        }
    }

    /// The counter of the judged rule moved; nothing else decided.
    fn compare(&self, sent: &Sent, answer: &str) {
        let moved = |line: &&str| line.contains("counter packets") && !line.contains("packets 0 ");
        let comment =
            |line: &str| Some(line.rsplit_once("comment \"")?.1.trim_end_matches('"').to_owned());
        let moved: Vec<String> = answer.lines().filter(moved).filter_map(comment).collect();
        let drops = |name: &&String| name.ends_with("default") || name.starts_with("spoof");
        if sent.5.is_empty() {
            assert_eq!(moved.iter().find(drops), None, "{}: {sent:?}: {answer}", self.host);
        } else {
            assert!(moved.iter().any(|name| name == sent.5), "{}: {sent:?}: {answer}", self.host);
        }
        // A refused connection shows that the answer came back, which is the other half of a rule.
        let case_isp = testkit::isp(&folder("nftables").join("cases").join(self.case));
        let id = case_isp.hosts.find(self.host).expect("the host is in the case");
        let passes = judge(&packet::of(&case_isp, id), &self.packet(sent)).passes;
        if sent.3 == "tcp" {
            assert_eq!(answer.starts_with("answered"), passes, "{}: {sent:?}: {answer}", self.host);
        }
    }

    /// The packet as the host's rules see it.
    fn packet(&self, sent: &Sent) -> Packet<'static> {
        let (nic, source, destination, protocol, port, _) = *sent;
        let behind = |address: &str| {
            self.around.iter().find(|(_, _, all)| all.contains(&address)).map(|(nic, _, _)| *nic)
        };
        let by_virtual = self.virtual_ones.iter().find(|(_, parent, _)| *parent == nic);
        let content = match protocol {
            "udp" => Content::Udp { from: 40_000, to: port },
            _ => Content::Tcp { from: 40_000, to: port, opens: true },
        };
        Packet {
            input: Some(by_virtual.map_or(nic, |(name, _, _)| name)),
            output: behind(destination),
            source: source.parse::<IpAddr>().expect("an address"),
            destination: destination.parse::<IpAddr>().expect("an address"),
            content,
            // The route that the packet is sent by says so.
            hops: if port == 3785 { 255 } else { 64 },
            state: None,
        }
    }

    /// Builds the stand, then sends one packet after the other with fresh counters.
    fn script(&self) -> String {
        let mut script = String::from(
            "set -eu\nmount -t tmpfs tmpfs /run\nmkdir /run/netns\nip link set lo up\n\
             sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
             net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
             net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 \
             net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0\n",
        );
        for (nic, own, behind) in self.around {
            self.neighbours(&mut script, nic, own, behind);
        }
        script.push_str("sleep 0.2\n");
        for (nic, source, destination, protocol, port, _) in self.sent {
            let own = self.around.iter().find(|one| one.0 == *nic).map_or("", |one| one.1);
            let gateway = own.split('/').next().unwrap_or_default();
            let hops = if *port == 3785 { "hoplimit 255" } else { "" };
            let _ = writeln!(
                script,
                "\"$2/usr/sbin/nft\" -f \"$1\"\n\
                 ip -n {nic} route replace {destination} via {gateway} dev n0 onlink src {source} {hops} 2>/dev/null || \
                 ip -n {nic} route replace {destination} dev n0 src {source} {hops}\n\
                 code=0\n\
                 timeout 0.5 ip netns exec {nic} bash -c 'echo x > /dev/{protocol}/{destination}/{port}' 2>/dev/null || code=$?\n\
                 if [ $code = 124 ]; then echo '=== silent'; else echo '=== answered'; fi\n\
                 sleep 0.05\n\
                 \"$2/usr/sbin/nft\" list table inet ketupa"
            );
        }
        script
    }

    /// One interface of the host and the namespace behind it.
    fn neighbours(&self, script: &mut String, nic: &str, own: &str, behind: &[&str]) {
        let address = own.split('/').next().unwrap_or_default();
        let _ = writeln!(
            script,
            "ip netns add {nic}\n\
             ip netns exec {nic} sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0\n\
             ip link add name {nic} type veth peer name n0 netns {nic}\n\
             ip link set dev {nic} up\n\
             ip -n {nic} link set n0 up\n\
             ip -n {nic} link set lo up\n\
             ip address add {own} dev {nic}\n\
             ip netns exec {nic} sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.n0.rp_filter=0\n\
             ip -n {nic} route add {address} dev n0\n\
             ip -n {nic} route add default via {address} dev n0 onlink"
        );
        for one in behind {
            let _ = writeln!(
                script,
                "ip -n {nic} address add {one} dev n0\nip route add {one} dev {nic} 2>/dev/null || true"
            );
        }
        for (name, _, mac) in self.virtual_ones.iter().filter(|(_, parent, _)| *parent == nic) {
            let _ = writeln!(
                script,
                "ip link add link {nic} name {name} address {mac} type macvlan mode private\n\
                 ip link set dev {name} up\n\
                 ip -n {nic} neighbour replace {address} lladdr {mac} dev n0 nud permanent"
            );
        }
    }
}
