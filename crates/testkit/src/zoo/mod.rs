//! A provider on the graph of a real network: for the benchmarks of the simulation of failures.
//!
//! The Internet Topology Zoo keeps such graphs as `GraphML`. Every node becomes a router, every link a
//! backbone of two, 20 sessions with transits tell of 64 classes of destinations, and there is a
//! service behind a pair of firewalls: nothing is left out that the simulation would have to look at.

mod text;

use std::collections::{BTreeMap, BTreeSet};

/// Sessions with other networks, however small the graph is.
pub const SESSIONS: usize = 20;
/// Destinations outside, each told by a set of sessions of its own.
pub const CLASSES: usize = 64;

/// Routers and the links between them, without doubles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// How many routers there are; they are numbered from 0.
    pub nodes: usize,
    /// The links, the smaller node first, sorted.
    pub links: Vec<Link>,
}

/// A link between two routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// One end.
    pub a: usize,
    /// The other end.
    pub b: usize,
    /// OSPF cost, in both directions.
    pub cost: u16,
}

/// Where the sessions with other networks end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edges {
    /// On at most 20 nodes of the graph, at most a third (but two): what is beyond an edge is reached through it.
    Among,
    /// On 20 further routers, each with one link to a node of the graph: no edge is on anybody's way.
    Beside,
}

/// Where a class of destinations is told: the sessions, by number.
pub fn announcers(class: usize) -> Vec<usize> {
    // Two for certain, by which no two classes are alike; the others by chance.
    let certain = [class % SESSIONS, (class % SESSIONS + 1 + class / SESSIONS) % SESSIONS];
    let chance = mixed(0xc1a5_5000 + class as u64);
    let told = |session: &usize| certain.contains(session) || chance >> session & 1 == 1;
    (0..SESSIONS).filter(told).collect()
}

impl Graph {
    /// From undirected edges: doubles and loops are left out, costs follow from the two ends.
    pub fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let cost = |a: usize, b: usize| 1 + (mixed((a as u64) << 32 | b as u64) % 100) as u16;
        let weighted: Vec<_> =
            edges.iter().map(|(a, b)| (*a, *b, cost(*a.min(b), *a.max(b)))).collect();
        Self::weighted(nodes, &weighted)
    }

    /// From undirected edges with their costs: of doubles the first counts, loops are left out.
    pub fn weighted(nodes: usize, edges: &[(usize, usize, u16)]) -> Self {
        let mut links: BTreeMap<(usize, usize), u16> = BTreeMap::new();
        for (a, b, cost) in edges.iter().filter(|(a, b, _)| a != b && *a < nodes && *b < nodes) {
            links.entry((*a.min(b), *a.max(b))).or_insert(*cost);
        }
        let link = |((a, b), cost)| Link { a, b, cost };
        Self { nodes, links: links.into_iter().map(link).collect() }
    }

    /// From `GraphML` as the Topology Zoo writes it: nodes in the order of the file.
    pub fn graphml(text: &str) -> Self {
        let ids = attributes(text, "<node ", "id");
        let number: BTreeMap<&str, usize> =
            ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
        let ends = |key| attributes(text, "<edge ", key);
        let known = |id: &str| number.get(id).copied().unwrap_or(usize::MAX);
        let (sources, targets) = (ends("source"), ends("target"));
        let pairs = sources.into_iter().zip(targets);
        let edges: Vec<_> = pairs.map(|(a, b)| (known(a), known(b))).collect();
        Self::new(ids.len(), &edges)
    }

    /// The nodes that sessions end on, spread over the graph: session `n` ends on the `n`-th, and
    /// after the last on the first again.
    pub fn exits(&self, edges: Edges) -> Vec<usize> {
        let count = match edges {
            Edges::Among => SESSIONS.min(self.nodes / 3).max(2),
            Edges::Beside => SESSIONS.min(self.nodes).max(1),
        };
        (0..count).map(|n| n * self.nodes / count).collect()
    }

    /// The TOML of the provider, which breaks no rule. The graph needs four nodes.
    pub fn isp(&self, edges: Edges) -> String {
        text::isp(self, edges)
    }

    /// The parts that hang together, as the number of the part of every node.
    pub fn parts(&self) -> Vec<usize> {
        let mut part: Vec<usize> = (0..self.nodes).collect();
        loop {
            let before = part.clone();
            for link in &self.links {
                let least = before.get(link.a).min(before.get(link.b)).copied().unwrap_or_default();
                for end in [link.a, link.b] {
                    part.get_mut(end).into_iter().for_each(|own| *own = least.min(*own));
                }
            }
            if part == before {
                return part;
            }
        }
    }

    /// Whether every node reaches every other.
    pub fn is_whole(&self) -> bool {
        self.parts().into_iter().collect::<BTreeSet<_>>().len() <= 1
    }
}

/// The values of one attribute of all elements that begin so.
fn attributes<'a>(text: &'a str, element: &str, key: &str) -> Vec<&'a str> {
    let mark = format!(" {key}=\"");
    let heads = text.split(element).skip(1).filter_map(|rest| rest.split('>').next());
    // The space before the first attribute went with the element's name.
    heads
        .filter_map(|head| {
            let after =
                head.strip_prefix(mark.trim_start()).or_else(|| Some(head.split_once(&mark)?.1));
            after?.split('"').next()
        })
        .collect()
}

/// Spreads numbers that are alike (the finaliser of `SplitMix64`).
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
