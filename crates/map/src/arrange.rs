//! Left and right: boxes that touch the same segments stand together, in an order that keeps
//! lines short, next to what they are connected to.

use crate::levels::Levels;
use crate::net::Net;
use crate::shape::{Px, px};
use model::kinds::SegmentKind;
use std::collections::{BTreeMap, BTreeSet};

/// Boxes of one layer in a row have this between them.
const GAP: Px = 16;
/// Blocks have this between them.
const BETWEEN: Px = 30;
/// More boxes than this in a block become rows.
const ROW: usize = 5;
/// More boxes than this in a layer become rows, whatever they are connected to.
const MOST: usize = 24;
/// The distance of parallel lines beside a column.
pub(crate) const LANE: Px = 7;
/// How often the order is improved: downwards and upwards once each.
const SWEEPS: usize = 6;

/// Boxes that stand together.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) level: usize,
    pub(crate) nodes: Vec<usize>,
    pub(crate) columns: usize,
    /// The width of a box.
    pub(crate) cell: Px,
    /// Room for lines to the left of each column; nothing where lines go straight.
    pub(crate) gutter: Px,
    pub(crate) x: Px,
}

impl Block {
    fn new(net: &Net, levels: &Levels, level: usize, nodes: Vec<usize>, most: usize) -> Self {
        let wide = |index: &usize| net.nodes.get(*index).map_or(0, |node| node.shape.rect.w);
        let cell = nodes.iter().map(wide).max().unwrap_or(0);
        let mut block = Self { level, columns: nodes.len(), nodes, cell, gutter: 0, x: 0 };
        if block.nodes.len() > ROW.min(most) {
            // Four times as many columns as rows: a picture is scrolled down more easily than aside.
            let square = (block.nodes.len() * 4).isqrt().max(ROW);
            let rows = block.nodes.len().div_ceil(square.clamp(1, most));
            block.columns = block.nodes.len().div_ceil(rows);
            let lanes = |column| block.lanes(net, levels, column).len();
            let lanes = (0..block.columns).map(lanes).max().unwrap_or(0);
            block.gutter = 10 + px(lanes) * LANE;
        }
        block
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.nodes.len().div_ceil(self.columns.max(1))
    }

    /// The segments whose lines run beside a column.
    pub(crate) fn lanes(&self, net: &Net, levels: &Levels, column: usize) -> BTreeSet<usize> {
        let nodes = self.nodes.iter().skip(column).step_by(self.columns.max(1));
        nodes.flat_map(|node| wired(net, levels, *node)).collect()
    }

    fn width(&self) -> Px {
        px(self.columns) * (self.gutter + self.cell + GAP) - GAP
    }

    fn middle(&self) -> Px {
        self.x + self.width() / 2
    }

    /// The left side of a column's boxes.
    pub(crate) fn left(&self, column: usize) -> Px {
        self.x + px(column) * (self.gutter + self.cell + GAP) + self.gutter
    }

    /// The boxes with the left side of each, the row of each.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let columns = self.columns.max(1);
        self.nodes.iter().enumerate().map(move |(i, node)| (*node, i % columns, i / columns))
    }
}

/// The segments that a box has a line to.
fn wired(net: &Net, levels: &Levels, node: usize) -> impl Iterator<Item = usize> {
    let links = net.nodes.get(node).map_or(&[][..], |found| &found.links);
    links.iter().map(|link| link.segment).filter(move |bus| levels.touch(node, *bus))
}

/// One site, or the Internet: its layers from top to bottom, and what is known of the places.
pub(crate) struct Group<'a> {
    net: &'a Net,
    levels: &'a Levels,
    pub(crate) rows: BTreeMap<usize, Vec<Block>>,
}

impl<'a> Group<'a> {
    /// Forms the blocks of some boxes, on a page that is shared with other sites.
    pub(crate) fn new(net: &'a Net, levels: &'a Levels, nodes: &[usize], sites: usize) -> Self {
        let most = (MOST / sites.max(1)).max(2);
        let mut by_level: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for node in nodes {
            if let Some(Some(level)) = levels.nodes.get(*node) {
                by_level.entry(*level).or_default().push(*node);
            }
        }
        let rows = by_level.into_iter().map(|(level, nodes)| {
            let alike = alike(net, levels, nodes, most);
            let block = |nodes| Block::new(net, levels, level, nodes, most);
            (level, alike.into_iter().map(block).collect())
        });
        Self { net, levels, rows: rows.collect() }
    }

