//! Which hosts can be changed side by side: never two that stand in for each other.

use crate::order::rank;
use model::kinds::{Host, Role};
use model::{Id, Isp, Named as _};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The hosts that Ketupa changes in the order in which they are changed: all of a wave side by side, the next wave
/// only when they are well. Whoever stands by goes before whoever is at work.
pub fn waves(isp: &Isp) -> Vec<Vec<Id<Host>>> {
    let mut hosts: Vec<(Id<Host>, &Host)> =
        isp.hosts.iter().filter(|(id, _)| isp.is_converged(*id)).collect();
    hosts.sort_by_key(|(id, host)| (Reverse(rank(isp, *id)), host.name()));
    let mut waves: Vec<Vec<Id<Host>>> = Vec::new();
    // The wave after the last one in which somebody has this duty.
    let mut free: BTreeMap<Duty, usize> = BTreeMap::new();
    for (id, _) in hosts {
        let duties = duties(isp, id);
        // Not before any of its partners: a pair keeps the order of its ranks.
        let place = duties.iter().filter_map(|duty| free.get(duty)).max().copied().unwrap_or(0);
        match waves.get_mut(place) {
            Some(wave) => wave.push(id),
            None => waves.push(vec![id]),
        }
        free.extend(duties.into_iter().map(|duty| (duty, place + 1)));
    }
    waves
}

/// Why two hosts are never changed at the same time: what one does while the other is away.
pub fn stand_in(isp: &Isp, one: Id<Host>, other: Id<Host>) -> Option<String> {
    if one == other {
        return None;
    }
    let others = duties(isp, other);
    let shared = duties(isp, one).into_iter().find(|duty| others.contains(duty))?;
    Some(shared.what)
}

/// Something that several hosts can do.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Duty {
    /// What it is about, as it is declared.
    what: String,
    /// As which kind of machine, where that matters.
    role: Option<Role>,
}

/// All that a host does and another may do in its place.
fn duties(isp: &Isp, id: Id<Host>) -> Vec<Duty> {
    let host = &isp.hosts[id];
    let vips = isp.vips.values().filter(|vip| vip.hosts.contains(&id));
    let vips = vips.map(|vip| format!("vip.{}", vip.name()));
    let neighbors = isp
        .neighbors
        .values()
        .filter(|neighbor| neighbor.session.iter().any(|session| session.host == id))
        .map(|neighbor| format!("neighbor.{}", neighbor.name()));
    let services = isp.services.values().filter(|service| service.hosts.contains(&id));
    let services = services.map(|service| format!("service.{}", service.name()));
    let declared = vips.chain(neighbors).chain(services).map(|what| Duty { what, role: None });
    // Two machines of one role that carries traffic, side by side on a segment.
    let carries = host.role.forwards() || matches!(host.role, Role::Proxy | Role::Validator);
    let segments = host.nic.iter().filter(|_| carries).map(|nic| {
        let what = format!("segment.{}", isp.segments[nic.segment].name());
        Duty { what, role: Some(host.role) }
    });
    declared.chain(segments).collect()
}
