//! V-INVARIANT for one that asks nothing: it would hold whatever the network does.

use crate::fixed::violation;
use crate::flows::Ends;
use crate::plane::Plane;
use crate::report::{Counterexample, Violation};
use crate::targets::{Start, goal, goals, origin, origins};
use model::ask::Family;
use model::kinds::{Host, Invariant, InvariantKind, Target};
use model::{Finding, Isp, Named as _};

/// A family, with its ends.
type Ended<'a> = (&'a Plane<'a>, Ends);

/// Every invariant that is about nothing, or names something that it can say nothing about.
pub(crate) fn violations(planes: &[Plane<'_>]) -> Vec<Violation> {
    let Some(isp) = planes.first().map(|plane| plane.isp) else { return Vec::new() };
    if isp.invariants.is_empty() {
        return Vec::new();
    }
    let families: Vec<Ended<'_>> = planes.iter().map(|plane| (plane, Ends::of(plane))).collect();
    isp.invariants.values().flat_map(|one| idle(&families, isp, one)).collect()
}

fn idle(families: &[Ended<'_>], isp: &Isp, invariant: &Invariant) -> Vec<Violation> {
    if invariant.survives > 2 {
        let says = format!("it shall survive {} failures", invariant.survives);
        let hint = "write 0, 1 or 2: every pair of failures is tried, and no more";
        return vec![told(invariant, ("survives", None), (says, hint))];
    }
    let kind = invariant.kind;
    if kind == InvariantKind::OneOwner {
        let nobody = invariant.to.iter().filter(|target| !answered(isp, target));
        return nobody.map(|target| owner(isp, invariant, target)).collect();
    }
    let starts = |target: &&Target| {
        families.iter().any(|(plane, ends)| !origin(plane, ends, (target, kind)).is_empty())
    };
    let ends = |target: &&Target| {
        families.iter().any(|(plane, ends)| !goal(plane, ends, (target, kind)).is_empty())
    };
    let from = invariant.from.iter().filter(|target| !starts(target));
    let from = from.map(|target| nowhere(isp, invariant, ("from", target)));
    let to = invariant.to.iter().filter(|target| !ends(target));
    let mut all: Vec<Violation> =
        from.chain(to.map(|target| nowhere(isp, invariant, ("to", target)))).collect();
    if all.is_empty() && !families.iter().any(|family| asks(family, invariant)) {
        let says = "its two ends are the same, or have no address family in common".to_owned();
        let hint = "name two ends between which packets go";
        all.push(told(invariant, ("to", None), (says, hint)));
    }
    all
}

/// Whether it asks about a packet of a family.
fn asks((plane, ends): &Ended<'_>, invariant: &Invariant) -> bool {
    let goals = goals(plane, ends, invariant);
    let leads = |(_, source, _): &Start| goals.iter().any(|(address, _)| address != source);
    origins(plane, ends, invariant).iter().any(leads)
}

/// Whether somebody answers for an address of a target.
fn answered(isp: &Isp, target: &Target) -> bool {
    let vips = isp.vips.values().flat_map(|vip| Family::BOTH.map(|family| vip.address(family)));
    let mut all = isp.hosts.values().flat_map(Host::addresses).chain(vips.flatten());
    let nets = Family::BOTH.map(|family| isp.prefixes_of(target, family)).concat();
    all.any(|address| nets.iter().any(|net| net.contains(&address)))
}

fn owner(isp: &Isp, invariant: &Invariant, target: &Target) -> Violation {
    let key = key(isp, target);
    let says = format!("`to` names {key}, and no host of ours has an address there");
    let hint = "name VIPs, hosts, services, segments or addresses of ours";
    told(invariant, ("to", Some(key)), (says, hint))
}

/// One end of an invariant that stands for no packet.
fn nowhere(isp: &Isp, invariant: &Invariant, (side, target): (&str, &Target)) -> Violation {
    let key = key(isp, target);
    let way = if side == "from" { "come from" } else { "go to" };
    let says = format!("`{side}` names {key}, and no address is known there that packets {way}");
    let hint = match target {
        Target::Neighbor(_) => "say in `announces` of [neighbor.NAME.twin] what is behind it",
        Target::Prefix(net) if !isp.is_ours(*net) => {
            "say in `announces` of [neighbor.NAME.twin] behind whom it is"
        }
        Target::Host(_)
        | Target::Vip(_)
        | Target::Segment(_)
        | Target::Pool(_)
        | Target::Zone(_)
        | Target::Service(_)
        | Target::Prefix(_) => "name what has an address that is routed, or give it one",
    };
    told(invariant, (side, Some(key)), (says, hint))
}

fn told(
    invariant: &Invariant,
    (field, key): (&str, Option<String>),
    (says, hint): (String, &str),
) -> Violation {
    let says = format!("invariant {} is about nothing: {says}", invariant.name());
    let mut finding = Finding::error("V-INVARIANT", invariant.at.field(field), says).hint(hint);
    finding.about = std::iter::once(invariant.at.key.clone()).chain(key).collect();
    violation(finding, Counterexample::default())
}

/// A target as it is written.
fn key(isp: &Isp, target: &Target) -> String {
    match target {
        Target::Host(id) => isp.hosts[*id].at.key.clone(),
        Target::Vip(id) => isp.vips[*id].at.key.clone(),
        Target::Segment(id) => isp.segments[*id].at.key.clone(),
        Target::Pool(id) => isp.pools[*id].at.key.clone(),
        Target::Zone(id) => isp.zones[*id].at.key.clone(),
        Target::Neighbor(id) => isp.neighbors[*id].at.key.clone(),
        Target::Service(id) => isp.services[*id].at.key.clone(),
        Target::Prefix(net) => net.to_string(),
    }
}
