//! What every host does with packets to every destination: worked out once for the state that others
//! are compared with; in another state, only for the hosts that may do something else there.

use crate::bgp::From;
use crate::bits::Bits;
use crate::flows::Destinations;
use crate::plane::{Plane, Position};
use crate::touched::Touched;
use crate::world::{Forward, World};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The number of something that a host may do with a packet.
pub(crate) type FormNumber = u32;

/// What hosts do, in one state at a time.
pub(crate) struct Forwards<'a> {
    destinations: &'a Destinations,
    forms: Vec<Rc<Forward>>,
    numbers: BTreeMap<Rc<Forward>, FormNumber>,
    /// The hosts that may have packets to any destination.
    involved: Bits,
    /// By prefix: the destinations that it may decide.
    decided: Vec<Vec<usize>>,
    /// The state that others are compared with.
    base: Base<'a>,
    /// By destination and host: what it does now.
    now: Vec<Vec<FormNumber>>,
    /// By destination: the hosts that do something else now than in the base.
    changed: Vec<Bits>,
    /// By destination: the routers to look at; empty between two states.
    pending: Vec<Bits>,
}

/// A state, and what hosts do in it.
#[derive(Clone)]
struct Base<'a> {
    world: Arc<World<'a>>,
    /// By destination and host.
    columns: Vec<Vec<FormNumber>>,
    /// By router: the destinations for which others send packets to it inside our network, and who.
    through: Vec<Vec<(usize, Bits)>>,
}

impl<'a> Forwards<'a> {
    /// What hosts do where everything works.
    pub(crate) fn of(whole: &Arc<World<'a>>, destinations: &'a Destinations) -> Self {
        let plane = whole.plane;
        let (hosts, routers) = (plane.isp.hosts.len(), plane.routers.len());
        let count = destinations.all.len();
        let mut decided = vec![Vec::new(); whole.choices.len()];
        for (number, destination) in destinations.all.iter().enumerate() {
            let prefixes = destination.steps.iter().filter_map(|step| step.prefix);
            prefixes.for_each(|prefix| decided[prefix].push(number));
        }
        let base = Base {
            world: Arc::clone(whole),
            columns: Vec::new(),
            through: vec![Vec::new(); routers],
        };
        let mut forwards = Self {
            destinations,
            forms: Vec::new(),
            numbers: BTreeMap::new(),
            involved: Bits::of(hosts, involved(plane, destinations)),
            decided,
            base,
            now: Vec::new(),
            changed: vec![Bits::none(hosts); count],
            pending: vec![Bits::none(routers); count],
        };
        let nowhere = forwards.number(Forward::Unreachable);
        for (to, destination) in destinations.all.iter().enumerate() {
            let mut column = vec![nowhere; hosts];
            for host in forwards.involved.clone().iter() {
                column[host] = forwards.number(whole.forward(host, destination));
                forwards.base.leans(destinations, to, host);
            }
            forwards.base.columns.push(column);
        }
        forwards.now.clone_from(&forwards.base.columns);
        forwards
    }

    /// Turns to another state, worked out from the base.
    pub(crate) fn turn(&mut self, world: &World<'a>, touched: &Touched) {
        for (to, changed) in self.changed.iter_mut().enumerate() {
            for host in changed.iter() {
                self.now[to][host] = self.base.columns[to][host];
            }
            changed.clear();
        }
        for (router, moves) in world.moved.all() {
            for (to, lean) in &self.base.through[usize::from(router)] {
                self.pending[*to].join_common(&moves.hops, lean);
            }
        }
        for (prefix, now) in world.choices.apart(&self.base.world.choices) {
            for router in now.differing(&self.base.world.choices[prefix]) {
                self.decided[prefix].iter().for_each(|to| self.pending[*to].add(router));
            }
        }
        self.look(world, touched);
    }

