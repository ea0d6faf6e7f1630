//! The declaration as a whole: lists, invariants, and what nothing refers to.

use crate::tell::{twice, wrong, wrong_in};
use model::ask::Family;
use model::kinds::{Host, Invariant, InvariantKind, Service, Target};
use model::{At, Finding, Id, Isp, Named as _};
use std::collections::BTreeSet;

/// S4-LIST-TWICE: one name twice in a list of hosts, services or invariants.
pub(crate) fn repeated(isp: &Isp) -> Vec<Finding> {
    let vips = isp.vips.values().map(|vip| (&vip.at, &vip.hosts));
    let services = isp.services.values().map(|service| (&service.at, &service.hosts));
    let routes = isp.routes.values().map(|route| (&route.at, &route.hosts));
    let pools = isp.pools.values().map(|pool| (&pool.at, &pool.hosts));
    let backups = isp.backups.values().map(|backup| (&backup.at, &backup.hosts));
    let checks = isp.checks.values().map(|check| (&check.at, &check.hosts));
    let hosts = vips.chain(services).chain(routes).chain(pools).chain(backups).chain(checks);
    let passed = isp.invariants.values().map(|one| (&one.at, "through", &one.through));
    let hosts = hosts.map(|(at, list)| (at, "hosts", list)).chain(passed);
    let hosts = hosts
        .flat_map(|(at, key, list)| in_list(at, key, list, |id: Id<Host>| isp.hosts[id].name()));
    let backups = isp.backups.values().map(|backup| (&backup.at, &backup.services));
    let checks = isp.checks.values().map(|check| (&check.at, &check.services));
    let name = |id: Id<Service>| isp.services[id].name();
    let services = backups.chain(checks).flat_map(|(at, list)| in_list(at, "services", list, name));
    let kept = isp.upgrades.values().map(|upgrade| (&upgrade.at, &upgrade.keeps));
    let name = |id: Id<Invariant>| isp.invariants[id].name();
    let kept = kept.flat_map(|(at, list)| in_list(at, "keeps", list, name));
    hosts.chain(services).chain(kept).collect()
}

fn in_list<'a, T>(
    at: &At,
    key: &str,
    list: &[Id<T>],
    name: impl Fn(Id<T>) -> &'a str,
) -> Vec<Finding> {
    let told = |(id, (), ()): (Id<T>, (), ())| {
        let says = format!("`{key}` of {} lists {} twice", at.key, name(id));
        wrong_in(at, key, says).hint("write every name once")
    };
    twice(list.iter().map(|id| (*id, ()))).into_iter().map(told).collect()
}

/// S4-INVARIANT: an invariant that says nothing.
pub(crate) fn hollow(isp: &Isp) -> Vec<Finding> {
    isp.invariants
        .values()
        .flat_map(|invariant| {
            hollows(isp, invariant).into_iter().map(|(key, says, hint)| {
                wrong_in(&invariant.at, key, format!("{} {says}", invariant.at.key)).hint(hint)
            })
        })
        .collect()
}

