//! What is asked again and again, and from where: follows from what is declared. Agents ask, rules judge,
//! pages show; all of them take the list from here.

mod places;
mod services;

use model::ask::Family;
use model::kinds::{Asks, Check as Declared, Host, Nic, Role, Service};
use model::value::Seconds;
use model::{Id, Isp, Named as _};
use std::net::IpAddr;

/// One question that is asked again and again from some hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, the same as long as its object is declared: `service.cube/https/cube.example.org/ipv4`.
    pub name: String,
    /// The object that it tells about, as its table is called: `service.cube`.
    pub object: String,
    /// What is asked.
    pub question: Question,
    /// The hosts whose agents ask. Nobody, where no host of ours can.
    pub from: Vec<Id<Host>>,
    /// So many of them must say no before it counts.
    pub quorum: usize,
    /// How often.
    pub every: Seconds,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether an echo comes back.
    Ping(Goal),
    /// Whether a port takes connections.
    Tcp(Goal, u16),
    /// Whether a page is there.
    Page(Page),
    /// Whether a certificate is good, and for how long.
    Certificate {
        /// Who presents it.
        goal: Goal,
        /// The port.
        port: u16,
        /// The name that it must be for.
        name: String,
    },
    /// Whether a name is answered for.
    Dns {
        /// The name server.
        goal: Goal,
        /// The port.
        port: u16,
        /// The name asked for.
        name: String,
    },
    /// Whether mail is taken in, and by whom.
    Smtp {
        /// The mail server.
        goal: Goal,
        /// The port.
        port: u16,
    },
    /// Whether the asking host holds these addresses: exactly one of the hosts shall.
    Held(Vec<IpAddr>),
    /// Whether a session of the asking host's BIRD is established: the name of its protocol.
    Session(String),
}

/// A page of a web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The web server.
    pub goal: Goal,
    /// The port.
    pub port: u16,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// The name of the site.
    pub name: String,
    /// The path.
    pub path: String,
    /// Text that the answer must contain.
    pub contains: Option<String>,
}

/// How a web server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS, with a certificate for the site's name.
    Https,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// At an address.
    Address(IpAddr),
    /// By a DNS name: of hosts that are declared without an address.
    Name(String),
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Question {
    /// How it is asked, in one word: the `module` of a probe.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ping(_) => "icmp",
            Self::Tcp(..) => "tcp",
            Self::Page(Page { scheme: Scheme::Http, .. }) => "http",
            Self::Page(Page { scheme: Scheme::Https, .. }) => "https",
            Self::Certificate { .. } => "tls",
            Self::Dns { .. } => "dns",
            Self::Smtp { .. } => "smtp",
            Self::Held(_) => "held",
            Self::Session(_) => "session",
        }
    }
}

/// Who could ask at all: a host to which Ketupa brings anything has an agent unless it says otherwise, and
/// nobody's own machine is used.
pub fn has_agent(isp: &Isp, id: Id<Host>) -> bool {
    let host = &isp.hosts[id];
    isp.is_converged(id) && host.role != Role::Client && host.agent
}

/// Every check, by name.
pub fn of(isp: &Isp) -> Vec<Check> {
    let mut all = services::checks(isp);
    all.extend(hosts(isp));
    all.extend(vips(isp));
    all.extend(sessions(isp));
    all.extend(declared(isp));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|later, first| later.name == first.name);
    all
}

/// The checks that one host's agent asks.
pub fn asked_by(isp: &Isp, host: Id<Host>) -> Vec<Check> {
    of(isp).into_iter().filter(|check| check.from.contains(&host)).collect()
}

/// The services that answer somewhere, and that no host of ours can ask.
pub fn unasked(isp: &Isp) -> Vec<Id<Service>> {
    services::unasked(isp)
}

/// A check by several, of whom a majority is believed.
fn check(name: String, object: &str, question: Question, from: Vec<Id<Host>>, isp: &Isp) -> Check {
    let quorum = from.len() / 2 + 1;
    Check { name, object: object.to_owned(), question, from, quorum, every: isp.watch.every }
}

