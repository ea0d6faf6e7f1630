//! Which of a set of routes a condition holds for.

use super::Space;
use super::bits::Bits;
use super::classes::{Answer, Tags};
use super::nets::Question;
use super::routes::{
    Asked, DESTINATIONS, Fact, First, Mask, Number, RoaFact, Routes, SOURCES, bit, code,
};
use super::space::{asns, communities, larges};
use crate::route::{Destination, Family};
use crate::tree::{Condition, PathCondition, RoaOrigin, RoaState, RoaTable};

/// Routes for which a condition holds, and those for which it does not. Where that cannot be told,
/// they are in both.
#[derive(Debug, Default)]
pub(super) struct Halves {
    pub(super) holds: Vec<Routes>,
    pub(super) fails: Vec<Routes>,
}

impl Halves {
    fn all(answer: impl Into<Answer>, routes: Routes) -> Self {
        match answer.into() {
            Answer::Yes => Self::of(Some(routes), None),
            Answer::No => Self::of(None, Some(routes)),
            Answer::Open => Self::of(Some(routes.clone()), Some(routes)),
        }
    }

    fn of(holds: Option<Routes>, fails: Option<Routes>) -> Self {
        Self { holds: holds.into_iter().collect(), fails: fails.into_iter().collect() }
    }

    fn turned(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }
}

impl Space {
    /// Takes routes apart by a condition.
    pub(super) fn split(&self, condition: &Condition, routes: Routes) -> Halves {
        match condition {
            Condition::Always => Halves::all(true, routes),
            Condition::Not(inner) => self.split(inner, routes).turned(),
            Condition::All(all) => self.every_one(all, routes),
            Condition::Any(any) => self.at_least_one(any, routes),
            Condition::Family(family) => Halves::all(*family == self.family, routes),
            Condition::Net(set) => self.nets(&Question::of(set), routes),
            Condition::Length(low, high) => self.nets(&Question::Length(*low, *high), routes),
            Condition::Path(question) => self.path(question, routes),
            Condition::Origin(origin) => number(code(*origin), routes, |r| &mut r.origin),
            Condition::LocalPref(value) => number(*value, routes, |r| &mut r.local_pref),
            Condition::Med(value) => number(*value, routes, |r| &mut r.med),
            Condition::Community(set) => {
                tags(self.communities.within(&communities(set)), routes, |r| &mut r.communities)
            }
            Condition::Large(set) => {
                tags(self.large.within(&larges(set)), routes, |r| &mut r.large)
            }
            Condition::CommunitiesAtLeast(count) => {
                match bounded(&routes.communities, &self.communities.all(), *count) {
                    Answer::Open => fact(&Asked::Communities(*count), routes),
                    told @ (Answer::Yes | Answer::No) => Halves::all(told, routes),
                }
            }
            Condition::LargeAtLeast(count) => {
                match bounded(&routes.large, &self.large.all(), *count) {
                    Answer::Open => fact(&Asked::Large(*count), routes),
                    told @ (Answer::Yes | Answer::No) => Halves::all(told, routes),
                }
            }
            Condition::NextHop(nets) => fact(&Asked::NextHop(nets.clone()), routes),
            Condition::Source(kinds) => {
                let wanted = kinds.iter().fold(0, |bits, kind| bits | bit(&SOURCES, kind));
                masked(wanted, &routes, |r| &mut r.source)
            }
            Condition::Unreachable => {
                let wanted = bit(&DESTINATIONS, &Destination::Unreachable);
                masked(wanted, &routes, |r| &mut r.destination)
            }
            Condition::Roa { table, origin, state } => {
                roa((table, *origin, *state), self.family, routes)
            }
        }
    }

    fn every_one(&self, all: &[Condition], routes: Routes) -> Halves {
        let mut halves = Halves::all(true, routes);
        for inner in all {
            for routes in std::mem::take(&mut halves.holds) {
                let split = self.split(inner, routes);
                halves.holds.extend(split.holds);
                halves.fails.extend(split.fails);
            }
        }
        halves
    }

    fn at_least_one(&self, any: &[Condition], routes: Routes) -> Halves {
        let mut halves = Halves::all(false, routes);
        for inner in any {
            for routes in std::mem::take(&mut halves.fails) {
                let split = self.split(inner, routes);
                halves.holds.extend(split.holds);
                halves.fails.extend(split.fails);
            }
        }
        halves
    }

    fn nets(&self, question: &Question, routes: Routes) -> Halves {
        let Some(yes) = self.nets.yes(question) else { return Halves::all(Answer::Open, routes) };
        let with = |nets: Bits| (!nets.is_empty()).then(|| Routes { nets, ..routes.clone() });
        Halves::of(with(routes.nets.and(yes)), with(routes.nets.minus(yes)))
    }

    fn path(&self, question: &PathCondition, routes: Routes) -> Halves {
        match question {
            PathCondition::Contains(set) => {
                tags(self.asns.within(&asns(set)), routes, |r| &mut r.asns)
            }
            PathCondition::Within(set) => {
                let others = self.asns.within(&asns(set)).map(|set| self.asns.all().minus(&set));
                tags(others, routes, |r| &mut r.asns).turned()
            }
            PathCondition::First(asn) => self.first(*asn, routes),
            PathCondition::Empty => self.empty(routes),
            PathCondition::Origin(set) => fact(&Asked::Origin(set.clone()), routes),
            PathCondition::Longer(length) => fact(&Asked::Longer(*length), routes),
            PathCondition::Aggregated => fact(&Asked::Aggregated, routes),
        }
    }

