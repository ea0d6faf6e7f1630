//! Which hosts can be changed side by side: never two that stand in for each other.

use crate::order::rank;
use model::kinds::{Host, Role};
use model::{Id, Isp, Named as _};
use std::cmp::Reverse;

/// The managed hosts in the order in which they are changed: all of a wave side by side, the next wave
/// only when they are well. Whoever stands by goes before whoever is at work.
pub fn waves(isp: &Isp) -> Vec<Vec<Id<Host>>> {
    let mut hosts: Vec<(Id<Host>, &Host)> =
        isp.hosts.iter().filter(|(_, host)| host.managed).collect();
    hosts.sort_by_key(|(id, host)| (Reverse(rank(isp, *id)), host.name()));
    let mut waves: Vec<Vec<Id<Host>>> = Vec::new();
    for (id, _) in hosts {
        let stands_in = |other: &Id<Host>| stand_in(isp, id, *other).is_some();
        // Not before any of its partners: a pair keeps the order of its ranks.
        let after = waves.iter().rposition(|wave| wave.iter().any(stands_in));
        let place = after.map_or(0, |after| after + 1);
        match waves.get_mut(place) {
            Some(wave) => wave.push(id),
            None => waves.push(vec![id]),
        }
    }
    waves
}

/// Why two hosts are never changed at the same time: what one does while the other is away.
pub fn stand_in(isp: &Isp, one: Id<Host>, other: Id<Host>) -> Option<String> {
    if one == other {
        return None;
    }
    let both = |hosts: &[Id<Host>]| hosts.contains(&one) && hosts.contains(&other);
    if let Some(vip) = isp.vips.values().find(|vip| both(&vip.hosts)) {
        return Some(format!("vip.{}", vip.name()));
    }
    let neighbor = isp.neighbors.values().find(|neighbor| {
        let to = |id| neighbor.session.iter().any(|session| session.host == id);
        to(one) && to(other)
    });
    if let Some(neighbor) = neighbor {
        return Some(format!("neighbor.{}", neighbor.name()));
    }
    if let Some(service) = isp.services.values().find(|service| both(&service.hosts)) {
        return Some(format!("service.{}", service.name()));
    }
    same_work(isp, one, other)
}

/// Two machines of one role that carries traffic, side by side on a segment.
fn same_work(isp: &Isp, one: Id<Host>, other: Id<Host>) -> Option<String> {
    let (first, second) = (&isp.hosts[one], &isp.hosts[other]);
    let carries = first.role.forwards() || matches!(first.role, Role::Proxy | Role::Validator);
    let shared = first.nic.iter().find(|nic| second.nic_on(nic.segment).is_some())?;
    let same = carries && first.role == second.role;
    same.then(|| format!("segment.{}", isp.segments[shared.segment].name()))
}
