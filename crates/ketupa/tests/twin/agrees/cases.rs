//! The hand-made cases: what decides, where, and what is chosen then. The proof's answer is held to this
//! table here, and to the daemons in the twin, whole and under the failures that the table names.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use model::Isp;
use model::ask::Family;
use verify::predict::{self, By, Predicted, To};
use verify::{Failure, ask};

use super::ways::end;

pub(super) const TIES: &str = include_str!("../isps/ties.toml");
pub(super) const CORNERS: &str = include_str!("../isps/corners.toml");

/// Cases: in order, what each needs broken is broken in the twin.
pub(super) const CLOSE_CALLS: &str = include_str!("../isps/ties.cases");
pub(super) const IN_CORNERS: &str = include_str!("../isps/corners.cases");

/// One line of a table.
struct Case<'a> {
    rule: &'a str,
    broken: &'a str,
    at: &'a str,
    of: &'a str,
    wanted: &'a str,
}

fn cases(table: &str) -> impl Iterator<Item = Case<'_>> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [rule, broken, at, of, wanted] = columns[..] else { panic!("{line}") };
        Case { rule, broken: if broken == "nothing" { "" } else { broken }, at, of, wanted }
    })
}

/// What the cases of a table need broken, in its order.
pub(super) fn broken(table: &str) -> Vec<&str> {
    let mut all: Vec<&str> = cases(table).map(|case| case.broken).collect();
    all.retain(|broken| !broken.is_empty());
    all.dedup();
    all
}

#[test]
fn every_case_is_decided_as_its_rule_says() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (text, table) in [(TIES, CLOSE_CALLS), (CORNERS, IN_CORNERS)] {
        let isp = testkit::isp_from(text);
        wrong.extend(cases(table).flat_map(|case| differences(&isp, &case)));
        count += cases(table).count();
    }
    println!("{count} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where the proof says something else than a case wants, for each of its prefixes or addresses.
fn differences(isp: &Isp, case: &Case<'_>) -> Vec<String> {
    let failure = super::failure(isp, case.broken);
    let found: Vec<String> = if let Some((from, to)) = case.at.split_once(" to ") {
        ways(isp, (from, to), &failure)
    } else if case.at.starts_with("vip.") {
        let addresses = case.of.split(' ').map(|address| address.parse().unwrap());
        addresses.map(|address| holders(isp, address, &failure)).collect()
    } else {
        let routes = predict::routes(isp, &failure);
        let route = |net: IpNet| {
            let mut own = routes.iter().filter(|one| one.host == case.at);
            own.find(|one| one.net == net).map_or_else(|| "nothing".to_owned(), told)
        };
        case.of.split(' ').map(|net| route(net.parse().unwrap())).collect()
    };
    let Case { rule, broken, at, of, wanted } = case;
    let other = found.iter().filter(|found| found != wanted);
    other.map(|found| format!("{rule}: {at}, {of}, without `{broken}`: {found}")).collect()
}

/// Every way, in each family.
fn ways(isp: &Isp, (from, to): (&str, &str), failure: &Failure) -> Vec<String> {
    let asked = ask::Asked { from, to, port: None };
    let families = ask::path(isp, &asked, failure).unwrap();
    let told = families.iter().map(|found| {
        let ways = found.ways.iter().map(|way| {
            let hosts: Vec<&str> = way.hops.iter().map(|hop| hop.host.as_str()).collect();
            format!("{}, {}", hosts.join(" > "), end(&way.end))
        });
        let ways: BTreeSet<String> = ways.collect();
        ways.into_iter().collect::<Vec<_>>().join("; ")
    });
    told.collect()
}

fn holders(isp: &Isp, address: IpAddr, failure: &Failure) -> String {
    assert!(isp.vips.values().any(|vip| vip.address(Family::of(address)) == Some(address)));
    let answerers = ask::who_answers(isp, address, failure).hosts;
    let hosts: Vec<String> = answerers.into_iter().map(|one| one.host).collect();
    if hosts.is_empty() { "nobody".to_owned() } else { hosts.join(", ") }
}

fn told(route: &Predicted) -> String {
    let by = match &route.by {
        By::Itself => "itself".to_owned(),
        By::Ospf => "ospf".to_owned(),
        By::Internal(router) => format!("internal {router}"),
        By::Session(session) => format!("session {session}"),
    };
    let leads = match &route.leads {
        To::Hosts(hops) | To::Neighbors(hops) => {
            hops.iter().map(|(nic, next)| format!("{nic} {next}")).collect::<Vec<_>>().join(", ")
        }
        To::Segment(nic) => format!("on {nic}"),
        To::Unreachable => "nowhere".to_owned(),
        To::Blackhole => "dropped".to_owned(),
        To::Pool => "a pool".to_owned(),
        To::Silence(nic) => format!("nobody on {nic}"),
    };
    format!("{by}: {leads}")
}
