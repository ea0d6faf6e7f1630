//! The example network, proved.

use std::path::{Path, PathBuf};

use model::{Isp, Source};
use verify::ask::{self, Asked};
use verify::{Element, End, Failure, Options};

/// The `*.toml` files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    all.sort();
    all
}

/// The example.
pub(crate) fn example() -> Isp {
    example_with("", str::to_owned)
}

/// The example with one file changed.
pub(crate) fn example_with(file: &str, change: impl Fn(&str) -> String) -> Isp {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/neutrinet");
    let source = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let this = !file.is_empty() && path.ends_with(file);
        let changed = if this { change(&text) } else { text.clone() };
        assert_eq!(this, changed != text, "the change of {file} changed nothing");
        Source::new(path.display().to_string(), changed.as_bytes())
    };
    let sources: Vec<Source> = files(&folder).iter().map(source).collect();
    let loaded = model::load(&sources);
    loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings))
}

fn without(isp: &Isp, words: &[&str]) -> Failure {
    Failure::of(words.iter().map(|word| Element::parse(isp, word).unwrap()))
}

fn hosts(paths: &verify::Paths) -> Vec<Vec<String>> {
    paths.ways.iter().map(|way| way.hops.iter().map(|hop| hop.host.clone()).collect()).collect()
}

#[test]
fn the_example_holds_under_every_double_failure_but_for_what_it_accepts() {
    let isp = example();
    let report = verify::prove(&isp, Options { failures: 2, threads: 2 });
    let told = |one: &verify::Violation| {
        let failures = std::iter::once(&one.shown.failure).chain(&one.others);
        let failures: Vec<String> = failures.map(|one| one.text(&isp)).collect();
        format!("{} {} without {}", one.id, one.finding.says, failures.join(" or "))
    };
    let standing: Vec<String> = report.violations.iter().map(told).collect();
    assert_eq!(standing, Vec::<String>::new());
    assert_eq!(report.accepted.len(), 2, "{:?}", report.accepted);
    assert!(report.extent.scenarios > 10_000, "{:?}", report.extent);
}

#[test]
fn a_proof_says_the_same_on_one_thread_and_on_three() {
    let isp = example();
    let [one, three] = [1, 3].map(|threads| verify::prove(&isp, Options { failures: 1, threads }));
    assert_eq!(one, three);
}

#[test]
fn packets_to_the_internet_share_both_edges_and_take_the_other_when_one_dies() {
    let isp = example();
    let asked = Asked { from: "patata", to: "internet", port: None };
    let found = ask::path(&isp, &asked, &Failure::none()).unwrap();
    assert_eq!(found.len(), 2, "one for each family");
    for paths in &found {
        let ways = hosts(paths);
        assert!(ways.contains(&vec!["core-01".into(), "edge-01".into()]), "{ways:?}");
        assert!(ways.contains(&vec!["core-01".into(), "edge-02".into()]), "{ways:?}");
    }
    for paths in ask::path(&isp, &asked, &without(&isp, &["host.edge-01"])).unwrap() {
        // Over either backbone.
        assert_eq!(hosts(&paths), [["core-01", "edge-02"], ["core-01", "edge-02"]]);
        assert_eq!(paths.ways[0].end, End::Left("verixi/edge-02".into()));
    }
}

#[test]
fn the_other_half_answers_when_the_first_lost_its_power_its_cable_or_its_keepalived_or_bird() {
    let isp = example();
    let gateway = "80.67.181.1".parse().unwrap();
    let holder = |words: &[&str]| {
        let found = ask::who_answers(&isp, gateway, &without(&isp, words));
        found.hosts.into_iter().map(|one| one.host).collect::<Vec<_>>()
    };
    assert_eq!(holder(&[]), ["core-01"]);
    let broken =
        ["host.core-01", "link.core-01/patata", "daemon.core-01/keepalived", "daemon.core-01/bird"];
    for element in broken {
        assert_eq!(holder(&[element]), ["core-02"], "{element}");
    }
    assert_eq!(holder(&["link.core-01/bb-a"]), ["core-01"], "one backbone is left");
    assert_eq!(holder(&["host.core-01", "host.core-02"]), Vec::<String>::new());
}

