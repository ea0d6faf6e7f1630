//! One route out of a set of routes, and whether a route is in a set.

use super::Space;
use super::bits::Bits;
use super::classes::{Classes, Tags};
use super::routes::{Asked, DESTINATIONS, First, Number, Routes, SOURCES, bit, code};
use super::space::{one_community, one_large};
use super::split::roa_bit;
use crate::route::{Community, Large, Origin, Path, Route, Segment};
use crate::run::{Roa, Roas, holds, validate};
use crate::tree::{RoaOrigin, RoaState, RoaTable};

/// A route as it came, and the ROAs that it takes.
#[derive(Clone, Debug)]
pub struct Example {
    /// The route.
    pub route: Route,
    /// The ROAs.
    pub roas: Roas,
}

impl Space {
    /// One of some routes, as it came from a neighbour. A good guess: whether it goes the way of the
    /// others is known when [`crate::run`] has said so.
    pub fn example(&self, routes: &Routes, neighbor: u32, own_asn: u32) -> Option<Example> {
        let net = self.nets.example(&routes.nets)?;
        let mut route = Route::bare(net, *pick(&SOURCES, routes.source.came)?);
        route.destination = *pick(&DESTINATIONS, routes.destination.came)?;
        route.path = self.path_of(routes, neighbor);
        let (standard, larger) = wanted(routes);
        let standard = numbers(&self.communities, &routes.communities, standard);
        route.communities = standard.into_iter().map(community).collect();
        let larger = numbers(&self.large, &routes.large, larger);
        route.large = larger.into_iter().map(large).collect();
        route.local_pref = routes.local_pref.is;
        route.med = routes.med.is;
        route.origin = usual_origin(&routes.origin);
        route.next_hop = next_hop(routes);
        let roas = roas(routes, &route, own_asn);
        Some(Example { route, roas })
    }

    fn path_of(&self, routes: &Routes, neighbor: u32) -> Path {
        let tags = &routes.asns;
        let (empty, longer, aggregated) = asked_of_path(routes);
        let mut asns: Vec<u32> = match routes.first.came() {
            First::Came(first) => vec![*first],
            First::Not(not) if not.contains(&neighbor) => Vec::new(),
            _ if empty == Some(true) => return Path::default(),
            _ if tags.lacked.has(self.asns.class(u128::from(neighbor))) => Vec::new(),
            First::Not(_) | First::Put(..) | First::Lost(_) => vec![neighbor],
        };
        let there: Vec<usize> = asns.iter().map(|asn| self.asns.class(u128::from(*asn))).collect();
        let missing = tags.fewest().into_iter().filter(|class| !there.contains(class));
        asns.extend(missing.filter_map(|class| self.asn(class)));
        if asns.is_empty() {
            let free = self.asns.all().minus(&tags.lacked);
            asns.extend(free.iter().next().and_then(|class| self.asn(class)));
        }
        if let (Some(length), Some(last)) = (longer, asns.last().copied()) {
            let length = usize::try_from(length).unwrap_or_default().saturating_add(1);
            asns.resize(asns.len().max(length), last);
        }
        let set = asns.last().filter(|_| aggregated).map(|last| Segment::Set(vec![*last]));
        Path::new(std::iter::once(Segment::Sequence(asns)).chain(set).collect())
    }

    fn asn(&self, class: usize) -> Option<u32> {
        let (low, high) = self.asns.bounds(class);
        u32::try_from(low.max(1).min(high)).ok()
    }

    /// Whether a route that came like this, and became that, is one of some routes as far as is
    /// known of them: what tests hold [`Space::walk`] to.
    pub fn covers(&self, routes: &Routes, (came, now): (&Route, &Route), roas: &Roas) -> bool {
        let kind = self.nets.kind(&came.net).is_some_and(|kind| routes.nets.has(kind));
        let tags = [
            (&routes.communities, self.of_communities(came), self.of_communities(now)),
            (&routes.large, self.of_large(came), self.of_large(now)),
            (&routes.asns, self.of_path(came), self.of_path(now)),
        ];
        let tags = tags.iter().all(|(tags, came, now)| tags.admits(came) && tags.leaves(came, now));
        let first = match routes.first.came() {
            First::Came(first) => came.path.first() == *first,
            First::Not(not) => !not.contains(&came.path.first()),
            First::Put(..) | First::Lost(_) => false,
        };
        let masks = routes.source.came & bit(&SOURCES, &came.source) != 0
            && routes.destination.came & bit(&DESTINATIONS, &came.destination) != 0
            && routes.destination.possible() & bit(&DESTINATIONS, &now.destination) != 0;
        let codes = (came.origin.map(code), now.origin.map(code));
        let values = fits(&routes.local_pref, (came.local_pref, now.local_pref))
            && fits(&routes.med, (came.med, now.med))
            && fits(&routes.origin, codes);
        kind && tags && first && masks && values && facts(routes, (came, now), roas)
    }

    fn of_communities(&self, route: &Route) -> Bits {
        let all = route.communities.iter().map(|one| self.communities.class(one_community(*one).0));
        Bits::of(self.communities.len(), all)
    }

    fn of_large(&self, route: &Route) -> Bits {
        let all = route.large.iter().map(|one| self.large.class(one_large(*one).0));
        Bits::of(self.large.len(), all)
    }

    fn of_path(&self, route: &Route) -> Bits {
        let all = route.path.asns().map(|asn| self.asns.class(u128::from(asn)));
        Bits::of(self.asns.len(), all)
    }
}