    /// Lets the state that it turned to be the base for others; gives back the one before.
    pub(crate) fn rest(&mut self, world: Arc<World<'a>>) -> Saved<'a> {
        let saved = Saved(self.base.clone());
        let before = std::mem::replace(&mut self.base.world, world);
        for (to, changed) in self.changed.iter_mut().enumerate() {
            for host in changed.iter() {
                self.base.columns[to][host] = self.now[to][host];
                self.base.leans(self.destinations, to, host);
            }
            changed.clear();
        }
        // Who chooses another teller may still send the same way.
        let world = Arc::clone(&self.base.world);
        for (prefix, now) in world.choices.apart(&before.choices) {
            for router in now.differing(&before.choices[prefix]) {
                let host = world.plane.routers[router].index();
                let decided = self.decided[prefix].iter();
                decided.for_each(|to| self.base.leans(self.destinations, *to, host));
            }
        }
        saved
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, saved: Saved<'a>) {
        self.base = saved.0;
        self.now.clone_from(&self.base.columns);
        self.changed.iter_mut().for_each(Bits::clear);
    }

    /// Works out anew what was found that may differ.
    fn look(&mut self, world: &World<'a>, touched: &Touched) {
        let mut pending = std::mem::take(&mut self.pending);
        for (to, routers) in pending.iter_mut().enumerate() {
            for router in routers.iter() {
                let host = world.plane.routers[router].index();
                if !touched.hosts.has(host) {
                    self.renew(world, to, host);
                }
            }
            routers.clear();
        }
        self.pending = pending;
        for host in touched.hosts.iter() {
            (0..self.now.len()).for_each(|to| self.renew(world, to, host));
        }
    }

    fn renew(&mut self, world: &World<'a>, to: usize, host: Position) {
        if !self.involved.has(host) {
            return;
        }
        let forward = world.forward(host, &self.destinations.all[to]);
        if *self.forms[self.now[to][host] as usize] != forward {
            self.now[to][host] = self.number(forward);
            self.changed[to].add(host);
        }
    }

    fn number(&mut self, forward: Forward) -> FormNumber {
        if let Some(known) = self.numbers.get(&forward) {
            return *known;
        }
        let (next, forward) = (self.forms.len() as FormNumber, Rc::new(forward));
        self.forms.push(Rc::clone(&forward));
        self.numbers.insert(forward, next);
        next
    }

    /// The number of what each host does with packets to a destination.
    pub(crate) fn column(&self, to: usize) -> &[FormNumber] {
        &self.now[to]
    }

    /// What a host does with packets to a destination.
    pub(crate) fn at(&self, to: usize, host: Position) -> &Forward {
        &self.forms[self.now[to][host] as usize]
    }

    /// By destination: the hosts that do something else with packets to it than in the base.
    pub(crate) fn changed(&self) -> &[Bits] {
        &self.changed
    }

    /// The state that others are compared with.
    pub(crate) fn base(&self) -> &Arc<World<'a>> {
        &self.base.world
    }
}

/// A base to come back to.
pub(crate) struct Saved<'a>(Base<'a>);

impl Base<'_> {
    /// Notes to which routers a host sends packets to a destination: where the ways to these are the
    /// same, it sends them the same way. What is noted of another state stays.
    fn leans(&mut self, destinations: &Destinations, to: usize, host: Position) {
        let plane = self.world.plane;
        let Some(router) = plane.router_of[host] else { return };
        let destination = &destinations.all[to];
        for step in &destination.steps {
            let chosen =
                step.prefix.map(|prefix| &self.world.choices[prefix].of[usize::from(router)]);
            let tellers = chosen.into_iter().flatten().filter_map(|from| match from {
                From::Internal(teller) => Some(*teller),
                From::Own(_) | From::Inner(_) => None,
            });
            let owners = step.infrastructure.iter().copied();
            for far in tellers.chain(owners).collect::<Vec<_>>() {
                let known = &mut self.through[usize::from(far)];
                let at = known.partition_point(|(other, _)| *other < to);
                if known.get(at).is_none_or(|(other, _)| *other != to) {
                    known.insert(at, (to, Bits::none(plane.routers.len())));
                }
                known[at].1.add(usize::from(router));
            }
            if self.world.step(host, destination.address, step).is_some() {
                break;
            }
        }
    }
}

/// The hosts that may have packets to a destination: those that forward, and those that answer.
fn involved(plane: &Plane<'_>, destinations: &Destinations) -> Vec<Position> {
    let goals: std::collections::BTreeSet<_> =
        destinations.all.iter().map(|one| one.address).collect();
    let is_goal = |address: Option<std::net::IpAddr>| address.is_some_and(|a| goals.contains(&a));
    let holds = |host: usize| {
        plane.nics_of(host).any(|nic| is_goal(plane.nics[nic].address))
            || plane.vips.iter().any(|vip| {
                is_goal(vip.address) && vip.candidates.iter().any(|one| one.host == host)
            })
    };
    let all = plane.isp.hosts.iter().map(|(id, host)| (id.index(), host));
    all.filter(|(at, host)| host.role.forwards() || plane.named_hosts.contains(at) || holds(*at))
        .map(|(at, _)| at)
        .collect()
}
