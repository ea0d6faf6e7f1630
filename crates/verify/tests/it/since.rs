//! A change is proved by what it can touch.

use crate::example::{example, example_with};
use verify::Options;

const DOUBLES: Options = Options { failures: 2, threads: 2 };

#[test]
fn a_change_that_moves_no_packet_asks_for_nothing() {
    let new = example_with("isp.toml", |text| {
        text.replace("budget  = \"100.00\"", "budget  = \"99.00\"")
    });
    let report = verify::prove_since(&example(), &new, DOUBLES);
    assert_eq!((report.extent.flows, report.extent.simulated), (0, 1), "{:?}", report.extent);
    assert!(report.violations.is_empty());
}

#[test]
fn a_firewall_rule_is_proved_by_the_flows_that_may_meet_it_and_found_wrong_as_in_the_whole() {
    let closed = |text: &str| text.replace("[\"tcp/80\", \"tcp/443\"]", "[\"tcp/80\"]");
    let new = example_with("network/firewall.toml", |text| closed(text));
    let singles = Options { failures: 1, ..DOUBLES };
    let (part, whole) =
        (verify::prove_since(&example(), &new, singles), verify::prove(&new, singles));
    assert!(part.extent.flows > 0 && part.extent.flows < whole.extent.flows, "{:?}", part.extent);
    assert!(!whole.violations.is_empty());
    assert_eq!(part.violations, whole.violations);
}

#[test]
fn a_firewall_rule_for_a_new_port_asks_only_whether_strangers_may_use_it_where_they_may_not() {
    let new = example_with("network/firewall.toml", |text| {
        text.replace("[\"tcp/22\", \"icmp\"]", "[\"tcp/22\", \"tcp/9999\", \"icmp\"]")
    });
    let report = verify::prove_since(&example(), &new, DOUBLES);
    let whole = verify::prove(&new, DOUBLES);
    assert!(report.extent.flows > 0 && report.extent.flows * 5 < whole.extent.flows);
    // Management is kept apart where nothing is broken: that is one state.
    assert_eq!(report.extent.simulated, 1, "{:?}", report.extent);
    assert_eq!(report.violations, whole.violations);
}

#[test]
fn another_preference_is_proved_by_the_flows_to_those_prefixes() {
    let new =
        example_with("isp.toml", |text| text.replace("peer         = 120", "peer         = 105"));
    let singles = Options { failures: 1, ..DOUBLES };
    let (part, whole) =
        (verify::prove_since(&example(), &new, singles), verify::prove(&new, singles));
    assert!(part.extent.flows > 0 && part.extent.flows < whole.extent.flows, "{:?}", part.extent);
    assert_eq!(part.violations, whole.violations);
}

#[test]
fn another_link_is_proved_by_everything() {
    let new = example_with("network/segments.toml", |text| {
        text.replacen("vlan = 102", "vlan = 102\ncost = 30", 1)
    });
    let singles = Options { failures: 1, ..DOUBLES };
    let (part, whole) =
        (verify::prove_since(&example(), &new, singles), verify::prove(&new, singles));
    assert_eq!(part, whole);
}

/// What stands in the whole stands in the part.
fn found_as_in_the_whole(file: &str, (before, after): (&str, &str)) {
    let new = example_with(file, |text| text.replace(before, after));
    let singles = Options { failures: 1, ..DOUBLES };
    let (part, whole) =
        (verify::prove_since(&example(), &new, singles), verify::prove(&new, singles));
    assert!(!whole.violations.is_empty(), "{file}: {after}");
    assert_eq!(part.violations, whole.violations, "{file}: {after}");
}

#[test]
fn a_prefix_that_vanishes_is_asked_for() {
    let hears = "[[policy.neutral.import]]\nprefixes = [\"0.0.0.0/0\"]\nreject = \"none\"\n\n";
    let local = "[policy.neutral.local_pref]";
    found_as_in_the_whole("isp.toml", (local, &format!("{hears}{local}")));
}

#[test]
fn another_relation_is_proved_by_everything() {
    let peer = "asn      = 6939\nrelation = \"peer\"";
    found_as_in_the_whole("neighbors/peers.toml", (peer, &peer.replace("peer", "customer")));
}

#[test]
fn what_is_accepted_no_more_is_found_though_nothing_else_differs() {
    found_as_in_the_whole("accepted.toml", ("[\"segment.fw-outside\"]", "[\"host.friend\"]"));
}

#[test]
fn whose_an_address_is_is_asked_for() {
    // A transit that is said to have it is where a packet to it may go.
    let default = ("relation  = \"transit\"", "relation  = \"transit\"\ndefault_route = true");
    let lan = "[segment.lost]\nkind = \"lan\"\nipv4 = \"10.30.0.0/24\"\n\
               [host.printer]\nrole = \"server\"\nsite = \"louise\"\n\
               nic.lan = { segment = \"lost\", ipv4 = \"10.30.0.9\" }\n\
               [invariant.printer]\nkind = \"reach\"\nfrom = [\"segment.patata\"]\nto = [\"host.printer\"]\n";
    let with = |announces: &str| {
        example_with("neighbors/transit.toml", |text| {
            let twin = "[neighbor.verixi.twin]\nannounces = [";
            assert!(text.contains(twin), "{text}");
            let text = text.replace(twin, &format!("{twin}{announces}"));
            format!("{}\n{lan}", text.replace(default.0, default.1))
        })
    };
    let (old, new) = (with("\"10.30.0.0/16\", "), with("\"10.31.0.0/16\", "));
    let none = Options { failures: 0, threads: 2 };
    let (part, whole) = (verify::prove_since(&old, &new, none), verify::prove(&new, none));
    assert!(!whole.violations.is_empty());
    assert_eq!(part.violations, whole.violations);
}

#[test]
fn other_addresses_of_a_name_are_asked_for() {
    // Neither half hears the other's VRRP, and at first no name means their address.
    let with = |owned: &str, others: &str| {
        example_with("network/firewall.toml", |text| {
            format!(
                "{text}\n[zone.owned]\nsegments = [{owned}]\n[zone.others]\nsegments = [{others}]\n\
                 [rules.strangers]\nfrom = [\"owned\", \"others\"]\nto = [\"owned\", \"others\"]\n\
                 [[rules.strangers.rule]]\nports = [\"vrrp\"]\naction = \"drop\"\n\
                 destination = [\"host.core-03\", \"host.core-04\"]\n\
                 [invariant.owned]\nkind = \"one-owner\"\nto = [\"zone.owned\"]\n"
            )
        })
    };
    let (old, new) = (with("\"patata\"", "\"meme\""), with("\"patata\", \"meme\"", ""));
    let report = verify::prove_since(&old, &new, Options { failures: 0, threads: 2 });
    let about = |one: &verify::Violation| one.finding.about.contains(&"invariant.owned".to_owned());
    assert!(report.violations.iter().any(about), "{:?}", report.violations);
}