    /// Finds order and places: each block goes to the middle of what it is connected to, above
    /// and below by turns (barycentre method), a bounded number of times.
    pub(crate) fn settle(&mut self, centres: &mut [Option<Px>]) {
        let order: Vec<usize> = self.rows.keys().copied().collect();
        for level in &order {
            self.place(*level, centres, None);
        }
        for _ in 0..SWEEPS {
            for level in &order {
                self.place(*level, centres, level.checked_sub(1));
            }
            for level in order.iter().rev() {
                self.place(*level, centres, Some(level + 1));
            }
        }
        self.squeeze(centres);
    }

    /// Places one layer by what is beyond the buses of another.
    pub(crate) fn place(&mut self, level: usize, centres: &mut [Option<Px>], by: Option<usize>) {
        let Some(mut row) = self.rows.remove(&level) else { return };
        let means = by.map_or_else(BTreeMap::new, |by| self.means(by, level, centres));
        let mut side = self.side();
        let mut wish = |block: &Block| match by {
            None => 0,
            Some(_) if self.is_beside(block) => {
                side += block.width() + BETWEEN;
                side - BETWEEN - block.width() / 2
            }
            Some(_) => self.wish(block, &means).unwrap_or(block.middle()),
        };
        let mut wished: Vec<(Px, Block)> =
            row.drain(..).map(|block| (wish(&block), block)).collect();
        wished.sort_by_key(|(wish, block)| (!self.is_beside(block), *wish));
        self.put(level, wished, (Px::MIN, Px::MAX), centres);
    }

    /// Puts blocks in this order as near to where they wish to be as there is room.
    fn put(
        &mut self,
        level: usize,
        wished: Vec<(Px, Block)>,
        within: (Px, Px),
        centres: &mut [Option<Px>],
    ) {
        let mut row = Vec::new();
        let widths: Vec<Px> = wished.iter().map(|(_, block)| block.width()).collect();
        let wishes: Vec<Px> = wished.iter().map(|(wish, _)| *wish).collect();
        for ((_, mut block), x) in wished.into_iter().zip(spread(&wishes, &widths, within)) {
            block.x = x;
            for (node, column, _) in block.cells() {
                if let Some(slot) = centres.get_mut(node) {
                    *slot = Some(block.left(column) + block.cell / 2);
                }
            }
            row.push(block);
        }
        self.rows.insert(level, row);
    }

    /// Makes the page no wider than its fullest layer.
    fn squeeze(&mut self, centres: &mut [Option<Px>]) {
        let full = |row: &Vec<Block>| row.iter().map(|b| b.width() + BETWEEN).sum::<Px>();
        let fullest = self.rows.values().max_by_key(|row| full(row));
        let Some((row, wide)) = fullest.map(|row| (row, full(row) - BETWEEN)) else { return };
        let left = row.iter().map(|block| block.x).min().unwrap_or(0);
        let right = row.iter().map(|block| block.x + block.width()).max().unwrap_or(0);
        let low = (left + right - wide).div_euclid(2);
        for (level, row) in std::mem::take(&mut self.rows) {
            let wished = row.into_iter().map(|block| (block.middle(), block)).collect();
            self.put(level, wished, (low, low + wide), centres);
        }
    }

    /// For each bus of a layer, the middle of its boxes on the far side.
    fn means(&self, by: usize, level: usize, centres: &[Option<Px>]) -> BTreeMap<usize, Px> {
        let far = if by < level { by.checked_sub(1) } else { Some(by + 1) };
        // A backbone leads everywhere: it says only where the middle is for those above it.
        let says = |kind| kind != SegmentKind::Backbone || by > level;
        let buses =
            self.net.buses.iter().enumerate().filter(|(index, bus)| {
                self.levels.buses.get(*index) == Some(&by) && says(bus.kind)
            });
        let mean = |index: usize, nodes: &[usize]| {
            let there = |node: usize| self.levels.nodes.get(node) == Some(&far);
            let beyond = nodes.iter().filter(|n| there(**n) && self.levels.touch(**n, index));
            middle(beyond.filter_map(|node| centres.get(*node).copied().flatten()))
        };
        buses.filter_map(|(index, bus)| Some((index, mean(index, &bus.nodes)?))).collect()
    }

