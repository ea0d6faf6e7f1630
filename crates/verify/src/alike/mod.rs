//! Two families that are the same network with other addresses: what is found in one is true of the other.
//!
//! A state never reads what an address or a prefix is, only which are equal, which is the greater where
//! routers decide by that, which prefixes hold a destination, and what filters do to the packets that are
//! sent. Where all of that is the same, and so is all else, one family is judged for both.

mod filters;
mod routes;
#[cfg(test)]
mod tests;

use crate::destination;
use crate::fault::{About, Fault};
use crate::flows::Origin;
use crate::plane::routes::{Carriers, Leads};
use crate::plane::{Candidate, Gateway, Igp, Nic, NicNumber, Plane, Position};
use crate::questions::{Asked, Questions};
use crate::whose::Whose;
use model::Id;
use model::kinds::Host;
use model::value::Port;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// Two families that are alike in all that counts.
#[derive(Debug)]
pub(crate) struct Alike {
    /// By prefix of the first family: that of the second.
    prefixes: Vec<usize>,
}

impl Alike {
    /// What says so of two families of one network with what is asked of them; nothing if it counts for
    /// anything which one is judged.
    pub(crate) fn of(planes: [&Plane<'_>; 2], questions: [&Questions; 2]) -> Option<Self> {
        let [one, other] = planes;
        let [ranks, other_ranks] = planes.map(|plane| routes::ranked(&plane.routes));
        let shape = Shape::of(one, questions[0], &ranks);
        let same = std::ptr::eq(one.isp, other.isp)
            && shape == Shape::of(other, questions[1], &other_ranks)
            && filters::same(planes, questions);
        let mut prefixes = vec![0; ranks.len()];
        for (prefix, other) in ranks.into_iter().zip(other_ranks).filter(|_| same) {
            prefixes[prefix] = other;
        }
        same.then_some(Self { prefixes })
    }

    /// A fault of the first family, as one of the second.
    pub(crate) fn other(&self, fault: &Fault) -> Fault {
        let about = match fault.about {
            About::Prefix(at) => About::Prefix(self.prefixes[at]),
            same @ (About::Host(_)
            | About::Hosts(..)
            | About::Vip(_)
            | About::Invariant(..)
            | About::Owner(..)) => same,
        };
        Fault { about, ..fault.clone() }
    }
}

/// What of a family decides, but for what filters do to packets. The two are of one model: what follows
/// from it whatever the family is left out.
#[derive(PartialEq)]
struct Shape<'p> {
    addresses: Vec<Known>,
    routers: &'p [Id<Host>],
    vips: Vec<Vec<(&'p [bool], Ranked)>>,
    gateways: Vec<Option<NicNumber>>,
    igp: &'p Igp,
    routes: routes::Shape<'p>,
    asked: Questioned<'p>,
}

/// The position of what comes next in an order, and whether it is the same as the one before.
type Ranked = (usize, bool);

/// What is asked of a family.
#[derive(PartialEq)]
struct Questioned<'p> {
    /// By destination: which prefixes hold it.
    steps: Vec<Vec<Step<'p>>>,
    /// By destination: which networks have it.
    whose: Vec<&'p Whose>,
    /// By flow: where it goes, where the answer goes, to which port.
    flows: Vec<(usize, usize, Option<Port>)>,
    asked: &'p [Vec<Asked>],
    origin_of: &'p [usize],
    origins: Vec<Origin>,
    most_of: &'p [u8],
    first_of: Vec<usize>,
    /// By invariant: the VIPs of which it says that they have one owner.
    owned: Vec<&'p [usize]>,
    rest: Option<usize>,
    transits: &'p [usize],
}

/// A prefix that holds a destination.
#[derive(PartialEq)]
struct Step<'p> {
    holds_all: bool,
    segment: Option<Position>,
    rank: Option<usize>,
    infrastructure: &'p Carriers,
}

impl<'p> Shape<'p> {
    fn of(plane: &'p Plane<'_>, questions: &'p Questions, ranks: &[usize]) -> Self {
        // What is not named follows from the model.
        let Plane { routers, vips, gateways, igp, routes, .. } = plane;
        let candidate = |all: &'p [Candidate]| {
            let addresses: Vec<_> = all.iter().map(|one| one.address).collect();
            all.iter().map(|one| one.hears.as_slice()).zip(order(&addresses)).collect()
        };
        Self {
            addresses: addresses(plane, questions),
            routers,
            vips: vips.iter().map(|vip| candidate(&vip.candidates)).collect(),
            gateways: gateways.iter().map(|one| one.map(|Gateway { nic, .. }| nic)).collect(),
            igp,
            routes: routes::Shape::of(routes, ranks),
            asked: Questioned::of(questions, ranks),
        }
    }
}

