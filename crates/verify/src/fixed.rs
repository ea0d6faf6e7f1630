//! What follows from the declaration alone, whatever fails: no state is simulated for it.

use crate::plane::Plane;
use crate::report::{Counterexample, Hop, Violation};
use derive::packet::rules::{Action, Hook};
use model::kinds::{Host, Invariant, InvariantKind, Target};
use model::source::Place;
use model::{Finding, Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Every violation that needs no simulation.
pub(crate) fn violations(planes: &[Plane<'_>]) -> Vec<Violation> {
    let mut all = Vec::new();
    for plane in planes {
        all.extend(two_protocols(plane));
        let owned = owned_twice(plane);
        let meant = owned.iter().flat_map(|one| declared(plane, one)).collect::<Vec<_>>();
        for violation in owned.into_iter().chain(meant) {
            // Where it is so in both families, it is told once.
            let known = |one: &&mut Violation| one.finding.about == violation.finding.about;
            match all.iter_mut().find(known) {
                Some(one) => one.shown.addresses.extend(violation.shown.addresses),
                None => all.push(violation),
            }
        }
    }
    all.extend(crate::control::violations(planes));
    all.extend(crate::idle::violations(planes));
    if let Some(plane) = planes.first() {
        all.extend(crate::leak::check(plane.isp));
        all.extend(crate::order::violations(plane.isp));
        all.extend(crate::oob::violations(plane.isp));
        all.extend(untracked(plane.isp));
    }
    all
}

/// A violation that nothing has to fail for.
pub(crate) fn violation(finding: Finding, shown: Counterexample) -> Violation {
    let code = finding.code;
    let hint = crate::property::Property::of(code).map(crate::property::Property::way_out);
    let finding = Finding { hint: finding.hint.clone().or(hint), ..finding };
    Violation { id: String::new(), finding, shown, others: Vec::new() }
}

/// V-TWO-PROTOCOLS: a prefix that OSPF carries, and BGP or a static route too.
fn two_protocols(plane: &Plane<'_>) -> Vec<Violation> {
    let mut all = Vec::new();
    for (net, owners) in &plane.routes.infrastructure {
        let Ok(prefix) = plane.routes.prefixes.binary_search(net) else { continue };
        let makers: BTreeSet<_> =
            plane.routes.injections[prefix].iter().map(|one| one.router).collect();
        let Some((owner, maker)) = owners.iter().next().zip(makers.first()) else { continue };
        let host = |router: u16| &plane.isp.hosts[plane.routers[usize::from(router)]];
        let (owner, maker) = (host(*owner), host(*maker));
        let says = format!(
            "{net} is in OSPF by {} and in BGP by {}: which one wins depends on the router",
            owner.name(),
            maker.name()
        );
        let finding = Finding::error("V-TWO-PROTOCOLS", maker.at.place, says)
            .also(owner.at.place, "OSPF carries it from here")
            .about(net.to_string())
            .about(format!("host.{}", maker.name()));
        let route = Some(format!("{net} by OSPF and by BGP"));
        all.push(violation(finding, Counterexample { route, ..Counterexample::default() }));
    }
    all
}

/// V-OWNER: one address on one segment, declared by two: both answer for it, whatever VRRP says.
fn owned_twice(plane: &Plane<'_>) -> Vec<Violation> {
    let mut owners: BTreeMap<(usize, IpAddr), Vec<Owner<'_>>> = BTreeMap::new();
    for (vip, about) in plane.vips.iter().zip(plane.isp.vips.values()) {
        let hosts = vip.candidates.iter().take(1).map(|one| plane.host(one.host).name().to_owned());
        if let Some(address) = vip.address {
            let owner = Owner { key: &about.at.key, place: about.at.place, hosts: hosts.collect() };
            owners.entry((vip.segment, address)).or_default().push(owner);
        }
    }
    for nic in &plane.nics {
        let host = plane.host(nic.host);
        let place = host.nic.get(nic.at).map_or(host.at.place, |nic| nic.at.place);
        if let Some(address) = nic.address {
            let hosts = vec![host.name().to_owned()];
            let owner = Owner { key: &host.at.key, place, hosts };
            owners.entry((nic.segment, address)).or_default().push(owner);
        }
    }
    let twice = owners.into_iter().filter(|(_, owners)| owners.len() > 1);
    twice.filter_map(|((_, address), owners)| twice_told(address, &owners)).collect()
}

/// What two answer for at once breaks the invariants that say it has one owner.
fn declared(plane: &Plane<'_>, owned: &Violation) -> Vec<Violation> {
    let meant = |target: &Target| {
        let nets = plane.isp.prefixes_of(target, plane.family);
        owned.shown.addresses.iter().any(|one| nets.iter().any(|net| net.contains(one)))
    };
    let broken = |invariant: &&Invariant| {
        invariant.kind == InvariantKind::OneOwner && invariant.to.iter().any(meant)
    };
    let told = |invariant: &Invariant| {
        let says = format!("invariant {} does not hold: {}", invariant.name(), owned.finding.says);
        let mut finding = Finding::error("V-INVARIANT", invariant.at.place, says);
        finding.hint.clone_from(&owned.finding.hint);
        finding.about = [vec![invariant.at.key.clone()], owned.finding.about.clone()].concat();
        violation(finding, owned.shown.clone())
    };
    plane.isp.invariants.values().filter(broken).map(told).collect()
}

/// Who declares an address, and who answers for it.
struct Owner<'a> {
    key: &'a str,
    place: Place,
    hosts: Vec<String>,
}

fn twice_told(address: IpAddr, owners: &[Owner<'_>]) -> Option<Violation> {
    let (first, others) = owners.split_first()?;
    let mut answerers: Vec<String> = owners.iter().flat_map(|one| one.hosts.clone()).collect();
    answerers.sort_unstable();
    answerers.dedup();
    let keys: Vec<&str> = owners.iter().map(|one| one.key).collect();
    let says = format!(
        "{} answer for {address} at once: it belongs to {}",
        answerers.join(" and "),
        keys.join(" and to ")
    );
    let last = others.last()?;
    let mut finding = Finding::error("V-OWNER", last.place, says)
        .also(first.place, "it belongs to this one too")
        .hint("Give each of them an address of its own, or make one VIP of them with both hosts.");
    finding.about = keys.iter().map(|key| (*key).to_owned()).collect();
    let addresses = vec![address];
    Some(violation(finding, Counterexample { answerers, addresses, ..Counterexample::default() }))
}

/// V-UNTRACKED: machines that shall translate addresses, and do not track connections.
fn untracked(isp: &Isp) -> Vec<Violation> {
    let mut all = Vec::new();
    for nat in isp.nats.values() {
        let deaf = nat.hosts.iter().filter_map(|id| Some((&isp.hosts[*id], untracking(isp, *id)?)));
        let deaf: Vec<(&Host, String)> = deaf.collect();
        let Some((_, rule)) = deaf.first() else { continue };
        let names: Vec<&str> = deaf.iter().map(|(host, _)| host.name()).collect();
        let says = format!(
            "nothing is translated on {}: rule \"{rule}\" takes every packet out of tracking before {} \
             is asked, so it leaves with its private source",
            names.join(" and "),
            nat.at.key
        );
        let mut finding = Finding::error("V-UNTRACKED", nat.at.field("hosts"), says);
        finding = finding.about(nat.at.key.clone());
        for (host, _) in &deaf {
            finding = finding.also(host.at.place, "connections are not tracked here");
            finding = finding.about(host.at.key.clone());
        }
        let hops = deaf.iter().map(|(host, rule)| Hop {
            host: host.name().to_owned(),
            input: None,
            output: None,
            by: format!("filter: {rule}; {} is skipped", nat.at.key),
            place: Some(nat.at.place),
        });
        let hops = hops.take(1).collect();
        all.push(violation(finding, Counterexample { hops, ..Counterexample::default() }));
    }
    all
}

/// The rule by which a host does not track what arrives, whatever it is.
fn untracking(isp: &Isp, id: Id<Host>) -> Option<String> {
    let ruleset = derive::packet::of(isp, id);
    let mut arriving = ruleset.at(|hook| hook == Hook::Arriving).flat_map(|chain| &chain.rules);
    let rule = arriving.find(|rule| rule.action == Action::Untrack && rule.matches.is_empty())?;
    Some(rule.comment.clone())
}
