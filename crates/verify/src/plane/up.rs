//! What still works when something failed.

use super::{Plane, Position};
use crate::element::{Daemon, Element, Failure};

/// What works: for each host, interface, daemon and session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Up {
    pub(crate) hosts: Vec<bool>,
    /// Whether an interface has a link: its host, its cable and its switch live.
    pub(crate) nics: Vec<bool>,
    pub(crate) routing: Vec<bool>,
    pub(crate) vrrp: Vec<bool>,
    /// Whether a declared session may come up, by its number in `Routes::sessions`.
    pub(crate) sessions: Vec<bool>,
}

impl Up {
    /// Everything works.
    pub(crate) fn all(plane: &Plane<'_>) -> Self {
        let hosts = plane.isp.hosts.len();
        Self {
            hosts: vec![true; hosts],
            nics: vec![true; plane.nics.len()],
            routing: vec![true; hosts],
            vrrp: vec![true; hosts],
            sessions: vec![true; plane.routes.sessions.len()],
        }
    }

    /// What works without what failed.
    pub(crate) fn without(plane: &Plane<'_>, failure: &Failure) -> Self {
        let mut up = Self::all(plane);
        up.fail(plane, failure);
        up
    }

    /// What works in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let and = |one: &[bool], other: &[bool]| {
            one.iter().zip(other).map(|(one, other)| *one && *other).collect()
        };
        Self {
            hosts: and(&self.hosts, &other.hosts),
            nics: and(&self.nics, &other.nics),
            routing: and(&self.routing, &other.routing),
            vrrp: and(&self.vrrp, &other.vrrp),
            sessions: and(&self.sessions, &other.sessions),
        }
    }

    /// Takes away what failed, too.
    pub(crate) fn fail(&mut self, plane: &Plane<'_>, failure: &Failure) {
        for element in failure.elements() {
            self.lose(plane, *element);
        }
    }

    fn lose(&mut self, plane: &Plane<'_>, element: Element) {
        match element {
            Element::Host(id) => self.lose_host(plane, id.index()),
            Element::Link(id, at) => self.nics[plane.nic(id.index(), at)] = false,
            Element::Segment(id) => self.lose_segment(plane, id.index()),
            Element::Session(neighbor, at) => {
                for (number, session) in plane.routes.sessions.iter().enumerate() {
                    if (session.neighbor, session.at) == (neighbor, at) {
                        self.sessions[number] = false;
                    }
                }
            }
            Element::Daemon(id, Daemon::Routing) => self.routing[id.index()] = false,
            Element::Daemon(id, Daemon::Vrrp) => self.vrrp[id.index()] = false,
            Element::Site(site) => {
                for (id, _) in plane.isp.hosts.iter().filter(|(_, host)| host.site == site) {
                    self.lose_host(plane, id.index());
                }
                for (id, _) in plane.isp.segments.iter().filter(|(_, s)| s.site == Some(site)) {
                    self.lose_segment(plane, id.index());
                }
            }
        }
    }

    /// A host, and the machines that it runs.
    fn lose_host(&mut self, plane: &Plane<'_>, host: Position) {
        if !std::mem::replace(&mut self.hosts[host], false) {
            return;
        }
        self.routing[host] = false;
        self.vrrp[host] = false;
        for nic in plane.nics_of(host) {
            self.nics[nic] = false;
        }
        let on = Some(plane.host_ids[host]);
        for (id, _) in plane.isp.hosts.iter().filter(|(_, machine)| machine.on == on) {
            self.lose_host(plane, id.index());
        }
    }

    fn lose_segment(&mut self, plane: &Plane<'_>, segment: Position) {
        for nic in &plane.on_segment[segment] {
            self.nics[*nic] = false;
        }
    }
}
