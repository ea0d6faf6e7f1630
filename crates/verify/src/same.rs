//! What is worked out from another state is what is worked out from nothing.

use crate::element::{Element, Failure};
use crate::failures::elements;
use crate::fault::{About, Fault};
use crate::judge::Judge;
use crate::killers::Killers;
use crate::plane::up::Up;
use crate::plane::{Plane, Router};
use crate::prove::planes;
use crate::questions::Questions;
use crate::world::World;
use model::Isp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every element, and after each so many others by chance.
fn chains(elements: &[Element], others: usize, seed: u64) -> Vec<Vec<Element>> {
    // Knuth's multiplier is enough to spread over the pairs.
    let mut state = seed;
    let mut any = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        elements[(state >> 33) as usize % elements.len()]
    };
    let chain = |one: &Element| std::iter::once(*one).chain((0..others).map(|_| any())).collect();
    elements.iter().map(chain).collect()
}

fn same_routes(world: &World<'_>, fresh: &World<'_>, about: &str) {
    let routers = || (0..world.plane.routers.len()).map(|router| router as Router);
    for router in routers() {
        assert_eq!(world.towards(router), fresh.towards(router), "{about}: towards {router}");
    }
    for prefix in 0..world.plane.routes.prefixes.len() {
        for router in routers() {
            let (one, other) = (world.chosen(prefix, router), fresh.chosen(prefix, router));
            assert_eq!(one, other, "{about}: prefix {prefix} at {router}");
        }
        assert_eq!(world.oscillates(prefix), fresh.oscillates(prefix), "{about}: prefix {prefix}");
    }
}

/// What is wrong, without the flows that show it: of several, one is told.
type Wrong = BTreeSet<(&'static str, About)>;

fn wrong(faults: BTreeSet<Fault>) -> Wrong {
    faults.into_iter().map(|fault| (fault.code, fault.about)).collect()
}

/// Everything that is wrong in a state that is worked out from nothing, every flow asked.
fn afresh(questions: &Questions, fresh: &Arc<World<'_>>, failures: usize) -> Wrong {
    let nothing = Arc::new(Killers::of(fresh.plane, &[]));
    wrong(Judge::new(questions, fresh, &nothing).standing(failures))
}

/// A state beside another shows what it shows by itself, but for what those with one failure less show.
fn beside(told: &Wrong, whole: &Wrong, before: &[&Wrong], about: &str) {
    let known = |one: &&(&'static str, About)| before.iter().any(|wrong| wrong.contains(one));
    let lost: Vec<_> = whole.difference(told).filter(|one| !known(one)).collect();
    let made_up: Vec<_> = told.difference(whole).collect();
    assert!(lost.is_empty() && made_up.is_empty(), "{about}: lost {lost:?}, made up {made_up:?}");
}

/// Single failures, each judged beside the state without any, and pairs, each beside both its halves.
fn same_on(plane: &Plane<'_>, isp: &Isp, chains: &[Vec<Element>], about: &str) {
    let questions = Questions::of(plane, 2);
    let whole = Arc::new(World::whole(plane));
    let singles: Vec<Failure> = chains.iter().map(|chain| Failure::of([chain[0]])).collect();
    let number = |element: &Element| {
        let of = |chain: &Vec<Element>| chain[0] == *element;
        chains.iter().position(of).unwrap()
    };
    let killers = Arc::new(Killers::of(plane, &singles));
    let nothing = afresh(&questions, &whole, 0);
    let alone = |up: &Up| afresh(&questions, &Arc::new(World::afresh(&whole, up.clone())), 1);
    let alone: Vec<Wrong> = killers.ups.iter().map(alone).collect();
    let mut judge = Judge::new(&questions, &whole, &killers);
    let mut pairs: BTreeMap<(usize, usize), Wrong> = BTreeMap::new();
    let both_ways: Vec<(usize, usize)> = chains
        .iter()
        .enumerate()
        .flat_map(|(one, chain)| chain[1..].iter().map(move |other| (one, number(other))))
        .filter(|(one, other)| one != other)
        .flat_map(|(one, other)| [(one, other), (other, one)])
        .collect();
    for (one, single) in singles.iter().enumerate() {
        let world = Arc::new(World::after(&whole, killers.ups[one].clone()));
        let fresh = World::afresh(&whole, killers.ups[one].clone());
        let text = format!("{about} without {}", single.text(isp));
        same_routes(&world, &fresh, &text);
        let told = wrong(judge.judge(|| Arc::clone(&world), (one, 1)));
        beside(&told, &alone[one], &[&nothing], &text);
        let before = judge.rest(&world, one);
        for (_, other) in both_ways.iter().filter(|(first, _)| *first == one) {
            let up = world.up.and(&killers.ups[*other]);
            let both = Arc::new(World::after(&world, up.clone()));
            let text = format!("{text} and {}", singles[*other].text(isp));
            same_routes(&both, &World::afresh(&whole, up), &text);
            let told = wrong(judge.judge(|| both, (*other, 2)));
            pairs.entry((one.min(*other), one.max(*other))).or_default().extend(told);
        }
        judge.back(before);
        assert_eq!(wrong(judge.standing(0)), nothing, "{text}");
    }
    for ((one, other), told) in pairs {
        let up = killers.ups[one].and(&killers.ups[other]);
        let whole = afresh(&questions, &Arc::new(World::afresh(&whole, up)), 2);
        let text = format!("{about} {} and {}", singles[one].text(isp), singles[other].text(isp));
        beside(&told, &whole, &[&alone[one], &alone[other]], &text);
    }
}

fn same(isp: &Isp, others: usize, seed: u64) {
    let chains = chains(&elements(isp), others, seed);
    for plane in &planes(isp, 1) {
        same_on(plane, isp, &chains, &format!("{seed} {:?}", plane.family));
    }
}

#[test]
fn a_state_beside_another_is_judged_as_one_worked_out_from_nothing() {
    for seed in 0..20 {
        let text = testkit::random::isp(seed, 4 + seed as usize % 9);
        same(&testkit::isp_from(&text), 3, seed);
    }
}

#[test]
fn the_example_is_judged_as_if_every_state_were_worked_out_from_nothing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/neutrinet");
    same(&testkit::isp(std::path::Path::new(folder)), 1, 99);
}
