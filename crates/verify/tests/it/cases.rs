//! A small network for each property that breaks it, and the same network in order: what is found is
//! kept as it is told.

use model::finding::{Paint, text};
use model::{Isp, Source};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use verify::report::Violation;
use verify::{Options, PROPERTIES};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn told(isp: &Isp, sources: &[Source], violation: &Violation) -> String {
    let mut out = text(&violation.finding, sources, Paint::Plain) + "\n";
    let shown = &violation.shown;
    if !shown.failure.elements().is_empty() {
        writeln!(out, "without {}", shown.failure.text(isp)).unwrap();
    }
    if let Some(flow) = &shown.flow {
        writeln!(out, "{} {} to {} {}", flow.from, flow.source, flow.to, flow.destination).unwrap();
    }
    for (title, hops) in [("", &shown.hops), ("back ", &shown.back)] {
        for hop in hops {
            writeln!(out, "  {title}{}: {}", hop.host, hop.by).unwrap();
        }
    }
    if !shown.answerers.is_empty() {
        writeln!(out, "answerers: {}", shown.answerers.join(", ")).unwrap();
    }
    if let Some(route) = &shown.route {
        writeln!(out, "route: {route}").unwrap();
    }
    if let Some(end) = &shown.end {
        writeln!(out, "end: {end:?}").unwrap();
    }
    if let Some(end) = &shown.back_end {
        writeln!(out, "the answer's end: {end:?}").unwrap();
    }
    out + "\n"
}

/// What is found in a case under any one failure, and the codes of it.
fn found(case: &Path) -> (String, Vec<&'static str>) {
    let sources: Vec<Source> = testkit::sources(case);
    let loaded = model::load(&sources);
    let isp = loaded.isp.unwrap_or_else(|| panic!("{}: {:?}", case.display(), loaded.findings));
    let report = verify::prove(&isp, Options { failures: 1, threads: 1 });
    assert_eq!(report.accepted, Vec::new(), "{}", case.display());
    let codes = report.violations.iter().map(|one| one.finding.code).collect();
    (report.violations.iter().map(|one| told(&isp, &sources, one)).collect(), codes)
}

#[test]
fn every_case_is_told_as_it_is_kept_and_nothing_is_found_in_networks_that_are_in_order() {
    for case in testkit::cases::folders(&folder()) {
        let name = case.file_name().unwrap().to_str().unwrap();
        let (text, codes) = found(&case);
        if name.starts_with("clean") {
            assert_eq!(text, "", "{name}");
            continue;
        }
        let wanted = PROPERTIES.iter().map(|property| property.code);
        let wanted = wanted.filter(|code| name.starts_with(code)).max_by_key(|code| code.len());
        assert!(codes.contains(&wanted.unwrap()), "{name}: {text}");
        testkit::golden::check(&case.join("expected.txt"), &text);
    }
}
