//! The world outside: one router for each neighbour, and "the Internet" behind the transits.
//!
//! Their addresses and AS numbers must be global ones, because our own filters refuse the
//! documentation ranges, as they should. Nothing of it leaves the twin's namespaces.

use crate::elsewhere::{ELSEWHERE, Elsewhere, GATEWAYS, modems};
use component::tree::secret_mark;
use component::{File, HostTree, OnChange, Probe, Unit};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{BgpRole, Neighbor, Relation, Session, Vip};
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use twin::{HostSpec, Port};

/// The container that plays the Internet.
pub const INTERNET: &str = "internet";
/// The addresses at which the Internet answers.
pub const INTERNET_ADDRESSES: [&str; 2] = ["9.9.9.9", "2620:fe::9"];
const INTERNET_PREFIXES: [&str; 2] = ["9.9.9.0/24", "2620:fe::/48"];
const INTERNET_ASN: u32 = 19_281;
/// The AS of the member behind an exchange's route servers.
const MEMBER_ASN: u32 = 5_432;

/// A container of the outside.
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) spec: HostSpec,
    pub(crate) tree: HostTree,
}

/// All of the outside.
pub(crate) struct Outside {
    pub(crate) containers: Vec<Container>,
    pub(crate) segments: Vec<String>,
}

/// The containers that play a neighbour, each with the sessions that end there: one router, but two
/// for the two route servers of an exchange, because BIRD tells sessions apart by the far address.
pub fn routers<'a>(isp: &Isp, neighbor: &'a Neighbor) -> Vec<(String, Vec<&'a Session>)> {
    let free = |name: String| match isp.hosts.find(&name) {
        None => name,
        Some(_) => format!("net-{name}"),
    };
    let foreign = neighbor.session.iter().filter(|session| session.remote.is_none());
    match neighbor.relation {
        Relation::RouteServer => foreign
            .map(|session| (free(format!("{}-{}", neighbor.name(), session.name)), vec![session]))
            .collect(),
        Relation::Transit | Relation::Peer | Relation::Customer => {
            let sessions: Vec<&Session> = foreign.collect();
            let there = !sessions.is_empty();
            there.then(|| (free(neighbor.name().to_owned()), sessions)).into_iter().collect()
        }
    }
}

/// Every neighbour whose routers are not ours, and the Internet.
pub(crate) fn networks(isp: &Isp, away: &Elsewhere) -> Outside {
    let mut internet = Router::new(INTERNET, INTERNET_ASN, "10.99.0.1");
    for prefix in INTERNET_PREFIXES {
        internet.originate(prefix, "");
    }
    for address in INTERNET_ADDRESSES {
        internet.loopback(address);
    }
    internet.reaches_peers(isp);
    let mut outside = Outside { containers: Vec::new(), segments: Vec::new() };
    if !away.is_empty() {
        let gateways = GATEWAYS.map(|(address, length)| (address.to_owned(), length));
        internet.nic(ELSEWHERE, ELSEWHERE, &gateways);
        outside.segments.push(ELSEWHERE.to_owned());
        for (segment, gateway, length) in modems(isp) {
            internet.nic(&interface(&segment), &segment, &[(gateway, length)]);
        }
    }
    let played = isp.neighbors.values().flat_map(|neighbor| {
        routers(isp, neighbor).into_iter().map(move |(name, sessions)| (neighbor, name, sessions))
    });
    for (number, (neighbor, name, sessions)) in (2..).zip(played) {
        let mut router = Router::new(&name, neighbor.asn.0, &format!("10.99.0.{number}"));
        router.neighbor(isp, neighbor, &sessions);
        if neighbor.relation == Relation::Transit {
            let segment = format!("internet-{}", neighbor.name());
            connect(&mut internet, &mut router, &segment, number);
            outside.segments.push(segment);
        }
        outside.containers.push(router.finish(isp));
    }
    outside.containers.push(internet.finish(isp));
    outside
}

