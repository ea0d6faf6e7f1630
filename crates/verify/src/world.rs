//! One state of one family: what works, who holds which address, which way every packet goes.

use crate::bgp::{self, Choice, From};
use crate::destination::{Destination, Step};
use crate::element::Failure;
use crate::heard::Told;
use crate::igp::{FAR, Living, Towards};
use crate::plane::routes::{Carrier, Carriers, Leads, SessionNumber};
use crate::plane::up::Up;
use crate::plane::{NicNumber, Plane, Position, Router};
use crate::rechoose::Since;
use crate::vrrp::{self, Masters};
use policy::Destination as Packets;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// A state of the network. What nobody asks is not worked out; what nothing lost can touch is as in the
/// state that this one was worked out from.
#[derive(Debug, Clone)]
pub(crate) struct World<'a> {
    pub(crate) plane: &'a Plane<'a>,
    pub(crate) up: Up,
    /// By router: the number of the part of the network that OSPF finds from there.
    pub(crate) parts: Arc<[u32]>,
    pub(crate) masters: Masters,
    /// By router: the distances towards it.
    pub(crate) towards: Vec<OnceLock<Towards>>,
    /// By prefix.
    pub(crate) told: Vec<OnceLock<Told>>,
    /// The state that this one was worked out from, and what was lost.
    pub(crate) since: Option<Since<'a>>,
    /// The state in which everything worked: the kernel of a router whose BIRD died keeps the routes
    /// that it had (`persist`).
    before: Option<Arc<Self>>,
}

/// What a host does with packets to a destination, apart from its filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Forward {
    /// It is the destination.
    Here,
    /// To a member whose address it routes: the kernel knows who is online.
    Pool,
    /// On to hosts of ours, over interfaces: ours, theirs. Several share the load, or may answer.
    To(Vec<(NicNumber, NicNumber)>),
    /// To a machine on the segment of an interface that the model does not name.
    Member(NicNumber),
    /// Over sessions to other networks.
    Out(Vec<SessionNumber>),
    /// Nobody answers for the next hop on the segment of an interface.
    Silence(NicNumber),
    /// There is no route, or it says unreachable.
    Unreachable,
    /// The route says to drop them.
    Blackhole,
}

impl Forward {
    /// The hosts of ours that it goes on to, over interfaces: ours, theirs.
    pub(crate) fn hops(&self) -> &[(NicNumber, NicNumber)] {
        match self {
            Self::To(hops) => hops,
            Self::Here
            | Self::Pool
            | Self::Member(_)
            | Self::Out(_)
            | Self::Silence(_)
            | Self::Unreachable
            | Self::Blackhole => &[],
        }
    }
}

impl<'a> World<'a> {
    /// The state in which everything works.
    pub(crate) fn whole(plane: &'a Plane<'a>) -> Self {
        let up = Up::all(plane);
        let parts = Living { plane, up: &up }.parts(|_, _| true);
        Self::bare(plane, up, parts.into())
    }

    /// The state in which something failed.
    pub(crate) fn of(plane: &'a Plane<'a>, failure: &Failure) -> Self {
        Self::after(&Arc::new(Self::whole(plane)), Up::without(plane, failure))
    }

    /// The state in which less is up than in another.
    pub(crate) fn after(other: &Arc<Self>, up: Up) -> Self {
        let (since, parts) = Since::new(other, &up);
        let whole = other.before.as_ref().unwrap_or(other);
        let (since, before) = (Some(since), Some(Arc::clone(whole)));
        Self { since, before, ..Self::bare(other.plane, up, parts) }
    }

    /// The state after failures, worked out from nothing: what [`World::after`] must come to.
    #[cfg(test)]
    pub(crate) fn afresh(whole: &Arc<Self>, up: Up) -> Self {
        let plane = whole.plane;
        let parts = Living { plane, up: &up }.parts(|_, _| true);
        Self { before: Some(Arc::clone(whole)), ..Self::bare(plane, up, parts.into()) }
    }

    fn bare(plane: &'a Plane<'a>, up: Up, parts: Arc<[u32]>) -> Self {
        Self {
            plane,
            parts,
            masters: vrrp::masters(plane, &up),
            towards: vec![OnceLock::new(); plane.routers.len()],
            told: vec![OnceLock::new(); plane.routes.prefixes.len()],
            since: None,
            before: None,
            up,
        }
    }

    /// What a host does with packets to a destination.
    pub(crate) fn forward(&self, host: Position, destination: &Destination) -> Forward {
        if !self.up.hosts[host] {
            return Forward::Unreachable;
        }
        if self.holds(host, destination.address) {
            return Forward::Here;
        }
        for step in &destination.steps {
            if let Some(forward) = self.step(host, destination.address, step) {
                return forward;
            }
        }
        if self.plane.router_of[host].is_some()
            && !self.up.routing[host]
            && let Some((_, kept)) = self.kept(host, destination)
        {
            return kept;
        }
        match &self.plane.gateways[host] {
            Some(gateway) if self.up.nics[gateway.nic] => {
                self.on_link(gateway.nic, gateway.address)
            }
            Some(_) | None => Forward::Unreachable,
        }
    }

