//! The plainest engine that can be: what a benchmark compares with, and a second opinion.
//!
//! For every failure it finds all shortest paths anew, then at every router the nearest exit for every
//! class of destinations, then walks each packet hop by hop. No filters, no firewall, no second
//! family, nothing kept from one failure to the next, one thread.
#![expect(clippy::indexing_slicing, reason = "routers, links and classes are dense numbers")]

use crate::zoo::{CLASSES, Edges, Graph, announcers};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No way.
const FAR: u32 = u32::MAX;

/// The network of a graph, as lists of neighbours.
#[derive(Debug, Clone)]
pub struct Naive {
    /// The neighbours of every router: router, cost, number of the link.
    near: Vec<Vec<(usize, u32, usize)>>,
    /// The routers that tell of each class, sorted.
    exits: Vec<Vec<usize>>,
    links: usize,
}

/// What became of all packets in all failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Sets of failed links, the empty one included.
    pub scenarios: usize,
    /// Packets that left.
    pub left: usize,
    /// Packets without a way out.
    pub lost: usize,
    /// Packets that went in a circle.
    pub looped: usize,
    /// Hops of those that left.
    pub hops: usize,
}

/// Distances and first hops from every router to every other, in one state.
struct Paths {
    distance: Vec<Vec<u32>>,
    first: Vec<Vec<usize>>,
}

impl Naive {
    /// The network that [`Graph::isp`] declares.
    pub fn of(graph: &Graph, edges: Edges) -> Self {
        let at = graph.exits(edges);
        let mut links: Vec<(usize, usize, u32)> =
            graph.links.iter().map(|link| (link.a, link.b, u32::from(link.cost))).collect();
        let mut exits = at.clone();
        if edges == Edges::Beside {
            exits = (graph.nodes..graph.nodes + at.len()).collect();
            links.extend(at.iter().zip(&exits).map(|(node, edge)| (*node, *edge, 1)));
        }
        let routers = exits.iter().map(|exit| exit + 1).max().unwrap_or(0).max(graph.nodes);
        let mut near = vec![Vec::new(); routers];
        for (number, (a, b, cost)) in links.iter().enumerate() {
            near[*a].push((*b, *cost, number));
            near[*b].push((*a, *cost, number));
        }
        let told = |class| {
            let sessions = announcers(class).into_iter();
            let mut own: Vec<usize> = sessions.map(|s| exits[s % exits.len()]).collect();
            own.sort_unstable();
            own.dedup();
            own
        };
        Self { near, exits: (0..CLASSES).map(told).collect(), links: links.len() }
    }

    /// How many links can fail.
    pub fn links(&self) -> usize {
        self.links
    }

    /// Follows every packet in every state with at most so many failed links (0 to 2).
    pub fn run(&self, failures: u8) -> Sum {
        let mut sum = Sum::default();
        self.state(&[], &mut sum);
        for one in (0..self.links).take_while(|_| failures > 0) {
            self.state(&[one], &mut sum);
            for two in (one + 1..self.links).take_while(|_| failures > 1) {
                self.state(&[one, two], &mut sum);
            }
        }
        sum
    }

    /// The nearest exit of every class at every router, where these links failed: of several, the
    /// first.
    pub fn exits(&self, failed: &[usize]) -> Vec<Vec<Option<usize>>> {
        let paths = self.paths(failed);
        let at = |router| (0..CLASSES).map(|class| self.exit(&paths, router, class)).collect();
        (0..self.near.len()).map(at).collect()
    }

    fn state(&self, failed: &[usize], sum: &mut Sum) {
        let paths = self.paths(failed);
        sum.scenarios += 1;
        let mut exit = vec![None; self.near.len()];
        for class in 0..CLASSES {
            for (router, chosen) in exit.iter_mut().enumerate() {
                *chosen = self.exit(&paths, router, class);
            }
            for router in 0..self.near.len() {
                walk(&paths, &exit, router, sum);
            }
        }
    }

    fn exit(&self, paths: &Paths, router: usize, class: usize) -> Option<usize> {
        let exits = self.exits[class].iter().copied();
        let nearest = exits.min_by_key(|exit| paths.distance[router][*exit])?;
        (paths.distance[router][nearest] != FAR).then_some(nearest)
    }

    fn paths(&self, failed: &[usize]) -> Paths {
        let all = (0..self.near.len()).map(|from| self.from(from, failed));
        let (distance, first) = all.unzip();
        Paths { distance, first }
    }

    /// Dijkstra's algorithm; of several first hops, that of the path found first.
    fn from(&self, from: usize, failed: &[usize]) -> (Vec<u32>, Vec<usize>) {
        let mut distance = vec![FAR; self.near.len()];
        let mut first = vec![from; self.near.len()];
        let mut heap = BinaryHeap::from([Reverse((0, from))]);
        distance[from] = 0;
        while let Some(Reverse((at, router))) = heap.pop() {
            if at > distance[router] {
                continue;
            }
            for (next, cost, link) in &self.near[router] {
                if failed.contains(link) || at + cost >= distance[*next] {
                    continue;
                }
                distance[*next] = at + cost;
                first[*next] = if router == from { *next } else { first[router] };
                heap.push(Reverse((at + cost, *next)));
            }
        }
        (distance, first)
    }
}

/// Every router on the way chooses its own exit.
fn walk(paths: &Paths, exit: &[Option<usize>], from: usize, sum: &mut Sum) {
    let mut router = from;
    for hops in 0..=exit.len() {
        let Some(chosen) = exit[router] else {
            sum.lost += 1;
            return;
        };
        if chosen == router {
            sum.left += 1;
            sum.hops += hops;
            return;
        }
        router = paths.first[router][chosen];
    }
    sum.looped += 1;
}
