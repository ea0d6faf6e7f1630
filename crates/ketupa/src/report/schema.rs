//! `JUnit` XML is what forges read: it is held to a schema by libxml2, and to its own counts.

use super::junit;
use super::made::{self, Made};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What xmllint has against a text; nothing if it is valid.
fn wrong(xml: &str) -> Option<String> {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proofs/junit.xsd");
    let mut running = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", schema, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("no xmllint: `make deps` installs libxml2-utils");
    running.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A proof for which nothing was looked at.
fn idle() -> Made {
    let mut made = made::whole();
    made.report.extent.scenarios = 0;
    made
}

/// A proof that rests on something that is not proved.
fn resting() -> Made {
    let mut made = made::whole();
    made.conditions = vec!["<before> was proved".to_owned(), "so was \"that\"".to_owned()];
    made
}

#[test]
fn every_junit_is_valid_and_counts_what_is_in_it() {
    for made in [made::whole(), made::broken(), made::hostile(), idle(), resting()] {
        let xml = junit(&made.proved());
        assert_eq!(wrong(&xml), None, "{xml}");
        let suite = xml.lines().find(|line| line.starts_with("  <testsuite ")).unwrap();
        let all = xml.lines().find(|line| line.starts_with("<testsuites ")).unwrap();
        let counts = [
            ("tests", "<testcase "),
            ("failures", "<failure "),
            ("errors", "<error "),
            ("skipped", "<skipped "),
        ];
        for (attribute, element) in counts {
            let said = format!(" {attribute}=\"{}\"", xml.matches(element).count());
            assert!(suite.contains(&said), "{said} in {suite}");
            assert!(attribute == "skipped" || all.contains(&said), "{said} in {all}");
        }
    }
}

#[test]
fn junit_that_forges_would_misread_is_refused() {
    let xml = junit(&made::broken().proved());
    assert_eq!(wrong(&xml), None);
    for (good, bad) in [
        // No XML.
        ("</failure>", ""),
        ("&apos;", "&apos"),
        // Not known again in another run.
        ("name=\"V-LOOP: No packet goes in a circle\"", "name=\"\""),
        ("V-LOOP: No packet goes in a circle", "V-CONE: A customer announces only what is its own"),
        (" classname=\"ketupa.prove.property\"", ""),
        // Passed, although it did not.
        ("<skipped message", "<omitted message"),
        (" type=\"V-LEAK\"", ""),
        // Not counted.
        (" failures=\"5\"", " failures=\"some\""),
        (" errors=\"0\"", ""),
        ("<testcase ", "<testcase time=\"0.1\" "),
    ] {
        let broken = xml.replacen(good, bad, 1);
        assert_ne!(broken, xml, "{good} is not there");
        assert!(wrong(&broken).is_some(), "{good} as {bad} is let through");
    }
}
