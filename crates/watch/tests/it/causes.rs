//! Alerts under their causes: by what the example stands on, and by chance.

use jiff::civil::date;
use model::Isp;
use proptest::prelude::*;
use std::collections::BTreeSet;
use watch::{Alert, Incident, Phase, Words, group};

fn isp() -> Isp {
    testkit::isp(&testkit::example("neutrinet"))
}

/// An alert from a line: name, object, and what else it says.
fn alert(line: &str) -> Alert {
    let mut words = line.split(' ');
    let mut labels = Words::new();
    let mut put = |name: &str, value: &str| labels.insert(name.to_owned(), value.to_owned());
    put("alertname", words.next().unwrap_or_default());
    put("object", words.next().unwrap_or_default());
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or(("means", word));
        put(name, value);
    }
    Alert {
        labels,
        annotations: Words::new(),
        phase: Phase::Firing,
        value: 1.0,
        since: 0,
        fired: Some(0),
        resolved: None,
    }
}

fn grouped(lines: &[&str]) -> Vec<String> {
    let name = |alert: &Alert| format!("{} {}", alert.name(), alert.label("object"));
    let mut told = Vec::new();
    for Incident { cause, caused } in group(lines.iter().map(|line| alert(line)).collect(), &isp())
    {
        told.push(name(&cause));
        told.extend(caused.iter().map(|alert| ["  ", &name(alert)].concat()));
    }
    told
}

#[test]
fn a_hypervisor_takes_everything_on_it_along() {
    let told = grouped(&[
        "HostUnseen host.edge-01 down",
        "HostUnseen host.mattermost down",
        "HostUnreachable host.hv-01 down",
        "ServiceDown service.chat down",
        "SessionDown neighbor.verixi.session.edge-01 down",
        "VipMoved vip.patata follows",
        "DiskNearlyFull host.hv-01",
        "DiskNearlyFull host.hv-02",
        "InternalSessionDown host.core-02 peer=host.edge-01 down",
    ]);
    assert_eq!(
        told,
        [
            "DiskNearlyFull host.hv-02",
            "HostUnreachable host.hv-01",
            "  DiskNearlyFull host.hv-01",
            "  HostUnseen host.edge-01",
            "  HostUnseen host.mattermost",
            "  InternalSessionDown host.core-02",
            // One of its two hosts is a machine on it: that is why it moved.
            "  VipMoved vip.patata",
            "  SessionDown neighbor.verixi.session.edge-01",
            "  ServiceDown service.chat",
        ]
    );
}

#[test]
fn what_is_there_twice_is_not_down_because_one_is() {
    // The proxies' address lives on the other one: the service has another trouble.
    let told = grouped(&["HostUnseen host.lb-01 down", "ServiceDown service.chat down"]);
    assert_eq!(told, ["HostUnseen host.lb-01", "ServiceDown service.chat"]);
    // When the address itself is told to be dead, it stands between.
    let told = grouped(&[
        "HostUnseen host.lb-01 down",
        "ServiceDown service.chat down",
        "VipUnheld vip.proxy down",
    ]);
    assert_eq!(
        told,
        ["HostUnseen host.lb-01", "  VipUnheld vip.proxy", "  ServiceDown service.chat"]
    );
}

#[test]
fn a_segment_takes_its_links_and_sessions_along() {
    let told = grouped(&[
        "SegmentDown segment.bnix down",
        "LinkDown host.edge-01 segment=segment.bnix down",
        "SessionDown neighbor.bnix.session.rs1 down",
        "SessionDown neighbor.verixi.session.edge-01 down",
        "ServiceSlow service.chat",
    ]);
    assert_eq!(
        told,
        [
            "SegmentDown segment.bnix",
            "  LinkDown host.edge-01",
            "  SessionDown neighbor.bnix.session.rs1",
            "ServiceSlow service.chat",
            "SessionDown neighbor.verixi.session.edge-01",
        ]
    );
}

#[test]
fn both_ends_of_an_internal_session_are_one() {
    let told = grouped(&[
        "InternalSessionDown host.edge-01 peer=host.core-01 down",
        "InternalSessionDown host.core-01 peer=host.edge-01 down",
    ]);
    assert_eq!(told, ["InternalSessionDown host.core-01", "  InternalSessionDown host.edge-01"]);
}

