//! An invariant that is counted as proved was asked of the network.

use crate::example::example_with;
use std::fs;
use std::path::Path;
use verify::{Options, Report};

/// What is found when these lines are added to a case, and others changed, under so many failures.
fn proved(case: &str, failures: u8, more: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
    let text = fs::read_to_string(path.join("isp.toml")).unwrap();
    let isp = testkit::isp_from(&format!("{text}\n{more}"));
    verify::prove(&isp, Options { failures, threads: 1 })
}

/// What is said about invariants, each with what has to fail.
fn said(case: &str, failures: u8, more: &str) -> Vec<String> {
    let told = proved(case, failures, more).violations.into_iter();
    let told = told.filter(|one| one.finding.code == "V-INVARIANT");
    told.map(|one| one.finding.says).collect()
}

/// What is said about one invariant between two ends where nothing is broken.
fn between(case: &str, kind: &str, [from, to]: [&str; 2], more: &str) -> Vec<String> {
    let text = format!(
        "[invariant.it]\nkind = \"{kind}\"\nfrom = [{from}]\nto = [{to}]\nports = [\"tcp/443\"]\n{more}"
    );
    said(case, 0, &text)
}

/// Two who do not hear one of three while the first of them lives, and nobody otherwise.
const THREE: &str = r#"
[segment.guests]
kind = "lan"
ipv4 = "80.67.181.192/27"
[host.fw-a]
role = "firewall"
site = "here"
nic.guests = { segment = "guests", ipv4 = "80.67.181.195" }
[host.fw-b]
role = "firewall"
site = "here"
nic.guests = { segment = "guests", ipv4 = "80.67.181.196" }
[host.fw-c]
role = "firewall"
site = "here"
nic.guests = { segment = "guests", ipv4 = "80.67.181.197" }
[vip.guests]
segment = "guests"
vrid    = 77
ipv4    = "80.67.181.194"
hosts   = ["fw-a", "fw-b", "fw-c"]
[zone.guests]
segments = ["guests"]
[rules.deaf]
from = ["guests"]
to   = ["guests"]
[[rules.deaf.rule]]
ports       = ["vrrp"]
action      = "drop"
source      = ["80.67.181.196/32"]
destination = ["host.fw-c"]
[invariant.one]
kind = "one-owner"
to   = ["vip.guests"]
"#;

#[test]
fn one_owner_is_asked_of_every_state_that_it_shall_survive() {
    let with = |survives: u8| said("clean-firewalls", 1, &format!("{THREE}survives = {survives}"));
    assert_eq!(with(0), [""; 0]);
    assert_eq!(
        with(1),
        ["invariant one does not hold: fw-b and fw-c answer for VIP guests at once"]
    );
    let others =
        THREE.replace("to   = [\"vip.guests\"]", "to   = [\"vip.services\"]\nsurvives = 1");
    assert_eq!(said("clean-firewalls", 1, &others), [""; 0]);
}

#[test]
fn one_owner_is_asked_of_addresses_that_are_declared_twice() {
    let one = |to: &str| {
        let text = format!("[invariant.one]\nkind = \"one-owner\"\nto = [\"{to}\"]");
        said("V-OWNER", 0, &text)
    };
    let told = "core-1 and core-2 answer for 80.67.181.1 at once: it belongs to vip.lan and to vip.lan-too";
    for to in ["vip.lan", "80.67.181.1/32", "segment.lan"] {
        assert_eq!(one(to), [format!("invariant one does not hold: {told}")], "{to}");
    }
    assert_eq!(one("80.67.181.2/32"), [""; 0]);
    let nobody = "invariant one is about nothing: `to` names 8.8.8.8/32, and no host of ours has an address there";
    assert_eq!(one("8.8.8.8/32"), [nobody]);
}

#[test]
fn an_invariant_is_about_whatever_it_names() {
    let case = "clean-firewalls";
    let web = "\"host.web\"";
    let asked = |kind: &str, from: &str| between(case, kind, [&format!("\"{from}\""), web], "");
    let reaching = [
        "host.fw-1",
        "vip.lan",
        "vip.services",
        "80.67.181.10",
        "80.67.181.8/29",
        "80.67.181.2",
        "80.67.181.241",
        "9.9.9.0/24",
        "segment.transit-1",
    ];
    // A machine of its own LAN asks the firewall for it and is refused, and an answer to what nobody
    // announces finds no way.
    for from in reaching.iter().chain(&["80.67.181.0/24", "8.8.8.8/32"]) {
        let told = asked("isolate", from);
        assert!(!told.is_empty(), "{from} reaches it");
        assert!(told.iter().all(|one| one.contains("does not hold for")), "{from}: {told:?}");
    }
    for from in reaching {
        assert_eq!(asked("reach", from), [""; 0], "{from}");
    }
    let lost = asked("reach", "8.8.8.8/32").concat();
    assert!(lost.contains("is about nothing: `from` names 8.8.8.8/32"), "{lost}");
    for to in ["80.67.181.0/24", "80.67.181.128/25", "80.67.181.140/32"] {
        let to = format!("\"{to}\"");
        assert!(!between(case, "isolate", ["", &to], "").is_empty(), "the world reaches {to}");
    }
}