/// A cable between the Internet and a transit, with BGP over it.
fn connect(internet: &mut Router, transit: &mut Router, segment: &str, number: u8) {
    let (near4, far4) = (format!("10.98.{number}.1"), format!("10.98.{number}.2"));
    let (near6, far6) = (format!("fd98:{number}::1"), format!("fd98:{number}::2"));
    let nic = format!("to-{number}");
    internet.nic(&nic, segment, &[(near4.clone(), 30), (near6.clone(), 64)]);
    transit.nic("internet", segment, &[(far4.clone(), 30), (far6.clone(), 64)]);
    let pairs = [(near4, far4), (near6, far6)];
    for (family, (near, far)) in Family::BOTH.into_iter().zip(pairs) {
        let there = Ends { family, near: near.clone(), far: far.clone(), far_asn: transit.asn };
        internet.session(&format!("to_{number}"), &there, &own(family));
        let back = Ends { family, near: far, far: near, far_asn: internet.asn };
        transit.session("internet", &back, &sparing(family));
    }
}

/// One router of the outside, as it is put together.
struct Router {
    name: String,
    asn: u32,
    ports: BTreeMap<String, Port>,
    addresses: BTreeSet<(String, String)>,
    originated: BTreeMap<IpNet, String>,
    protocols: String,
    generated: u32,
    identifier: String,
}

/// The two ends of a session, seen from the outside router.
struct Ends {
    family: Family,
    near: String,
    far: String,
    far_asn: u32,
}

impl Router {
    fn new(name: &str, asn: u32, identifier: &str) -> Self {
        Self {
            name: name.to_owned(),
            asn,
            ports: BTreeMap::new(),
            addresses: BTreeSet::new(),
            originated: BTreeMap::new(),
            protocols: String::new(),
            generated: 0,
            identifier: identifier.to_owned(),
        }
    }

    /// An interface with its addresses.
    fn nic(&mut self, name: &str, segment: &str, addresses: &[(String, u8)]) {
        let mac = mac(&self.name, name);
        let port = Port { interface: name.to_owned(), segment: segment.to_owned(), mac };
        self.ports.insert(name.to_owned(), port);
        for (address, length) in addresses {
            self.addresses.insert((name.to_owned(), format!("{address}/{length}")));
        }
    }

    fn loopback(&mut self, address: &str) {
        let length = if address.contains(':') { 128 } else { 32 };
        self.addresses.insert(("lo".to_owned(), format!("{address}/{length}")));
    }

    /// A prefix that it announces, with BIRD's attributes.
    fn originate(&mut self, prefix: &str, attributes: &str) {
        if let Ok(prefix) = prefix.parse() {
            self.originated.insert(prefix, attributes.to_owned());
        }
    }

    /// Whoever peers with us buys transit too: the Internet leads to them, and answers for them.
    fn reaches_peers(&mut self, isp: &Isp) {
        for neighbor in isp.neighbors.values() {
            let behind = match neighbor.relation {
                Relation::Peer => neighbor.asn.0,
                Relation::RouteServer => MEMBER_ASN,
                Relation::Transit | Relation::Customer => continue,
            };
            for prefix in &neighbor.twin.announces {
                let path = format!(" {{ bgp_path.prepend({behind}); }}");
                self.originate(&prefix.to_string(), &path);
                if let Some(address) = first(*prefix) {
                    self.loopback(&address.to_string());
                }
            }
        }
    }

