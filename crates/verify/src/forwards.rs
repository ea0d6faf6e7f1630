//! What every host does with packets to every destination: worked out once for the state without
//! failures; in another state, only for the hosts that may do something else there.

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
    whole: Arc<World<'a>>,
    destinations: &'a Destinations,
    forms: Vec<Rc<Forward>>,
    numbers: BTreeMap<Rc<Forward>, FormNumber>,
    /// The hosts that may have packets to any destination.
    involved: Bits,
    /// By destination and host.
    before: Vec<Vec<FormNumber>>,
    now: Vec<Vec<FormNumber>>,
    /// By destination: the hosts that do something else now.
    changed: Vec<Bits>,
    /// By router: the destinations whose packets may go to it inside our network.
    through: Vec<Vec<usize>>,
    /// By prefix: the destinations that it may decide.
    decided: Vec<Vec<usize>>,
    /// By destination: the routers to look at; empty between two states.
    pending: Vec<Bits>,
}

impl<'a> Forwards<'a> {
    /// What hosts do where everything works.
    pub(crate) fn of(whole: &Arc<World<'a>>, destinations: &'a Destinations) -> Self {
        let plane = whole.plane;
        let (hosts, count) = (plane.isp.hosts.len(), destinations.all.len());
        let (mut through, mut decided) =
            (vec![Vec::new(); plane.routers.len()], vec![Vec::new(); whole.choices.len()]);
        for (number, destination) in destinations.all.iter().enumerate() {
            let mut to = Bits::none(plane.routers.len());
            for step in &destination.steps {
                let tellers = step.prefix.map(|prefix| whole.choices[prefix].speakers());
                let all = step.infrastructure.iter().chain(tellers.into_iter().flatten());
                all.for_each(|router| to.add(usize::from(*router)));
                step.prefix.into_iter().for_each(|prefix| decided[prefix].push(number));
            }
            to.iter().for_each(|router| through[router].push(number));
        }
        let mut forwards = Self {
            whole: Arc::clone(whole),
            destinations,
            forms: Vec::new(),
            numbers: BTreeMap::new(),
            involved: Bits::of(hosts, involved(plane, destinations)),
            before: Vec::new(),
            now: Vec::new(),
            changed: vec![Bits::none(hosts); count],
            through,
            decided,
            pending: vec![Bits::none(plane.routers.len()); count],
        };
        let nowhere = forwards.number(Forward::Unreachable);
        for destination in &destinations.all {
            let mut column = vec![nowhere; hosts];
            for host in forwards.involved.clone().iter() {
                column[host] = forwards.number(whole.forward(host, destination));
            }
            forwards.before.push(column);
        }
        forwards.now.clone_from(&forwards.before);
        forwards
    }

    /// Turns to another state.
    pub(crate) fn turn(&mut self, world: &World<'a>, touched: &Touched) {
        for (to, changed) in self.changed.iter_mut().enumerate() {
            for host in changed.iter() {
                self.now[to][host] = self.before[to][host];
            }
            changed.clear();
        }
        for (router, moves) in world.moved.all() {
            for to in &self.through[usize::from(router)] {
                self.pending[*to].join(&moves.hops);
            }
        }
        for (prefix, (now, then)) in world.choices.iter().zip(&self.whole.choices).enumerate() {
            if Arc::ptr_eq(now, then) {
                continue;
            }
            for router in now.differing(then) {
                self.decided[prefix].iter().for_each(|to| self.pending[*to].add(router));
            }
        }
        self.look(world, touched);
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

    /// The hosts that do something else with packets to a destination than where everything works.
    pub(crate) fn changed(&self, to: usize) -> &Bits {
        &self.changed[to]
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
