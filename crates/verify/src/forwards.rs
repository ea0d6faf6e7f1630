//! What every host does with packets to every destination: worked out once for the state that others
//! are compared with; in another state, only where somebody asks and it leans on what failed.

use crate::bits::{Bits, Rows};
use crate::flows::Destinations;
use crate::killers::Killers;
use crate::lean::Lean;
use crate::plane::{NicNumber, Plane, Position, Router};
use crate::teller::Teller;
use crate::world::{Forward, World};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The number of something that a host may do with a packet.
pub(crate) type FormNumber = u32;
/// The number of a host with a destination.
type Place = usize;

/// What hosts do, in one state at a time.
pub(crate) struct Forwards<'a> {
    destinations: &'a Destinations,
    hosts: usize,
    forms: Vec<Rc<Forward>>,
    numbers: BTreeMap<Rc<Forward>, FormNumber>,
    /// The hosts that may have packets to any destination.
    involved: Bits,
    /// The state that others are compared with, and what it leans on.
    base: Arc<World<'a>>,
    pub(crate) lean: Lean<'a>,
    /// By place: what the host does in the base.
    known: Vec<FormNumber>,
    /// By place: what that leans on.
    leans: Rows,
    /// By place: the router of ours towards which packets go in the base, if nothing else can decide.
    tellers: Vec<Option<Teller>>,
    /// By interface: what a host does that sends packets over it to another one, by that other one.
    single: Vec<BTreeMap<NicNumber, FormNumber>>,
    /// The state that was turned to, and what fails there beside; none where that is the base.
    now: Option<(Arc<World<'a>>, usize)>,
    /// By place: what the host does there, and the number of the turn in which that was found.
    found: Vec<(u32, FormNumber)>,
    /// By router and the one that it follows: the same for packets that go there, whatever their destination.
    ways: Vec<(u32, FormNumber)>,
    turn: u32,
}

impl<'a> Forwards<'a> {
    /// What hosts do where everything works.
    pub(crate) fn of(
        base: &Arc<World<'a>>,
        destinations: &'a Destinations,
        killers: &Arc<Killers>,
    ) -> Self {
        let hosts = base.plane.isp.hosts.len();
        let places = hosts * destinations.all.len();
        let mut forwards = Self {
            destinations,
            hosts,
            forms: Vec::new(),
            numbers: BTreeMap::new(),
            involved: Bits::of(hosts, involved(base.plane, destinations)),
            base: Arc::clone(base),
            lean: Lean::of(base, killers),
            known: Vec::new(),
            leans: Rows::none(places, killers.len()),
            tellers: vec![None; places],
            single: vec![BTreeMap::new(); base.plane.nics.len()],
            now: None,
            found: vec![(0, 0); places],
            ways: vec![(0, 0); base.plane.routers.len().pow(2)],
            turn: 0,
        };
        let nowhere = forwards.number(Forward::Unreachable);
        forwards.known = vec![nowhere; places];
        for to in 0..destinations.all.len() {
            for host in forwards.involved.clone().iter() {
                forwards.learn(to, host);
            }
        }
        forwards
    }

    /// Learns what a host does in the base, and what that leans on.
    fn learn(&mut self, to: usize, host: Position) {
        let destination = &self.destinations.all[to];
        let place = to * self.hosts + host;
        self.known[place] = self.number(self.base.forward(host, destination));
        self.tellers[place] = self.base.teller(host, destination);
        let row = self.leans.row_mut(place);
        row.fill(0);
        self.lean.forward(host, destination, row);
    }

    /// Turns to the base without one more thing.
    pub(crate) fn turn(&mut self, world: &Arc<World<'a>>, one: usize) {
        self.now = Some((Arc::clone(world), one));
        self.turn += 1;
    }