    /// What a declared neighbour has: its sessions with us and what it announces.
    fn neighbor(&mut self, isp: &Isp, neighbor: &Neighbor, sessions: &[&Session]) {
        self.generated = neighbor.twin.routes;
        let member = match neighbor.relation {
            Relation::RouteServer => format!(" {{ bgp_path.prepend({MEMBER_ASN}); }}"),
            Relation::Transit | Relation::Peer | Relation::Customer => String::new(),
        };
        let is_member = |session: &&Session| stands_for(isp, neighbor, session).is_none();
        let answers = sessions.iter().copied().any(|session| is_member(&session));
        for prefix in &neighbor.twin.announces {
            self.originate(&prefix.to_string(), &member);
            if let Some(address) = first(*prefix).filter(|_| answers) {
                self.loopback(&address.to_string());
            }
        }
        for session in sessions {
            for family in Family::BOTH {
                self.declared(isp, neighbor, session, family);
            }
        }
    }

    /// The far end of one declared session.
    fn declared(&mut self, isp: &Isp, neighbor: &Neighbor, session: &Session, family: Family) {
        let Some(address) = session.address(family) else { return };
        let Some(nic) = session.nic(isp, family) else { return };
        let Some(ours) = nic.address(family) else { return };
        let segment = &isp.segments[nic.segment];
        let length = segment.prefix(family).map_or(128, |prefix| prefix.prefix_len());
        self.nic(&interface(segment.name()), segment.name(), &[(address.to_string(), length)]);
        let asn = isp.hosts[session.host].asn(isp).0;
        let mut options = options(neighbor, session, family);
        if let Some(member) = stands_for(isp, neighbor, session).and_then(|s| s.address(family)) {
            options.push_str(&told(family, member));
        } else {
            options.push_str(&own(family));
        }
        let name = session.name.replace('-', "_");
        let (near, far) = (address.to_string(), ours.to_string());
        self.session(&name, &Ends { family, near, far, far_asn: asn }, &options);
    }

    /// One BGP protocol.
    fn session(&mut self, name: &str, ends: &Ends, options: &str) {
        let Ends { family, near, far, far_asn } = ends;
        let (digit, asn) = (family.digit(), self.asn);
        // Written to a string: cannot fail.
        let _ = write!(
            self.protocols,
            "\nprotocol bgp s_{name}_{digit} {{\n  local {near} as {asn};\n  neighbor {far} as \
             {far_asn};\n  connect retry time 2;\n  connect delay time 1;\n  error wait time 1, 3;\n{options}}}\n"
        );
    }

    fn finish(self, isp: &Isp) -> Container {
        let mut tree = HostTree::default();
        let bird = self.bird();
        tree.files.insert("/etc/bird/bird.conf".into(), File::private(bird, "bird"));
        tree.files.insert("/etc/bird/announced.conf".into(), File::private("", "bird"));
        tree.files.insert("/etc/bird/generated.conf".into(), File::private(self.routes(), "bird"));
        tree.files.insert("/etc/ketupa/network".into(), File::public(self.network()));
        tree.files
            .insert("/etc/systemd/system/ketupa-network.service".into(), File::public(NETWORK));
        tree.files.insert("/etc/hosts".into(), File::public(hosts(isp)));
        let reads = vec!["/etc/ketupa/network".to_owned()];
        let network =
            Unit { on_change: OnChange::Restart, reads, after: Vec::new(), cuts_off: false };
        tree.units.insert("ketupa-network.service".into(), network);
        let reads = vec!["/etc/bird/".to_owned()];
        let after = vec!["ketupa-network.service".to_owned()];
        tree.units.insert(
            "bird.service".into(),
            Unit { on_change: OnChange::Reload, reads, after, cuts_off: false },
        );
        tree.probes.push(Probe {
            name: "BIRD answers".into(),
            command: ["birdc", "show", "status"].map(str::to_owned).to_vec(),
            within_s: 5,
        });
        let spec = HostSpec { name: self.name.clone(), ports: self.ports.into_values().collect() };
        Container { name: self.name, spec, tree }
    }

