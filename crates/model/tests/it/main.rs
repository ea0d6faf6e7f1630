//! What a load says of wrong texts, and that no text can stop it.

mod any;
mod many;

use model::finding::{self, Paint};
use model::{Loaded, Source};
use std::path::Path;

/// Findings as `ketupa check` shows them.
pub(crate) fn shown(loaded: &Loaded, sources: &[Source]) -> String {
    let texts = loaded.findings.iter().map(|one| finding::text(one, sources, Paint::Plain));
    texts.map(|text| text + "\n\n").collect()
}

#[test]
fn every_wrong_directory_is_told_as_kept() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    for case in testkit::cases::folders(&cases) {
        let sources = testkit::sources(&case);
        let loaded = model::load(&sources);
        assert!(loaded.isp.is_none(), "{} is not wrong", case.display());
        testkit::golden::check(&case.join("expected.txt"), &shown(&loaded, &sources));
        for finding in &loaded.findings {
            let known = model::codes::PAGES.iter().any(|(code, _)| *code == finding.code);
            assert!(known, "{} has no page", finding.code);
        }
    }
}

#[test]
fn an_empty_directory_says_where_to_start() {
    let loaded = model::load(&[]);
    let text = shown(&loaded, &[]);
    assert!(text.starts_with("error[M-EMPTY]: there is no ISP here"), "{text}");
}