/// An echo from every machine that is not somebody's own.
fn hosts(isp: &Isp) -> Vec<Check> {
    let ours = isp.hosts.iter().filter(|(_, host)| host.role != Role::Client);
    ours.flat_map(|(id, host)| {
        let one = |(part, goal): (String, Goal)| {
            let name = format!("{}/icmp{part}", host.at.key);
            let from = places::near(isp, id, &goal);
            check(name, &host.at.key, Question::Ping(goal), from, isp)
        };
        goals(isp, id).into_iter().map(one).collect::<Vec<_>>()
    })
    .collect()
}

/// Where a host is asked, with what its checks' names end in: at its addresses, or by its name.
fn goals(isp: &Isp, id: Id<Host>) -> Vec<(String, Goal)> {
    let host = &isp.hosts[id];
    let found = Family::BOTH.into_iter().filter_map(|family| {
        // What is on inner segments only is asked where somebody stands beside it.
        let asked = |nic: &&Nic| places::stands_beside(isp, id, nic, family);
        let inner = || host.nic.iter().find(asked).and_then(|nic| nic.address(family));
        let address = host.main_address(isp, family).or_else(inner)?;
        Some((ending(family), Goal::Address(address)))
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() { vec![(String::new(), Goal::Name(isp.dns_name(host)))] } else { found }
}

/// What tells the checks of two families apart.
fn ending(family: Family) -> String {
    format!("/ipv{}", family.digit())
}

/// Exactly one holds a VIP, and it answers.
fn vips(isp: &Isp) -> Vec<Check> {
    let mut all = Vec::new();
    for vip in isp.vips.values() {
        let addresses: Vec<IpAddr> =
            Family::BOTH.into_iter().filter_map(|family| vip.address(family)).collect();
        let holders = vip.hosts.iter().copied().filter(|id| has_agent(isp, *id)).collect();
        let name = format!("{}/held", vip.at.key);
        let mut held = check(name, &vip.at.key, Question::Held(addresses), holders, isp);
        // Each tells of itself alone: nobody's word stands for another's.
        held.quorum = 1;
        all.push(held);
        for family in Family::BOTH {
            let Some(address) = vip.address(family) else { continue };
            let from = places::beside(isp, vip.segment, family, &vip.hosts);
            if !from.is_empty() {
                let name = format!("{}/icmp{}", vip.at.key, ending(family));
                let question = Question::Ping(Goal::Address(address));
                all.push(check(name, &vip.at.key, question, from, isp));
            }
        }
    }
    all
}

/// Every session with another network, as our own router tells of it.
fn sessions(isp: &Isp) -> Vec<Check> {
    let mut all = Vec::new();
    for (neighbor, session) in isp.sessions() {
        for family in Family::BOTH {
            if session.address(family).is_none() {
                continue;
            }
            let from: Vec<_> =
                Some(session.host).into_iter().filter(|id| has_agent(isp, *id)).collect();
            let question = Question::Session(session.protocol(neighbor, family));
            let name = format!("{}/bgp{}", session.at.key, ending(family));
            all.push(check(name, &session.at.key, question, from, isp));
        }
    }
    all
}

/// What the operator asks of hosts besides an echo.
fn declared(isp: &Isp) -> Vec<Check> {
    let mut all = Vec::new();
    for declared in isp.checks.values() {
        for id in &declared.hosts {
            let host = &isp.hosts[*id];
            for (part, goal) in goals(isp, *id) {
                let from = places::near(isp, *id, &goal);
                let name =
                    format!("{}/{}/{}{part}", declared.at.key, host.name(), declared.asks.word());
                let question = asked(declared, goal, isp.dns_name(host));
                let made = check(name, &host.at.key, question, from, isp);
                all.push(Check { every: declared.every, ..made });
            }
        }
    }
    all
}

fn asked(declared: &Declared, goal: Goal, host: String) -> Question {
    let port = declared.port();
    let name = declared.asks_for.clone().unwrap_or(host);
    let page = |goal, name, scheme| {
        let contains = declared.contains.clone();
        Question::Page(Page { goal, port, scheme, name, path: "/".to_owned(), contains })
    };
    match declared.asks {
        Asks::Icmp => Question::Ping(goal),
        Asks::Tcp => Question::Tcp(goal, port),
        Asks::Http => page(goal, name, Scheme::Http),
        Asks::Https => page(goal, name, Scheme::Https),
        Asks::Dns => Question::Dns { goal, port, name },
        Asks::Smtp => Question::Smtp { goal, port },
    }
}
