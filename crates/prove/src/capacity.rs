//! Hypervisors: what runs on them fits, also when one of them is lost.

use crate::tell::{wrong, wrong_in};
use model::kinds::{Host, MachineKind, Role, Site, Vip};
use model::value::Mebibytes;
use model::{Finding, Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

/// The machines of every hypervisor, by hypervisor.
fn guests(isp: &Isp) -> BTreeMap<Id<Host>, Vec<&Host>> {
    let mut guests: BTreeMap<Id<Host>, Vec<&Host>> = BTreeMap::new();
    for host in isp.hosts.values() {
        if let Some(on) = host.on {
            guests.entry(on).or_default().push(host);
        }
    }
    guests
}

fn is_hypervisor(host: &Host) -> bool {
    host.kind == MachineKind::Hypervisor || host.role == Role::Hypervisor
}

fn sum(hosts: &[&Host], what: fn(&Host) -> Option<Mebibytes>) -> u64 {
    hosts.iter().filter_map(|host| what(host)).map(|size| size.0).sum()
}

/// P12-ON: a machine on something that runs no machines.
pub(crate) fn not_hypervisors(isp: &Isp) -> Vec<Finding> {
    let placed = isp.hosts.values().filter_map(|host| Some((host, &isp.hosts[host.on?])));
    // A container's host is a machine like others.
    let odd = placed.filter(|(host, on)| host.kind != MachineKind::Container && !is_hypervisor(on));
    let told = |(host, on): (&Host, &Host)| {
        let says = format!("{} runs on {}, which is no hypervisor", host.at.key, on.at.key);
        wrong_in(&host.at, "on", says)
            .also(on.at.field("kind"), "this one")
            .about(on.at.key.clone())
            .hint("name a host of `kind = \"hypervisor\"`")
    };
    odd.map(told).collect()
}

/// P12-ON-CYCLE: machines that run on each other.
pub(crate) fn circles(isp: &Isp) -> Vec<Finding> {
    let mut done: BTreeSet<Id<Host>> = BTreeSet::new();
    let mut findings = Vec::new();
    for (start, _) in isp.hosts.iter() {
        let mut path: Vec<Id<Host>> = Vec::new();
        let mut at = Some(start);
        while let Some(id) = at.filter(|id| !done.contains(id)) {
            done.insert(id);
            path.push(id);
            at = isp.hosts[id].on;
        }
        // The walk ended on a host of this same walk: the part from there on is a circle.
        let Some(from) = at.and_then(|id| path.iter().position(|seen| *seen == id)) else {
            continue;
        };
        findings.extend(path.get(from..).and_then(|circle| told_circle(isp, circle)));
    }
    findings
}

fn told_circle(isp: &Isp, circle: &[Id<Host>]) -> Option<Finding> {
    let first = &isp.hosts[*circle.first()?];
    let name = |id: &Id<Host>| isp.hosts[*id].name();
    let below = circle.iter().skip(1).chain(circle.first());
    let steps: Vec<String> = circle
        .iter()
        .zip(below)
        .map(|(id, on)| format!("{} runs on {}", name(id), name(on)))
        .collect();
    let says = steps.join(", ");
    let mut finding = wrong_in(&first.at, "on", says);
    for host in circle.iter().skip(1).map(|id| &isp.hosts[*id]) {
        finding = finding.also(host.at.field("on"), "and this").about(host.at.key.clone());
    }
    Some(finding.hint("a hypervisor runs on nothing: remove its `on`"))
}

/// P12-SITE: a machine that is not where its hypervisor is.
pub(crate) fn elsewhere(isp: &Isp) -> Vec<Finding> {
    let placed = isp.hosts.values().filter_map(|host| Some((host, &isp.hosts[host.on?])));
    let told = |(host, on): (&Host, &Host)| {
        let (here, there) = (isp.sites[host.site].name(), isp.sites[on.site].name());
        let says = format!("{} stands in {here}, but {} in {there}", host.at.key, on.at.key);
        wrong_in(&host.at, "site", says)
            .also(on.at.field("site"), "its hypervisor's")
            .about(on.at.key.clone())
            .hint("a machine stands where its hypervisor does")
    };
    placed.filter(|(host, on)| host.site != on.site).map(told).collect()
}

/// P12-MEMORY.
pub(crate) fn memory(isp: &Isp) -> Vec<Finding> {
    fits(isp, "memory", |host| host.memory)
}

/// P12-DISK.
pub(crate) fn disk(isp: &Isp) -> Vec<Finding> {
    fits(isp, "disk", |host| host.disk)
}

fn fits(isp: &Isp, key: &str, what: fn(&Host) -> Option<Mebibytes>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, guests) in guests(isp) {
        let host = &isp.hosts[id];
        let (Some(has), need) = (what(host), sum(&guests, what)) else { continue };
        if need <= has.0 {
            continue;
        }
        let largest =
            guests.iter().max_by_key(|guest| what(guest)).map_or("?", |guest| guest.name());
        let says = format!(
            "what runs on {} ({} in all) needs {} of {key}, and it has {has}",
            host.at.key,
            guests.len(),
            Mebibytes(need)
        );
        let over = Mebibytes(need - has.0);
        let hint = format!(
            "{over} too much: move a machine away ({largest} is the largest), or give them less"
        );
        findings.push(wrong_in(&host.at, key, says).hint(hint));
    }
    findings
}

