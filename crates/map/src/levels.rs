//! Which layer everything stands in: boxes in even ones, buses in odd ones, the Internet on top.
//!
//! The number of a layer is a distance from the border: border routers are in 2, what they share
//! with other networks in 1, those networks in 0. Whatever touches something is in the layer next
//! to it, so that no line has to pass a box.

use crate::net::Net;
use model::kinds::SegmentKind;
use std::collections::VecDeque;

/// The layer of other networks.
pub(crate) const TOP: usize = 0;
/// The layer of the segments that we share with them.
pub(crate) const OUTER: usize = 1;
/// The layer of border routers.
pub(crate) const EDGES: usize = 2;
/// The layer of backbones, and of everything where there is no border.
const INNER: usize = 3;

/// The layers of an ISP's boxes and buses.
pub(crate) struct Levels {
    /// Of each box; nothing for a machine that touches no segment, at a site of its own.
    pub(crate) nodes: Vec<Option<usize>>,
    /// Of each bus.
    pub(crate) buses: Vec<usize>,
    /// The buses of management, beside the others: only boxes that touch nothing else have a line.
    aside: Vec<bool>,
    /// The boxes that were reached over such a bus.
    beside: Vec<bool>,
}

impl Levels {
    /// Whether a box and a bus are in layers next to each other: a line is drawn.
    pub(crate) fn touch(&self, node: usize, bus: usize) -> bool {
        let near = match (self.nodes.get(node), self.buses.get(bus)) {
            (Some(Some(node)), Some(bus)) => node.abs_diff(*bus) == 1,
            _ => false,
        };
        near && self.aside.get(bus) == self.beside.get(node)
    }

    /// Whether a box is beside the others.
    pub(crate) fn is_beside(&self, node: usize) -> bool {
        self.beside.get(node) == Some(&true)
    }

    /// The number of layers.
    pub(crate) fn count(&self) -> usize {
        let nodes = self.nodes.iter().flatten().max();
        nodes.max(self.buses.iter().max()).map_or(0, |last| last + 1)
    }
}

/// Assigns the layers.
pub(crate) fn levels(net: &Net) -> Levels {
    let mut search = Search {
        net,
        nodes: vec![None; net.nodes.len()],
        buses: vec![None; net.buses.len()],
        queue: VecDeque::new(),
    };
    for (index, node) in net.nodes.iter().enumerate() {
        if node.top {
            search.node(index, TOP);
        }
    }
    search.queue.clear(); // A neighbour with a session inside must not pull that segment up.
    let service = |kind| matches!(kind, SegmentKind::Management | SegmentKind::OutOfBand);
    search.start(SegmentKind::is_external, OUTER);
    for (index, node) in net.nodes.iter().enumerate() {
        if node.edge {
            search.node(index, EDGES);
        }
    }
    search.run(|kind| !service(kind));
    search.start(|kind| kind == SegmentKind::Backbone, INNER);
    search.run(|kind| !service(kind));
    search.islands(|kind| !service(kind), INNER);
    let room = search.roomy();
    let reached: Vec<bool> = search.nodes.iter().map(Option::is_some).collect();
    search.start(|kind| kind == SegmentKind::Management, room);
    search.run(|_| true);
    search.islands(|_| true, room);
    let placed = search.nodes.iter().zip(reached);
    let beside = placed.map(|(level, before)| level.is_some() && !before).collect();
    search.lonely();
    let buses = search.buses.iter().map(|level| level.unwrap_or(room)).collect();
    let aside = net.buses.iter().map(|bus| service(bus.kind)).collect();
    Levels { nodes: search.nodes, buses, aside, beside }
}

/// A breadth-first search over boxes and buses by turns.
struct Search<'a> {
    net: &'a Net,
    nodes: Vec<Option<usize>>,
    buses: Vec<Option<usize>>,
    queue: VecDeque<Found>,
}

#[derive(Clone, Copy)]
enum Found {
    Node(usize),
    Bus(usize),
}

impl Search<'_> {
    fn node(&mut self, index: usize, level: usize) {
        if let Some(slot @ None) = self.nodes.get_mut(index) {
            *slot = Some(level);
            self.queue.push_back(Found::Node(index));
        }
    }

    fn bus(&mut self, index: usize, level: usize) {
        if let Some(slot @ None) = self.buses.get_mut(index) {
            *slot = Some(level);
            self.queue.push_back(Found::Bus(index));
        }
    }

    /// Puts every bus of some kinds into a layer.
    fn start(&mut self, kinds: impl Fn(SegmentKind) -> bool, level: usize) {
        for (index, bus) in self.net.buses.iter().enumerate() {
            if kinds(bus.kind) {
                self.bus(index, level);
            }
        }
    }

    /// Goes on until nothing more is reached over segments of the kinds.
    fn run(&mut self, kinds: impl Fn(SegmentKind) -> bool) {
        while let Some(found) = self.queue.pop_front() {
            match found {
                Found::Node(index) => self.beyond_node(index, &kinds),
                Found::Bus(index) => self.beyond_bus(index),
            }
        }
    }

    fn beyond_node(&mut self, index: usize, kinds: impl Fn(SegmentKind) -> bool) {
        let net = self.net;
        let level = self.nodes.get(index).copied().flatten().unwrap_or(TOP);
        let links = net.nodes.get(index).map_or(&[][..], |node| &node.links);
        for link in links {
            let kind = net.buses.get(link.segment).map(|bus| bus.kind);
            if kind.is_some_and(&kinds) {
                self.bus(link.segment, level + 1);
            }
        }
    }

    fn beyond_bus(&mut self, index: usize) {
        let net = self.net;
        let level = self.buses.get(index).copied().flatten().unwrap_or(OUTER);
        for node in net.buses.get(index).map_or(&[][..], |bus| &bus.nodes) {
            self.node(*node, level + 1);
        }
    }

    /// Starts again from every segment that nothing has reached.
    fn islands(&mut self, kinds: impl Fn(SegmentKind) -> bool, level: usize) {
        for (index, bus) in self.net.buses.iter().enumerate() {
            if kinds(bus.kind) {
                self.bus(index, level);
                self.run(&kinds);
            }
        }
    }

    /// The layer of buses above the fewest boxes, below the border.
    fn roomy(&self) -> usize {
        let last = self.buses.iter().flatten().max().copied().unwrap_or(INNER).max(INNER);
        let boxes =
            |level: &usize| self.nodes.iter().filter(|node| **node == Some(level + 1)).count();
        (INNER..=last).step_by(2).min_by_key(boxes).unwrap_or(INNER)
    }

    /// The first layer of buses below everything.
    fn bottom(&self) -> usize {
        let boxes = self.nodes.iter().flatten().max().copied().unwrap_or(EDGES);
        let buses = self.buses.iter().flatten().max().copied().unwrap_or(OUTER);
        (boxes + 1).max(buses + 2).max(INNER)
    }

    /// Machines that touch nothing stand below the others of their site.
    fn lonely(&mut self) {
        let level = self.bottom() + 1;
        let at = |index: usize| self.net.nodes.get(index).and_then(|node| node.site);
        let placed = self.nodes.iter().enumerate().filter(|(_, level)| level.is_some());
        let sites: Vec<usize> = placed.filter_map(|(index, _)| at(index)).collect();
        for (index, slot) in self.nodes.iter_mut().enumerate() {
            let site = self.net.nodes.get(index).and_then(|node| node.site);
            if slot.is_none() && site.is_some_and(|site| sites.contains(&site)) {
                *slot = Some(level);
            }
        }
    }
}
