//! What is asked of every state: the flows to follow, and what each must do.

use crate::flows::{Destinations, Ends, Flow, Origin};
use crate::plane::atoms::Atoms;
use crate::plane::{Plane, Position};
use crate::targets::{self, stranger};
use ipnet::IpNet;
use model::Named as _;
use model::kinds::{Invariant, InvariantKind, Relation};
use model::value::Port;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Everything that is asked of one plane.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    pub(crate) destinations: Destinations,
    pub(crate) flows: Vec<Flow>,
    /// By flow: what is asked of it.
    pub(crate) asked: Vec<Vec<Asked>>,
    /// By flow: what its origin is called.
    pub(crate) origins: Vec<String>,
    /// By flow: where it starts, among `origins_of`.
    pub(crate) origin_of: Vec<usize>,
    /// Every origin with an address there.
    pub(crate) origins_of: Vec<(Origin, IpAddr)>,
    /// By flow: under how many failures anything is asked of it.
    pub(crate) most_of: Vec<u8>,
    /// By flow: the first one with the same origin.
    first_of: Vec<usize>,
    /// Flows by where they come from and go to.
    known: BTreeMap<(Origin, IpAddr, usize), Vec<usize>>,
    /// By the position of the invariant in the model.
    pub(crate) invariants: Vec<Wanted>,
    /// The rest of the Internet among the destinations.
    pub(crate) rest: Option<usize>,
    /// Sessions with transits.
    pub(crate) transits: Vec<usize>,
    /// How many failures the built-in properties are judged under.
    pub(crate) most: u8,
}

/// What is asked of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// The properties that always hold.
    Always,
    /// What the operator declared.
    Invariant(usize),
}

/// A declared invariant, as positions.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) kind: InvariantKind,
    pub(crate) through: Vec<Position>,
    pub(crate) survives: u8,
    /// The VIPs of which it says that one host at most answers for each.
    pub(crate) owned: Vec<usize>,
}

impl Questions {
    /// What is asked of a plane under up to `most` failures.
    pub(crate) fn of(plane: &Plane<'_>, most: u8) -> Self {
        let mut questions = Self { most, ..Self::default() };
        let ends = Ends::of(plane);
        questions.always(plane, &ends);
        let rest = ends.outside.first().map(|(address, _)| *address);
        questions.rest = rest
            .and_then(|rest| questions.destinations.all.iter().position(|one| one.address == rest));
        let transit = |number: &usize| {
            let session = &plane.routes.sessions[*number];
            plane.isp.neighbors[session.neighbor].relation == Relation::Transit
        };
        questions.transits = ends.sessions.iter().copied().filter(transit).collect();
        for (at, invariant) in plane.isp.invariants.values().enumerate() {
            questions.invariant(plane, &ends, (at, invariant));
        }
        questions.index();
        questions
    }

    /// Gathers what flows have in common.
    fn index(&mut self) {
        let mut origins: BTreeMap<(Origin, IpAddr), usize> = BTreeMap::new();
        let mut first: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for (number, flow) in self.flows.iter().enumerate() {
            let next = self.origins_of.len();
            let at = *origins.entry((flow.origin, flow.source)).or_insert(next);
            if at == next {
                self.origins_of.push((flow.origin, flow.source));
            }
            self.origin_of.push(at);
            let asked = self.asked[number].iter();
            self.most_of.push(asked.map(|one| self.survives(*one)).max().unwrap_or(0));
            let outside = matches!(flow.origin, Origin::Outside(_));
            let name = (!outside).then_some(self.origins[number].as_str());
            self.first_of.push(*first.entry(name).or_insert(number));
        }
    }

    /// The first flow with the same origin: one stands for all that come from outside.
    pub(crate) fn first_of(&self, flow: usize) -> usize {
        self.first_of.get(flow).copied().unwrap_or(flow)
    }

    /// Leaves out the flows that need not be asked about, and the destinations of no other flow.
    pub(crate) fn keep(&mut self, keep: &[bool]) {
        let kept = |number: &usize| keep.get(*number).copied().unwrap_or(true);
        let numbers: Vec<usize> = (0..self.flows.len()).filter(kept).collect();
        let old = std::mem::take(&mut self.destinations);
        let mut moved = BTreeMap::new();
        let ends =
            numbers.iter().flat_map(|number| [self.flows[*number].to, self.flows[*number].back]);
        for end in ends.chain(self.rest) {
            let next = moved.len();
            if let std::collections::btree_map::Entry::Vacant(entry) = moved.entry(end) {
                entry.insert(next);
                self.destinations.all.push(old.all[end].clone());
                self.destinations.names.push(old.names[end].clone());
            }
        }
        self.flows = numbers.iter().map(|number| self.flows[*number].clone()).collect();
        self.asked = numbers.iter().map(|number| self.asked[*number].clone()).collect();
        self.origins = numbers.iter().map(|number| self.origins[*number].clone()).collect();
        self.rest = self.rest.map(|rest| moved[&rest]);
        for flow in &mut self.flows {
            flow.to = moved[&flow.to];
            flow.back = moved[&flow.back];
        }
        (self.origin_of, self.origins_of, self.most_of) = Default::default();
        self.first_of.clear();
        self.known.clear();
        self.index();
    }

    /// Under how many failures anything is asked.
    pub(crate) fn most(&self) -> u8 {
        let owning = self.owning(0).map(|(at, _)| self.survives(Asked::Invariant(at)));
        self.most_of.iter().copied().chain(owning).max().unwrap_or(0)
    }

