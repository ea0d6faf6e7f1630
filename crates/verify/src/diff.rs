//! What is different between two versions of the network: what a reviewer wants to read.

use crate::answer::{Change, Diff};
use crate::ask::{change, outcomes};
use crate::plane::Plane;
use crate::prove::{Options, planes, prove};
use crate::report::Violation;
use crate::world::World;
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

/// The flows and routes that change from one version to another, and what holds no more.
pub fn diff(old: &Isp, new: &Isp, options: Options) -> Diff {
    let (before, after) = (planes(old, 1), planes(new, 1));
    let flows = changes(&flows(&before), &flows(&after), |was, is, what| change(what, was, is));
    let routes = changes(&routes(&before), &routes(&after), |was, is, what| {
        let differs = was != is;
        let lost = was.is_some() && is.is_none();
        differs.then(|| Change { what, before: was.cloned(), after: is.cloned(), lost })
    });
    let (was, is) = (prove(old, options), prove(new, options));
    let key = |one: &Violation| one.id.clone();
    let known: BTreeSet<String> = was.violations.iter().map(key).collect();
    let now: BTreeSet<String> = is.violations.iter().map(key).collect();
    let gone = was.violations.iter().filter(|one| !now.contains(&one.id));
    Diff {
        flows,
        routes,
        mended: gone.map(|one| (one.finding.code, one.finding.says.clone())).collect(),
        broken: is.violations.into_iter().filter(|one| !known.contains(&one.id)).collect(),
    }
}

/// What is in either, compared.
fn changes<T>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    compare: impl Fn(Option<&T>, Option<&T>, String) -> Option<Change>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let each =
        names.into_iter().map(|name| compare(before.get(name), after.get(name), name.clone()));
    each.flatten().collect()
}

fn flows(planes: &[Plane<'_>]) -> BTreeMap<String, crate::ask::Outcome> {
    planes.iter().flat_map(outcomes).collect()
}

/// What each router uses and what each neighbour hears, in words.
fn routes(planes: &[Plane<'_>]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for plane in planes {
        let world = World::whole(plane);
        for (prefix, net) in plane.routes.prefixes.iter().enumerate() {
            for (router, id) in (0..).zip(&plane.routers) {
                if let Some(route) = world.chosen(prefix, router).route {
                    let words = crate::why::route_in_words(&world, prefix, router, route);
                    all.insert(format!("{net} on {}", plane.isp.hosts[*id].name()), words);
                }
            }
            for (number, session) in plane.routes.sessions.iter().enumerate() {
                let route = world.chosen(prefix, session.router).route;
                if route.is_some_and(|route| plane.routes.tells_neighbor(number, route)) {
                    let name = crate::why::session_name(&world, number);
                    all.insert(format!("{net} to {name}"), "announced".to_owned());
                }
            }
        }
    }
    all
}
