//! Machines of every sort and their network interfaces.

use super::{Duty, Kind, Segment, Site};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::table::{Id, Named};
use crate::value::{Asn, Exporter, Mac, Mebibytes, SshDestination, Word, word};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A machine: a hypervisor, a virtual machine, a container, a router, a rented server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name; with the ISP's domain it is its DNS name.
    pub name: String,
    /// What it is for, for people.
    pub description: Option<String>,
    /// What sort of machine it is. Default: `vm`.
    pub kind: MachineKind,
    /// What it does in the network: everything that follows from the role needs no further line.
    pub role: Role,
    /// Where it stands.
    pub site: Id<Site>,
    /// The hypervisor that runs it.
    pub on: Option<Id<Self>>,
    /// Operating system. Default: `debian-12`.
    pub os: String,
    /// Processor cores.
    pub cores: Option<u32>,
    /// Memory it has, or for a hypervisor: memory that its machines may use.
    pub memory: Option<Mebibytes>,
    /// Disk.
    pub disk: Option<Mebibytes>,
    /// BGP and OSPF router id. Default: the IPv4 loopback.
    pub router_id: Option<Ipv4Addr>,
    /// The IPv4 address that does not depend on any link; internal BGP sessions end here.
    pub loopback4: Option<Ipv4Addr>,
    /// The IPv6 address that does not depend on any link.
    pub loopback6: Option<Ipv6Addr>,
    /// The AS that it speaks for, where that is not the ISP's.
    pub asn: Option<Asn>,
    /// Whether Ketupa writes its configuration. Default: true for `debian-*` machines that are
    /// not hypervisors and not rented.
    pub managed: bool,
    /// Where `ssh` reaches it: a name of your `ssh_config` or an address, as `user@place` where the
    /// user is not the usual one. Default: its own name, which your `ssh_config` leads to it.
    pub ssh: Option<SshDestination>,
    /// The team that answers for it.
    pub owner: Option<Id<Duty>>,
    /// What serves validated route origins on a validator. Default: `stayrtr`.
    pub rtr: RtrServer,
    /// Whether it gets an agent where others do. Without one it sends nothing, as befits who pays for each
    /// byte, and asks nothing: others still ask whether it answers. Default: true.
    pub agent: bool,
    /// Further programs on it whose metrics its agent asks for, as `JOB:PORT`: each answers at
    /// `http://127.0.0.1:PORT/metrics`. Those of what Ketupa configures are asked without a line.
    pub exporters: Vec<Exporter>,
    /// Its network interfaces: `[host.NAME.nic.INTERFACE]`.
    pub nic: Vec<Nic>,
    /// Where it is declared.
    pub at: At,
}

/// A network interface of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// The name that the kernel gives it: at most 15 characters.
    pub name: String,
    /// The segment that it is plugged into.
    pub segment: Id<Segment>,
    /// Its IPv4 address; the prefix length is the segment's.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address; the prefix length is the segment's.
    pub ipv6: Option<Ipv6Addr>,
    /// Its Ethernet address. Default: derived from the names of host and interface.
    pub mac: Mac,
    /// OSPF cost. Default: the segment's.
    pub cost: Option<u16>,
    /// Where it is declared.
    pub at: At,
}

/// What sort of machine a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineKind {
    /// Runs virtual machines.
    Hypervisor,
    /// A virtual machine.
    Vm,
    /// A container that shares its host's kernel.
    Container,
    /// A physical machine of ours.
    Physical,
    /// A machine rented elsewhere.
    Rented,
}

/// What serves validated route origins to routers (RTR, RFC 8210).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum RtrServer {
    /// `StayRTR` with the declared `[roa.*]` only: starts at once, asks nobody.
    #[default]
    Stayrtr,
    /// Routinator: validates the whole RPKI, with the declared `[roa.*]` added.
    Routinator,
}

impl Word for RtrServer {
    const WORDS: &'static [(&'static str, Self)] =
        &[("stayrtr", Self::Stayrtr), ("routinator", Self::Routinator)];
}

impl RtrServer {
    /// The word for it in TOML.
    pub fn word(self) -> &'static str {
        word(self)
    }

    /// The TCP port on which it listens for routers: 8282 is Debian's for `StayRTR`, 3323 is
    /// Routinator's own example (the registered port, 323, would need privileges).
    pub fn port(self) -> u16 {
        match self {
            Self::Stayrtr => 8282,
            Self::Routinator => 3323,
        }
    }
}

