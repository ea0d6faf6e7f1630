//! Walks all announcements from session to session, and says what comes through that must not.

use super::ask::Wrong;
use super::confirm::{Shown, Steps};
use super::doors::{Door, Doors, Way};
use policy::symbolic::{Routes, Space, Unclear};
use policy::{Condition, Filter, Route};
use std::collections::BTreeMap;
use std::ops::Not as _;

/// Something that came through, or that nothing can be said about.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// What is wrong.
    pub(super) wrong: Wrong,
    /// The session that it came in by, if one matters.
    pub(super) from: Option<usize>,
    /// The session that it left by, if one matters.
    pub(super) to: Option<usize>,
    /// How it travels between the two.
    pub(super) way: Option<Way>,
    /// Further sessions that it leaves by.
    pub(super) others: Vec<usize>,
    /// How sure it is.
    pub(super) proof: Proof,
}

/// How sure a finding is.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// This route does it: each filter was run on it.
    Route(Box<Shown>),
    /// It cannot be excluded, but the route that was tried does not do it.
    Unconfirmed,
    /// The filter is too complicated to say.
    Unclear(Unclear),
}

/// Everything that is wrong, by session.
pub(super) fn judge(doors: &Doors) -> Vec<Found> {
    let mut judge = Judge { doors, space: shared(doors), found: Vec::new() };
    let classes = classes(doors);
    judge.exports(&classes);
    let all = || doors.all.iter().enumerate();
    for (at, door) in all().filter(|(_, door)| door.may_leak()) {
        if let Some(accepted) = judge.import(at, door) {
            judge.leaks((at, door), &accepted, &classes);
        }
    }
    // What a customer sends is judged where it comes in: for that, nobody else's policy matters.
    for (at, door) in all().filter(|(_, door)| !door.may_leak()) {
        let space = Space::new(doors.family, &[&door.import], &doors.questions(door));
        judge.space = space;
        judge.import(at, door);
    }
    judge.found
}

/// The space of all sessions between which something can leak.
fn shared(doors: &Doors) -> Space {
    let all = || doors.all.iter().filter(|door| door.may_leak());
    let filters = all().flat_map(|door| [&door.import, &door.export]);
    let inside = doors.inside.iter().flat_map(|(told, taken)| [told, taken]);
    let filters: Vec<&Filter> = filters.chain(inside).collect();
    let questions: Vec<Condition> = all().flat_map(|door| doors.questions(door)).collect();
    Space::new(doors.family, &filters, &questions)
}

/// Sessions with those who are not customers, by what they let out. Those come first whose role
/// keeps nothing back, and transits: what they hear from us goes on to the whole Internet.
fn classes(doors: &Doors) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    let mut lateral: Vec<_> =
        doors.all.iter().enumerate().filter(|(_, d)| d.is_lateral()).collect();
    lateral.sort_by_key(|(at, door)| (door.role, door.relation, *at));
    for (at, door) in lateral {
        let alike = |class: &&mut Vec<usize>| {
            let first = class.first().and_then(|first| doors.all.get(*first));
            first.is_some_and(|first| is_alike(first, door))
        };
        match classes.iter_mut().find(alike) {
            Some(class) => class.push(at),
            None => classes.push(vec![at]),
        }
    }
    classes
}

/// How many sets of routes are followed from session to session.
const MOST: usize = 20_000;

/// What can be in a router's table, if that can be said.
type Table = Result<Vec<Routes>, Unclear>;

struct Judge<'a> {
    doors: &'a Doors,
    space: Space,
    found: Vec<Found>,
}

