//! Whose an address is, as other networks see it: packets to our own do not arrive there.

use crate::plane::Plane;
use crate::plane::routes::SessionNumber;
use ipnet::IpNet;
use model::kinds::{Neighbor, SegmentKind};
use std::net::IpAddr;

/// What other networks have to do with an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Whose {
    /// Whether it is ours or private: no network has it but those that are declared to.
    pub(crate) home: bool,
    /// The sessions with networks that are declared to have it.
    behind: Vec<SessionNumber>,
    /// Whether packets from it change their source on their way: others answer to another address.
    translated: bool,
}

impl Whose {
    /// What they have to do with this address.
    pub(crate) fn of(plane: &Plane<'_>, address: IpAddr) -> Self {
        let declared = |neighbor: &Neighbor| {
            let mut own = neighbor.prefixes.iter().chain(&neighbor.twin.announces);
            // A default says where to send, and not what is there.
            own.any(|net| net.prefix_len() > 0 && net.contains(&address))
        };
        let sessions = plane.routes.sessions.iter().enumerate();
        let behind = sessions
            .filter(|(_, session)| declared(&plane.isp.neighbors[session.neighbor]))
            .map(|(number, _)| number);
        let foreign = || !is_private(address) || plane.isp.neighbors.values().any(declared);
        Self {
            home: is_ours(plane, address) || !foreign(),
            behind: behind.collect(),
            translated: crate::flows::translated(plane, address),
        }
    }

    /// Whether what leaves by a session may come to a machine that has the address.
    pub(crate) fn may_be_behind(&self, session: SessionNumber) -> bool {
        !self.home || self.behind.contains(&session)
    }

    /// Whether others send to it only because we tell them that we have it.
    pub(crate) fn is_told(&self) -> bool {
        self.home && !self.translated
    }
}

/// Whether it is one of our own addresses, or of what we route.
fn is_ours(plane: &Plane<'_>, address: IpAddr) -> bool {
    let isp = plane.isp;
    let own = isp.about.ipv4.iter().copied().map(IpNet::V4);
    let own = own.chain(isp.about.ipv6.iter().copied().map(IpNet::V6));
    let pools = isp.pools.values().flat_map(|pool| pool.prefixes.iter().copied());
    let segments = isp.segments.values().filter(|segment| match segment.kind {
        SegmentKind::Backbone | SegmentKind::Lan | SegmentKind::Management | SegmentKind::Sync => {
            true
        }
        // Their addresses are those of others.
        SegmentKind::Transit | SegmentKind::Exchange | SegmentKind::OutOfBand => false,
    });
    let segments = segments.filter_map(|segment| segment.prefix(plane.family));
    own.chain(pools).chain(segments).any(|net| net.contains(&address))
        || isp.hosts.values().any(|host| host.loopback(plane.family) == Some(address))
}

/// Whether no network may have it for others (RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            let shared = first == 100 && (64..128).contains(&second);
            four.is_private() || four.is_link_local() || shared
        }
        IpAddr::V6(six) => six.is_unique_local() || six.is_unicast_link_local(),
    }
}
