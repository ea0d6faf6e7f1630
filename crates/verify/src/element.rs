//! What can fail, and how it is written: `host.core-01`, `link.core-01/patata`, `segment.bnix`,
//! `session.verixi/edge-01`, `daemon.core-01/keepalived`, `site.louise`.

use model::kinds::{Host, Neighbor, Segment, Site};
use model::{Id, Isp, Named as _};

/// One thing that can fail by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A host loses its power; a hypervisor takes its machines with it.
    Host(Id<Host>),
    /// A host's interface loses its link: the host, and the position among its interfaces.
    Link(Id<Host>, usize),
    /// A segment's switch dies: every interface on it loses its link.
    Segment(Id<Segment>),
    /// A session with another network goes down in both families: the neighbour, and the position
    /// among its sessions.
    Session(Id<Neighbor>, usize),
    /// A daemon of a host dies and does not come back.
    Daemon(Id<Host>, Daemon),
    /// A site is lost, with every host and segment in it.
    Site(Id<Site>),
}

/// A daemon whose loss changes where packets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Daemon {
    /// BIRD.
    Routing,
    /// keepalived.
    Vrrp,
}

impl Daemon {
    /// Its unit's name without `.service`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Routing => "bird",
            Self::Vrrp => "keepalived",
        }
    }
}

/// Things that fail together, sorted, each once. Nothing failed where it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure(Vec<Element>);

impl Failure {
    /// Nothing failed.
    pub fn none() -> Self {
        Self::default()
    }

    /// These failed.
    pub fn of(elements: impl IntoIterator<Item = Element>) -> Self {
        let mut elements: Vec<Element> = elements.into_iter().collect();
        elements.sort_unstable();
        elements.dedup();
        Self(elements)
    }

    /// What failed.
    pub fn elements(&self) -> &[Element] {
        &self.0
    }

    /// Whether every element of `other` failed here too.
    pub fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|element| self.0.contains(element))
    }

    /// Whether something failed, by itself or with what it hangs on: a hypervisor takes its machines
    /// with it, a site its hosts and segments, a host its interfaces and daemons.
    pub fn takes(&self, isp: &Isp, element: Element) -> bool {
        let site = |id| self.0.contains(&Element::Site(id));
        let segment =
            |id| self.0.contains(&Element::Segment(id)) || isp.segments[id].site.is_some_and(site);
        self.0.contains(&element)
            || match element {
                Element::Link(id, at) => {
                    let nic = isp.hosts[id].nic.get(at);
                    self.takes_host(isp, id) || nic.is_some_and(|nic| segment(nic.segment))
                }
                Element::Host(id) | Element::Daemon(id, _) => self.takes_host(isp, id),
                Element::Segment(id) => segment(id),
                Element::Session(..) | Element::Site(_) => false,
            }
    }

    fn takes_host(&self, isp: &Isp, id: Id<Host>) -> bool {
        let under = std::iter::successors(Some(id), |id| isp.hosts[*id].on);
        // Machines that are declared to run on each other make a circle.
        under.take(isp.hosts.len()).any(|id| {
            self.0.contains(&Element::Host(id))
                || self.0.contains(&Element::Site(isp.hosts[id].site))
        })
    }
}

impl Element {
    /// As people write it.
    pub fn text(&self, isp: &Isp) -> String {
        match *self {
            Self::Host(id) => format!("host.{}", isp.hosts[id].name()),
            Self::Link(id, at) => {
                let host = &isp.hosts[id];
                let nic = host.nic.get(at).map_or("?", |nic| nic.name.as_str());
                format!("link.{}/{nic}", host.name())
            }
            Self::Segment(id) => format!("segment.{}", isp.segments[id].name()),
            Self::Session(id, at) => {
                let neighbor = &isp.neighbors[id];
                let session = neighbor.session.get(at).map_or("?", |session| session.name.as_str());
                format!("session.{}/{session}", neighbor.name())
            }
            Self::Daemon(id, daemon) => {
                format!("daemon.{}/{}", isp.hosts[id].name(), daemon.unit())
            }
            Self::Site(id) => format!("site.{}", isp.sites[id].name()),
        }
    }

    /// Reads what [`Element::text`] wrote. A bare word is a host, a segment or a site.
    ///
    /// # Errors
    /// A sentence that says what is not there.
    pub fn parse(isp: &Isp, text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "`{text}` is nothing that can fail: write host.NAME, link.HOST/INTERFACE, segment.NAME, session.NEIGHBOR/SESSION, daemon.HOST/bird, daemon.HOST/keepalived or site.NAME"
            )
        };
        let (kind, name) = text.split_once('.').unwrap_or(("", text));
        let (first, second) = name.split_once('/').unwrap_or((name, ""));
        let host = || isp.hosts.find(first);
        let found = match kind {
            "host" => host().map(Self::Host),
            "segment" => isp.segments.find(name).map(Self::Segment),
            "site" => isp.sites.find(name).map(Self::Site),
            "link" => host().and_then(|id| {
                let at = isp.hosts[id].nic.iter().position(|nic| nic.name == second)?;
                Some(Self::Link(id, at))
            }),
            "session" => isp.neighbors.find(first).and_then(|id| {
                let at = isp.neighbors[id].session.iter().position(|s| s.name == second)?;
                Some(Self::Session(id, at))
            }),
            "daemon" => host().and_then(|id| {
                let daemon =
                    [Daemon::Routing, Daemon::Vrrp].into_iter().find(|d| d.unit() == second)?;
                Some(Self::Daemon(id, daemon))
            }),
            _ => isp
                .hosts
                .find(text)
                .map(Self::Host)
                .or_else(|| isp.segments.find(text).map(Self::Segment))
                .or_else(|| isp.sites.find(text).map(Self::Site)),
        };
        found.ok_or_else(unknown)
    }
}

impl Failure {
    /// As people write it: elements joined by `,`.
    pub fn text(&self, isp: &Isp) -> String {
        self.0.iter().map(|element| element.text(isp)).collect::<Vec<_>>().join(",")
    }
}