fn hollows(isp: &Isp, invariant: &Invariant) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all = Vec::new();
    let empty = invariant.from.is_empty() && invariant.to.is_empty();
    match invariant.kind {
        InvariantKind::OneOwner if invariant.to.is_empty() => {
            all.push(("to", "does not say who has one owner", "add `to = [\"vip.NAME\"]`"));
        }
        InvariantKind::Reach
        | InvariantKind::Isolate
        | InvariantKind::Waypoint
        | InvariantKind::Avoid
            if empty =>
        {
            all.push((
                "from",
                "names nothing",
                "add `from = […]` or `to = […]`: nothing means the Internet",
            ));
        }
        InvariantKind::Waypoint | InvariantKind::Avoid if invariant.through.is_empty() => {
            let hint = "add `through = [\"HOST\", …]`";
            all.push(("through", "does not say through what", hint));
        }
        InvariantKind::OneOwner
        | InvariantKind::Reach
        | InvariantKind::Isolate
        | InvariantKind::Waypoint
        | InvariantKind::Avoid => {}
    }
    if !empty && invariant.from == invariant.to {
        all.push(("to", "goes from one thing to itself", "name another target in `to`"));
    }
    let passes = matches!(invariant.kind, InvariantKind::Waypoint | InvariantKind::Avoid);
    if !passes && !invariant.through.is_empty() {
        let hint =
            "`through` belongs to the kinds waypoint and avoid: change the kind, or remove it";
        all.push(("through", "ignores `through`", hint));
    }
    let owner = invariant.kind == InvariantKind::OneOwner;
    if owner && !invariant.to.iter().all(|target| owned(isp, target)) {
        let hint = "name VIPs, hosts, services, segments or addresses";
        all.push(("to", "asks who owns what is no address of ours", hint));
    }
    for (key, targets) in [("from", &invariant.from), ("to", &invariant.to)] {
        if !owner && targets.iter().any(|target| bare(isp, target)) {
            let hint = "give it an address that is routed, or name another target";
            all.push((key, "names what has no address", hint));
        }
    }
    if invariant.survives > 2 {
        let hint = "write 0, 1 or 2: every pair of failures is tried, and no more";
        all.push(("survives", "wants more failures than are tried", hint));
    }
    all
}

/// Whether a target is or holds an address that a host of ours answers for.
fn owned(isp: &Isp, target: &Target) -> bool {
    let apart = matches!(target, Target::Zone(_) | Target::Neighbor(_));
    let vips = isp.vips.values().flat_map(|vip| Family::BOTH.map(|family| vip.address(family)));
    let mut all = isp.hosts.values().flat_map(Host::addresses).chain(vips.flatten());
    let nets = Family::BOTH.map(|family| isp.prefixes_of(target, family)).concat();
    !apart && all.any(|address| nets.iter().any(|net| net.contains(&address)))
}

/// Whether a target stands for no address at all. What is behind a neighbour need not be declared.
fn bare(isp: &Isp, target: &Target) -> bool {
    let stands = || Family::BOTH.iter().any(|one| !isp.prefixes_of(target, *one).is_empty());
    !matches!(target, Target::Neighbor(_)) && !stands()
}

/// S4-UNUSED: what nothing refers to.
pub(crate) fn unused(isp: &Isp) -> Vec<Finding> {
    let plugged: BTreeSet<_> =
        isp.hosts.values().flat_map(|host| &host.nic).map(|nic| nic.segment).collect();
    let segments = isp.segments.iter().filter(|(id, _)| !plugged.contains(id)).map(|(_, s)| &s.at);
    let shown: BTreeSet<_> =
        isp.services.values().filter_map(|service| service.certificate).collect();
    let certificates =
        isp.certificates.iter().filter(|(id, _)| !shown.contains(id)).map(|(_, c)| &c.at);
    let followed: BTreeSet<_> = isp
        .neighbors
        .values()
        .filter_map(|neighbor| neighbor.policy)
        .chain(isp.about.policy)
        .collect();
    let policies = isp.policies.iter().filter(|(id, _)| !followed.contains(id)).map(|(_, p)| &p.at);
    let ruled = isp.rules.values().flat_map(|group| group.from.iter().chain(&group.to)).copied();
    let meant = isp.invariants.values().flat_map(|one| one.from.iter().chain(&one.to));
    let proved = meant.filter_map(|target| match target {
        Target::Zone(id) => Some(*id),
        Target::Host(_)
        | Target::Vip(_)
        | Target::Segment(_)
        | Target::Pool(_)
        | Target::Neighbor(_)
        | Target::Service(_)
        | Target::Prefix(_) => None,
    });
    let ruled: BTreeSet<_> = ruled.chain(proved).collect();
    let zones = isp.zones.iter().filter(|(id, _)| !ruled.contains(id)).map(|(_, z)| &z.at);
    let told = |at: &At| {
        let hint = "refer to it, or delete it: the next reader will wonder";
        wrong(at.place, format!("nothing uses {}", at.key)).about(at.key.clone()).hint(hint)
    };
    segments.chain(certificates).chain(policies).chain(zones).map(told).collect()
}
