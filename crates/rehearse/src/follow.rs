//! Follows packets through the kernels of a rehearsal: each host is asked for the route that it uses,
//! and all its next hops are followed, so that every way of shared load is seen.

use crate::ask::output;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;
use twin::Twin;

/// Longer than any way: who gets this far goes in a circle.
const FARTHEST: usize = 32;
/// More ways than anybody reads.
const MOST: usize = 256;

/// How a way through kernels ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "end", content = "what")]
pub enum Seen {
    /// The host has the address.
    Arrives(String),
    /// It is on the segment of a host's interface, where nobody has it: host, interface.
    OnLink(String, String),
    /// Nobody has the next hop's address: host, interface.
    Silence(String, String),
    /// The host has no route, or one that says unreachable.
    Refused(String),
    /// The host's route drops it in silence.
    Dropped(String),
    /// It was at this host before.
    Circle(String),
}

/// One way through the kernels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Trail {
    /// The containers that it passes.
    pub hosts: Vec<String>,
    /// How it ends.
    pub end: Seen,
}

/// One next hop of a route: the interface, and who has the address; nobody has it where the list is
/// empty, and it is on the segment itself where there is no list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Next {
    /// The interface that it leaves by.
    pub interface: String,
    /// The next hop's address.
    pub gateway: Option<IpAddr>,
}

/// What a kernel does with packets to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kernel {
    /// It has it.
    Local,
    /// It sends it on.
    Via(Vec<Next>),
    /// No route, or one that says unreachable.
    Unreachable,
    /// A route that drops.
    Blackhole,
}

/// The kernels of a rehearsal as they are now.
#[derive(Debug)]
pub struct Kernels<'a> {
    twin: &'a Twin,
    /// Who has an address: host and interface, as far as its link is up.
    owners: BTreeMap<IpAddr, Vec<(String, String)>>,
    known: RefCell<BTreeMap<(String, IpAddr), Kernel>>,
}

#[derive(Deserialize)]
struct Link {
    ifname: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    local: Option<IpAddr>,
}

