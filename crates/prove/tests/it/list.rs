//! The list of lints is complete: every code is unique, has a page, and a case that shows it.

use crate::{TODAY, folder, isp, read, sources};
use component::Level;
use model::{Severity, finding};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn no_code_stands_twice() {
    let all = || prove::lints(components::ALL).map(|lint| lint.code);
    let codes: BTreeSet<&str> = all().collect();
    assert_eq!(codes.len(), all().count(), "{codes:?}");
}

#[test]
fn every_code_has_a_case_that_shows_it_and_every_case_a_code() {
    let mut cases: BTreeSet<String> = testkit::cases::folders(&folder())
        .iter()
        .map(|case| case.file_name().unwrap_or_default().display().to_string())
        .collect();
    for lint in prove::LINTS {
        let name = lint.code.to_lowercase();
        assert!(
            cases.remove(&name),
            "write crates/prove/cases/{name}/isp.toml: it breaks {}",
            lint.code
        );
        let sources = sources(read(&folder().join(&name).join("isp.toml")));
        let report = prove::check(&isp(&sources), &[], TODAY);
        let found = report.findings.iter().filter(|finding| finding.code == lint.code);
        let severity = match lint.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
        };
        let mut found = found.peekable();
        assert!(found.peek().is_some(), "cases/{name} does not show {}", lint.code);
        for finding in found {
            assert_eq!(finding.severity, severity, "{}", lint.code);
            assert!(finding.place.is_some(), "{} points nowhere", lint.code);
            assert!(finding.hint.is_some(), "{} shows no way out", lint.code);
            assert!(!finding.about.is_empty(), "{} cannot be waived by object", lint.code);
            assert!(finding::text(finding, &sources, finding::Paint::Plain).contains(lint.code));
        }
    }
    assert!(cases.is_empty(), "no lint has the code of {cases:?}");
}

#[test]
fn every_page_explains() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    for lint in prove::LINTS {
        let kept = read(&pages.join(format!("{}.md", lint.code))).text;
        assert_eq!(kept, lint.page, "{} shows another page", lint.code);
        let first = format!("# {}: {}\n", lint.code, lint.title);
        assert!(lint.page.starts_with(&first), "{} does not start with {first:?}", lint.code);
        assert!(lint.page.contains("\n## Mend it\n"), "{} shows no way out", lint.code);
        assert!(lint.page.contains("\nSource: "), "{} does not say where it comes from", lint.code);
        assert!(lint.page.len() > 300, "{} says too little", lint.code);
    }
    let files = std::fs::read_dir(&pages).expect("the pages are there").count();
    assert_eq!(files, prove::LINTS.len() + 1, "a page without lint, besides RULES.md");
}

#[test]
fn every_rule_of_the_manual_is_held() {
    let rules = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages/RULES.md")).text;
    for (letter, last) in [('I', 20), ('S', 6), ('E', 4), ('B', 3), ('K', 4), ('F', 5)] {
        for number in 1..=last {
            assert!(rules.contains(&format!("\n| {letter}{number} | ")), "{letter}{number}");
        }
    }
    let word = |c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '-';
    let named = rules.split(word).filter(|word| word.starts_with('N') && word.contains('-'));
    for code in named {
        assert!(prove::LINTS.iter().any(|lint| lint.code == code), "RULES.md names {code}");
    }
}
