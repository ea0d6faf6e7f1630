//! How many failures two routers survive, by maximum flow: a second method for reachability.
//!
//! It knows cables and who forwards, and no routing: between two routers OSPF finds a way exactly when
//! there is one, so that what it says must be what the simulation says.

use model::kinds::{Host, SegmentKind};
use model::{Id, Isp, Named as _};
use petgraph::algo::ford_fulkerson;
use petgraph::graph::{Graph, NodeIndex};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use verify::{Element, Failure, Options};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Interfaces that lose their link.
    Links,
    /// Hosts and segments between the two.
    Nodes,
}

/// More than can fail.
const MANY: u32 = 1_000;

/// The least number of failures that parts two routers; none if nothing but their own does.
pub(crate) fn cut(isp: &Isp, from: Id<Host>, to: Id<Host>, of: Of) -> Option<u32> {
    let mut graph = Graph::<(), u32>::new();
    let (link, node) = match of {
        Of::Links => (1, MANY),
        Of::Nodes => (MANY, 1),
    };
    let mut halves = |weight| {
        let (into, out) = (graph.add_node(()), graph.add_node(()));
        graph.add_edge(into, out, weight);
        (into, out)
    };
    let segments: Vec<(NodeIndex, NodeIndex)> =
        isp.segments.values().map(|_| halves(node)).collect();
    let hosts: Vec<_> = isp
        .hosts
        .iter()
        .map(|(id, host)| {
            let ends = id == from || id == to;
            halves(if ends {
                MANY
            } else if host.role.routes() {
                node
            } else {
                0
            })
        })
        .collect();
    for (id, host) in isp.hosts.iter() {
        for nic in
            host.nic.iter().filter(|nic| isp.segments[nic.segment].kind == SegmentKind::Backbone)
        {
            let (host, segment) = (hosts[id.index()], segments[nic.segment.index()]);
            graph.add_edge(host.1, segment.0, link);
            graph.add_edge(segment.1, host.0, link);
        }
    }
    let (flow, _) = ford_fulkerson(&graph, hosts[from.index()].0, hosts[to.index()].1);
    (flow < MANY).then_some(flow)
}

/// Whether there is a way from one router to another in what a failure leaves: found by walking.
pub(crate) fn joined(isp: &Isp, from: Id<Host>, to: Id<Host>, failure: &Failure) -> bool {
    let failed = |element| failure.elements().contains(&element);
    let mut seen = BTreeSet::from([from]);
    let mut ahead = vec![from];
    let on = |id: Id<Host>| {
        let nics = isp.hosts[id].nic.iter().enumerate();
        nics.filter(move |(at, nic)| {
            isp.segments[nic.segment].kind == SegmentKind::Backbone
                && !failed(Element::Link(id, *at))
                && !failed(Element::Segment(nic.segment))
        })
        .map(|(_, nic)| nic.segment)
    };
    while let Some(here) = ahead.pop() {
        for segment in on(here) {
            for (other, host) in isp.hosts.iter() {
                let alive = host.role.routes() && !failed(Element::Host(other));
                if alive && on(other).any(|own| own == segment) && seen.insert(other) {
                    ahead.push(other);
                }
            }
        }
    }
    seen.contains(&to)
}

/// What can fail between two routers.
fn elements(isp: &Isp, (from, to): (Id<Host>, Id<Host>), of: Of) -> Vec<Element> {
    let backbone = |segment| isp.segments[segment].kind == SegmentKind::Backbone;
    let routers = || isp.hosts.iter().filter(|(_, host)| host.role.routes());
    match of {
        Of::Links => {
            let nics = routers().flat_map(|(id, host)| {
                host.nic.iter().enumerate().map(move |(at, nic)| (id, at, nic.segment))
            });
            nics.filter(|(.., s)| backbone(*s)).map(|(id, at, _)| Element::Link(id, at)).collect()
        }
        Of::Nodes => {
            let segments = isp.segments.iter().map(|(id, _)| id).filter(|id| backbone(*id));
            let others = routers().map(|(id, _)| id).filter(|id| *id != from && *id != to);
            others.map(Element::Host).chain(segments.map(Element::Segment)).collect()
        }
    }
}