/// P12-UNKNOWN: machines that no sum can count.
pub(crate) fn unknown(isp: &Isp) -> Vec<Finding> {
    let counted = |host: &&Host| host.on.is_some_and(|on| isp.hosts[on].memory.is_some());
    let bare = isp.hosts.values().filter(|host| host.memory.is_none()).filter(counted);
    let told = |host: &Host| {
        let says = format!("{} does not say how much memory it needs", host.at.key);
        wrong_in(&host.at, "memory", says)
            .hint("add `memory = \"2 GiB\"`: its hypervisor is counted without it")
    };
    bare.map(told).collect()
}

/// P12-LOST: a hypervisor whose machines would find no place on the others of its site.
pub(crate) fn lost(isp: &Isp) -> Vec<Finding> {
    let mut sites: BTreeMap<Id<Site>, Vec<Id<Host>>> = BTreeMap::new();
    for (id, host) in isp.hosts.iter().filter(|(_, host)| is_hypervisor(host)) {
        sites.entry(host.site).or_default().push(id);
    }
    let guests = guests(isp);
    let mut findings = Vec::new();
    for hypervisors in sites.values() {
        findings
            .extend(hypervisors.iter().filter_map(|id| homeless(isp, &guests, hypervisors, *id)));
    }
    findings
}

fn homeless(
    isp: &Isp,
    guests: &BTreeMap<Id<Host>, Vec<&Host>>,
    site: &[Id<Host>],
    gone: Id<Host>,
) -> Option<Finding> {
    let machines = guests.get(&gone)?;
    let used = |id: Id<Host>| guests.get(&id).map_or(0, |own| sum(own, |host| host.memory));
    let free = |id: &Id<Host>| {
        let host = &isp.hosts[*id];
        Some((host.name(), host.memory?.0.saturating_sub(used(*id))))
    };
    let others: Vec<(&str, u64)> = site.iter().filter(|id| **id != gone).filter_map(free).collect();
    let left = unplaced(machines, &others);
    let first = left.first()?;
    let host = &isp.hosts[gone];
    let need = Mebibytes(sum(machines, |host| host.memory));
    let room: Vec<String> =
        others.iter().map(|(name, free)| format!("{name} has {} free", Mebibytes(*free))).collect();
    let room =
        if room.is_empty() { "there is no other hypervisor".to_owned() } else { room.join(", ") };
    let says = format!(
        "if {} is lost, {} of its {} machines find no place: all need {need}, and {room}",
        host.at.key,
        left.len(),
        machines.len()
    );
    let hint = format!(
        "{} is the first without a place: add memory, or agree on what may stay down",
        first.name()
    );
    Some(wrong_in(&host.at, "memory", says).hint(hint))
}

/// The machines that find no place, largest first: each goes where most is free. There may be a
/// better way to pack them; who has to do it at night will not find it either.
fn unplaced<'a>(machines: &[&'a Host], others: &[(&str, u64)]) -> Vec<&'a Host> {
    let mut free: Vec<u64> = others.iter().map(|(_, free)| *free).collect();
    let mut order: Vec<&Host> =
        machines.iter().copied().filter(|host| host.memory.is_some()).collect();
    order.sort_by(|a, b| b.memory.cmp(&a.memory).then_with(|| a.name.cmp(&b.name)));
    order.retain(|host| {
        let need = host.memory.map_or(0, |memory| memory.0);
        match free.iter_mut().max() {
            Some(most) if *most >= need => {
                *most -= need;
                false
            }
            _ => true,
        }
    });
    order
}

/// P12-PAIR: all hosts of a VIP on one hypervisor.
pub(crate) fn pairs(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for vip in isp.vips.values().filter(|vip| vip.hosts.len() > 1) {
        let below: BTreeSet<Option<Id<Host>>> =
            vip.hosts.iter().map(|id| isp.hosts[*id].on).collect();
        let mut below = below.into_iter();
        let (Some(Some(on)), None) = (below.next(), below.next()) else { continue };
        findings.push(together(isp, vip, &isp.hosts[on]));
    }
    findings
}

fn together(isp: &Isp, vip: &Vip, on: &Host) -> Finding {
    let says = format!("all hosts of {} run on {}: it fails as one", vip.at.key, on.at.key);
    let mut finding =
        wrong(vip.at.field("hosts"), says).about(vip.at.key.clone()).about(on.at.key.clone());
    for host in vip.hosts.iter().map(|id| &isp.hosts[*id]) {
        finding = finding.also(host.at.field("on"), "runs there");
    }
    finding.hint("move one of them to another hypervisor")
}
