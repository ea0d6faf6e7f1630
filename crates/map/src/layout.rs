//! From boxes, buses and links to a picture with places: pure data, nothing is written yet.

use crate::arrange::{Block, LANE};
use crate::buses::{Span, spans};
use crate::card::{BAND, least, tag, tagged};
use crate::legend;
use crate::levels::{EDGES, Levels, levels};
use crate::net::{Link, Net, net};
use crate::page;
use crate::shape::{Picture, Px, Rect, Shape, Style, Text, Wire, px};
use model::Isp;
use std::collections::{BTreeMap, BTreeSet};

/// Between a row of boxes and the buses next to it: room for the ends of addresses.
const AIR: Px = 26;
/// Between buses above each other.
pub(crate) const TRACK: Px = 12;
/// Between rows of boxes.
const ROWS: Px = 16;
/// Between the Internet and the sites, for the names of the sites.
const BORDER: Px = 44;
/// The least distance between two lines of one box.
const PORT: Px = 30;
/// Between a line and the words beside it: room for the mark of a state.
const BESIDE: Px = 9;

/// One picture being laid out.
pub(crate) struct Layout<'a> {
    pub(crate) isp: &'a Isp,
    pub(crate) net: Net,
    pub(crate) levels: Levels,
    pub(crate) picture: Picture,
}

/// Where a line leaves its box.
#[derive(Clone, Copy)]
pub(crate) struct Port {
    pub(crate) node: usize,
    link: usize,
    /// The x at which it meets the bus.
    pub(crate) x: Px,
    /// Beside a box in a grid: how far below its upper side the line begins.
    stub: Option<Px>,
}

/// On which side of its box a line leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Above, Self::Below];
}

impl Port {
    /// The bus that it leads to.
    pub(crate) fn bus(&self, net: &Net) -> Option<usize> {
        Some(net.nodes.get(self.node)?.links.get(self.link)?.segment)
    }
}

/// Lays out an ISP.
pub(crate) fn picture(isp: &Isp) -> Picture {
    let mut net = net(isp);
    let levels = levels(&net);
    dress(&mut net, &levels);
    let picture = Picture::default();
    let mut layout = Layout { isp, net, levels, picture };
    let plan = page::plan(&layout);
    let ports = ports(&layout, &plan.blocks, &plan.centres);
    let spans = spans(&layout, &ports, &plan);
    let (tops, bottom) = rows(&layout, &plan.blocks, &spans);
    boxes(&mut layout, &plan.blocks, &tops);
    wires(&mut layout, &ports, &tops, &spans);
    bands(&mut layout, &tops, &spans);
    let top = tops.get(EDGES).copied().unwrap_or(0) - BORDER + 14;
    page::frames(&mut layout, &plan, top, bottom);
    let below = page::outside(&mut layout, bottom + 24);
    legend::place(&mut layout.picture, below);
    layout.picture
}

/// Gives boxes their final size: words for segments without a line, room for the lines, and one
/// height for all in a layer.
fn dress(net: &mut Net, levels: &Levels) {
    let tags: BTreeMap<usize, Shape> = net
        .buses
        .iter()
        .enumerate()
        .map(|(index, bus)| {
            let name = bus.shape.texts.first().map_or("", |text| &text.words);
            (index, tag(bus.shape.look, name))
        })
        .collect();
    let mut heights: BTreeMap<(Option<usize>, bool), Px> = BTreeMap::new();
    for (index, node) in net.nodes.iter_mut().enumerate() {
        let unseen = node.links.iter().filter(|link| !levels.touch(index, link.segment));
        let tags = unseen.filter_map(|link| {
            let mut tag = tags.get(&link.segment)?.clone();
            (tag.key, tag.title) = (link.key.clone(), link.title.clone());
            Some(tag)
        });
        node.tags = tags.collect();
        node.shape.rect.w = least(&node.shape, &node.tags);
        for side in Side::BOTH {
            let links = lines(&node.links, levels, index, side);
            let wide: Px = links.map(|(_, link)| spacing(link)).sum();
            node.shape.rect.w = node.shape.rect.w.max(wide + 12);
        }
        let layer = (levels.nodes.get(index).copied().flatten(), levels.is_beside(index));
        let height = heights.entry(layer).or_default();
        *height = node.shape.rect.h.max(*height);
    }
    for (index, node) in net.nodes.iter_mut().enumerate() {
        let layer = (levels.nodes.get(index).copied().flatten(), levels.is_beside(index));
        node.shape.rect.h = heights.get(&layer).copied().unwrap_or(node.shape.rect.h);
    }
}