    /// The first ASN. That of an empty path is 0, as is that of a path that begins with a set.
    fn first(&self, asn: u32, routes: Routes) -> Halves {
        let not = match &routes.first {
            First::Came(first) | First::Put(first, _) => return Halves::all(*first == asn, routes),
            First::Not(not) if not.contains(&asn) => return Halves::all(false, routes),
            First::Not(not) => not,
            First::Lost(_) => return fact(&Asked::First(asn), routes),
        };
        let mut others = not.clone();
        others.push(asn);
        let fails = Routes { first: First::Not(others), ..routes.clone() };
        let named = Routes { first: First::Came(asn), ..routes };
        if asn == 0 {
            return Halves::of(Some(named), Some(fails));
        }
        let class = self.asns.within(&[(u128::from(asn), u128::from(asn))]);
        Halves::of(tags(class, named, |r| &mut r.asns).holds.pop(), Some(fails))
    }

    /// An empty path has no ASN.
    fn empty(&self, routes: Routes) -> Halves {
        let mut asked = fact(&Asked::Empty, routes);
        let none = |routes: Routes| {
            let first = match &routes.first {
                First::Came(first) => *first == 0,
                First::Put(..) => false,
                First::Not(not) => !not.contains(&0),
                First::Lost(_) => true,
            };
            let bare = tags(Some(self.asns.all()), routes, |r| &mut r.asns).fails.pop();
            bare.filter(|_| first)
        };
        asked.holds = asked.holds.into_iter().filter_map(none).collect();
        asked
    }
}

/// A question that is not taken apart: asked once for each state of what it is about.
fn fact(asked: &Asked, routes: Routes) -> Halves {
    if let Some(holds) = routes.known(asked) {
        return Halves::all(holds, routes);
    }
    let version = routes.version(asked);
    let mut halves = Halves::all(Answer::Open, routes);
    for (all, holds) in [(&mut halves.holds, true), (&mut halves.fails, false)] {
        for routes in all {
            routes.facts.push(Fact { asked: asked.clone(), version, holds });
        }
    }
    halves
}

fn tags(set: Option<Bits>, mut routes: Routes, part: impl Fn(&mut Routes) -> &mut Tags) -> Halves {
    let Some(set) = set else { return Halves::all(Answer::Open, routes) };
    let known = part(&mut routes).clone();
    match known.any(&set) {
        Answer::Yes => Halves::all(true, routes),
        Answer::No => Halves::all(false, routes),
        Answer::Open => {
            let fails = known.clone().without(&set).map(|tags| {
                let mut fails = routes.clone();
                *part(&mut fails) = tags;
                fails
            });
            *part(&mut routes) = known.with(&set);
            Halves::of(Some(routes), fails)
        }
    }
}

/// Whether there are so many: certain only where there can be none, or where so many are known.
fn bounded(tags: &Tags, all: &Bits, count: u32) -> Answer {
    let known = u32::try_from(tags.present().len()).unwrap_or(u32::MAX);
    if known >= count {
        return Answer::Yes;
    }
    if tags.any(all) == Answer::No { Answer::No } else { Answer::Open }
}

fn masked(wanted: u8, routes: &Routes, part: impl Fn(&mut Routes) -> &mut Mask) -> Halves {
    let limited = |to: u8| {
        let mut routes = routes.clone();
        let mask = part(&mut routes);
        *mask = mask.limited(to)?;
        Some(routes)
    };
    Halves::of(limited(wanted), limited(!wanted))
}

fn number(value: u32, mut routes: Routes, part: impl Fn(&mut Routes) -> &mut Number) -> Halves {
    let known = part(&mut routes).clone();
    if let Some(is) = known.now.or(known.is) {
        return Halves::all(is == value, routes);
    }
    if known.is_not.contains(&value) {
        return Halves::all(false, routes);
    }
    let mut fails = routes.clone();
    part(&mut fails).is_not.push(value);
    part(&mut routes).is = Some(value);
    Halves::of(Some(routes), Some(fails))
}

fn roa(
    (table, origin, state): (&RoaTable, RoaOrigin, RoaState),
    family: Family,
    routes: Routes,
) -> Halves {
    if table.family != family {
        return Halves::all(false, routes);
    }
    let version = match origin {
        RoaOrigin::Path => routes.versions.path,
        RoaOrigin::Asn(_) => 0,
    };
    let alike = |fact: &RoaFact| {
        (fact.table.as_str(), fact.origin, fact.version) == (table.name.as_str(), origin, version)
    };
    let before = routes.roas.iter().position(alike);
    let possible = before.and_then(|at| routes.roas.get(at)).map_or(0b111, |fact| fact.states);
    let with = |states: u8| {
        let mut routes = routes.clone();
        let fact = RoaFact { table: table.name.clone(), origin, version, states };
        match before.and_then(|at| routes.roas.get_mut(at)) {
            Some(known) => *known = fact,
            None => routes.roas.push(fact),
        }
        (states != 0).then_some(routes)
    };
    let wanted = roa_bit(state);
    Halves::of(with(possible & wanted), with(possible & !wanted))
}

/// The bit of a state in a mask.
pub(super) const fn roa_bit(state: RoaState) -> u8 {
    match state {
        RoaState::Valid => 0b001,
        RoaState::Invalid => 0b010,
        RoaState::Unknown => 0b100,
    }
}
