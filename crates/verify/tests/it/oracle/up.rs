//! What is left of the network after a failure.

use model::kinds::{Host, Neighbor, Nic, Segment};
use model::{Id, Isp};
use verify::Failure;
use verify::element::{Daemon, Element};

/// The network under a failure.
#[derive(Clone, Copy)]
pub(super) struct Up<'a> {
    pub(super) isp: &'a Isp,
    failure: &'a Failure,
}

impl<'a> Up<'a> {
    pub(super) fn after(isp: &'a Isp, failure: &'a Failure) -> Self {
        Self { isp, failure }
    }

    fn failed(&self, element: Element) -> bool {
        self.failure.elements().contains(&element)
    }

    /// A host has power: it, its site and the machine that it runs on.
    fn host(&self, id: Id<Host>) -> bool {
        let host = &self.isp.hosts[id];
        !self.failed(Element::Host(id))
            && !self.failed(Element::Site(host.site))
            && host.on.is_none_or(|on| self.host(on))
    }

    /// A host runs BIRD.
    pub(super) fn routes(&self, id: Id<Host>) -> bool {
        self.host(id) && !self.failed(Element::Daemon(id, Daemon::Routing))
    }

    fn segment(&self, id: Id<Segment>) -> bool {
        let site = self.isp.segments[id].site;
        !self.failed(Element::Segment(id))
            && site.is_none_or(|site| !self.failed(Element::Site(site)))
    }

    /// The interfaces of a host that have a link.
    pub(super) fn nics(&self, id: Id<Host>) -> impl Iterator<Item = &'a Nic> {
        let (up, host) = (*self, &self.isp.hosts[id]);
        let linked = move |(at, nic): &(usize, &Nic)| {
            up.host(id) && up.segment(nic.segment) && !up.failed(Element::Link(id, *at))
        };
        host.nic.iter().enumerate().filter(linked).map(|(_, nic)| nic)
    }

    /// A session is not broken by itself.
    pub(super) fn session(&self, neighbor: Id<Neighbor>, at: usize) -> bool {
        !self.failed(Element::Session(neighbor, at))
    }
}
