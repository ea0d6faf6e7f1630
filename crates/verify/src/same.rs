//! What is worked out from another state is what is worked out from nothing.

use crate::element::{Element, Failure};
use crate::failures::elements;
use crate::fault::{About, Fault};
use crate::judge::Judge;
use crate::plane::Plane;
use crate::plane::up::Up;
use crate::prove::planes;
use crate::questions::Questions;
use crate::world::World;
use model::Isp;
use std::collections::BTreeSet;
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
    for router in 0..world.plane.routers.len() {
        let towards = |world: &World<'_>| world.paths.towards(router as u16).to_vec();
        assert_eq!(towards(world), towards(fresh), "{about}: towards {router}");
    }
    for (prefix, (one, other)) in world.choices.iter().zip(fresh.choices.iter()).enumerate() {
        let different: Vec<usize> = one.differing(other).collect();
        assert!(different.is_empty(), "{about}: prefix {prefix} at {different:?}");
        assert_eq!(one.oscillates, other.oscillates, "{about}: prefix {prefix}");
    }
}

/// What is wrong, without the flows that show it: of several, one is told.
type Wrong = BTreeSet<(&'static str, About)>;

fn wrong(faults: BTreeSet<Fault>) -> Wrong {
    faults.into_iter().map(|fault| (fault.code, fault.about)).collect()
}

/// Everything that is wrong in a state, worked out from nothing.
fn afresh(questions: &Questions, fresh: &Arc<World<'_>>, failures: usize) -> Wrong {
    wrong(Judge::new(questions, fresh).standing(failures))
}

/// A state beside another shows what it shows by itself, but for what the other one shows, too.
fn beside(told: &Wrong, (whole, before): (&Wrong, &Wrong), about: &str) {
    let lost: Vec<_> = whole.difference(told).filter(|one| !before.contains(one)).collect();
    let made_up: Vec<_> = told.difference(whole).collect();
    assert!(lost.is_empty() && made_up.is_empty(), "{about}: lost {lost:?}, made up {made_up:?}");
}

/// A chain of failures, each judged beside the state before.
fn same_on(plane: &Plane<'_>, isp: &Isp, chain: &[Vec<Element>], about: &str) {
    let questions = Questions::of(plane, 2);
    let whole = Arc::new(World::whole(plane));
    let mut judge = Judge::new(&questions, &whole);
    let nothing = afresh(&questions, &whole, 0);
    for elements in chain {
        let single = Failure::of([elements[0]]);
        let up = Up::without(plane, &single);
        let world = Arc::new(World::after(&whole, up.clone()).settled());
        let fresh = Arc::new(World::afresh(&whole, up));
        let text = format!("{about} without {}", single.text(isp));
        same_routes(&world, &fresh, &text);
        let alone = afresh(&questions, &fresh, 1);
        beside(&wrong(judge.judge(&world, 1)), (&alone, &nothing), &text);
        let before = judge.rest(&world);
        assert_eq!(wrong(judge.standing(1)), alone, "{text}");
        for other in &elements[1..] {
            let pair = Failure::of([elements[0], *other]);
            let up = Up::without(plane, &pair);
            let fresh = Arc::new(World::afresh(&whole, up.clone()));
            let text = format!("{about} without {}", pair.text(isp));
            let both = World::after(&world, up);
            same_routes(&both, &fresh, &text);
            let together = afresh(&questions, &fresh, 2);
            beside(&wrong(judge.judge(&both, 2)), (&together, &alone), &text);
        }
        judge.back(before);
        assert_eq!(wrong(judge.standing(0)), nothing, "{text}");
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
