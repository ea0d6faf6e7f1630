//! Alerts by chance in providers by chance: each is told once, and under nothing that it does not stand on.

use derive::checks;
use model::ask::Family;
use model::kinds::{Host, SegmentKind, Session};
use model::{Id, Isp};
use proptest::prelude::*;
use std::collections::BTreeSet;
use watch::{Alert, Phase, Words, group};

/// What one thing stands on directly, told from the model alone.
fn below(isp: &Isp, subject: &str) -> Vec<String> {
    let (object, part) = subject.split_once('@').unwrap_or((subject, ""));
    let (kind, name) = object.split_once('.').unwrap_or((object, ""));
    let host = isp.hosts.find(name).map(|id| &isp.hosts[id]).filter(|_| kind == "host");
    match (host, part) {
        (Some(host), "") => of_host(isp, host),
        (_, "watch") => of_checks(isp, object),
        (Some(host), part) => of_part(isp, host, part),
        (None, _) => of_other(isp, object, kind, name),
    }
}

fn key(isp: &Isp, id: Id<Host>) -> String {
    isp.hosts[id].at.key.clone()
}

fn of_host(isp: &Isp, host: &Host) -> Vec<String> {
    let below = host.on.map(|id| key(isp, id));
    let site = isp.sites[host.site].at.key.clone();
    below.into_iter().chain([site, "isp@watch".to_owned()]).collect()
}

fn of_part(isp: &Isp, host: &Host, part: &str) -> Vec<String> {
    let own = &host.at.key;
    let links = host.nic.iter().map(|nic| &isp.segments[nic.segment]);
    let backbones = links.filter(|segment| segment.kind == SegmentKind::Backbone);
    let backbones = backbones.map(|segment| format!("{own}@{}", segment.at.key));
    match part {
        "ospf" => backbones.chain([own.clone(), format!("{own}@bird")]).collect(),
        peer if peer.starts_with("host.") => {
            let ends = [own.as_str(), peer];
            let parts =
                ends.iter().flat_map(|end| ["bird", "ospf"].map(|of| format!("{end}@{of}")));
            parts.chain(ends.map(str::to_owned)).collect()
        }
        segment if segment.starts_with("segment.") => vec![own.clone(), segment.to_owned()],
        _ => vec![own.clone()],
    }
}

/// Who asks: places are parts of their hosts.
fn of_checks(isp: &Isp, object: &str) -> Vec<String> {
    let about = checks::of(isp).into_iter().filter(|check| check.object == object);
    let from = about.flat_map(|check| check.from);
    from.flat_map(|id| [key(isp, id), format!("{}@place", key(isp, id))]).collect()
}

fn of_other(isp: &Isp, object: &str, kind: &str, name: &str) -> Vec<String> {
    let fronts = || {
        let proxies = isp.with_role(model::kinds::Role::Proxy).map(|(id, _)| key(isp, id));
        isp.front_vips().map(|vip| vip.at.key.clone()).chain(proxies).collect::<Vec<_>>()
    };
    match kind {
        "segment" => {
            let segment = isp.segments.find(name).map(|id| &isp.segments[id]);
            let site = segment.and_then(|segment| segment.site);
            site.map(|id| isp.sites[id].at.key.clone()).into_iter().collect()
        }
        "vip" => isp.vips.find(name).map(|id| of_vip(isp, id)).unwrap_or_default(),
        "service" => {
            let Some(service) = isp.services.find(name).map(|id| &isp.services[id]) else {
                return Vec::new();
            };
            let shown = service.certificate.map(|id| isp.certificates[id].at.key.clone());
            let hosts = service.hosts.iter().map(|id| key(isp, *id));
            hosts.chain(shown).chain(fronts()).collect()
        }
        "certificate" => fronts(),
        "backup" => isp.backups.values().map(|backup| key(isp, backup.to)).collect(),
        _ => {
            let mut sessions = isp.sessions().filter(|(_, session)| session.at.key == object);
            sessions.next().map(|(_, session)| of_session(isp, session)).unwrap_or_default()
        }
    }
}

fn of_vip(isp: &Isp, id: Id<model::kinds::Vip>) -> Vec<String> {
    let vip = &isp.vips[id];
    let segment = isp.segments[vip.segment].at.key.clone();
    let hosts: Vec<String> = vip.hosts.iter().map(|id| key(isp, *id)).collect();
    let parts = hosts.iter().flat_map(|host| [format!("{host}@bird"), format!("{host}@{segment}")]);
    parts.collect::<Vec<_>>().into_iter().chain(hosts.clone()).chain([segment.clone()]).collect()
}