    /// What the kernel of a router without BIRD still does: what it did before. A route over interfaces
    /// without a link counts for nothing (`ignore_routes_with_linkdown`): a less specific one is used.
    pub(crate) fn kept<'d>(
        &self,
        host: Position,
        destination: &'d Destination,
    ) -> Option<(&'d Step, Forward)> {
        let before = self.before.as_ref()?;
        destination.steps.iter().find_map(|step| {
            let then = before.step(host, destination.address, step)?;
            Some((step, self.left(then)?))
        })
    }

    /// What is left of what a kernel did before, as far as its next hops live; nothing where all its
    /// own interfaces lost their link.
    fn left(&self, then: Forward) -> Option<Forward> {
        match then {
            Forward::To(hops) => {
                let linked: Vec<_> =
                    hops.into_iter().filter(|(own, _)| self.up.nics[*own]).collect();
                let (own, _) = *linked.first()?;
                let lives: Vec<_> =
                    linked.into_iter().filter(|(_, theirs)| self.up.nics[*theirs]).collect();
                Some(if lives.is_empty() { Forward::Silence(own) } else { Forward::To(lives) })
            }
            Forward::Out(sessions) => {
                let link = |session: &SessionNumber| {
                    let nic = self.plane.routes.sessions[*session].nic;
                    nic.is_none_or(|nic| self.up.nics[nic])
                };
                let left: Vec<SessionNumber> = sessions.into_iter().filter(link).collect();
                (!left.is_empty()).then_some(Forward::Out(left))
            }
            Forward::Member(nic) | Forward::Silence(nic) if !self.up.nics[nic] => None,
            other @ (Forward::Here
            | Forward::Pool
            | Forward::Member(_)
            | Forward::Silence(_)
            | Forward::Unreachable
            | Forward::Blackhole) => Some(other),
        }
    }

    /// Whether a host has an address now.
    pub(crate) fn holds(&self, host: Position, address: IpAddr) -> bool {
        let own = self.plane.host(host);
        if own.loopback(self.plane.family) == Some(address) {
            return true;
        }
        self.plane.nics_of(host).any(|nic| self.plane.nics[nic].address == Some(address))
            || self.answers(address).any(|(holder, _)| holder == host)
    }

    /// The hosts that may hold a virtual address now, with the interface that they answer on.
    pub(crate) fn answers(&self, address: IpAddr) -> impl Iterator<Item = (Position, NicNumber)> {
        let vips = self.plane.vips.iter().zip(&self.masters);
        let of = vips.filter(move |(vip, _)| vip.address == Some(address));
        of.flat_map(|(vip, masters)| {
            vip.candidates
                .iter()
                .filter(|candidate| masters.contains(&candidate.host))
                .map(|candidate| (candidate.host, candidate.nic))
        })
    }

    /// What one prefix that covers the destination says, if a host has it.
    pub(crate) fn step(&self, host: Position, address: IpAddr, step: &Step) -> Option<Forward> {
        let segment = step.segment.and_then(|segment| self.plane.nic_on(host, segment));
        let near = |nic: &NicNumber| self.connected(*nic) && !self.plane.nics[*nic].apart;
        if let Some(nic) = segment.filter(near) {
            return Some(self.on_lan(nic, address));
        }
        let router = self.plane.router_of[host]?;
        if !self.up.routing[host] {
            return None;
        }
        let ospf = || self.ospf(router, &step.infrastructure);
        let Some(prefix) = step.prefix else { return ospf() };
        let chosen = self.chosen(prefix, router);
        let Some(route) = chosen.route else { return ospf() };
        let own = self.preference(prefix, &chosen) > OSPF;
        let near = if own { None } else { ospf() };
        near.or_else(|| Some(self.follow(router, prefix, (route, &chosen.of))))
    }

    /// Whether the kernel has a route to the segment of an interface.
    pub(crate) fn connected(&self, nic: NicNumber) -> bool {
        self.up.nics[nic] && self.plane.nics[nic].address.is_some()
    }

    /// How much what a router takes is preferred to what other protocols say.
    pub(crate) fn preference(&self, prefix: usize, chosen: &Choice) -> u16 {
        match chosen.of.first() {
            Some(From::Own(number)) => {
                self.plane.routes.injections[prefix][usize::from(*number)].preference
            }
            Some(From::Inner(_) | From::Internal(_)) | None => bgp::BGP,
        }
    }

    /// To those of the routers that a prefix in OSPF belongs to over which it is nearest (RFC 2328
    /// section 16.1): the cost of the interface at the far end counts too. The router itself is not
    /// asked: while its own interface has a link, its kernel knows the network already.
    pub(crate) fn ospf(&self, router: Router, carriers: &Carriers) -> Option<Forward> {
        let mut tight = self.nearest(router, carriers).peekable();
        tight.peek()?;
        Some(self.towards_all(router, tight))
    }

    /// The nearest of the routers that a prefix in OSPF belongs to; none if it reaches none.
    pub(crate) fn nearest(
        &self,
        router: Router,
        carriers: &Carriers,
    ) -> impl Iterator<Item = Router> {
        let far = move |one: &Carrier| self.distance(router, one.router).saturating_add(one.cost);
        let others = carriers.0.iter().filter(move |one| one.router != router);
        let nearest = others.clone().map(far).min().filter(|far| *far < FAR);
        others.filter(move |one| Some(far(one)) == nearest).map(|one| one.router)
    }

    /// Over OSPF's next hops to routers of ours.
    pub(crate) fn towards_all(&self, router: Router, to: impl Iterator<Item = Router>) -> Forward {
        let over = |far| self.next_hops(router, far).map(|(nic, next)| (nic, next.takes_by));
        let mut hops: Vec<(NicNumber, NicNumber)> = to.flat_map(over).collect();
        hops.sort_unstable();
        hops.dedup();
        if hops.is_empty() { Forward::Unreachable } else { Forward::To(hops) }
    }

    /// Where a router's best route to a prefix leads.
    fn follow(&self, router: Router, prefix: usize, (route, chosen): (u32, &[From])) -> Forward {
        if self.plane.routes.routes[route as usize].destination == Packets::Blackhole {
            return Forward::Blackhole;
        }
        let (mut out, mut inner, mut internal) = (Vec::new(), Vec::new(), Vec::new());
        for from in chosen {
            match from {
                From::Own(number) => {
                    match self.plane.routes.injections[prefix][usize::from(*number)].leads {
                        Leads::Attached(nic) => return Forward::Member(nic),
                        Leads::Via(vip, nic) => return self.to_vip(vip, nic),
                        Leads::Pool => return Forward::Pool,
                        Leads::Unreachable => return Forward::Unreachable,
                        Leads::Out(session) => out.push(session),
                    }
                }
                From::Inner(session) => inner.extend(self.over(router, *session)),
                From::Internal(teller) => internal.push(*teller),
            }
        }
        if !inner.is_empty() {
            inner.sort_unstable();
            inner.dedup();
            return Forward::To(inner);
        }
        if out.is_empty() {
            self.towards_all(router, internal.into_iter())
        } else {
            Forward::Out(out)
        }
    }

    fn to_vip(&self, vip: usize, nic: NicNumber) -> Forward {
        match self.plane.vips[vip].address {
            Some(address) => self.on_link(nic, address),
            None => Forward::Unreachable,
        }
    }

    /// Over a session between routers of ours, to the other end.
    fn over(&self, router: Router, session: SessionNumber) -> Option<(NicNumber, NicNumber)> {
        let mut inner = self.plane.routes.inner.iter();
        let inner = inner.find(|one| one.session == session && one.to == router);
        inner.map(|one| (one.nics.1, one.nics.0))
    }

    /// To whoever has an address on the segment of an interface.
    fn on_link(&self, nic: NicNumber, address: IpAddr) -> Forward {
        let segment = self.plane.nics[nic].segment;
        let hops: Vec<_> = self.answering(segment, address).map(|other| (nic, other)).collect();
        if hops.is_empty() { Forward::Silence(nic) } else { Forward::To(hops) }
    }

    /// The same for a destination: it may be a machine that the model does not name.
    fn on_lan(&self, nic: NicNumber, address: IpAddr) -> Forward {
        match self.on_link(nic, address) {
            Forward::Silence(_) if !self.is_named(self.plane.nics[nic].segment, address) => {
                Forward::Member(nic)
            }
            named @ (Forward::Here
            | Forward::Pool
            | Forward::To(_)
            | Forward::Member(_)
            | Forward::Out(_)
            | Forward::Silence(_)
            | Forward::Unreachable
            | Forward::Blackhole) => named,
        }
    }

    /// The interfaces on a segment that may answer for an address.
    pub(crate) fn answering(
        &self,
        segment: Position,
        address: IpAddr,
    ) -> impl Iterator<Item = NicNumber> {
        let nics = &self.plane.nics;
        let own = self.plane.on_segment[segment].iter().copied();
        let own = own.filter(move |nic| nics[*nic].address == Some(address) && self.up.nics[*nic]);
        let virtual_ones = self.answers(address).map(|(_, nic)| nic);
        own.chain(virtual_ones.filter(move |nic| nics[*nic].segment == segment))
    }

    /// Whether an address belongs to a host or a VIP that the model names.
    fn is_named(&self, segment: Position, address: IpAddr) -> bool {
        let on = &self.plane.on_segment[segment];
        on.iter().any(|nic| self.plane.nics[*nic].address == Some(address))
            || self.plane.vips.iter().any(|vip| vip.address == Some(address))
    }

    /// What decided at a host, in words, for people who look at a path.
    pub(crate) fn why(&self, host: Position, destination: &Destination) -> String {
        crate::why::why(self, host, destination)
    }

    /// Whether a session with another network is up.
    pub(crate) fn session_is_up(&self, session: SessionNumber) -> bool {
        let about = &self.plane.routes.sessions[session];
        let host = self.plane.routers[usize::from(about.router)].index();
        self.up.sessions[session]
            && self.up.routing[host]
            && about.nic.is_none_or(|nic| self.up.nics[nic])
    }
}

/// Preference of OSPF among BIRD's protocols.
pub(crate) const OSPF: u16 = 150;
