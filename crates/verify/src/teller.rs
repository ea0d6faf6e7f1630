//! Routers that follow nothing but what one other router of ours told them: in another state, little has
//! to be looked at to know that they still do.

use crate::bgp::{From, PrefixNumber};
use crate::destination::Destination;
use crate::heard::Told;
use crate::plane::{Position, Router};
use crate::world::World;
use policy::Destination as Packets;

/// Whom a router follows to a destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teller {
    prefix: u32,
    router: Router,
    follows: Router,
    /// Whether nobody else tells of the prefix.
    only: bool,
}

impl Teller {
    fn prefix(&self) -> PrefixNumber {
        self.prefix as usize
    }
}

impl World<'_> {
    /// Whom a host follows to a destination, if nothing else can decide there what it does, whatever
    /// fails: no interface, virtual address or route of its own, and no more specific prefix.
    pub(crate) fn teller(&self, host: Position, destination: &Destination) -> Option<Teller> {
        let plane = self.plane;
        let router = plane.router_of[host].filter(|_| self.up.routing[host])?;
        let step = destination.steps.first()?;
        let prefix = step.prefix.filter(|_| step.infrastructure.0.is_empty())?;
        let may_hold = plane.vips.iter().any(|vip| {
            vip.address == Some(destination.address)
                && vip.candidates.iter().any(|one| one.host == host)
        });
        let near = step.segment.is_some_and(|segment| plane.nic_on(host, segment).is_some());
        if near || may_hold || self.holds(host, destination.address) || self.oscillates(prefix) {
            return None;
        }
        let chosen = self.chosen(prefix, router);
        let route = &plane.routes.routes[chosen.route? as usize];
        let [From::Internal(teller)] = chosen.of.as_slice() else { return None };
        if route.destination == Packets::Blackhole {
            return None;
        }
        let only = self.speaking(prefix).speakers == [*teller] && plane.routes.inner.is_empty();
        Some(Teller { prefix: prefix as u32, router, follows: *teller, only })
    }

    /// A router and whom it follows, as in a state in which more worked; nothing if it may follow somebody
    /// else by now.
    pub(crate) fn still(&self, base: &Self, followed: &Teller) -> Option<(Router, Router)> {
        let Teller { router, follows: teller, only, .. } = *followed;
        if !self.up.routing[self.plane.routers[usize::from(router)].index()]
            || !matches!(self.told(followed.prefix()), Told::Same(_))
        {
            return None;
        }
        let near = || self.distance(router, teller) == base.distance(router, teller);
        let follows = (only && self.reaches(router, teller)) || near();
        follows.then_some((router, teller))
    }
}