    /// How many failures something must hold under.
    pub(crate) fn survives(&self, asked: Asked) -> u8 {
        match asked {
            Asked::Always => self.most,
            Asked::Invariant(at) => self.invariants[at].survives.min(self.most),
        }
    }

    /// Whether a flow is one that an invariant wants to arrive.
    pub(crate) fn asks_to_reach(&self, flow: usize) -> bool {
        self.asked[flow].iter().any(|asked| match asked {
            Asked::Invariant(at) => self.invariants[*at].kind == InvariantKind::Reach,
            Asked::Always => false,
        })
    }

    /// Leaves out who answers for what, but in these invariants.
    pub(crate) fn keep_owned(&mut self, keep: &BTreeSet<usize>) {
        let all = self.invariants.iter_mut().enumerate();
        for (_, left) in all.filter(|(at, _)| !keep.contains(at)) {
            left.owned.clear();
        }
    }

    /// The invariants that say who answers, after so many failures.
    pub(crate) fn owning(&self, failures: usize) -> impl Iterator<Item = (usize, &Wanted)> {
        let all = self.invariants.iter().enumerate();
        all.filter(move |(at, wanted)| {
            let survives = usize::from(self.survives(Asked::Invariant(*at)));
            !wanted.owned.is_empty() && failures <= survives
        })
    }

    /// What becomes of every packet between our ends and those of others.
    fn always(&mut self, plane: &Plane<'_>, ends: &Ends) {
        let fronts: Vec<(IpAddr, String)> = plane
            .isp
            .front_vips()
            .filter_map(|vip| Some((vip.address(plane.family)?, format!("vip.{}", vip.name()))))
            .collect();
        for (origin, source, name) in &ends.inside {
            for (address, to) in &ends.outside {
                self.ask((*origin, *source, name), (plane, *address, to), (None, Asked::Always));
            }
            let inside = ends.inside.iter().map(|(_, address, to)| (*address, to));
            for (address, to) in inside.chain(fronts.iter().map(|(address, to)| (*address, to))) {
                if address != *source {
                    self.ask((*origin, *source, name), (plane, address, to), (None, Asked::Always));
                }
            }
        }
        for session in &ends.sessions {
            let Some((source, name)) = stranger(plane, *session) else { continue };
            let inside = ends.inside.iter().map(|(_, address, to)| (*address, to));
            for (address, to) in inside.chain(fronts.iter().map(|(address, to)| (*address, to))) {
                let from = (Origin::Outside(*session), source, &name);
                self.ask(from, (plane, address, to), (None, Asked::Always));
            }
        }
    }

    fn ask(
        &mut self,
        (origin, source, from): (Origin, IpAddr, &String),
        (plane, address, to): (&Plane<'_>, IpAddr, &String),
        (port, asked): (Option<Port>, Asked),
    ) {
        let back = self.destinations.number(plane, source, || from.clone());
        let to = self.destinations.number(plane, address, || to.clone());
        let flow = Flow { origin, source, to, back, port };
        let alike = self.known.entry((origin, source, to)).or_default();
        if let Some(known) = alike.iter().find(|known| self.flows[**known] == flow) {
            self.asked[*known].push(asked);
            return;
        }
        alike.push(self.flows.len());
        self.flows.push(flow);
        self.asked.push(vec![asked]);
        self.origins.push(from.clone());
    }

    fn invariant(&mut self, plane: &Plane<'_>, ends: &Ends, (at, invariant): (usize, &Invariant)) {
        let through = invariant.through.iter().map(|id| id.index()).collect();
        self.invariants.push(Wanted {
            kind: invariant.kind,
            through,
            survives: invariant.survives,
            owned: owned(plane, invariant),
        });
        if invariant.kind == InvariantKind::OneOwner {
            return;
        }
        let atoms = Atoms::of(&plane.gates);
        let ports: Vec<Option<Port>> = match (invariant.ports.as_slice(), invariant.kind) {
            ([], InvariantKind::Isolate) => atoms.any().into_iter().map(Some).collect(),
            ([], _) => vec![None],
            (some, _) => some.iter().flat_map(|port| atoms.within(*port)).map(Some).collect(),
        };
        let goals = targets::goals(plane, ends, invariant);
        for (origin, source, from) in targets::origins(plane, ends, invariant) {
            for (address, to) in goals.iter().cloned() {
                for port in ports.iter().filter(|_| source != address) {
                    let asked = (*port, Asked::Invariant(at));
                    self.ask((origin, source, &from), (plane, address, &to), asked);
                }
            }
        }
    }
}

/// The VIPs of which an invariant says that one host at most answers for each.
fn owned(plane: &Plane<'_>, invariant: &Invariant) -> Vec<usize> {
    if invariant.kind != InvariantKind::OneOwner {
        return Vec::new();
    }
    let nets = invariant.to.iter().flat_map(|target| plane.isp.prefixes_of(target, plane.family));
    let nets: Vec<IpNet> = nets.collect();
    let meant = |address: IpAddr| nets.iter().any(|net| net.contains(&address));
    let vips = plane.vips.iter().enumerate();
    vips.filter(|(_, vip)| vip.address.is_some_and(meant)).map(|(at, _)| at).collect()
}

/// Every session with another network as an origin.
pub(crate) fn strangers(plane: &Plane<'_>) -> Vec<(Origin, IpAddr, String)> {
    targets::strangers(plane, &Ends::of(plane))
}