#[test]
fn a_stranger_s_packet_to_a_router_is_dropped_by_a_rule_with_a_name() {
    let isp = example();
    let port = Some("tcp/22".parse().unwrap());
    let asked = Asked { from: "verixi/edge-01", to: "core-03", port };
    let found = ask::path(&isp, &asked, &Failure::none()).unwrap();
    assert!(!found.is_empty());
    for paths in found {
        assert!(matches!(paths.ways[0].end, End::Filtered(_)), "{:?}", paths.ways);
    }
}

#[test]
fn an_answer_comes_back_to_the_host_that_asked() {
    let isp = example();
    let asked = Asked { from: "friend", to: "internet", port: None };
    for paths in ask::path(&isp, &asked, &Failure::none()).unwrap() {
        let ends: Vec<&End> = paths.back.iter().map(|way| &way.end).collect();
        assert!(!ends.is_empty());
        assert!(ends.iter().all(|end| **end == End::Delivered("host.friend".into())), "{ends:?}");
    }
}

#[test]
fn a_host_that_is_down_changes_what_it_carried() {
    let isp = example();
    let failure = without(&isp, &["host.fw-01"]);
    let found = ask::what_if(&isp, &failure);
    let web = found.changes.iter().find(|one| one.what.ends_with("vip.proxy (IPv4)")).unwrap();
    assert!(web.before.as_ref().unwrap().contains("fw-01"), "{web:?}");
    assert!(web.after.as_ref().unwrap().contains("fw-02"), "{web:?}");
    assert!(!web.lost);
}

#[test]
fn the_declared_upgrade_is_safe_and_an_order_is_known() {
    let isp = example();
    let order = verify::order::order(&isp);
    // That the only concentrator may break is accepted; that it is taken down is not.
    let cut = |step: &&verify::Step| step.why.starts_with("cuts something: ");
    let cut: Vec<&str> = order.steps.iter().filter(cut).map(|step| step.host.as_str()).collect();
    assert_eq!(cut, ["vpn-01"]);
    assert!(!order.broken.is_empty());
    assert!(order.broken.iter().all(|one| one.finding.says.contains("pool.vpn")));
    let at = |name: &str| order.steps.iter().position(|step| step.host == name).unwrap();
    assert!(at("core-02") < at("core-01"), "the one that stands by first");
}

#[test]
fn what_is_accepted_is_accepted_by_the_question_too() {
    let isp = example();
    let found = ask::what_if(&isp, &without(&isp, &["segment.fw-outside"]));
    let says = |one: &verify::Violation| one.finding.says.clone();
    assert_eq!(found.violations.iter().map(says).collect::<Vec<_>>(), Vec::<String>::new());
    let about = |one: &(verify::Violation, String)| one.0.finding.about[0] == "invariant.web-in";
    assert!(!found.accepted.is_empty() && found.accepted.iter().all(about));
    assert!(found.changes.iter().any(|one| one.lost), "it is told as lost nevertheless");
}

/// Each violation can be named alone.
fn named_apart(report: &verify::Report) {
    let accepted = report.accepted.iter().map(|(one, _)| one);
    let all: Vec<&str> =
        report.violations.iter().chain(accepted).map(|one| one.id.as_str()).collect();
    let names: std::collections::BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(names.len(), all.len(), "{all:?}");
}

#[test]
fn what_breaks_a_family_each_has_a_name_of_its_own() {
    // IPv4 comes in at one edge alone, IPv6 at the other.
    let isp = example_with("transit.toml", |text| {
        text.replace("ipv4 = \"192.0.2.1\"", "").replace("ipv6 = \"2001:db8:6696:2::1\"", "")
    });
    let report = verify::prove(&isp, Options { failures: 1, threads: 2 });
    let members = |one: &&verify::Violation| one.finding.about[1] == "segment.patata";
    let found: Vec<&verify::Violation> = report.violations.iter().filter(members).collect();
    assert!(found.iter().any(|one| found[0].shown.failure != one.shown.failure), "{found:?}");
    named_apart(&report);
}