/// What a host does in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    /// Border router: speaks BGP with other networks.
    Edge,
    /// Core router: decides where packets go; default route of its LANs.
    Core,
    /// Access router (broadband access server): default route of members' lines.
    Access,
    /// VPN concentrator that announces its members' addresses.
    Vpn,
    /// Stateful firewall in front of the services.
    Firewall,
    /// Reverse proxy (`HAProxy`).
    Proxy,
    /// RPKI validator: an RTR cache.
    Validator,
    /// Runs services.
    #[default]
    Server,
    /// Runs virtual machines.
    Hypervisor,
    /// Out-of-band console: reachable when all else is dead.
    OutOfBand,
    /// A machine that uses the network: a friend's VM, a member's computer.
    Client,
}

impl Word for MachineKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("hypervisor", Self::Hypervisor),
        ("vm", Self::Vm),
        ("container", Self::Container),
        ("physical", Self::Physical),
        ("rented", Self::Rented),
    ];
}

impl Word for Role {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("edge", Self::Edge),
        ("core", Self::Core),
        ("access", Self::Access),
        ("vpn", Self::Vpn),
        ("firewall", Self::Firewall),
        ("proxy", Self::Proxy),
        ("validator", Self::Validator),
        ("server", Self::Server),
        ("hypervisor", Self::Hypervisor),
        ("out-of-band", Self::OutOfBand),
        ("client", Self::Client),
    ];
}

impl Role {
    /// The word for it in TOML.
    pub fn word(self) -> &'static str {
        word(self)
    }

    /// Whether it forwards packets between segments.
    pub fn forwards(self) -> bool {
        self.routes() || self == Self::Firewall
    }

    /// Whether it runs a routing daemon.
    pub fn routes(self) -> bool {
        matches!(self, Self::Edge | Self::Core | Self::Access | Self::Vpn)
    }
}

impl Named for Host {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Host {
    const KIND: &'static str = "host";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let kind = fields.or("kind", MachineKind::Vm);
        let os = fields.or("os", "debian-12".to_owned());
        let ours = !matches!(kind, MachineKind::Hypervisor | MachineKind::Rented);
        let exporters: Vec<Exporter> = fields.list("exporters");
        let jobs: BTreeSet<&str> = exporters.iter().map(|one| one.job.as_str()).collect();
        if jobs.len() < exporters.len() {
            let says = "two exporters have the same job: what they tell could not be told apart";
            let finding = Finding::error("M-VALUE", fields.at().field("exporters"), says);
            fields.finding(finding.hint("call them `postgres-main:9187` and `postgres-old:9188`"));
        }
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            kind,
            role: fields.need("role"),
            site: fields.need("site"),
            on: fields.get("on"),
            cores: fields.get("cores"),
            memory: fields.get("memory"),
            disk: fields.get("disk"),
            router_id: fields.get("router_id"),
            loopback4: fields.get("loopback4"),
            loopback6: fields.get("loopback6"),
            asn: fields.get("asn"),
            managed: fields.or("managed", ours && os.starts_with("debian-")),
            os,
            ssh: fields.get("ssh"),
            owner: fields.get("owner"),
            rtr: fields.or("rtr", RtrServer::Stayrtr),
            agent: fields.or("agent", true),
            exporters,
            nic: fields.tables("nic").into_iter().map(|(nic, t)| Nic::read(name, nic, t)).collect(),
            at: fields.at(),
        }
    }
}

impl Nic {
    fn read(host: &str, name: String, mut fields: Fields<'_>) -> Self {
        if !is_interface_name(&name) {
            let says = format!("`{name}` cannot be the name of a network interface");
            let hint = "1 to 15 letters, digits, `-`, `_` and `.`, starting with a letter";
            fields.finding(Finding::error("M-NAME", fields.at().place, says).hint(hint));
        }
        let nic = Self {
            mac: fields.get("mac").unwrap_or_else(|| derived_mac(host, &name)),
            segment: fields.need("segment"),
            ipv4: fields.get("ipv4"),
            ipv6: fields.get("ipv6"),
            cost: fields.get("cost"),
            at: fields.at(),
            name,
        };
        fields.done();
        nic
    }
}

/// What Linux takes as an interface name, and shells and daemons do not trip over.
fn is_interface_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=15).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(fine)
        && name != "lo"
}

/// A locally administered address (IEEE 802c) that is the same on every load: FNV-1a of the names.
fn derived_mac(host: &str, nic: &str) -> Mac {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in host.bytes().chain([0]).chain(nic.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut mac = [0x02; 6];
    for (byte, hashed) in mac.iter_mut().skip(1).zip(hash.to_be_bytes().into_iter().skip(3)) {
        *byte = hashed;
    }
    Mac(mac)
}
