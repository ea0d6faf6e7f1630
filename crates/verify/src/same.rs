//! What is worked out from another state is what is worked out from nothing.

use crate::element::{Element, Failure};
use crate::failures::elements;
use crate::judge::Judge;
use crate::plane::Plane;
use crate::plane::up::Up;
use crate::prove::planes;
use crate::questions::Questions;
use crate::world::World;
use model::Isp;
use std::sync::Arc;

/// Every single failure, and this many doubles by chance.
fn failures(elements: &[Element], doubles: usize, seed: u64) -> Vec<Failure> {
    // Knuth's multiplier is enough to spread over the pairs.
    let mut state = seed;
    let mut any = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        elements[(state >> 33) as usize % elements.len()]
    };
    let doubles: Vec<_> = (0..doubles).map(|_| Failure::of([any(), any()])).collect();
    let singles = elements.iter().map(|one| Failure::of([*one]));
    std::iter::once(Failure::none()).chain(singles).chain(doubles).collect()
}

fn same_routes(world: &World<'_>, fresh: &World<'_>, about: &str) {
    for router in 0..world.plane.routers.len() {
        let towards = |world: &World<'_>| world.paths.towards(router as u16).to_vec();
        assert_eq!(towards(world), towards(fresh), "{about}: towards {router}");
    }
    for (prefix, (one, other)) in world.choices.iter().zip(&fresh.choices).enumerate() {
        let different: Vec<usize> = one.differing(other).collect();
        assert!(different.is_empty(), "{about}: prefix {prefix} at {different:?}");
        assert_eq!(one.oscillates, other.oscillates, "{about}: prefix {prefix}");
    }
}

fn same_on(plane: &Plane<'_>, isp: &Isp, failures: &[Failure], about: &str) {
    let questions = Questions::of(plane, 2);
    let whole = Arc::new(World::whole(plane));
    let mut judge = Judge::new(&questions, &whole);
    for failure in failures {
        let about = format!("{about} without {}", failure.text(isp));
        let count = failure.elements().len();
        let up = Up::without(plane, failure);
        let (world, fresh) = (World::after(&whole, up.clone()), World::afresh(&whole, up));
        same_routes(&world, &fresh, &about);
        // One that starts from this state compares it with nothing.
        let told = Judge::new(&questions, &Arc::new(fresh.clone())).judge(&fresh, count);
        assert_eq!(judge.judge(&world, count), told, "{about}");
    }
}

fn same(isp: &Isp, doubles: usize, seed: u64) {
    let failures = failures(&elements(isp), doubles, seed);
    for plane in &planes(isp) {
        same_on(plane, isp, &failures, &format!("{seed} {:?}", plane.family));
    }
}

#[test]
fn a_state_beside_another_is_judged_as_one_worked_out_from_nothing() {
    for seed in 0..20 {
        let text = testkit::random::isp(seed, 4 + seed as usize % 9);
        same(&testkit::isp_from(&text), 100, seed);
    }
}

#[test]
fn the_example_is_judged_as_if_every_state_were_worked_out_from_nothing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/neutrinet");
    same(&testkit::isp(std::path::Path::new(folder)), 60, 99);
}
