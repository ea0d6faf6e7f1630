//! Generated providers break no rule, whatever they are generated from.

use crate::{TODAY, isp};
use model::finding::{self, Paint, Severity};
use model::kinds::{MachineKind, Relation, Role, SegmentKind};
use model::{Isp, Source};
use std::collections::BTreeMap;
use testkit::zoo::{CLASSES, Edges, Graph, announcers};

/// The provider of a text, and what is found in it: errors only, or everything.
fn found(name: &str, text: &str, least: Severity) -> (Isp, String) {
    let sources = [Source::new(name, text.as_bytes())];
    let isp = isp(&sources);
    let findings = prove::check(&isp, components::ALL, TODAY).findings;
    let shown = findings.iter().filter(|finding| finding.severity <= least);
    let shown = shown.map(|f| finding::text(f, &sources, Paint::Plain)).collect::<Vec<_>>();
    (isp, shown.join("\n"))
}

/// A ring with chords: no node is far from another.
fn ring(nodes: usize) -> Graph {
    let next = (0..nodes).map(|node| (node, (node + 1) % nodes));
    let far = (0..nodes).step_by(3).map(|node| (node, (node + nodes / 2) % nodes));
    Graph::new(nodes, &next.chain(far).collect::<Vec<_>>())
}

#[test]
fn a_provider_on_any_graph_breaks_no_rule() {
    for nodes in [4, 11, 60, 754] {
        for edges in [Edges::Among, Edges::Beside] {
            let (isp, shown) = found("zoo.toml", &ring(nodes).isp(edges), Severity::Warning);
            assert_eq!(shown, "", "{nodes} nodes, edges {edges:?}");
            assert_eq!(isp.sessions().count(), testkit::zoo::SESSIONS, "{nodes} nodes");
        }
    }
}

#[test]
fn a_graph_is_read_as_the_topology_zoo_writes_it() {
    let text = r#"<graph edgedefault="undirected">
        <node id="7"><data key="d33">50.8</data></node>
        <node id="3" />
        <node id="n &amp; m"></node>
        <edge source="7" target="3" /><edge id="e0" source="3" target="7"></edge>
        <edge source="n &amp; m" target="7"><data key="d36">x</data></edge>
        <edge source="3" target="3" /></graph>"#;
    let graph = Graph::graphml(text);
    let links: Vec<_> = graph.links.iter().map(|link| (link.a, link.b)).collect();
    assert_eq!((graph.nodes, links), (3, vec![(0, 1), (0, 2)]));
    assert!(graph.is_whole());
    assert_eq!(Graph::new(5, &[(0, 1), (3, 4), (4, 2)]).parts(), [0, 0, 2, 2, 2]);
}

#[test]
fn every_class_of_destinations_is_told_by_sessions_of_its_own() {
    let mut sets: Vec<Vec<usize>> = (0..CLASSES).map(announcers).collect();
    assert!(sets.iter().all(|set| set.len() > 1));
    sets.sort();
    sets.dedup();
    assert_eq!(sets.len(), CLASSES);
}

/// What turns up in a provider, by word.
fn sorts(isp: &Isp) -> Vec<&'static str> {
    let kind = |kind| isp.segments.values().any(|segment| segment.kind == kind);
    let shared = |(id, _)| isp.hosts.values().filter(|host| host.nic_on(id).is_some()).count() > 2;
    let relation = |relation| isp.neighbors_of(relation).next().is_some();
    let mut backbones = isp.segments.iter().filter(|(_, s)| s.kind == SegmentKind::Backbone);
    let mut nics = isp.hosts.values().flat_map(|host| &host.nic);
    let sorts = [
        ("an exchange", kind(SegmentKind::Exchange)),
        ("a firewall", isp.with_role(Role::Firewall).next().is_some()),
        ("no firewall", isp.with_role(Role::Firewall).next().is_none()),
        ("an access router", isp.with_role(Role::Access).next().is_some()),
        ("a hypervisor", isp.hosts.values().any(|host| host.kind == MachineKind::Hypervisor)),
        ("a shared backbone", backbones.any(shared)),
        ("a cost of its own", nics.any(|nic| nic.cost.is_some())),
        ("a transit", relation(Relation::Transit)),
        ("a peer", relation(Relation::Peer)),
        ("a route server", relation(Relation::RouteServer)),
        ("a customer", relation(Relation::Customer)),
        ("a default route", isp.neighbors.values().any(|n| n.default_route)),
        ("a drained session", isp.neighbors.values().any(|n| n.drain)),
        ("a policy", isp.neighbors.values().any(|n| n.policy.is_some())),
        ("two sessions", isp.neighbors.values().any(|n| n.session.len() > 1)),
        ("a gateway without VIP", isp.segments.values().any(|s| s.gateway4.is_some())),
        ("a VIP", !isp.vips.is_empty()),
    ];
    sorts.into_iter().filter(|(_, there)| *there).map(|(word, _)| word).collect()
}

#[test]
fn a_provider_by_chance_has_no_error_and_every_sort_of_thing_turns_up() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..200 {
        let size = 4 + usize::try_from(seed % 9).unwrap();
        let text = testkit::random::isp(seed, size);
        let (isp, shown) = found(&format!("seed {seed}"), &text, Severity::Error);
        assert_eq!(shown, "", "seed {seed}");
        let routers = isp.hosts.values().filter(|host| host.role.routes()).count();
        assert_eq!(routers, size, "seed {seed}");
        for sort in sorts(&isp) {
            *seen.entry(sort).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 17, "{seen:?}");
    assert!(seen.values().all(|times| *times >= 10), "{seen:?}");
}

#[test]
fn a_seed_gives_the_same_provider_again_and_another_seed_another() {
    let isp = |seed| testkit::random::isp(seed, 8);
    assert_eq!(isp(5), isp(5));
    assert_ne!(isp(5), isp(6));
}
