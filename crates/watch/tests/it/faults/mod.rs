//! The rules of the model are exact where something is wrong: each fault fires what it shall and nothing else,
//! and every alert has a fault.

mod disks;
mod hosts;
mod links;
mod resources;
mod services;
mod sessions;
mod vips;
mod watching;

use crate::provider::{Provider, Scene, healthy, line};
use crate::telling::{Told, sessions as bgp, unanswered};
use metrics::NAME;
use model::Isp;
use std::collections::BTreeSet;

/// Something that breaks, when that is told, and how.
struct Fault {
    name: &'static str,
    /// Where it breaks; nothing is in several places.
    host: &'static str,
    breaks: fn(&Scene<'_>, &mut Told),
    /// Rules of the operator's that are there meanwhile, as a file.
    rules: &'static str,
    /// For so many days all was well before, on these hosts.
    past: (i64, &'static [&'static str]),
    /// How often hosts tell, in seconds.
    step: i64,
    /// How long it is broken.
    minutes: i64,
    /// Causes, and indented what they cause.
    fires: &'static [&'static str],
    /// After so many minutes all is well again.
    mended: i64,
}

const NOTHING: Fault = Fault {
    name: "",
    host: "",
    breaks: |_, _| {},
    rules: "",
    past: (0, &[]),
    step: 30,
    minutes: 0,
    fires: &[],
    mended: 2,
};

/// What every file here has.
const ALL: [&[Fault]; 8] = [
    disks::FAULTS,
    hosts::FAULTS,
    links::FAULTS,
    resources::FAULTS,
    services::FAULTS,
    sessions::FAULTS,
    vips::FAULTS,
    watching::FAULTS,
];

#[test]
fn every_alert_has_a_fault_that_fires_it() {
    let isp = testkit::isp(&testkit::example("neutrinet"));
    let rules = watch::rules::of(&isp).into_iter().flat_map(|group| group.rules);
    let alerts: BTreeSet<String> =
        rules.filter(|rule| rule.alerting().is_some()).map(|rule| rule.name).collect();
    let lines = ALL.iter().copied().flatten().flat_map(|fault| fault.fires);
    let fired: BTreeSet<String> =
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert_eq!(fired, alerts);
}

/// Lets faults happen to a provider that is well, and mends them: those on different hosts at the same time.
fn happen(faults: &[Fault]) {
    let mut batches: Vec<Vec<&Fault>> = Vec::new();
    for fault in faults {
        let apart = |other: &&Fault| {
            let somewhere = !fault.host.is_empty() && !other.host.is_empty();
            somewhere && fault.host != other.host && fault.step == other.step
        };
        match batches.iter_mut().find(|batch| batch.iter().all(apart)) {
            Some(batch) => batch.push(fault),
            None => batches.push(vec![fault]),
        }
    }
    for batch in batches {
        happens(&batch);
    }
}

fn happens(faults: &[&Fault]) {
    let (name, unit) = (faults[0].name, (faults[0].step / 60).max(1));
    let mut provider = Provider::new(name);
    provider.step = faults[0].step * 1000;
    for fault in faults {
        provider.past(fault.past.0, fault.past.1, &healthy);
    }
    provider.minutes(4, &healthy);
    assert_eq!(provider.incidents(), Vec::<String>::new(), "before {name}");
    let own = provider.groups.len();
    let rules = faults.iter().filter(|fault| !fault.rules.is_empty());
    for fault in rules {
        provider.groups.extend(watch::read("own.yml", fault.rules).expect("they are read"));
    }
    provider.breaks_now();
    let over = |fault: &&Fault| fault.minutes + fault.mended;
    let mut minute = 0;
    while minute < faults.iter().map(over).max().unwrap_or_default() {
        let broken = faults.iter().filter(|fault| minute < fault.minutes);
        let breaks = |at: &Scene<'_>, told: &mut Told| {
            for fault in broken.clone().filter(|fault| ["", at.host].contains(&fault.host)) {
                (fault.breaks)(at, told);
            }
        };
        provider.minutes(unit, &breaks);
        minute += unit;
        for fault in faults.iter().filter(|fault| fault.minutes == minute) {
            fires(&provider, fault, faults);
            provider.groups.truncate(own);
        }
        for fault in faults.iter().filter(|fault| over(fault) == minute) {
            let left = provider.incidents().into_iter();
            let left: Vec<String> = left.filter(|line| fault.fires.contains(&&**line)).collect();
            assert_eq!(left, Vec::<String>::new(), "after {}", fault.name);
        }
    }
    assert_eq!(provider.incidents(), Vec::<String>::new(), "after {name}");
    assert_eq!(provider.errors(), Vec::<String>::new());
}