impl<'p> Questioned<'p> {
    fn of(questions: &'p Questions, ranks: &[usize]) -> Self {
        let mut rank_of = vec![0; ranks.len()];
        for (rank, prefix) in ranks.iter().enumerate() {
            rank_of[*prefix] = rank;
        }
        let step = |step: &'p destination::Step| Step {
            holds_all: step.net.prefix_len() == 0,
            segment: step.segment,
            rank: step.prefix.map(|prefix| rank_of[prefix]),
            infrastructure: &step.infrastructure,
        };
        let destinations = questions.destinations.all.iter();
        Self {
            whose: destinations.clone().map(|one| &one.whose).collect(),
            steps: destinations.map(|one| one.steps.iter().map(step).collect()).collect(),
            flows: questions.flows.iter().map(|flow| (flow.to, flow.back, flow.port)).collect(),
            asked: &questions.asked,
            origin_of: &questions.origin_of,
            origins: questions.origins_of.iter().map(|(origin, _)| *origin).collect(),
            most_of: &questions.most_of,
            first_of: (0..questions.flows.len()).map(|flow| questions.first_of(flow)).collect(),
            owned: questions.invariants.iter().map(|one| one.owned.as_slice()).collect(),
            rest: questions.rest,
            transits: &questions.transits,
        }
    }
}

/// What is known of an address: which of those that packets are sent to it is, and whether there is one.
type Known = (Option<u32>, bool);

/// The addresses of whatever has one. Those that nothing is sent to count only where somebody asks whether
/// there is one: on segments that packets come from or end on.
fn addresses(plane: &Plane<'_>, questions: &Questions) -> Vec<Known> {
    let (isp, family) = (plane.isp, plane.family);
    let met = met(plane, questions);
    let mut numbers: BTreeMap<IpAddr, u32> = BTreeMap::new();
    let mut number = |address: Option<IpAddr>| {
        let next = numbers.len() as u32;
        (address.map(|address| *numbers.entry(address).or_insert(next)), false)
    };
    // Where no machine in particular answers, that is said by this one.
    let nobody = [Some(IpAddr::from(Ipv4Addr::UNSPECIFIED))];
    let goals = questions.destinations.all.iter().map(|one| Some(one.address));
    let sources = questions.origins_of.iter().map(|(_, source)| Some(*source));
    let vips = plane.vips.iter().map(|vip| vip.address);
    let gateways = plane.gateways.iter().map(|one| one.map(|gateway| gateway.address));
    let segments = isp.segments.iter().filter(|(id, _)| met.contains(&id.index()));
    let segments = segments.map(|(_, segment)| segment.gateway(family));
    let sent_to = nobody.into_iter().chain(goals).chain(sources).chain(vips);
    let mut all: Vec<Known> = sent_to.chain(gateways).chain(segments).map(&mut number).collect();
    let known = |address: Option<IpAddr>| address.and_then(|one| numbers.get(&one).copied());
    let there = |nic: &Nic| nic.address.is_some() && met.contains(&nic.segment);
    all.extend(plane.nics.iter().map(|nic| (known(nic.address), there(nic))));
    all.extend(isp.hosts.values().map(|host| (known(host.loopback(family)), false)));
    all
}

/// The segments that packets come from or end on.
fn met(plane: &Plane<'_>, questions: &Questions) -> BTreeSet<Position> {
    let steps = questions.destinations.all.iter().flat_map(|one| &one.steps);
    let origins = questions.origins_of.iter().filter_map(|(origin, _)| match origin {
        Origin::Lan(segment) => Some(*segment),
        Origin::Pool(_) | Origin::Host(_) | Origin::Vip(..) | Origin::Outside(_) => None,
    });
    let attached = plane.routes.injections.iter().flatten().filter_map(|one| match one.leads {
        Leads::Attached(nic) => Some(plane.nics[nic].segment),
        Leads::Via(..) | Leads::Pool | Leads::Unreachable | Leads::Out(_) => None,
    });
    steps.filter_map(|step| step.segment).chain(origins).chain(attached).collect()
}

/// How some things are ordered.
fn order<T: Ord>(all: &[T]) -> Vec<Ranked> {
    let mut ranked: Vec<usize> = (0..all.len()).collect();
    ranked.sort_by(|one, other| all[*one].cmp(&all[*other]));
    let before = [None].into_iter().chain(ranked.iter().copied().map(Some));
    let equal = |before: Option<usize>, at: usize| before.is_some_and(|one| all[one] == all[at]);
    before.zip(&ranked).map(|(before, at)| (*at, equal(before, *at))).collect()
}
