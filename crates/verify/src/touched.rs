//! Where a state differs from another in what is at hand: hosts, their interfaces, who answers there.

use crate::bits::Bits;
use crate::world::World;

/// Hosts and segments at which something differs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touched {
    pub(crate) hosts: Bits,
    pub(crate) segments: Bits,
}

impl Touched {
    /// What differs between two states: a segment where an interface lost its link or a virtual address
    /// has another holder, the hosts on it, and the hosts that lost something themselves.
    pub(crate) fn between(before: &World<'_>, world: &World<'_>) -> Self {
        let plane = world.plane;
        let (then, now) = (&before.up, &world.up);
        let nics = 0..plane.nics.len();
        let lost = nics.filter(|nic| then.nics[*nic] != now.nics[*nic]);
        let vips = 0..plane.vips.len();
        let held = vips.filter(|vip| before.masters[*vip] != world.masters[*vip]);
        let at = lost.map(|nic| plane.nics[nic].segment);
        let at = at.chain(held.map(|vip| plane.vips[vip].segment));
        let segments = Bits::of(plane.on_segment.len(), at);
        let all = 0..now.hosts.len();
        let own = all.filter(|host| {
            then.hosts[*host] != now.hosts[*host] || then.routing[*host] != now.routing[*host]
        });
        let mut hosts = Bits::of(now.hosts.len(), own);
        for segment in segments.iter() {
            plane.on_segment[segment].iter().for_each(|nic| hosts.add(plane.nics[*nic].host));
        }
        for (number, session) in plane.routes.sessions.iter().enumerate() {
            if then.sessions[number] != now.sessions[number] {
                hosts.add(plane.routers[usize::from(session.router)].index());
            }
        }
        Self { hosts, segments }
    }
}