/// The least number of failures that parts two routers, up to two, by trying all.
fn tried(isp: &Isp, (from, to): (Id<Host>, Id<Host>), of: Of) -> Option<u32> {
    let parts = |failed: &[Element]| !joined(isp, from, to, &Failure::of(failed.iter().copied()));
    let all = elements(isp, (from, to), of);
    if parts(&[]) {
        return Some(0);
    }
    if all.iter().any(|one| parts(&[*one])) {
        return Some(1);
    }
    let two =
        |(at, one): (usize, &Element)| all.iter().skip(at + 1).any(|two| parts(&[*one, *two]));
    all.iter().enumerate().any(two).then_some(2)
}

/// How many routers the provider of a seed has.
fn size(seed: u64) -> usize {
    4 + usize::try_from(seed % 4).unwrap()
}

fn routers(isp: &Isp) -> Vec<Id<Host>> {
    isp.hosts.iter().filter(|(_, host)| host.role.routes()).map(|(id, _)| id).collect()
}

#[test]
fn a_minimum_cut_is_the_least_failure_that_parts_two_routers() {
    let mut found: Vec<u32> = Vec::new();
    for seed in 0..24 {
        let isp =
            testkit::isp_from(&testkit::random::isp(seed, 4 + usize::try_from(seed % 4).unwrap()));
        let routers: Vec<Id<Host>> =
            isp.hosts.iter().filter(|(_, host)| host.role.routes()).map(|(id, _)| id).collect();
        for to in routers.iter().skip(1) {
            for of in [Of::Links, Of::Nodes] {
                let by_flow = cut(&isp, routers[0], *to, of);
                let told = format!("seed {seed}: {:?} to {:?}, {of:?}", routers[0], to);
                assert_eq!(
                    by_flow.filter(|cut| *cut < 3),
                    tried(&isp, (routers[0], *to), of),
                    "{told}"
                );
                found.extend(by_flow);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    assert!(found.starts_with(&[1, 2, 3]), "{found:?}");
}

/// The provider of a seed, with an invariant for each number of failures up to two that its first
/// router and another shall survive: `reach-ROUTER-NUMBER`.
fn asked(seed: u64) -> String {
    let text = testkit::random::isp(seed, size(seed));
    let isp = testkit::isp_from(&text);
    let mut all = text;
    for name in routers(&isp).iter().skip(1).map(|id| isp.hosts[*id].name()) {
        for survives in 0..3 {
            let first = isp.hosts[routers(&isp)[0]].name();
            let _ = write!(
                all,
                "[invariant.reach-{name}-{survives}]\nkind = \"reach\"\nfrom = [\"host.{first}\"]\n\
                 to = [\"host.{name}\"]\nports = [\"icmp\"]\nsurvives = {survives}\n"
            );
        }
    }
    all
}

#[test]
fn reach_survives_as_many_failures_as_the_minimum_cut_says() {
    let mut cuts = BTreeSet::new();
    for seed in 0..12 {
        let isp = testkit::isp_from(&asked(seed));
        let first = routers(&isp)[0];
        let links = elements(&isp, (first, first), Of::Links);
        let report = verify::prove_among(&isp, Options { failures: 2, threads: 1 }, &links);
        let broken: Vec<&str> =
            report.violations.iter().map(|one| one.finding.says.as_str()).collect();
        for to in routers(&isp).into_iter().skip(1) {
            let least = cut(&isp, first, to, Of::Links).unwrap();
            cuts.insert(least);
            for survives in 0..3 {
                let name = format!("reach-{}-{survives} ", isp.hosts[to].name());
                let told = broken.iter().any(|says| says.contains(&name));
                assert_eq!(
                    told,
                    least <= survives,
                    "seed {seed}: {name}, cut {least}: {broken:#?}"
                );
            }
        }
    }
    assert!(cuts.contains(&1) && cuts.contains(&2) && cuts.last() > Some(&2), "{cuts:?}");
}
