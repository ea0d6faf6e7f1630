//! Exit statuses, streams, and the fields of the JSON forms.

use crate::run::{Folder, example, fed, ketupa, ketupa_in};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("it is an object").keys().map(String::as_str).collect()
}

#[test]
fn well_wrong_misused_and_refused_are_four_statuses() {
    let example = example("minimal");
    ketupa(&["check", &example]).ends(0, &["0 errors"]);
    let wrong = Folder::with("status", &[("isp.toml", b"[isp]\n")]);
    wrong.ketupa("check").ends(1, &["M-MISSING-KEY"]);
    ketupa(&["check", "--formt", "json"]).ends(2, &["--format"]);
    ketupa(&["chek"]).ends(2, &["check"]);
    ketupa(&[]).ends(2, &["Usage: ketupa <COMMAND>"]);
    ketupa(&["check", "--today", "yesterday"]).ends(2, &["--today"]);
    ketupa(&["check", "/nowhere"]).ends(3, &["error: cannot open /nowhere"]);
}

#[test]
fn a_directory_is_this_one_unless_said() {
    let folder = Folder::example("here", "minimal");
    let ran = ketupa_in(folder.path(), &["check"]).ends(0, &["1 file: 0 errors"]);
    assert!(ran.out.contains("./isp.toml:") || ran.out.contains("--> isp.toml:"), "{}", ran.out);
}

#[test]
fn findings_go_to_standard_output_and_talk_to_the_other() {
    let wrong = Folder::with("streams", &[("isp.toml", b"[hots.a]\n")]);
    let ran = wrong.ketupa("check").ends(1, &[]);
    assert!(ran.out.contains("M-UNKNOWN-KIND") && ran.err.is_empty(), "{}", ran.err);
    let ran = wrong.ketupa("render").ends(1, &[]);
    assert!(ran.out.contains("M-UNKNOWN-KIND") && !ran.err.contains("M-UNKNOWN"), "{}", ran.err);
    let ran = ketupa(&["check", "/nowhere"]).ends(3, &[]);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn findings_as_json_have_the_documented_fields() {
    let text = b"[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n[site.a]\nctiy = 1\n";
    let folder = Folder::with("json", &[("a.toml", text), ("b.toml", b"[site.a]\n")]);
    let json = ketupa(&["check", "--format", "json", folder.text()]).ends(1, &[]).json();
    assert_eq!(keys(&json), ["findings", "waived"]);
    let findings = json["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 2);
    for finding in findings {
        let mut named = keys(finding);
        named.sort_unstable();
        let documented = [
            "about",
            "code",
            "column",
            "end_column",
            "end_line",
            "file",
            "hint",
            "line",
            "message",
            "related",
            "severity",
        ];
        assert_eq!(named, documented);
    }
    let twice = findings.iter().find(|finding| finding["code"] == "M-TWICE").expect("it is told");
    assert_eq!((&twice["line"], &twice["column"]), (&Value::from(1), &Value::from(7)));
    assert!(twice["file"].as_str().is_some_and(|file| file.ends_with("b.toml")));
    assert!(twice["related"][0]["file"].as_str().is_some_and(|file| file.ends_with("a.toml")));
}

#[test]
fn warnings_alone_are_no_failure_and_are_json_too() {
    let minimal = example("minimal");
    let json = ketupa(&["check", "--format", "json", &minimal]).ends(0, &[]).json();
    let findings = json["findings"].as_array().expect("a list");
    assert!(findings.iter().all(|finding| finding["severity"] == "warning"));
}

#[test]
fn a_waiver_lets_a_finding_rest_until_its_day() {
    let folder = Folder::example("waiver", "minimal");
    let waiver = b"[waiver.alone]\nlint = \"N1-SINGLE-EDGE\"\nreason = \"there is no second one\"\nuntil = 2030-01-01\n";
    folder.write("waivers.toml", waiver);
    let check = |today: &str| ketupa(&["check", "--today", today, folder.text()]);
    let before = check("2029-12-31").ends(0, &["waived until 2030-01-01: N1-SINGLE-EDGE"]);
    assert!(!before.out.contains("warning[N1-SINGLE-EDGE]"), "{}", before.out);
    let after = check("2030-01-02");
    assert!(after.out.contains("[N1-SINGLE-EDGE]"), "{}", after.out);
    let json =
        ketupa(&["check", "--today", "2029-12-31", "--format", "json", folder.text()]).json();
    assert_eq!(keys(&json["waived"][0]), ["finding", "reason", "until"]);
}

#[test]
fn every_listed_code_is_explained_and_others_are_not() {
    let list = ketupa(&["explain"]).ends(0, &["N4-VRID", "M-UNKNOWN-KEY"]);
    for line in list.out.lines() {
        let code = line.split_whitespace().next().expect("a line starts with a code");
        let page = ketupa(&["explain", code]).ends(0, &[]).out;
        assert!(page.starts_with('#') && page.lines().count() > 3, "{code}: {page}");
    }
    ketupa(&["explain", "n4-vrid"]).ends(0, &["# N4-VRID"]);
    ketupa(&["explain", "N4-VIRD"]).ends(2, &["there is no code `N4-VIRD`"]);
    ketupa(&["explain", ""]).ends(2, &["there is no code ``"]);
    for mark in ["8", "204059:1101:8", "(204059, 1101, 8)"] {
        ketupa(&["explain", mark]).ends(0, &["# 8: bogon prefix"]);
    }
    ketupa(&["explain", "204059:7:8"]).ends(2, &["there is no code `204059:7:8`"]);
}

#[test]
fn a_map_is_the_same_on_every_run() {
    let neutrinet = example("neutrinet");
    let one = ketupa(&["map", &neutrinet]).ends(0, &["<svg", "edge-01", "</svg>"]);
    assert_eq!(one.out, ketupa(&["map", &neutrinet]).out);
    let folder = Folder::new("map");
    let path = folder.path().join("map.svg").display().to_string();
    let ran = ketupa(&["map", &neutrinet, "-o", &path]).ends(0, &[]);
    assert!(ran.out.is_empty());
    assert_eq!(std::fs::read_to_string(&path).expect("it was written"), one.out);
    let nowhere = folder.path().join("no/map.svg").display().to_string();
    ketupa(&["map", &neutrinet, "-o", &nowhere]).ends(3, &["cannot write", "no/map.svg"]);
}

#[test]
fn the_hosts_side_answers_rubbish_and_ends() {
    for input in [b"".as_slice(), b"x", b"\0\0\0\0", &[0xff; 4096], b"KTP\xff\xff\xff\xff\xff\xff"]
    {
        let ran = fed(&["host"], input);
        assert!(matches!(ran.code, 0 | 3), "{}: {}", ran.code, ran.err);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
    }
}

#[test]
fn a_twin_that_is_not_up_is_told() {
    ketupa(&["twin", "status", "--name", "there-is-none"]).ends(3, &["there-is-none"]);
    ketupa(&["twin", "exec", "--name", "there-is-none", "edge-01", "--", "true"])
        .ends(3, &["there-is-none"]);
}