fn spacing(link: &Link) -> Px {
    (Style::Port.width(&link.label) + BESIDE + 8).max(PORT)
}

/// The lines of a box to the layer above or below it.
fn lines<'l>(
    links: &'l [Link],
    levels: &'l Levels,
    node: usize,
    side: Side,
) -> impl Iterator<Item = (usize, &'l Link)> {
    let own = levels.nodes.get(node).copied().flatten();
    links.iter().enumerate().filter(move |(_, link)| {
        let bus = levels.buses.get(link.segment).copied();
        levels.touch(node, link.segment) && (bus < own) == (side == Side::Above)
    })
}

/// Where every line of every box goes up or down.
fn ports(layout: &Layout<'_>, blocks: &[Block], centres: &[Option<Px>]) -> Vec<Port> {
    let pulls: Vec<Px> = layout.net.buses.iter().map(|bus| mean(&bus.nodes, centres)).collect();
    let mut ports = Vec::new();
    for block in blocks {
        if block.gutter == 0 {
            for (node, column, _) in block.cells() {
                let middle = block.left(column) + block.cell / 2;
                for side in Side::BOTH {
                    straight(layout, node, (middle, side), &pulls, &mut ports);
                }
            }
        } else {
            combed(layout, block, &mut ports);
        }
    }
    ports
}

fn mean(nodes: &[usize], centres: &[Option<Px>]) -> Px {
    let places = nodes.iter().filter_map(|node| centres.get(*node).copied().flatten());
    let (sum, count) = places.fold((0, 0), |(sum, count), x| (sum + x, count + 1));
    Px::div_euclid(sum, 1.max(count))
}

/// Lines straight up or down, side by side in the order of where they lead.
fn straight(
    layout: &Layout<'_>,
    node: usize,
    (middle, side): (Px, Side),
    pulls: &[Px],
    ports: &mut Vec<Port>,
) {
    let Some(found) = layout.net.nodes.get(node) else { return };
    let mut links: Vec<(usize, &Link)> = lines(&found.links, &layout.levels, node, side).collect();
    links.sort_by_key(|(index, link)| (pulls.get(link.segment).copied(), link.segment, *index));
    let all: Px = links.iter().map(|(_, link)| spacing(link)).sum();
    // The label stands to the right of its line: the lines are in the middle, the last label is not.
    let last = links.last().map_or(0, |(_, link)| spacing(link));
    let mut x = middle - (all - last) / 2;
    for (index, link) in links {
        ports.push(Port { node, link: index, x, stub: None });
        x += spacing(link);
    }
}

/// Lines beside the columns of a grid: one for each segment, with a stub to each box.
fn combed(layout: &Layout<'_>, block: &Block, ports: &mut Vec<Port>) {
    let lanes: Vec<BTreeSet<usize>> =
        (0..block.columns).map(|c| block.lanes(&layout.net, &layout.levels, c)).collect();
    for (node, column, _) in block.cells() {
        let Some((found, lanes)) = layout.net.nodes.get(node).zip(lanes.get(column)) else {
            continue;
        };
        let mut stub = 14;
        for (index, link) in found.links.iter().enumerate() {
            let lane = lanes.iter().position(|bus| *bus == link.segment);
            if let Some(lane) = lane.filter(|_| layout.levels.touch(node, link.segment)) {
                let x = block.left(column) - block.gutter + 4 + px(lane) * LANE;
                ports.push(Port { node, link: index, x, stub: Some(stub) });
                stub += LANE;
            }
        }
    }
}