impl Judge<'_> {
    /// Whatever is in the table, only what is ours or a customer's leaves by a session with one who
    /// is not a customer.
    fn exports(&mut self, classes: &[Vec<usize>]) {
        for class in classes {
            let Some((at, others)) = class.split_first() else { continue };
            let Some(door) = self.doors.all.get(*at) else { continue };
            for (wrong, condition) in self.doors.at_export(door) {
                let passed = self.leave(door, self.those(&condition, vec![self.space.every()]));
                let steps = Steps::out(door, condition);
                if let Some(found) = self.tell(wrong, (None, Some(*at)), (passed, steps)) {
                    found.others = others.to_vec();
                }
            }
        }
    }

    /// Judges what a session lets in, and says what that is.
    fn import(&mut self, at: usize, door: &Door) -> Option<Vec<Routes>> {
        let all = self.those(&self.doors.looped().not(), vec![self.space.every().learnt()]);
        let accepted = match self.through(&door.import, all) {
            Ok(accepted) => accepted,
            Err(unclear) => {
                let wrong = if door.is_lateral() { Wrong::Leak } else { Wrong::Cone };
                self.tell(wrong, (Some(at), None), (Err(unclear), Steps::default()));
                return None;
            }
        };
        for (wrong, condition) in self.doors.at_import(door) {
            let passed = self.those(&condition, accepted.clone());
            let steps = Steps::into(self.doors, door, condition);
            self.tell(wrong, (Some(at), None), (Ok(passed), steps));
        }
        Some(accepted.into_iter().map(Routes::in_table).collect())
    }

    /// Judges whether what is not a customer's leaves to one who is not a customer.
    fn leaks(&mut self, (at, from): (usize, &Door), accepted: &[Routes], classes: &[Vec<usize>]) {
        let mut tables: BTreeMap<Way, Table> = BTreeMap::new();
        for class in classes {
            let mut ways: BTreeMap<Way, Vec<usize>> = BTreeMap::new();
            for to in class.iter().copied().filter(|to| *to != at) {
                let Some(door) = self.doors.all.get(to) else { continue };
                for way in self.doors.ways(from, door) {
                    ways.entry(way).or_default().push(to);
                }
            }
            for (way, ends) in ways {
                let table = tables.entry(way).or_insert_with(|| self.at_other_end(way, accepted));
                let table = table.clone();
                self.leak((at, from), (way, &ends), table);
            }
        }
    }

    /// Judges one way, to sessions that let out the same.
    fn leak(&mut self, (at, from): (usize, &Door), (way, ends): (Way, &[usize]), table: Table) {
        let Some((to, others)) = ends.split_first() else { return };
        let Some(door) = self.doors.all.get(*to) else { return };
        let passed = table.and_then(|table| self.leave(door, table));
        let steps = Steps::between(self.doors, (from, door), way);
        if let Some(found) = self.tell(Wrong::Leak, (Some(at), Some(*to)), (passed, steps)) {
            found.way = Some(way);
            found.others = others.to_vec();
        }
    }

    /// The routes in the table of the router that has the other session.
    fn at_other_end(&self, way: Way, accepted: &[Routes]) -> Table {
        let Way::Inside(pair) = way else { return Ok(accepted.to_vec()) };
        let Some((told, taken)) = self.doors.inside.get(pair) else { return Ok(Vec::new()) };
        let spoken = self.those(&Doors::untold().not(), accepted.to_vec());
        let told = self.through(told, spoken)?;
        self.through(taken, told.into_iter().map(Routes::told).collect())
    }

    /// What leaves by a session, of what is in its router's table.
    fn leave(&self, door: &Door, table: Vec<Routes>) -> Table {
        self.through(&door.export, self.those(&Doors::kept().not(), table))
    }

    fn through(&self, filter: &Filter, all: Vec<Routes>) -> Table {
        let mut passed = Vec::new();
        for routes in all {
            let ends = self.space.walk(filter, routes)?.into_iter();
            passed.extend(ends.filter(|end| end.refused.is_none()).map(|end| end.routes));
            if passed.len() > MOST {
                return Err(Unclear::Ways);
            }
        }
        Ok(passed)
    }

    /// Routes for which a condition holds.
    fn those(&self, condition: &Condition, all: Vec<Routes>) -> Vec<Routes> {
        all.into_iter().flat_map(|routes| self.space.those(routes, condition)).collect()
    }

    /// Keeps what came through: the simplest route that does it when it is run.
    fn tell(
        &mut self,
        wrong: Wrong,
        (from, to): (Option<usize>, Option<usize>),
        (passed, steps): (Table, Steps<'_>),
    ) -> Option<&mut Found> {
        let proof = match passed {
            Err(unclear) => Proof::Unclear(unclear),
            Ok(passed) if passed.is_empty() => return None,
            Ok(passed) => {
                let asn = from.and_then(|from| self.doors.all.get(from)).map(|door| door.asn);
                let tried = |routes: &Routes| {
                    let asn = asn.unwrap_or_default();
                    let example = self.space.example(routes, asn, self.doors.own_asn)?;
                    steps.run(example)
                };
                let shown = passed.iter().filter_map(tried).min_by_key(size);
                shown.map_or(Proof::Unconfirmed, |shown| Proof::Route(Box::new(shown)))
            }
        };
        self.found.push(Found { wrong, from, to, way: None, others: Vec::new(), proof });
        self.found.last_mut()
    }
}

/// How much there is to read of a route.
fn size(shown: &Shown) -> usize {
    let Route { communities, large, path, .. } = &shown.came;
    communities.len() + large.len() + path.len()
}

/// Whether two sessions let out the same, and may.
fn is_alike(one: &Door, other: &Door) -> bool {
    let rule = |door: &Door| (door.relation == policy::standard::Relation::Transit, door.drops);
    one.export.body == other.export.body
        && one.export.otherwise == other.export.otherwise
        && rule(one) == rule(other)
}
