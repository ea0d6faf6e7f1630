//! Where packets may go: addresses that stand for all those that are treated alike.

use crate::bgp::PrefixNumber;
use crate::plane::routes::{Carriers, SessionNumber};
use crate::plane::{Plane, Position};
use crate::walk::Ending;
use crate::whose::Whose;
use ipnet::IpNet;
use model::ask::Family;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A destination: its address, and the prefixes that may decide where packets to it go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) address: IpAddr,
    /// The longest first.
    pub(crate) steps: Vec<Step>,
    pub(crate) whose: Whose,
}

/// A prefix, and who may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) net: IpNet,
    /// The segment of that prefix, known to who is on it.
    pub(crate) segment: Option<Position>,
    /// Its number among the prefixes of BGP and static routes.
    pub(crate) prefix: Option<PrefixNumber>,
    /// The routers that OSPF finds it at.
    pub(crate) infrastructure: Carriers,
}

impl Destination {
    /// The destination of an address.
    pub(crate) fn of(plane: &Plane<'_>, address: IpAddr) -> Self {
        let holds = |net: &IpNet| net.contains(&address);
        let routes = &plane.routes;
        let mut nets: BTreeSet<IpNet> = routes.prefixes.iter().copied().filter(holds).collect();
        nets.extend(routes.infrastructure.keys().copied().filter(holds));
        let segments = plane.isp.segments.iter().filter_map(|(id, segment)| {
            Some((id.index(), segment.prefix(plane.family).filter(holds)?))
        });
        let segments: Vec<(Position, IpNet)> = segments.collect();
        nets.extend(segments.iter().map(|(_, net)| *net));
        let mut nets: Vec<IpNet> = nets.into_iter().collect();
        nets.sort_by_key(|net| std::cmp::Reverse(net.prefix_len()));
        let step = |net: IpNet| Step {
            net,
            segment: segments.iter().find(|(_, own)| *own == net).map(|(id, _)| *id),
            prefix: routes.prefixes.binary_search(&net).ok(),
            infrastructure: routes.infrastructure.get(&net).cloned().unwrap_or_default(),
        };
        let whose = Whose::of(plane, address);
        Self { address, steps: nets.into_iter().map(step).collect(), whose }
    }

    /// How a packet to it ends that leaves over a session.
    pub(crate) fn outside(&self, session: SessionNumber) -> Ending {
        if self.whose.may_be_behind(session) {
            Ending::Left(session)
        } else {
            Ending::Strayed(session)
        }
    }
}

/// An address of a prefix that no host has and no longer known prefix holds, for a machine that the
/// model does not name; none if everything is taken.
pub(crate) fn unnamed(plane: &Plane<'_>, net: IpNet) -> Option<IpAddr> {
    let taken: BTreeSet<IpAddr> =
        plane.isp.hosts.values().flat_map(model::kinds::Host::addresses).collect();
    let vips = plane.vips.iter().filter_map(|vip| vip.address);
    let taken: BTreeSet<IpAddr> = taken.into_iter().chain(vips).collect();
    let longer: Vec<IpNet> = plane
        .routes
        .prefixes
        .iter()
        .chain(plane.routes.infrastructure.keys())
        .copied()
        .chain(plane.isp.segments.values().filter_map(|s| s.prefix(plane.family)))
        .filter(|other| *other != net && net.contains(other))
        .collect();
    // The last ones first: people number from below.
    let last = candidates(net);
    last.into_iter()
        .find(|address| !taken.contains(address) && !longer.iter().any(|one| one.contains(address)))
}

/// A few addresses all over a prefix.
fn candidates(net: IpNet) -> Vec<IpAddr> {
    let bits = u32::from(net.max_prefix_len() - net.prefix_len()).min(64);
    let first = number(net.network());
    let span = 1u128 << bits;
    let spread = (0..64u128).map(|at| span.saturating_sub(2 + at * (span / 64).max(1)));
    let near = (0..64u128).map(|at| span.saturating_sub(2 + at));
    spread
        .chain(near)
        .filter(|offset| *offset < span)
        .map(|offset| address(first + offset, net.addr()))
        .collect()
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six),
    }
}

fn address(number: u128, like: IpAddr) -> IpAddr {
    match Family::of(like) {
        Family::V4 => IpAddr::V4((number as u32).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}