fn pick<T>(all: &[T], mask: u8) -> Option<&T> {
    all.iter().zip(0..).find(|(_, at)| mask >> at & 1 == 1).map(|(one, _)| one)
}

/// What is asked of the path as it came: that it is empty or not, its length, a set at its end.
fn asked_of_path(routes: &Routes) -> (Option<bool>, Option<u32>, bool) {
    let (mut empty, mut longer, mut aggregated) = (None, None, false);
    for fact in routes.facts.iter().filter(|fact| fact.version == 0) {
        match &fact.asked {
            Asked::Empty => empty = Some(fact.holds),
            Asked::Longer(length) if fact.holds => longer = Some(*length),
            Asked::Aggregated => aggregated = fact.holds,
            Asked::Longer(_)
            | Asked::Origin(_)
            | Asked::First(_)
            | Asked::Communities(_)
            | Asked::Large(_)
            | Asked::NextHop(_) => {}
        }
    }
    (empty, longer, aggregated)
}

/// How many standard and how many large communities there must be.
fn wanted(routes: &Routes) -> (usize, usize) {
    let (mut standard, mut large) = (0, 0);
    for fact in routes.facts.iter().filter(|fact| fact.holds) {
        if let Asked::Communities(count) = fact.asked {
            standard = standard.max(usize::try_from(count).unwrap_or_default());
        } else if let Asked::Large(count) = fact.asked {
            large = large.max(usize::try_from(count).unwrap_or_default());
        }
    }
    (standard, large)
}

/// The numbers of the fewest classes that there must be, and as many more as are wanted, of a class
/// that means nothing to the policy.
fn numbers(classes: &Classes, tags: &Tags, wanted: usize) -> Vec<u128> {
    let chosen = tags.fewest();
    let mut all: Vec<u128> = chosen.iter().map(|class| classes.bounds(*class).0).collect();
    let free = classes.all().minus(&tags.lacked).minus(&tags.taken);
    let enough = |class: &usize| {
        let (low, high) = classes.bounds(*class);
        !chosen.contains(class) && usize::try_from(high - low).is_ok_and(|room| room >= wanted)
    };
    if let Some(class) = free.iter().find(enough)
        && all.len() < wanted
    {
        let (low, high) = classes.bounds(class);
        all.extend((low..=high).take(wanted - all.len()));
    }
    all
}

fn community(number: u128) -> Community {
    let part = |number: u128| u16::try_from(number & 0xffff).unwrap_or_default();
    Community(part(number >> 16), part(number))
}

fn large(number: u128) -> Large {
    let part = |number: u128| u32::try_from(number & 0xffff_ffff).unwrap_or_default();
    Large(part(number >> 64), part(number >> 32), part(number))
}

fn usual_origin(known: &Number) -> Option<Origin> {
    let all = [Origin::Igp, Origin::Egp, Origin::Incomplete];
    let possible = |origin: &Origin| {
        known.is.map_or(!known.is_not.contains(&code(*origin)), |is| is == code(*origin))
    };
    all.into_iter().find(possible)
}

fn next_hop(routes: &Routes) -> Option<std::net::IpAddr> {
    routes.facts.iter().find_map(|fact| {
        let Asked::NextHop(nets) = &fact.asked else { return None };
        nets.first().filter(|_| fact.holds).map(ipnet::IpNet::addr)
    })
}

/// ROAs under which origin validation says what it must.
fn roas(routes: &Routes, route: &Route, own_asn: u32) -> Roas {
    let mut roas = Roas { own_asn, ..Roas::default() };
    for fact in routes.roas.iter().filter(|fact| fact.states & roa_bit(RoaState::Unknown) == 0) {
        let valid = fact.states & roa_bit(RoaState::Invalid) == 0;
        let asn = match fact.origin {
            RoaOrigin::Path => route.path.last_nonaggregated(),
            RoaOrigin::Asn(asn) => asn,
        };
        let asn = if valid { asn } else { 0 };
        let roa = Roa { net: route.net, max_length: route.net.prefix_len(), asn };
        roas.tables.entry(fact.table.clone()).or_default().push(roa);
    }
    roas
}

fn fits(known: &Number, (came, now): (Option<u32>, Option<u32>)) -> bool {
    let as_it_came = known.is.is_none_or(|is| came == Some(is))
        && came.is_none_or(|came| !known.is_not.contains(&came));
    as_it_came && now == known.now.or(came)
}

/// Whether the answers are right that are about a route as it came or as it is.
fn facts(routes: &Routes, (came, now): (&Route, &Route), roas: &Roas) -> bool {
    let versions = routes.versions;
    let right = |(version, last): (u16, u16), holds: &dyn Fn(&Route) -> bool| {
        (version != 0 || holds(came)) && (version != last || holds(now))
    };
    let asked = routes.facts.iter().all(|fact| {
        let question = fact.asked.condition();
        let last = routes.version(&fact.asked);
        right((fact.version, last), &|route| holds(&question, route, roas) == fact.holds)
    });
    let validated = routes.roas.iter().all(|fact| {
        let table = RoaTable { name: fact.table.clone(), family: crate::Family::of(&came.net) };
        let last = match fact.origin {
            RoaOrigin::Path => versions.path,
            RoaOrigin::Asn(_) => 0,
        };
        right((fact.version, last), &|route| {
            roa_bit(validate(&table, fact.origin, route, roas)) & fact.states != 0
        })
    });
    asked && validated
}
