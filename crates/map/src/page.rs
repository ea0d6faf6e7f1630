//! The page around the network: its head, the sites side by side, the sites with rented machines.

use crate::arrange::{Block, Group};
use crate::layout::Layout;
use crate::levels::{OUTER, TOP};
use crate::shape::{Px, Rect, Shape, Style, Text, px};
use model::kinds::Site;
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

/// Around everything.
pub(crate) const MARGIN: Px = 28;
/// Above everything: the provider's name and number.
pub(crate) const HEAD: Px = 104;
/// Within the frame of a site.
const INSIDE: Px = 22;
/// No page is narrower.
const NARROWEST: Px = 640;

/// What stands where from left to right.
pub(crate) struct Plan {
    pub(crate) blocks: Vec<Block>,
    /// The middle of every box.
    pub(crate) centres: Vec<Option<Px>>,
    /// Left and right side of each site with machines on segments.
    sites: BTreeMap<usize, (Px, Px)>,
    /// The right side of all.
    right: Px,
}

impl Plan {
    /// Between which sides a bus must stay: those of its sites.
    pub(crate) fn bounds(&self, layout: &Layout<'_>, bus: usize) -> (Px, Px) {
        let whole = (MARGIN, self.right);
        if layout.levels.buses.get(bus).is_none_or(|level| *level <= OUTER) {
            return whole;
        }
        let sites = self.sites_of(layout, bus);
        let sides = || sites.iter().filter_map(|site| self.sites.get(site));
        let left = sides().map(|side| side.0).min();
        let alone = self.sites.len() == 1;
        let right = sides().map(|side| if alone { self.right } else { side.1 }).max();
        left.zip(right).map_or(whole, |(left, right)| (left + INSIDE / 2, right - INSIDE / 2))
    }

    fn sites_of(&self, layout: &Layout<'_>, bus: usize) -> BTreeSet<usize> {
        sites_of(layout, bus).into_iter().filter(|site| self.sites.contains_key(site)).collect()
    }
}

/// The sites that a bus has a line to.
fn sites_of(layout: &Layout<'_>, bus: usize) -> BTreeSet<usize> {
    let nodes = layout.net.buses.get(bus).map_or(&[][..], |bus| &bus.nodes);
    let nodes = nodes.iter().filter(|node| layout.levels.touch(**node, bus));
    nodes.filter_map(|node| layout.net.nodes.get(*node)?.site).collect()
}

/// Arranges each site by itself, puts them side by side, and the Internet above.
pub(crate) fn plan(layout: &Layout<'_>) -> Plan {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut top = Vec::new();
    for (index, node) in layout.net.nodes.iter().enumerate() {
        match (layout.levels.nodes.get(index).copied().flatten(), node.site) {
            (Some(TOP), _) | (Some(_), None) => top.push(index),
            (Some(_), Some(site)) => members.entry(site).or_default().push(index),
            (None, _) => {}
        }
    }
    let least = narrowest(layout);
    let mut centres = vec![None; layout.net.nodes.len()];
    let mut plan =
        Plan { blocks: Vec::new(), centres: Vec::new(), sites: BTreeMap::new(), right: 0 };
    let mut x = MARGIN;
    for (site, nodes) in &members {
        let mut alone = vec![None; layout.net.nodes.len()];
        let mut group = Group::new(&layout.net, &layout.levels, nodes, members.len());
        group.settle(&mut alone);
        let (left, right) = group.extent();
        let words = least.get(site).copied().unwrap_or(0);
        let page = if members.len() == 1 { NARROWEST - 2 * INSIDE } else { 0 };
        let wide = (right - left).max(words).max(page) + 2 * INSIDE;
        group.shift(x + (wide - (right - left)) / 2 - left, &mut alone);
        for node in nodes {
            if let Some((slot, found)) = centres.get_mut(*node).zip(alone.get(*node)) {
                *slot = *found;
            }
        }
        plan.blocks.extend(group.rows.into_values().flatten());
        plan.sites.insert(*site, (x, x + wide));
        x += wide + MARGIN;
    }
    internet(layout, &top, &mut centres, &mut plan);
    let sides = plan.sites.values().map(|side| side.1).max().unwrap_or(0);
    plan.right = plan.right.max(sides).max(MARGIN + NARROWEST);
    plan.centres = centres;
    plan
}

/// Other networks go above the routers that speak with them.
fn internet(layout: &Layout<'_>, top: &[usize], centres: &mut [Option<Px>], plan: &mut Plan) {
    let mut group = Group::new(&layout.net, &layout.levels, top, 1);
    group.place(TOP, centres, None);
    group.place(TOP, centres, Some(TOP + 1));
    let (left, _) = group.extent();
    let short = MARGIN + INSIDE - left;
    if short > 0 {
        group.shift(short, centres);
    }
    plan.right = group.extent().1 + INSIDE;
    plan.blocks.extend(group.rows.into_values().flatten());
}

