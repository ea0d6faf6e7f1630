//! How long each bus is and in which row of its layer it lies.

use crate::layout::{Layout, Port, TRACK};
use crate::page::Plan;
use crate::shape::Px;

/// A bus is longer on both sides than its outermost lines.
const END: Px = 18;

/// Where a bus begins, how long it is, and in which row of its layer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) x: Px,
    pub(crate) w: Px,
    pub(crate) track: usize,
}

/// The buses: as long as what they connect and what is written on them, and one below the other
/// where they would overlap.
pub(crate) fn spans(layout: &Layout<'_>, ports: &[Port], plan: &Plan) -> Vec<Span> {
    let mut reach: Vec<Option<(Px, Px)>> = vec![None; layout.net.buses.len()];
    let mut lines: Vec<Vec<(usize, Px)>> = vec![Vec::new(); layout.levels.count()];
    for port in ports {
        let Some(bus) = port.bus(&layout.net) else { continue };
        if let Some(slot) = reach.get_mut(bus) {
            let (left, right) = slot.unwrap_or((port.x, port.x));
            *slot = Some((left.min(port.x), right.max(port.x)));
        }
        let level = layout.levels.buses.get(bus).and_then(|level| lines.get_mut(*level));
        level.into_iter().for_each(|lines| lines.push((bus, port.x)));
    }
    let mut spans: Vec<Span> = Vec::new();
    for (index, (bus, reach)) in layout.net.buses.iter().zip(reach).enumerate() {
        let (low, high) = plan.bounds(layout, index);
        let (left, right) = reach.unwrap_or((low + END, low + END));
        let w = (right - left + 2 * END).max(bus.shape.rect.w);
        let x = (left + right - w).div_euclid(2).min(high - w).max(low);
        let level = layout.levels.buses.get(index).and_then(|level| lines.get(*level));
        let alien = level.into_iter().flatten().filter(|(other, _)| *other != index);
        let alien: Vec<Px> = alien.map(|(_, x)| *x).collect();
        let room = (low.max(right + END / 2 - w), (high - w).min(left - END / 2));
        spans.push(Span { x: apart(x, w, room, &alien), w, track: 0 });
    }
    for level in 0..layout.levels.count() {
        stack(&mut spans, layout, level);
    }
    spans
}

/// Moves a bus a little where one of its ends would touch a line that only passes behind it.
fn apart(x: Px, w: Px, (low, high): (Px, Px), alien: &[Px]) -> Px {
    let free = |x: &Px| {
        (low..=high).contains(x)
            && alien.iter().all(|line| line.abs_diff(*x) > 9 && line.abs_diff(x + w) > 9)
    };
    [0, 12, -12, 24, -24, 36, -36].into_iter().map(|by| x + by).find(free).unwrap_or(x)
}

/// First fit: each bus of a layer into the first row that is free where it lies. Those that lead
/// nowhere further come first, so that no line passes behind them.
fn stack(spans: &mut [Span], layout: &Layout<'_>, level: usize) {
    let at = |index: &usize| layout.levels.buses.get(*index) == Some(&level);
    let mut order: Vec<usize> = (0..spans.len()).filter(at).collect();
    let leads = |index: usize| {
        let nodes = layout.net.buses.get(index).map_or(&[][..], |bus| &bus.nodes);
        nodes.iter().any(|node| layout.levels.nodes.get(*node) == Some(&Some(level + 1)))
    };
    order.sort_by_key(|index| (leads(*index), spans.get(*index).map(|span| span.x), *index));
    let mut tracks: Vec<Vec<(Px, Px)>> = Vec::new();
    for index in order {
        let Some(span) = spans.get_mut(index) else { continue };
        let (left, right) = (span.x, span.x + span.w + 2 * TRACK);
        let free = |taken: &Vec<(Px, Px)>| taken.iter().all(|t| t.1 < left || right < t.0);
        span.track = tracks.iter().position(free).unwrap_or(tracks.len());
        match tracks.get_mut(span.track) {
            Some(track) => track.push((left, right)),
            None => tracks.push(vec![(left, right)]),
        }
    }
}
