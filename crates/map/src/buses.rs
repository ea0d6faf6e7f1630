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
        if let Some(lines) = level {
            lines.push((bus, port.x));
        }
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

/// Moves a bus a little: first away from lines that would only touch one of its ends, then so
/// that fewer pass behind it.
fn apart(x: Px, w: Px, (low, high): (Px, Px), alien: &[Px]) -> Px {
    let touched = |x: Px| {
        alien.iter().filter(|line| line.abs_diff(x) < 10 || line.abs_diff(x + w) < 10).count()
    };
    let behind = |x: Px| alien.iter().filter(|line| (x..x + w).contains(*line)).count();
    let tries = (-6..=6).map(|step| x + 12 * step).filter(|x| (low..=high).contains(x));
    tries.min_by_key(|at| (touched(*at), behind(*at), at.abs_diff(x))).unwrap_or(x)
}

/// First fit: each bus of a layer into the first row that is free where it lies. Those with more
/// lines upwards than downwards come first, so that few lines pass behind another bus.
fn stack(spans: &mut [Span], layout: &Layout<'_>, level: usize) {
    let at = |index: &usize| layout.levels.buses.get(*index) == Some(&level);
    let mut order: Vec<usize> = (0..spans.len()).filter(at).collect();
    let down = |index: usize| {
        let nodes = layout.net.buses.get(index).map_or(&[][..], |bus| &bus.nodes);
        let levels = nodes.iter().filter_map(|node| layout.levels.nodes.get(*node).copied()?);
        levels.map(|of| if of > level { 1 } else { -1 }).sum::<Px>()
    };
    order.sort_by_cached_key(|index| (down(*index), spans.get(*index).map(|s| s.x), *index));
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
