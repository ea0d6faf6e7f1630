//! Two methods that know nothing of each other agree where they speak of the same thing.

use super::compare::{compare, failures, size};
use super::{ask, differences};
use model::ask::Family;
use std::collections::BTreeSet;
use testkit::naive::Naive;
use testkit::zoo::{CLASSES, Edges, Graph};
use verify::{Element, Failure};

/// A ring with chords.
fn ring(nodes: usize) -> Graph {
    let next = (0..nodes).map(|node| (node, (node + 1) % nodes));
    let far = (0..nodes).step_by(4).map(|node| (node, (node + nodes / 2) % nodes));
    Graph::new(nodes, &next.chain(far).collect::<Vec<_>>())
}

/// Cores choose the nearest edge that knows of a destination; the plain engine does nothing else.
fn same_exits(graph: &Graph, edges: Edges, failed: &[usize]) {
    let isp = testkit::isp_from(&graph.isp(edges));
    let link =
        |number: &usize| Element::Segment(isp.segments.find(&format!("link-{number}")).unwrap());
    let failure = Failure::of(failed.iter().map(link));
    let theirs = ask(&isp, Family::V4, &failure).unwrap();
    let plain = Naive::of(graph, edges).exits(failed);
    let mut compared = 0;
    for (router, exits) in plain.iter().enumerate() {
        for (class, exit) in exits.iter().enumerate() {
            let key = (format!("core-{router}"), format!("20.0.{class}.0/24").parse().unwrap());
            let Some(best) = theirs.get(&key) else { continue };
            let exit = exit.map(|exit| format!("edge-{exit}"));
            assert_eq!(
                best.as_ref().map(|best| best.from.clone()),
                exit,
                "core-{router}, class {class}, without {failed:?}"
            );
            compared += 1;
        }
    }
    // An edge leaves by a session of its own, or not at all: other edges tell it nothing.
    let edges = theirs.iter().filter(|((router, _), _)| router.starts_with("edge"));
    let others = edges.filter_map(|(_, best)| Some(best.as_ref()?.from.as_str()));
    assert_eq!(others.filter(|exit| !exit.contains('/')).collect::<Vec<_>>(), Vec::<&str>::new());
    let cores = isp.with_role(model::kinds::Role::Core).count();
    assert_eq!(compared, cores * CLASSES);
}

#[test]
fn cores_leave_by_the_nearest_edge_under_every_failure_of_a_link() {
    for edges in [Edges::Among, Edges::Beside] {
        let graph = ring(9);
        same_exits(&graph, edges, &[]);
        for one in 0..graph.links.len() {
            same_exits(&graph, edges, &[one]);
            same_exits(&graph, edges, &[one, (one + 5) % graph.links.len()]);
        }
    }
}

#[test]
fn routers_choose_as_bgpsim_says_in_providers_by_chance() {
    let differ = compare(0..12);
    let shown: Vec<&String> = differ.iter().take(20).collect();
    assert!(differ.is_empty(), "{} differences, such as {shown:#?}", differ.len());
}

#[test]
fn whatever_differs_is_told() {
    let isp = testkit::isp_from(&testkit::random::isp(4, 8));
    let theirs = ask(&isp, Family::V6, &Failure::none()).unwrap();
    assert_eq!(differences(&theirs, &theirs), Vec::<String>::new());
    for key in theirs.keys() {
        let mut wrong = theirs.clone();
        wrong.remove(key);
        assert_eq!(differences(&wrong, &theirs).len(), 1, "{key:?}");
    }
}

#[test]
fn providers_by_chance_make_every_choice_that_bgp_has() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..30 {
        let isp = testkit::isp_from(&testkit::random::isp(seed, size(seed)));
        for failure in failures(&isp).into_iter().take(20) {
            let theirs = ask(&isp, Family::V4, &failure).unwrap();
            for ((router, _), best) in &theirs {
                let edge = router.starts_with("edge");
                seen.insert(match best {
                    None => "nobody tells",
                    Some(best) if best.from.contains('/') => "leaves here",
                    Some(_) if edge => "an edge leaves by another",
                    Some(best) if best.next.len() > 1 => "several ways to an edge",
                    Some(_) => "one way to an edge",
                });
            }
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}
