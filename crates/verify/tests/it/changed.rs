//! The small networks of the cases, each with one thing changed.

use std::path::Path;
use verify::{Element, End, Failure, Options, Report};

/// A case with words replaced and lines added, proved under any one failure.
fn changed(case: &str, (old, new): (&str, &str), more: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
    let text = std::fs::read_to_string(path.join("isp.toml")).unwrap();
    assert!(text.contains(old), "{case}: {old} is not there");
    let isp = testkit::isp_from(&format!("{}\n{more}", text.replace(old, new)));
    verify::prove(&isp, Options { failures: 1, threads: 1 })
}

/// What does not hold.
fn says(report: &Report) -> Vec<&str> {
    report.violations.iter().map(|one| one.finding.says.as_str()).collect()
}

#[test]
fn an_invariant_that_is_broken_where_nothing_failed_is_not_accepted() {
    let accept =
        "[accept.out]\nproperty = \"V-INVARIANT\"\non = [\"invariant.out\"]\nreason = \"one\"";
    let one_gateway = changed("V-INVARIANT", ("", ""), accept);
    assert_eq!(says(&one_gateway), Vec::<&str>::new());
    assert_eq!(one_gateway.accepted.len(), 1, "{:?}", one_gateway.accepted);
    let no_transit =
        changed("V-INVARIANT", ("relation = \"transit\"", "relation = \"peer\""), accept);
    assert_eq!(says(&no_transit), ["invariant out does not hold for segment.lan to internet"]);
    assert!(no_transit.violations[0].shown.failure.elements().is_empty());
}

#[test]
fn a_machine_fails_with_what_it_runs_on_and_takes_what_is_its_own() {
    let isp = testkit::isp(&testkit::example("neutrinet"));
    let takes = |failed: &str, element: &str| {
        let [failed, element] = [failed, element].map(|text| Element::parse(&isp, text).unwrap());
        Failure::of([failed]).takes(&isp, element)
    };
    for (failed, element, wanted) in [
        ("host.vpn-01", "host.vpn-01", true),
        ("host.hv-01", "host.vpn-01", true),
        ("host.hv-02", "host.vpn-01", false),
        ("host.vpn-01", "host.hv-01", false),
        ("host.hv-01", "daemon.vpn-01/bird", true),
        ("host.edge-01", "link.edge-01/bb-a", true),
        ("segment.backbone-a", "link.edge-01/bb-a", true),
        ("segment.backbone-b", "link.edge-01/bb-a", false),
    ] {
        assert_eq!(takes(failed, element), wanted, "{failed} takes {element}");
    }
}

/// The transit sends a default route, too.
const DEFAULT: (&str, &str) =
    ("relation = \"transit\"", "relation = \"transit\"\ndefault_route = true");

#[test]
fn what_leaves_by_a_default_route_reaches_nobody_who_has_a_private_address() {
    let reach = "[segment.far]\nkind = \"lan\"\nipv4 = \"10.30.0.0/24\"\n\
                 [host.printer]\nrole = \"server\"\nsite = \"here\"\nnic.lan = { segment = \"far\", ipv4 = \"10.30.0.5\" }\n\
                 [invariant.print]\nkind = \"reach\"\nfrom = [\"segment.lan\"]\nto = [\"host.printer\"]";
    let report = changed("clean", DEFAULT, reach);
    assert_eq!(says(&report), ["invariant print does not hold for segment.lan to host.printer"]);
    let end = report.violations[0].shown.end.as_ref();
    assert!(
        matches!(end, Some(End::Strayed(session)) if session.starts_with("transit/")),
        "{end:?}"
    );
}

/// Members reach the world and are reached, although any one thing is broken.
const BOTH_WAYS: &str = "[invariant.in]\nkind = \"reach\"\nto = [\"segment.lan\"]\nsurvives = 1\n\
                         [invariant.out]\nkind = \"reach\"\nfrom = [\"segment.lan\"]\nsurvives = 1\n\
                         [[policy.mute.export]]\nreject = \"all\"\n";

#[test]
fn whom_nobody_was_told_of_is_not_reached_and_gets_no_answers() {
    assert_eq!(says(&changed("clean", ("", ""), BOTH_WAYS)), Vec::<&str>::new());
    let mute = ("relation = \"transit\"", "relation = \"transit\"\npolicy = \"mute\"");
    let unheard = ": neither the neighbour nor a transit hears from us of segment.lan";
    let told = [
        format!("invariant in does not hold for neighbor.transit/one to segment.lan{unheard}"),
        format!("invariant out does not hold for segment.lan to internet{unheard}"),
    ];
    let report = changed("clean", mute, BOTH_WAYS);
    assert_eq!(says(&report), told);
    assert!(report.violations.iter().all(|one| one.shown.failure.elements().is_empty()));
}

#[test]
fn one_transit_that_was_told_of_us_is_enough_until_it_is_gone() {
    let other = (
        "[neighbor.transit.session.two]",
        "[neighbor.other]\nasn = 6453\nrelation = \"transit\"\npolicy = \"mute\"\nlimit4 = 1200000\n\
         limit6 = 300000\n[neighbor.other.session.two]",
    );
    let report = changed("clean", other, BOTH_WAYS);
    let says = says(&report);
    assert!(says.iter().any(|one| one.starts_with("invariant in ")), "{says:?}");
    assert!(says.iter().any(|one| one.starts_with("invariant out ")), "{says:?}");
    for one in &report.violations {
        assert_eq!(one.shown.failure.elements().len(), 1, "{one:?}");
    }
}