#[test]
fn what_is_accepted_of_one_failure_is_shown_by_another_hop_by_hop() {
    let accepting = |without: &str| {
        let isp = example_with("accepted.toml", |text| {
            let (rest, _) = text.split_once("[accept.one-vpn-cable]").unwrap();
            rest.replace("host.vpn-01", without)
        });
        let report = verify::prove(&isp, Options { failures: 1, threads: 2 });
        (isp, report)
    };
    let vpn = |one: &verify::Violation| one.finding.about.contains(&"pool.vpn".to_owned());
    // What shows it first is accepted, and nothing else.
    let (isp, report) = accepting("host.friend");
    let first = report.violations.iter().find(|one| vpn(one)).unwrap().shown.failure.text(&isp);
    let (isp, report) = accepting(&first);
    let accepted = report.accepted.iter().find(|(one, _)| vpn(one)).unwrap();
    assert_eq!(accepted.0.shown.failure.text(&isp), first);
    let standing = report.violations.iter().find(|one| vpn(one)).unwrap();
    let shown = &standing.shown;
    assert_ne!(shown.failure, accepted.0.shown.failure);
    assert!(shown.flow.is_some() && !standing.others.contains(&shown.failure), "{shown:?}");
    assert!(shown.end.is_some() || shown.hops.is_empty(), "{shown:?}");
    named_apart(&report);
}

#[test]
fn what_a_hypervisor_takes_besides_is_not_accepted_with_it() {
    let isp = example_with("network/routers.toml", |text| {
        let (before, core) = text.split_once("[host.core-02]").unwrap();
        let core = core.replacen("\"hv-02\"", "\"hv-01\"", 1);
        let broad = "[accept.broad]\nproperty = \"V-INVARIANT\"\non = [\"invariant.members-out\"]\n\
                     without = [\"host.vpn-01\"]\nreason = \"there is one\"\n";
        format!("{before}[host.core-02]{core}\n{broad}")
    });
    let report = verify::prove(&isp, Options { failures: 1, threads: 2 });
    let about = |key: &'static str| {
        move |one: &verify::Violation| one.finding.about.contains(&key.to_owned())
    };
    assert!(report.violations.iter().any(about("segment.patata")), "its members are cut off");
    assert!(!report.violations.iter().any(about("pool.vpn")), "that is what is accepted");
}

#[test]
fn the_word_that_is_at_fault_is_told_and_addresses_of_members_are_known() {
    let isp = example();
    let path = |from, to| ask::path(&isp, &Asked { from, to, port: None }, &Failure::none());
    let refused = |from, to| path(from, to).unwrap_err();
    assert_eq!(path("80.67.181.200", "internet").unwrap()[0].flow.from, "pool.vpn");
    assert_eq!(refused("host.topi", "internet"), "host.topi has no address that is routed");
    assert_eq!(refused("friend", "topi"), "host.topi has no address that is routed");
    for from in ["vip.proxy", "service.cube", "10.9.9.9"] {
        let says = refused(from, "internet");
        assert!(says.starts_with(&format!("no packet starts at `{from}`")), "{says}");
    }
    assert!(refused("friend", "nobody").starts_with("`nobody` is no host"));
    let says = refused("10.254.0.100", "2001:db8::1");
    assert!(says.ends_with("have no family of addresses in common"), "{says}");
}

#[test]
fn a_default_route_leads_nobody_into_management_and_no_router_says_so() {
    let isp = example_with("neighbors/transit.toml", |text| {
        text.replace("relation  = \"transit\"", "relation  = \"transit\"\ndefault_route = true")
    });
    let report = verify::prove(&isp, Options { failures: 0, threads: 1 });
    assert_eq!(report.violations, Vec::new());
    let port = Some("icmp".parse().unwrap());
    let asked = Asked { from: "bnix", to: "10.254.0.200", port };
    for paths in ask::path(&isp, &asked, &Failure::none()).unwrap() {
        let last = paths.ways[0].hops.last().unwrap();
        assert!(last.by.starts_with("0.0.0.0/0 by verixi/edge-01"), "{last:?}");
        assert_eq!(paths.ways[0].end, End::Strayed("verixi/edge-01".into()));
    }
}

#[test]
fn a_router_without_bird_goes_by_what_its_kernel_kept() {
    let isp = example();
    let failure = without(&isp, &["daemon.core-01/bird", "daemon.core-02/bird"]);
    let asked = Asked { from: "segment.patata", to: "internet", port: None };
    let [four, _] = &ask::path(&isp, &asked, &failure).unwrap()[..] else { panic!("two families") };
    let hops = &four.ways[0].hops;
    assert_eq!((hops[0].host.as_str(), hops.len()), ("core-01", 2), "{hops:?}");
    assert_eq!(hops[0].by, "9.9.9.0/24, kept by the kernel from before");
}
