//! Who asks: the declared places for what the world sees, neighbours for what it does not.

use super::{Goal, has_agent};
use model::ask::Family;
use model::kinds::{Host, Nic, Role, Segment, SegmentKind};
use model::{Id, Isp};
use std::collections::BTreeMap;

/// More places than this for one question are no better.
const MOST: usize = 3;

/// Who asks what everybody may reach: the declared places, or who is there.
pub(super) fn outside(isp: &Isp, but: &[Id<Host>]) -> Vec<Id<Host>> {
    let declared: Vec<_> =
        isp.watch.places.iter().copied().filter(|place| !but.contains(place)).collect();
    if declared.is_empty() { inside(isp, but) } else { declared }
}

/// Who asks what only members may reach: hosts of ours with one of our addresses, on different segments
/// as far as there are any. Not routers: what address they ask from depends on the way.
pub(super) fn inside(isp: &Isp, but: &[Id<Host>]) -> Vec<Id<Host>> {
    let mut seen: BTreeMap<Id<Segment>, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, Id<Segment>, Id<Host>)> = Vec::new();
    for (id, host) in isp.hosts.iter() {
        if !has_agent(isp, id) || host.role.forwards() || but.contains(&id) {
            continue;
        }
        let Some(segment) = own_segment(isp, host) else { continue };
        let before = seen.entry(segment).or_default();
        ranked.push((*before, segment, id));
        *before += 1;
    }
    ranked.sort();
    ranked.into_iter().map(|(_, _, id)| id).take(MOST).collect()
}

/// The first segment on which a host has an address of the provider.
fn own_segment(isp: &Isp, host: &Host) -> Option<Id<Segment>> {
    let ours = |segment: &Segment| {
        let prefixes = Family::BOTH.into_iter().filter_map(|family| segment.prefix(family));
        segment.kind == SegmentKind::Lan && prefixes.into_iter().any(|prefix| isp.is_ours(prefix))
    };
    host.nic.iter().map(|nic| nic.segment).find(|segment| ours(&isp.segments[*segment]))
}

/// Who asks a host itself: hosts on the segment of the address, with no filter in between. Where nobody
/// is, those of [`inside`] for our own and the declared places for the others.
pub(super) fn near(isp: &Isp, host: Id<Host>, goal: &Goal) -> Vec<Id<Host>> {
    let Goal::Address(address) = goal else { return outside(isp, &[host]) };
    let family = Family::of(*address);
    let by_loopback = isp.hosts[host].loopback(family) == Some(*address);
    let shared = |id: Id<Segment>| {
        let segment = &isp.segments[id];
        // Internal routing leads to a loopback, over any backbone.
        let led = by_loopback && segment.kind == SegmentKind::Backbone;
        led || segment.prefix(family).is_some_and(|prefix| prefix.contains(address))
    };
    let segments = isp.hosts[host].nic.iter().map(|nic| nic.segment);
    let mut segments = segments.filter(|segment| shared(*segment));
    let found = segments.next().map(|id| beside(isp, id, family, &[host])).unwrap_or_default();
    if found.is_empty() { inside(isp, &[host]) } else { found }
}

/// Whether anybody with an agent can ask a host at an interface, on its own segment.
pub(super) fn stands_beside(isp: &Isp, host: Id<Host>, nic: &Nic, family: Family) -> bool {
    nic.address(family).is_some() && !beside(isp, nic.segment, family, &[host]).is_empty()
}

/// Hosts with an agent on a segment, without some: a few, of different roles as far as there are any.
pub(super) fn beside(
    isp: &Isp,
    segment: Id<Segment>,
    family: Family,
    but: &[Id<Host>],
) -> Vec<Id<Host>> {
    let mut seen: BTreeMap<Role, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, Id<Host>)> = Vec::new();
    for (id, host) in isp.hosts.iter() {
        // What is kept apart in a VRF is not reached by what runs outside of it.
        let apart = isp.management_nic(id).is_some_and(|nic| nic.segment == segment);
        let there = host.nic_on(segment).is_some_and(|nic| nic.address(family).is_some());
        if !there || apart || !has_agent(isp, id) || but.contains(&id) {
            continue;
        }
        let rank = seen.entry(host.role).or_default();
        ranked.push((*rank, id));
        *rank += 1;
    }
    ranked.sort();
    ranked.into_iter().map(|(_, id)| id).take(MOST).collect()
}
