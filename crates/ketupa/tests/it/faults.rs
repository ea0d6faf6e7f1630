//! What an operator did wrong, in copies of the example: each is found, and told as it is kept.

use crate::run::{Folder, files, ketupa_in};
use std::path::{Path, PathBuf};

/// The faults, and the property that each one breaks.
const FAULTS: &[(&str, &str)] = &[
    ("aggregate-stuck", "V-UNREACHED"),
    ("asymmetric", "V-ASYMMETRIC"),
    ("leak", "V-LEAK"),
    ("leak-relation", "V-LEAK"),
    ("nat-untracked", "V-UNTRACKED"),
    ("one-edge-lost", "V-DEFAULT"),
    ("oob", "V-OOB"),
    ("static-default", "V-STALE-DEFAULT"),
    ("two-answer", "V-OWNER"),
    ("two-edges", "V-EDGE-TRANSIT"),
    ("two-protocols", "V-TWO-PROTOCOLS"),
    ("upgrade", "V-UPGRADE"),
    ("vrrp-blocked", "V-OWNER"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prove/faults")
}

/// The example with the files of a fault.
fn declared(name: &str) -> Folder {
    let declared = Folder::example(&format!("fault-{name}"), "neutrinet");
    for (file, text) in files(&folder().join(name)) {
        if Path::new(&file).extension().is_some_and(|extension| extension == "toml") {
            declared.write(&file, text.as_bytes());
        }
    }
    declared
}

/// What is said, without the time that it took.
fn told(text: &str) -> String {
    let line = |line: &str| match line.rfind(", in ") {
        Some(at) if line.ends_with(" s") => line.get(..at).unwrap_or_default().to_owned(),
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn every_seeded_fault_is_found_and_told_as_it_is_kept() {
    for (name, code) in FAULTS {
        let declared = declared(name);
        let words = ["prove", ".", "--failures", "1", "--today", "2022-01-09"];
        let ran = ketupa_in(declared.path(), &words);
        assert_eq!(ran.code, 1, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(&format!("error[{code}]")), "{name}: no {code} in {}", ran.out);
        testkit::golden::check(&folder().join(name).join("expected.txt"), &told(&ran.out));
    }
}

#[test]
fn every_seeded_fault_is_asked_about_and_described() {
    let kept = testkit::cases::folders(&folder());
    let kept: Vec<_> = kept.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let asked: Vec<_> = FAULTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(kept, asked);
    for (name, _) in FAULTS {
        let text = std::fs::read_to_string(folder().join(name).join("fault.md")).unwrap();
        assert!(text.starts_with("# "), "{name}");
    }
}