/// The y of every layer, and the first y below all.
fn rows(layout: &Layout<'_>, blocks: &[Block], spans: &[Span]) -> (Vec<Px>, Px) {
    let mut tops = Vec::new();
    let mut y = page::HEAD;
    for level in 0..layout.levels.count() {
        if level == EDGES {
            y += BORDER;
        }
        tops.push(y);
        let boxes = blocks.iter().filter(|block| block.level == level);
        let rows = boxes.map(|b| px(b.rows()) * (height(layout, b) + ROWS) - ROWS).max();
        let buses = spans.iter().zip(&layout.levels.buses).filter(|(_, at)| **at == level);
        let tracks = buses.map(|(span, _)| px(span.track + 1) * (BAND + TRACK) - TRACK).max();
        y += rows.max(tracks).map_or(0, |high| high + AIR);
    }
    (tops, y - AIR + 18)
}

fn height(layout: &Layout<'_>, block: &Block) -> Px {
    let node = block.nodes.first().and_then(|node| layout.net.nodes.get(*node));
    node.map_or(0, |node| node.shape.rect.h)
}

/// Puts every box at its place.
fn boxes(layout: &mut Layout<'_>, blocks: &[Block], tops: &[Px]) {
    for block in blocks {
        let top = tops.get(block.level).copied().unwrap_or(0);
        for (node, column, row) in block.cells() {
            let Some(found) = layout.net.nodes.get_mut(node) else { continue };
            found.shape.rect.w = block.cell;
            let y = top + px(row) * (found.shape.rect.h + ROWS);
            let shape = std::mem::take(&mut found.shape).moved(block.left(column), y);
            found.shape = tagged(shape, std::mem::take(&mut found.tags));
            layout.picture.cards.push(found.shape.clone());
        }
    }
}

/// Draws the lines.
fn wires(layout: &mut Layout<'_>, ports: &[Port], tops: &[Px], spans: &[Span]) {
    for port in ports {
        let Some(node) = layout.net.nodes.get(port.node) else { continue };
        let Some(link) = node.links.get(port.link) else { continue };
        let Some(band) = place(layout, tops, spans, link.segment) else { continue };
        let own = node.shape.rect;
        let above = band.y < own.y;
        let end = if above { band.bottom() } else { band.y };
        let start = if above { own.y } else { own.bottom() };
        let points = match port.stub {
            None => vec![(port.x, start), (port.x, end)],
            Some(stub) => vec![(own.x, own.y + stub), (port.x, own.y + stub), (port.x, end)],
        };
        let y = if above { start - 6 } else { start + 13 };
        let text = link.label.clone();
        let label = Text::new(port.x + BESIDE, y, Style::Port, text);
        layout.picture.wires.push(Wire {
            key: link.key.clone(),
            look: link.look,
            title: link.title.clone(),
            points,
            label: (port.stub.is_none() && !link.label.is_empty()).then_some(label),
        });
    }
}

fn place(layout: &Layout<'_>, tops: &[Px], spans: &[Span], bus: usize) -> Option<Rect> {
    let span = spans.get(bus)?;
    let top = tops.get(*layout.levels.buses.get(bus)?)?;
    Some(Rect { x: span.x, y: top + px(span.track) * (BAND + TRACK), w: span.w, h: BAND })
}

/// Draws the buses.
fn bands(layout: &mut Layout<'_>, tops: &[Px], spans: &[Span]) {
    for (index, bus) in layout.net.buses.iter().enumerate() {
        let Some(rect) = place(layout, tops, spans, index) else { continue };
        let mut shape = bus.shape.clone().moved(rect.x, rect.y);
        shape.rect = rect;
        layout.picture.bands.push(shape);
    }
}
