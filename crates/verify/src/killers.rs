//! Which of the things that can fail take down what: a host, an interface, a daemon, a session.

use crate::bits::{self, Rows};
use crate::element::Failure;
use crate::plane::up::Up;
use crate::plane::{Plane, Position};
use std::net::IpAddr;

/// Things that can fail, by their number.
pub(crate) type Set = [u64];

/// Sets of the things that can fail.
#[derive(Debug)]
pub(crate) struct Killers {
    /// What is left without each of them.
    pub(crate) ups: Vec<Up>,
    pub(crate) hosts: Rows,
    /// By host: who takes its BIRD.
    pub(crate) routing: Rows,
    pub(crate) nics: Rows,
    pub(crate) sessions: Rows,
    /// By VIP: who takes anything that decides who holds it.
    pub(crate) vips: Rows,
    /// By prefix: who takes anything that a route to it needs at hand.
    pub(crate) prefixes: Rows,
}

impl Killers {
    /// Of these things in a plane.
    pub(crate) fn of(plane: &Plane<'_>, failures: &[Failure]) -> Self {
        let ups: Vec<Up> = failures.iter().map(|one| Up::without(plane, one)).collect();
        let routes = &plane.routes;
        let none = |rows| Rows::none(rows, ups.len());
        let hosts = plane.isp.hosts.len();
        let mut killers = Self {
            hosts: taking(hosts, &ups, |up| &up.hosts),
            routing: taking(hosts, &ups, |up| &up.routing),
            nics: taking(plane.nics.len(), &ups, |up| &up.nics),
            sessions: taking(routes.sessions.len(), &ups, |up| &up.sessions),
            vips: none(plane.vips.len()),
            prefixes: none(routes.prefixes.len()),
            ups: Vec::new(),
        };
        killers.vips(plane, &taking(hosts, &ups, |up| &up.vrrp));
        killers.prefixes(plane);
        Self { ups, ..killers }
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.ups.len()
    }

    fn vips(&mut self, plane: &Plane<'_>, vrrp: &Rows) {
        for (at, vip) in plane.vips.iter().enumerate() {
            let own = self.vips.row_mut(at);
            let together =
                |other: &&crate::plane::Vip| vip.group.is_some() && other.group == vip.group;
            for candidate in &vip.candidates {
                bits::join(own, vrrp.row(candidate.host));
                bits::join(own, self.routing.row(candidate.host));
                bits::join(own, self.nics.row(candidate.nic));
                for (nic, _) in &candidate.tracked {
                    bits::join(own, self.nics.row(*nic));
                }
                let all = plane.vips.iter().filter(together).flat_map(|other| &other.candidates);
                for other in all.filter(|other| other.host == candidate.host) {
                    bits::join(own, self.nics.row(other.nic));
                }
            }
        }
    }

    fn prefixes(&mut self, plane: &Plane<'_>) {
        let routes = &plane.routes;
        for (prefix, injections) in routes.injections.iter().enumerate() {
            let own = self.prefixes.row_mut(prefix);
            for needs in injections.iter().map(|one| &one.needs) {
                if let Some(nic) = needs.nic {
                    bits::join(own, self.nics.row(nic));
                }
                if let Some(session) = needs.session {
                    bits::join(own, self.sessions.row(session));
                }
            }
            for router in &routes.active[prefix] {
                let host = plane.routers[usize::from(*router)].index();
                bits::join(own, self.routing.row(host));
            }
        }
        let all = 0..routes.prefixes.len();
        for (prefix, inner) in all.flat_map(|prefix| routes.inner.iter().map(move |i| (prefix, i)))
        {
            let own = self.prefixes.row_mut(prefix);
            bits::join(own, self.sessions.row(inner.session));
            bits::join(own, self.nics.row(inner.nics.0));
            bits::join(own, self.nics.row(inner.nics.1));
            for router in [inner.from, inner.to] {
                bits::join(own, self.routing.row(plane.routers[usize::from(router)].index()));
            }
        }
    }

    /// Adds who takes anything that decides who answers for an address on a segment.
    pub(crate) fn answering(
        &self,
        plane: &Plane<'_>,
        (segment, address): (Position, IpAddr),
        into: &mut Set,
    ) {
        for nic in &plane.on_segment[segment] {
            if plane.nics[*nic].address == Some(address) {
                bits::join(into, self.nics.row(*nic));
            }
        }
        self.holding(plane, address, into);
    }

    /// Adds who takes anything that decides who holds a virtual address.
    pub(crate) fn holding(&self, plane: &Plane<'_>, address: IpAddr, into: &mut Set) {
        for (at, vip) in plane.vips.iter().enumerate() {
            if vip.address == Some(address) {
                bits::join(into, self.vips.row(at));
            }
        }
    }
}

/// Who takes each of some things.
fn taking(rows: usize, ups: &[Up], of: impl Fn(&Up) -> &Vec<bool>) -> Rows {
    let mut taking = Rows::none(rows, ups.len());
    for (number, up) in ups.iter().enumerate() {
        for (row, _) in of(up).iter().enumerate().filter(|(_, lives)| !**lives) {
            taking.add(row, number);
        }
    }
    taking
}