#[test]
fn alerts_of_others_find_their_host_by_its_instance() {
    let mut other = alert("HostOutOfMemory");
    other.labels.insert("instance".into(), "wiki:9100".into());
    let dead = alert("HostUnseen host.wiki down");
    let incidents = group(vec![other.clone(), dead.clone()], &isp());
    assert_eq!(incidents, [Incident { cause: dead, caused: vec![other] }]);
}

#[test]
fn only_what_fires_is_a_cause() {
    let mut dead = alert("HostUnseen host.wiki down");
    let service = alert("ServiceDown service.wiki down");
    assert_eq!(group(vec![dead.clone(), service.clone()], &isp()).len(), 1);
    dead.phase = Phase::Pending;
    assert_eq!(group(vec![dead, service], &isp()).len(), 2);
}

#[test]
fn what_renews_soon_is_told_two_weeks_before() {
    let told = |day| -> Vec<String> {
        let alerts = watch::renewals(&isp(), day);
        alerts.iter().map(|alert| alert.annotations["summary"].clone()).collect()
    };
    assert_eq!(told(date(2022, 4, 16)), Vec::<String>::new());
    assert_eq!(told(date(2022, 4, 17)), ["probe-02 renews on 2022-05-01: 43.56 EUR a year"]);
    assert_eq!(told(date(2022, 5, 1)), ["probe-02 renews on 2022-05-01: 43.56 EUR a year"]);
    assert_eq!(told(date(2022, 5, 2)), Vec::<String>::new());
}

/// Objects that alerts could be about, and some that nobody declared.
fn objects(isp: &Isp) -> Vec<String> {
    let hosts = isp.hosts.values().map(|host| host.at.key.clone());
    let segments = isp.segments.values().map(|segment| segment.at.key.clone());
    let vips = isp.vips.values().map(|vip| vip.at.key.clone());
    let services = isp.services.values().map(|service| service.at.key.clone());
    let sessions = isp.sessions().map(|(_, session)| session.at.key.clone());
    let others = ["", "isp", "host.nobody", "host.a@b", "site.louise"].map(str::to_owned);
    hosts.chain(segments).chain(vips).chain(services).chain(sessions).chain(others).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_alert_is_told_once_in_whatever_order(
        picks in prop::collection::vec((0usize..1000, 0usize..1000, 0usize..4, 0usize..3, 0usize..3), 0..40),
        turn in 0usize..40,
    ) {
        let isp = isp();
        let objects = objects(&isp);
        let make = |(one, other, means, part, phase): (usize, usize, usize, usize, usize)| {
            let (object, other) = (&objects[one % objects.len()], &objects[other % objects.len()]);
            let means = ["down", "down", "follows", "x=y"][means];
            let part = [String::new(), format!(" peer={other}"), format!(" segment={other}")][part].clone();
            let mut made = alert(&format!("A {object} {means}{part}"));
            made.phase = [Phase::Firing, Phase::Pending, Phase::Resolved][phase];
            made
        };
        let mut alerts: Vec<Alert> = picks.into_iter().map(make).collect();
        alerts.sort_by(|one, other| one.labels.cmp(&other.labels));
        alerts.dedup_by(|one, other| one.labels == other.labels);
        let incidents = group(alerts.clone(), &isp);
        let mut told: Vec<Alert> = Vec::new();
        for incident in &incidents {
            told.push(incident.cause.clone());
            told.extend(incident.caused.iter().cloned());
            if !incident.caused.is_empty() {
                prop_assert_eq!(incident.cause.phase, Phase::Firing);
                prop_assert_eq!(incident.cause.label("means"), "down");
            }
        }
        let names: BTreeSet<&Words> = told.iter().map(|alert| &alert.labels).collect();
        prop_assert_eq!(names.len(), told.len());
        prop_assert_eq!(told.len(), alerts.len());
        if !alerts.is_empty() {
            let turn = turn % alerts.len();
            alerts.rotate_left(turn);
        }
        prop_assert_eq!(group(alerts, &isp), incidents);
    }
}
