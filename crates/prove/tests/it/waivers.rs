//! Waivers accept what they name, for a time, and say so.

use crate::{isp, sources};
use jiff::civil::date;
use model::Source;

const WRONG: &str = r#"
[segment.second]
kind = "lan"
vlan = 5000
[host.alone]
role = "client"
site = "here"
nic.eth0 = { segment = "second" }
"#;

fn codes(waiver: &str, day: jiff::civil::Date) -> (Vec<&'static str>, Vec<String>) {
    let text = format!("{WRONG}{waiver}");
    let sources = sources(Source::new("isp.toml", text.as_bytes()));
    let report = prove::check(&isp(&sources), &[], day);
    let waived = report.waived.iter();
    let waived = waived.map(|w| format!("{} {} {}", w.finding.code, w.reason, w.until)).collect();
    (report.findings.iter().map(|finding| finding.code).collect(), waived)
}

const WAIVER: &str = r#"
[waiver.number]
lint   = "N1-VLAN"
on     = ["segment.second"]
reason = "the switch can"
until  = 2022-02-01
"#;

#[test]
fn a_waiver_sets_a_finding_apart() {
    let (findings, waived) = codes(WAIVER, date(2022, 2, 1));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(waived, ["N1-VLAN the switch can 2022-02-01"]);
}

#[test]
fn an_expired_waiver_brings_the_finding_back() {
    let (findings, waived) = codes(WAIVER, date(2022, 2, 2));
    assert_eq!(findings, ["N1-VLAN", "S4-WAIVER-EXPIRED"]);
    assert!(waived.is_empty());
}

#[test]
fn a_waiver_for_another_object_waives_nothing() {
    let other = WAIVER.replace("segment.second", "segment.lan");
    let (findings, _) = codes(&other, date(2022, 1, 1));
    assert_eq!(findings, ["N1-VLAN", "S4-WAIVER-UNUSED"]);
}

#[test]
fn nothing_is_proved_while_an_error_stands() {
    let wrong = isp(&sources(Source::new("isp.toml", WRONG.as_bytes())));
    let refused = prove::prove(&wrong, &[], date(2022, 1, 1));
    assert_eq!(refused.map(|_| ()).map_err(|findings| findings.len()), Err(1));
    let waived = isp(&sources(Source::new("isp.toml", format!("{WRONG}{WAIVER}").as_bytes())));
    assert!(prove::prove(&waived, &[], date(2022, 1, 1)).is_ok());
}