/// What a fault shall fire is there, and nothing that none of them shall.
fn fires(provider: &Provider, fault: &Fault, faults: &[&Fault]) {
    let lines = provider.incidents();
    let expected = || faults.iter().flat_map(|fault| fault.fires);
    let there =
        fault.fires.is_empty() || lines.windows(fault.fires.len()).any(|w| w == fault.fires);
    let known = lines.iter().all(|line| expected().any(|own| own == line));
    assert!(there && known, "{}: expected {:#?}, found {lines:#?}", fault.name, fault.fires);
    tells_all(provider, fault.name);
}

/// What people are told is whole, in both languages, and about what is declared.
fn tells_all(provider: &Provider, name: &str) {
    let objects = objects(&provider.isp);
    for alert in provider.firing() {
        let shown = line(&alert);
        let said = |name: &str| alert.annotations.get(name).map_or("", String::as_str);
        for name in ["summary", "summary_fr", "do", "do_fr"] {
            let said = said(name);
            let odd = ["no value", "<error", "{{", "NaN", "Inf", "  "];
            let whole = !said.is_empty() && !odd.iter().any(|odd| said.contains(odd));
            assert!(whole && !said.ends_with(':'), "{shown}: {name}: {said}");
        }
        for (one, other) in [("summary", "summary_fr"), ("do", "do_fr")] {
            assert_ne!(said(one), said(other), "{shown}: it is translated");
        }
        assert!(["critical", "warning", "info"].contains(&alert.label("severity")), "{shown}");
        let object = alert.label("object");
        assert!(objects.contains(object), "{name}: {shown}: nobody declared it");
        assert_eq!(said("near").is_empty(), object == "isp", "{shown}: what is near");
    }
}

/// Everything that alerts may be about.
fn objects(isp: &Isp) -> BTreeSet<&str> {
    let hosts = isp.hosts.values().map(|host| &host.at.key);
    let segments = isp.segments.values().map(|segment| &segment.at.key);
    let vips = isp.vips.values().map(|vip| &vip.at.key);
    let sessions = isp.sessions().map(|(_, session)| &session.at.key);
    let services = isp.services.values().map(|service| &service.at.key);
    let certificates = isp.certificates.values().map(|certificate| &certificate.at.key);
    let backups = isp.backups.values().map(|backup| &backup.at.key);
    let all = hosts.chain(segments).chain(vips).chain(sessions).chain(services);
    all.chain(certificates).chain(backups).map(String::as_str).chain(["isp"]).collect()
}

/// Some hosts lost their power: they tell nothing, others take over their addresses, lose their sessions with
/// them, and ask in vain for them and for the services that are on them alone.
fn dead(at: &Scene<'_>, told: &mut Told, gone: &dyn Fn(&str) -> bool) {
    if gone(at.host) {
        return told.clear();
    }
    let name = |id: &model::Id<model::kinds::Host>| at.isp.hosts[*id].name.as_str();
    for vip in at.isp.vips.values() {
        let holder = vip.hosts.iter().map(name).find(|host| !gone(host));
        let moved = vip.hosts.first().map(name) != holder && holder == Some(at.host);
        if moved {
            crate::telling::value(told, "ketupa_vip_held", &[("vip", &vip.at.key)], 1.0);
        }
    }
    let peers: Vec<String> = at.isp.hosts.values().map(|host| host.name.clone()).collect();
    let peers: Vec<String> = peers.into_iter().filter(|host| gone(host)).collect();
    bgp(told, |session| {
        let inner = session.strip_prefix("ibgp_").and_then(|name| name.rsplit_once('_'));
        inner.is_some_and(|(peer, _)| peers.iter().any(|gone| gone.replace('-', "_") == peer))
    });
    unanswered(told, |object| match object.split_once('.') {
        Some(("host", host)) => gone(host),
        Some(("service", service)) => {
            let found = at.isp.services.find(service).map(|id| &at.isp.services[id]);
            found.is_some_and(|service| service.hosts.iter().map(name).all(gone))
        }
        _ => false,
    });
}

/// The interfaces of a host on a segment lose their carrier.
fn unplugged(at: &Scene<'_>, told: &mut Told, segment: &str) {
    let Some(host) = at.isp.hosts.find(at.host).map(|id| &at.isp.hosts[id]) else { return };
    for nic in host.nic.iter().filter(|nic| at.isp.segments[nic.segment].name == segment) {
        for (series, value) in &mut *told {
            let device = series.get("device") == nic.name;
            if series.get(NAME) == "node_network_up" && device {
                *value = 0.0;
            }
        }
    }
}