    fn bird(&self) -> String {
        let mut text = format!(
            "# The twin's router {} (AS{}).\nlog syslog all;\nrouter id {};\n\nprotocol device {{}}\n",
            self.name, self.asn, self.identifier
        );
        for family in Family::BOTH {
            let digit = family.digit();
            text.push_str(&self.kernel(family));
            let _ = write!(text, "\nprotocol static announced{digit} {{\n  ipv{digit};\n");
            let own =
                self.originated.iter().filter(|(prefix, _)| Family::of_net(**prefix) == family);
            for (prefix, attributes) in own {
                let _ = writeln!(text, "  route {prefix} unreachable{attributes};");
            }
            text.push_str("}\n");
        }
        text.push_str("\ninclude \"/etc/bird/generated.conf\";\n");
        text.push_str("include \"/etc/bird/announced.conf\";\n");
        text + &self.protocols
    }

    /// Learnt routes go to the kernel. Packets leave with the router's own address, because those
    /// of its links are nobody's in the real world and our filters drop them.
    fn kernel(&self, family: Family) -> String {
        let digit = family.digit();
        let of_family = |address: &&str| address.contains(':') == (family == Family::V6);
        let own = self.addresses.iter().filter(|(nic, _)| nic == "lo").map(|(_, own)| own.as_str());
        let own = own.filter_map(|own| own.split('/').next()).filter(of_family);
        // The Internet speaks as itself, not as one of the peers that it leads to.
        let own = own.min_by_key(|own| !INTERNET_ADDRESSES.contains(own));
        let source = own.map(|own| format!("krt_prefsrc = {own}; ")).unwrap_or_default();
        format!(
            "\nprotocol kernel {{\n  ipv{digit} {{ export filter {{ if source != RTS_BGP then reject; \
             {source}accept; }}; }};\n}}\n"
        )
    }

    /// Generated routes: the n-th is the n-th /24 from 20.0.0.0 on, with a path that depends on n.
    fn routes(&self) -> String {
        if self.generated == 0 {
            return String::new();
        }
        let mut text = String::from("protocol static generated4 {\n  ipv4;\n");
        for n in 0..self.generated.min(2_000_000) {
            let (a, b, c) = (20 + n / 65_536, n / 256 % 256, n % 256);
            let (far, near) = (1_000 + n % 7_000, 9_000 + n / 6 % 9_000);
            let _ = writeln!(
                text,
                "  route {a}.{b}.{c}.0/24 unreachable {{ bgp_path.prepend({far}); bgp_path.prepend({near}); }};"
            );
        }
        text + "}\n"
    }

    /// The input of `ip -batch`.
    fn network(&self) -> String {
        let mut text = String::new();
        for (nic, address) in &self.addresses {
            let _ = writeln!(text, "address replace {address} dev {nic}");
        }
        for nic in self.ports.keys() {
            let _ = writeln!(text, "link set {nic} up");
        }
        text
    }
}

/// The first address of a prefix that a machine can have.
fn first(prefix: IpNet) -> Option<IpAddr> {
    // Nobody is 0.0.0.1, behind a default route.
    if prefix.prefix_len() == 0 {
        return None;
    }
    // The first address of an IPv6 prefix is every router's (RFC 4291, section 2.6.1).
    let skipped = usize::from(Family::of_net(prefix) == Family::V6);
    prefix.hosts().nth(skipped)
}

/// Sets addresses and lets packets through.
const NETWORK: &str = "[Unit]\nDescription=Addresses of a router that the twin plays\n\
    [Service]\nType=oneshot\nRemainAfterExit=yes\n\
    ExecStart=/sbin/ip -force -batch /etc/ketupa/network\n\
    ExecStart=/sbin/sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0\n\
    [Install]\nWantedBy=multi-user.target\n";

/// The other route server of an exchange whose routes this one tells: behind them stands one member,
/// which the first of them plays too.
fn stands_for<'a>(isp: &Isp, neighbor: &'a Neighbor, session: &Session) -> Option<&'a Session> {
    let segment = |session: &Session| {
        let nic = |family| session.nic(isp, family).map(|nic| nic.segment);
        Family::BOTH.into_iter().find_map(nic)
    };
    let mut on_segment = neighbor
        .session
        .iter()
        .filter(|other| other.remote.is_none() && segment(other) == segment(session));
    let first = on_segment.next().filter(|first| first.name != session.name);
    first.filter(|_| neighbor.relation == Relation::RouteServer)
}