/// How wide each site must be for the words on its own buses.
fn narrowest(layout: &Layout<'_>) -> BTreeMap<usize, Px> {
    let mut least: BTreeMap<usize, Px> = BTreeMap::new();
    for (index, bus) in layout.net.buses.iter().enumerate() {
        for site in sites_of(layout, index) {
            let wide = least.entry(site).or_default();
            *wide = bus.shape.rect.w.max(*wide);
        }
    }
    least
}

/// Draws the head and the frames of the sites.
pub(crate) fn frames(layout: &mut Layout<'_>, plan: &Plan, top: Px, bottom: Px) {
    layout.picture.width = plan.right + MARGIN;
    layout.picture.height = bottom;
    head(layout);
    let others = layout.levels.nodes.contains(&Some(TOP));
    if others {
        let high = layout.picture.cards.iter().map(|card| card.rect).min_by_key(|rect| rect.y);
        let rect = high.map_or(Rect::default(), |card| Rect {
            x: MARGIN,
            y: card.y - 34,
            w: plan.right - MARGIN,
            h: card.h + 46,
        });
        layout.picture.frames.push(frame(rect, "", "internet", &["The Internet"]));
    }
    let only = plan.sites.len() == 1;
    for (site, (left, right)) in &plan.sites {
        let right = if only { plan.right } else { *right };
        let rect = Rect { x: *left, y: top, w: right - left, h: bottom - top };
        if let Some(found) = layout.isp.sites.values().nth(*site) {
            let shape = site_frame(rect, found, layout.isp);
            layout.picture.frames.push(shape);
        }
    }
}

fn head(layout: &mut Layout<'_>) {
    let about = &layout.isp.about;
    let name = format!("{} · AS{}", about.name, about.asn.0);
    let prefixes: Vec<String> = about.prefixes().map(|prefix| prefix.to_string()).collect();
    let prefixes = prefixes.join("   ");
    layout.picture.title.clone_from(&name);
    layout.picture.texts.push(Text::new(MARGIN, 40, Style::Head, name));
    layout.picture.texts.push(Text::new(MARGIN, 58, Style::Addr, prefixes));
}

fn frame(rect: Rect, key: &str, look: &'static str, words: &[&str]) -> Shape {
    let mut texts: Vec<Text> = Vec::new();
    for word in words {
        texts.push(match texts.last() {
            None => Text::new(rect.x + 14, rect.y + 20, Style::Site, (*word).to_owned()),
            Some(before) => before.then(Style::Note, (*word).to_owned()),
        });
    }
    Shape { rect, key: key.to_owned(), look, title: words.join(", "), texts, parts: Vec::new() }
}

fn site_frame(rect: Rect, site: &Site, isp: &Isp) -> Shape {
    let note = place_of(site, isp);
    frame(rect, &format!("site.{}", site.name), "site", &[&site.name, &note])
}

fn place_of(site: &Site, isp: &Isp) -> String {
    let provider = site.provider.map(|id| isp.providers[id].name().to_owned());
    let parts = [site.city.clone(), site.country.clone(), provider];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Draws the sites whose machines touch no segment of ours, and gives the first y below.
pub(crate) fn outside(layout: &mut Layout<'_>, top: Px) -> Px {
    let mut members: BTreeMap<usize, Vec<Shape>> = BTreeMap::new();
    for (node, level) in layout.net.nodes.iter().zip(&layout.levels.nodes) {
        if let (None, Some(site)) = (level, node.site) {
            members.entry(site).or_default().push(node.shape.clone());
        }
    }
    let (mut x, mut y, mut next) = (MARGIN, top, top);
    for (site, cards) in members {
        let Some(found) = layout.isp.sites.values().nth(site) else { continue };
        let shape = site_frame(Rect::default(), found, layout.isp);
        let words = shape.texts.last().map_or(0, Text::right) + 14;
        let cell = cards.iter().map(|card| card.rect.w).max().unwrap_or(0);
        let columns = px(cards.len()).min(((layout.picture.width - 80) / (cell + 12)).max(1));
        let w = (columns * (cell + 12) - 12 + 2 * INSIDE).max(words);
        if x > MARGIN && x + w > layout.picture.width - MARGIN {
            (x, y) = (MARGIN, next + 16);
        }
        let mut bottom = y;
        for (index, mut card) in cards.into_iter().enumerate() {
            card.rect.w = cell;
            let (column, row) = (px(index) % columns, px(index) / columns);
            let at = (x + INSIDE + column * (cell + 12), y + 34 + row * (card.rect.h + 12));
            bottom = bottom.max(at.1 + card.rect.h);
            layout.picture.cards.push(card.moved(at.0, at.1));
        }
        let rect = Rect { x, y, w, h: bottom + 14 - y };
        layout.picture.frames.push(site_frame(rect, found, layout.isp));
        (x, next) = (x + w + 16, next.max(rect.bottom()));
        layout.picture.width = layout.picture.width.max(rect.right() + MARGIN);
    }
    layout.picture.height = next;
    next
}