    /// Lets the state that it turned to be the base for others; gives back the one before.
    pub(crate) fn rest(&mut self) -> Option<Saved<'a>> {
        let (world, one) = self.now.take()?;
        let lean = self.lean.without(&world, one);
        let lean = std::mem::replace(&mut self.lean, lean);
        let base = std::mem::replace(&mut self.base, world);
        let mut places = Vec::new();
        for place in (0..self.known.len()).filter(|place| self.leans.has(*place, one)) {
            let (form, teller) = (self.known[place], self.tellers[place]);
            places.push(Different { place, form, teller, leans: self.leans.row(place).into() });
        }
        for Different { place, .. } in &places {
            self.learn(place / self.hosts, place % self.hosts);
        }
        Some(Saved { base, lean, places })
    }

    /// Takes the base from before again.
    pub(crate) fn back(&mut self, saved: Saved<'a>) {
        let Saved { base, lean, places } = saved;
        (self.base, self.lean, self.now) = (base, lean, None);
        for Different { place, form, teller, leans } in places {
            (self.known[place], self.tellers[place]) = (form, teller);
            self.leans.row_mut(place).copy_from_slice(&leans);
        }
    }

    fn number(&mut self, forward: Forward) -> FormNumber {
        if let Forward::To(hops) = &forward
            && let [(own, theirs)] = hops.as_slice()
            && let Some(known) = self.single[*own].get(theirs)
        {
            return *known;
        }
        if let Some(known) = self.numbers.get(&forward) {
            return *known;
        }
        let (next, forward) = (self.forms.len() as FormNumber, Rc::new(forward));
        if let [(own, theirs)] = forward.hops() {
            self.single[*own].insert(*theirs, next);
        }
        self.forms.push(Rc::clone(&forward));
        self.numbers.insert(forward, next);
        next
    }

    /// The number of what a host does with packets to a destination.
    pub(crate) fn form(&mut self, to: usize, host: Position) -> FormNumber {
        let place = to * self.hosts + host;
        let Some((world, _)) = self.now.as_ref().filter(|(_, one)| self.leans.has(place, *one))
        else {
            return self.known[place];
        };
        if self.found[place].0 != self.turn {
            let world = Arc::clone(world);
            let still = || world.still(&self.base, &self.tellers[place]?);
            let form = if !self.involved.has(host) {
                self.known[place]
            } else if let Some(way) = still() {
                self.way(&world, way)
            } else {
                self.number(world.forward(host, &self.destinations.all[to]))
            };
            self.found[place] = (self.turn, form);
        }
        self.found[place].1
    }

    /// The number of what a router does that follows another one.
    fn way(&mut self, world: &World<'a>, (router, follows): (Router, Router)) -> FormNumber {
        let way = usize::from(router) * world.plane.routers.len() + usize::from(follows);
        if self.ways[way].0 != self.turn {
            let form = self.number(world.towards_all(router, std::iter::once(follows)));
            self.ways[way] = (self.turn, form);
        }
        self.ways[way].1
    }

    /// What a host does with packets to a destination.
    pub(crate) fn at(&mut self, to: usize, host: Position) -> Rc<Forward> {
        let form = self.form(to, host);
        Rc::clone(&self.forms[form as usize])
    }

    /// What fails beside in the state that was turned to; none where that is the base.
    pub(crate) fn beside(&self) -> Option<usize> {
        self.now.as_ref().map(|(_, one)| *one)
    }

    /// What it leans on what a host does in the base with packets to a destination.
    pub(crate) fn leans(&self, to: usize, host: Position) -> &[u64] {
        self.leans.row(to * self.hosts + host)
    }

    /// The state that others are compared with.
    pub(crate) fn base(&self) -> &Arc<World<'a>> {
        &self.base
    }
}

/// A base to come back to.
pub(crate) struct Saved<'a> {
    base: Arc<World<'a>>,
    lean: Lean<'a>,
    /// Where something is different.
    places: Vec<Different>,
}

/// What a host does, and what that leans on.
struct Different {
    place: Place,
    form: FormNumber,
    teller: Option<Teller>,
    leans: Box<[u64]>,
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