fn of_session(isp: &Isp, session: &Session) -> Vec<String> {
    let ends = [Some(session.host), session.remote].into_iter().flatten();
    let ends: Vec<String> = ends.map(|id| key(isp, id)).collect();
    let nic = Family::BOTH.into_iter().find_map(|family| session.nic(isp, family));
    let segment = nic.map(|nic| isp.segments[nic.segment].at.key.clone());
    let mut all: Vec<String> = ends.iter().map(|end| format!("{end}@bird")).collect();
    if let Some(segment) = segment {
        all.extend(ends.iter().map(|end| format!("{end}@{segment}")));
        all.push(segment);
    }
    all.extend(ends);
    all
}

/// What an alert is about: an object or a part of it; a session of two of ours is one, whoever tells.
fn subject(alert: &Alert) -> String {
    let object = alert.label("object");
    let words = ["segment", "peer", "part"].map(|name| alert.label(name));
    match words.into_iter().find(|word| !word.is_empty()) {
        None => object.to_owned(),
        Some(peer) if !alert.label("peer").is_empty() && peer < object => {
            format!("{peer}@{object}")
        }
        Some(part) => format!("{object}@{part}"),
    }
}

/// Everything that a thing stands on, and whatever that stands on.
fn everything_below(isp: &Isp, alert: &Alert) -> BTreeSet<String> {
    let object = alert.label("object").to_owned();
    let (mut found, mut next) = (BTreeSet::new(), vec![subject(alert), object]);
    while let Some(one) = next.pop() {
        if found.insert(one.clone()) {
            next.extend(below(isp, &one));
            // Whatever is a part stands on the whole.
            next.extend(one.split_once('@').map(|(whole, _)| whole.to_owned()));
        }
    }
    found
}

fn objects(isp: &Isp) -> Vec<String> {
    let hosts = isp.hosts.values().map(|host| host.at.key.clone());
    let segments = isp.segments.values().map(|segment| segment.at.key.clone());
    let vips = isp.vips.values().map(|vip| vip.at.key.clone());
    let services = isp.services.values().map(|service| service.at.key.clone());
    let certificates = isp.certificates.values().map(|certificate| certificate.at.key.clone());
    let backups = isp.backups.values().map(|backup| backup.at.key.clone());
    let sessions = isp.sessions().map(|(_, session)| session.at.key.clone());
    let all = hosts.chain(segments).chain(vips).chain(services).chain(certificates);
    all.chain(backups).chain(sessions).chain(["isp".to_owned()]).collect()
}

/// An alert by four numbers.
fn alert(
    (isp, objects): (&Isp, &[String]),
    number: usize,
    (one, other, means, part): (usize, usize, usize, usize),
) -> Alert {
    let object = objects[one % objects.len()].clone();
    let hosts: Vec<&str> = isp.hosts.values().map(|host| host.at.key.as_str()).collect();
    let mut labels = Words::new();
    let mut put = |name: &str, value: &str| labels.insert(name.to_owned(), value.to_owned());
    put("alertname", &format!("A{number}"));
    put("object", &object);
    if means < 3 {
        put("means", ["down", "down", "follows"][means]);
    }
    let host = isp.hosts.values().find(|host| host.at.key == object);
    let nic = host.and_then(|host| host.nic.get(other % host.nic.len().max(1)));
    match (part, nic) {
        (1, _) => drop(put("part", ["bird", "ospf", "place", "watch"][other % 4])),
        (2, Some(nic)) => drop(put("segment", &isp.segments[nic.segment].at.key)),
        (3, Some(_)) if hosts[other % hosts.len()] != object => {
            put("peer", hosts[other % hosts.len()]);
        }
        _ => {}
    }
    let (annotations, phase) = (Words::new(), Phase::Firing);
    Alert { labels, annotations, phase, value: 1.0, since: 0, fired: Some(0), resolved: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_is_told_under_what_it_does_not_stand_on(
        seed in 0u64..1_000,
        picks in prop::collection::vec((0usize..1000, 0usize..1000, 0usize..4, 0usize..4), 1..60),
    ) {
        let isp = testkit::isp_from(&testkit::random::isp(seed, 8));
        let objects = objects(&isp);
        let numbered = picks.into_iter().enumerate();
        let alerts: Vec<Alert> =
            numbered.map(|(number, pick)| alert((&isp, &objects), number, pick)).collect();
        let incidents = group(alerts.clone(), &isp);
        let mut told = 0;
        for incident in &incidents {
            told += 1 + incident.caused.len();
            for caused in &incident.caused {
                let below = everything_below(&isp, caused);
                let cause = subject(&incident.cause);
                prop_assert!(below.contains(&cause), "{caused:?} under {:?}", incident.cause);
                prop_assert_eq!(incident.cause.label("means"), "down");
            }
        }
        let names: BTreeSet<&str> = incidents
            .iter()
            .flat_map(|incident| incident.caused.iter().chain([&incident.cause]))
            .map(Alert::name)
            .collect();
        prop_assert_eq!(names.len(), told);
        prop_assert_eq!(told, alerts.len());
    }
}