/// A route as `ip -j route` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Route {
    /// The prefix; a bare address for one alone, `default` for all.
    pub dst: String,
    /// `local`, `unreachable`, `blackhole`; nothing for an ordinary one.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub protocol: String,
    /// Of two routes to one prefix, the kernel takes the one with the smaller number.
    #[serde(default)]
    pub metric: u32,
    gateway: Option<IpAddr>,
    via: Option<Via>,
    dev: Option<String>,
    #[serde(default)]
    nexthops: Vec<Nexthop>,
    #[serde(default)]
    flags: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Nexthop {
    gateway: Option<IpAddr>,
    via: Option<Via>,
    dev: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Via {
    host: IpAddr,
}

impl Route {
    /// The interface of a route with one next hop.
    pub fn interface(&self) -> Option<&str> {
        self.dev.as_deref()
    }

    /// Whether the kernel uses it: not one to a network whose link is down.
    pub fn lives(&self) -> bool {
        !self.flags.iter().any(|flag| flag == "dead" || flag == "linkdown")
    }

    /// What it does with packets.
    pub fn kernel(&self) -> Kernel {
        match self.kind.as_deref() {
            Some("local" | "anycast" | "broadcast" | "multicast") => return Kernel::Local,
            Some("unreachable" | "prohibit") => return Kernel::Unreachable,
            Some("blackhole") => return Kernel::Blackhole,
            Some(_) | None => {}
        }
        let gateway = self.gateway.or(self.via.as_ref().map(|via| via.host));
        let alone = self.dev.clone().map(|interface| Next { interface, gateway });
        let usable = |hop: &&Nexthop| !hop.flags.iter().any(|flag| flag == "dead");
        let several = self.nexthops.iter().filter(usable).filter_map(|hop| {
            let gateway = hop.gateway.or(hop.via.as_ref().map(|via| via.host));
            Some(Next { interface: hop.dev.clone()?, gateway })
        });
        let mut all: Vec<Next> = alone.into_iter().chain(several).collect();
        all.sort();
        all.dedup();
        if all.is_empty() { Kernel::Unreachable } else { Kernel::Via(all) }
    }
}

impl<'a> Kernels<'a> {
    /// Asks every host that has power for its addresses.
    ///
    /// # Errors
    /// A host that cannot be asked.
    pub fn of(twin: &'a Twin) -> Result<Self, String> {
        let mut owners: BTreeMap<IpAddr, Vec<(String, String)>> = BTreeMap::new();
        for host in twin.lab().hosts.iter().filter(|host| twin.pid(&host.name).is_ok()) {
            let shown = output(twin, &host.name, &["ip", "-j", "address"])?;
            let links: Vec<Link> = serde_json::from_str(&shown)
                .map_err(|error| format!("{}: `ip -j address`: {error}", host.name))?;
            let carries = |link: &&Link| !link.flags.iter().any(|flag| flag == "NO-CARRIER");
            for link in links.iter().filter(carries) {
                for address in link.addr_info.iter().filter_map(|info| info.local) {
                    let owner = (host.name.clone(), link.ifname.clone());
                    owners.entry(address).or_default().push(owner);
                }
            }
        }
        Ok(Self { twin, owners, known: RefCell::default() })
    }

    /// The hosts that have an address on an interface with a link; sorted.
    pub fn owners(&self, address: IpAddr) -> Vec<String> {
        let all = self.owners.get(&address).into_iter().flatten();
        let hosts: BTreeSet<String> = all.map(|(host, _)| host.clone()).collect();
        hosts.into_iter().collect()
    }

    /// What a host's kernel does with packets to an address.
    pub fn route(&self, host: &str, to: IpAddr) -> Kernel {
        let key = (host.to_owned(), to);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let family = if to.is_ipv4() { "-4" } else { "-6" };
        let text = to.to_string();
        let words = ["ip", "-j", family, "route", "get", "fibmatch", text.as_str()];
        let found = match output(self.twin, host, &words) {
            Ok(shown) => {
                let routes: Vec<Route> = serde_json::from_str(&shown).unwrap_or_default();
                routes.first().map_or(Kernel::Unreachable, Route::kernel)
            }
            // What `route get` says of a blackhole.
            Err(why) if why.contains("Invalid argument") => Kernel::Blackhole,
            Err(_) => Kernel::Unreachable,
        };
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// Every way from a host to an address.
    pub fn trails(&self, from: &str, to: IpAddr) -> Vec<Trail> {
        let mut found = BTreeSet::new();
        self.step(&mut vec![from.to_owned()], to, &mut found);
        found.into_iter().collect()
    }

    fn step(&self, way: &mut Vec<String>, to: IpAddr, found: &mut BTreeSet<Trail>) {
        let Some(host) = way.last().cloned() else { return };
        let mut end = |end: Seen| {
            found.insert(Trail { hosts: way.clone(), end });
        };
        let hops = match self.route(&host, to) {
            Kernel::Local => return end(Seen::Arrives(host)),
            Kernel::Unreachable => return end(Seen::Refused(host)),
            Kernel::Blackhole => return end(Seen::Dropped(host)),
            Kernel::Via(hops) => hops,
        };
        for hop in hops {
            let next = self.owners(hop.gateway.unwrap_or(to));
            let next: Vec<String> = next.into_iter().filter(|owner| *owner != host).collect();
            if next.is_empty() {
                let (host, interface) = (host.clone(), hop.interface.clone());
                let silent = if hop.gateway.is_some() { Seen::Silence } else { Seen::OnLink };
                found.insert(Trail { hosts: way.clone(), end: silent(host, interface) });
            }
            for owner in next {
                self.enter(way, owner, to, found);
            }
        }
    }

    fn enter(&self, way: &mut Vec<String>, next: String, to: IpAddr, found: &mut BTreeSet<Trail>) {
        if way.contains(&next) || way.len() >= FARTHEST {
            found.insert(Trail { hosts: way.clone(), end: Seen::Circle(next) });
        } else if found.len() < MOST {
            way.push(next);
            self.step(way, to, found);
            way.pop();
        }
    }
}

impl Display for Trail {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.hosts.join(" > "), self.end)
    }
}

impl Display for Seen {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrives(host) => write!(formatter, "arrives at {host}"),
            Self::OnLink(host, nic) => write!(formatter, "is on the segment of {host}/{nic}"),
            Self::Silence(host, nic) => write!(formatter, "nobody answers behind {host}/{nic}"),
            Self::Refused(host) => write!(formatter, "no route at {host}"),
            Self::Dropped(host) => write!(formatter, "dropped by a route of {host}"),
            Self::Circle(host) => write!(formatter, "goes in a circle at {host}"),
        }
    }
}