#[test]
fn an_invariant_that_names_what_nobody_sends_from_or_to_is_told() {
    const MORE: &str = r#"
[host.topi]
role = "server"
site = "here"
[neighbor.friend]
asn      = 64999
relation = "peer"
limit4   = 10
limit6   = 10
[neighbor.friend.session.one]
host = "edge-1"
ipv4 = "198.51.100.5"
"#;
    let about = |side: &str, key: &str, way: &str| {
        vec![format!(
            "invariant it is about nothing: `{side}` names {key}, and no address is known there that packets {way}"
        )]
    };
    let asked = |from: &str, to: &str| between("clean", "isolate", [from, to], MORE);
    let topi = "\"host.topi\"";
    assert_eq!(asked(topi, "\"vip.lan\""), about("from", "host.topi", "come from"));
    assert_eq!(asked("\"vip.lan\"", topi), about("to", "host.topi", "go to"));
    let friend = "\"neighbor.friend\"";
    assert_eq!(asked("\"vip.lan\"", friend), about("to", "neighbor.friend", "go to"));
    let unused = "\"80.67.181.128/26\"";
    assert_eq!(asked(unused, ""), about("from", "80.67.181.128/26", "come from"));
    let same = "invariant it is about nothing: its two ends are the same, or have no address family in common";
    assert_eq!(asked("\"vip.lan\"", "\"vip.lan\""), [same]);
    assert_eq!(asked("\"80.67.181.10\"", "\"2001:913:1000:1::1\""), [same]);
    let three = between("clean", "reach", ["\"segment.lan\"", ""], "survives = 3");
    assert_eq!(three, ["invariant it is about nothing: it shall survive 3 failures"]);
}

#[test]
fn the_zone_of_the_rest_has_segments_and_members_too() {
    let isolated = |more: &str| {
        let apart = "[invariant.apart]\nkind = \"isolate\"\nfrom = [\"zone.outside\"]\nto = [\"host.web\"]\nports = [\"tcp/22\"]\n";
        said("clean-firewalls", 0, &format!("{apart}{more}"))
    };
    let group = "[rules.more]\nfrom = [\"outside\"]\nto = [\"services\"]\n[[rules.more.rule]]\nports = [\"tcp/22\"]\n";
    assert_eq!(isolated(""), [""; 0]);
    for (segment, from) in [("lan", "80.67.181.0/26"), ("fw", "80.67.181.64/26")] {
        let rule = format!("{group}source = [\"{from}\"]");
        let told = format!("invariant apart does not hold for segment.{segment} to host.web");
        assert_eq!(isolated(&rule), [told]);
    }
    let open = "[invariant.apart]\nkind = \"isolate\"\nfrom = [\"host.web\"]\nto = [\"zone.outside\"]\nports = [\"tcp/22\"]\n[rules.more]\nfrom = [\"services\"]\nto = [\"outside\"]\n[[rules.more.rule]]\nports = [\"tcp/22\"]\ndestination = [\"80.67.181.0/26\"]";
    let told = said("clean-firewalls", 0, open);
    assert_eq!(told, ["invariant apart does not hold for host.web to segment.lan"]);
}

#[test]
fn a_customer_whose_router_is_ours_sends_and_is_sent_to() {
    let told = |ends: &str| {
        let isp = example_with("invariants.toml", |text| {
            format!("{text}\n[invariant.it]\nkind = \"isolate\"\nports = [\"tcp/443\"]\n{ends}")
        });
        let report = verify::prove(&isp, Options { failures: 0, threads: 2 });
        let told: Vec<String> = report.violations.into_iter().map(|one| one.finding.says).collect();
        told.join("; ")
    };
    assert_eq!(
        told("from = [\"neighbor.ispng\"]\nto = [\"vip.proxy\"]"),
        "invariant it does not hold for neighbor.ispng to vip.proxy"
    );
    assert_eq!(
        told("from = [\"segment.patata\"]\nto = [\"neighbor.ispng\"]"),
        "invariant it does not hold for segment.patata to pool.vpn"
    );
}