/// A channel that tells routes with this router as next hop.
fn own(family: Family) -> String {
    let digit = family.digit();
    format!("  ipv{digit} {{ import all; export where {TOLD}; next hop self; }};\n")
}

/// The same without generated routes: the Internet has no use for them, and filling its kernel with
/// a full table would take longer than the rest of a rehearsal.
fn sparing(family: Family) -> String {
    own(family).replace(TOLD, &format!("{TOLD} && proto != \"generated4\""))
}

/// A channel that tells routes with another router as next hop.
fn told(family: Family, next_hop: IpAddr) -> String {
    let digit = family.digit();
    format!(
        "  ipv{digit} {{ import all; export filter {{ if !({TOLD}) then reject; \
         bgp_next_hop = {next_hop}; accept; }}; }};\n"
    )
}

/// What routers of the outside tell each other.
const TOLD: &str = "source ~ [ RTS_STATIC, RTS_BGP ]";

/// The options of a session's far end: the mirror of what our own side asks for.
fn options(neighbor: &Neighbor, session: &Session, family: Family) -> String {
    let password = match family {
        Family::V4 => &neighbor.password4,
        Family::V6 => &neighbor.password6,
    };
    let mut options = String::new();
    if session.ttl_security {
        options.push_str("  ttl security on;\n");
    }
    if let Some(secret) = password {
        let _ = writeln!(options, "  password \"{}\";", secret_mark(&secret.0));
    }
    let role = match session.role.unwrap_or_else(|| neighbor.relation.our_role()) {
        BgpRole::Provider => "customer",
        BgpRole::Customer => "provider",
        BgpRole::Peer => "peer",
        BgpRole::RsClient => "rs_server",
        BgpRole::None => "",
    };
    if !role.is_empty() {
        let _ = writeln!(options, "  local role {role};");
    }
    if neighbor.relation == Relation::RouteServer {
        options.push_str("  rs client;\n");
    }
    if session.bfd {
        options.push_str("  bfd on;\n");
    }
    options
}

/// Every name of ours, for those who come from outside.
fn hosts(isp: &Isp) -> String {
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
    let names: Vec<&str> =
        isp.services.values().flat_map(|s| s.names.iter().map(String::as_str)).collect();
    for address in proxies(isp) {
        let _ = writeln!(text, "{address} {}", names.join(" "));
    }
    text
}

/// The addresses at which the proxies answer: their VIPs, or their own where they have none.
pub fn proxies(isp: &Isp) -> Vec<IpAddr> {
    let is_proxy =
        |id: &model::Id<model::kinds::Host>| isp.hosts[*id].role == model::kinds::Role::Proxy;
    let of_proxies = |vip: &&Vip| vip.hosts.iter().all(is_proxy);
    let vips = isp.vips.values().filter(of_proxies);
    let shared: Vec<IpAddr> = vips
        .flat_map(|vip| Family::BOTH.into_iter().filter_map(|family| vip.address(family)))
        .collect();
    if !shared.is_empty() {
        return shared;
    }
    let proxy = isp.with_role(model::kinds::Role::Proxy).next();
    let own = |(_, host): (_, &model::kinds::Host)| {
        Family::BOTH.into_iter().filter_map(|f| host.main_address(isp, f)).collect()
    };
    proxy.map(own).unwrap_or_default()
}

/// An interface name for a segment: at most 15 characters.
fn interface(segment: &str) -> String {
    segment.chars().take(15).collect()
}

/// A locally administered Ethernet address from two names.
pub(crate) fn mac(host: &str, nic: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(format!("{host} {nic}"));
    let tail: Vec<String> = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("02:{}", tail.join(":"))
}