    /// Whether its boxes are reached by management only: they keep to the left.
    fn is_beside(&self, block: &Block) -> bool {
        block.nodes.iter().any(|node| self.levels.is_beside(*node))
    }

    /// The left side of all that is not there.
    fn side(&self) -> Px {
        let others = self.rows.values().flatten().filter(|block| !self.is_beside(block));
        others.map(|block| block.x).min().unwrap_or(0)
    }

    fn wish(&self, block: &Block, means: &BTreeMap<usize, Px>) -> Option<Px> {
        let buses = block.nodes.iter().flat_map(|node| wired(self.net, self.levels, *node));
        middle(buses.filter_map(|bus| means.get(&bus).copied()))
    }

    /// Leftmost and rightmost place that is taken.
    pub(crate) fn extent(&self) -> (Px, Px) {
        let blocks = || self.rows.values().flatten();
        let left = blocks().map(|block| block.x).min().unwrap_or(0);
        (left, blocks().map(|block| block.x + block.width()).max().unwrap_or(0))
    }

    /// Moves everything to the right.
    pub(crate) fn shift(&mut self, by: Px, centres: &mut [Option<Px>]) {
        for block in self.rows.values_mut().flatten() {
            block.x += by;
            for node in &block.nodes {
                if let Some(Some(centre)) = centres.get_mut(*node) {
                    *centre += by;
                }
            }
        }
    }
}

/// Boxes that touch the same segments and do the same; all together where there are too many.
fn alike(net: &Net, levels: &Levels, mut nodes: Vec<usize>, most: usize) -> Vec<Vec<usize>> {
    let rank = |node: &usize| net.nodes.get(*node).map(|node| &node.rank);
    nodes.sort_by(|a, b| rank(a).cmp(&rank(b)));
    if nodes.len() > most {
        return vec![nodes];
    }
    let mut blocks: BTreeMap<(Vec<usize>, u8), Vec<usize>> = BTreeMap::new();
    for node in nodes {
        let buses: BTreeSet<usize> = wired(net, levels, node).collect();
        let role = rank(&node).map_or(0, |rank| rank.0);
        blocks.entry((buses.into_iter().collect(), role)).or_default().push(node);
    }
    let mut blocks: Vec<Vec<usize>> = blocks.into_values().collect();
    blocks.sort_by(|a, b| a.first().and_then(rank).cmp(&b.first().and_then(rank)));
    blocks
}

fn middle(places: impl Iterator<Item = Px>) -> Option<Px> {
    let (sum, count) = places.fold((0, 0), |(sum, count), place| (sum + place, count + 1));
    (count > 0).then(|| Px::div_euclid(sum, count))
}

/// The left sides of blocks in this order that come nearest to the wished middles without
/// touching and within two sides: isotonic regression, by pooling neighbours that push each other.
fn spread(wishes: &[Px], widths: &[Px], (low, high): (Px, Px)) -> Vec<Px> {
    let mut offsets = Vec::with_capacity(widths.len());
    let mut pools: Vec<(Px, Px)> = Vec::new();
    let mut offset = 0;
    for (wish, width) in wishes.iter().zip(widths) {
        offsets.push(offset);
        let mut pool = (wish - width / 2 - offset, 1);
        while let Some(last) = pools.pop_if(|last| last.0 * pool.1 > pool.0 * last.1) {
            pool = (pool.0 + last.0, pool.1 + last.1);
        }
        pools.push(pool);
        offset += width + BETWEEN;
    }
    let pooled = pools.iter().flat_map(|(sum, count)| {
        let each = Px::div_euclid(*sum, *count).min(high - offset + BETWEEN).max(low);
        (0..*count).map(move |_| each)
    });
    pooled.zip(offsets).map(|(place, offset)| place + offset).collect()
}
