//! Every lint finds its wrong example, and nothing else is found in it.
#![expect(clippy::disallowed_methods, reason = "tests read cases")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod generated;
mod heard;
mod large;
mod list;
mod waivers;

use jiff::civil::{Date, date};
use model::finding::{self, Paint};
use model::{Isp, Source};
use std::path::{Path, PathBuf};

/// The day on which every case is looked at.
pub(crate) const TODAY: Date = date(2022, 1, 9);

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

pub(crate) fn read(path: &Path) -> Source {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Source::new(path.file_name().unwrap_or_default().display().to_string(), &bytes)
}

/// A case's text, over the clean provider unless it declares one of its own.
pub(crate) fn sources(case: Source) -> Vec<Source> {
    let alone = case.text.lines().any(|line| line.trim() == "[isp]");
    let clean = (!alone).then(|| read(&folder().join("clean.toml")));
    clean.into_iter().chain([case]).collect()
}

/// Findings as `ketupa check` shows them, first those of the load.
pub(crate) fn shown(sources: &[Source]) -> String {
    let loaded = model::load(sources);
    let mut text = String::new();
    let mut show = |finding: &model::Finding| {
        text += &finding::text(finding, sources, Paint::Plain);
        text += "\n\n";
    };
    loaded.findings.iter().for_each(&mut show);
    let report = prove::check(&loaded.isp.unwrap_or_default(), &[], TODAY);
    if loaded.findings.is_empty() {
        report.findings.iter().for_each(&mut show);
    }
    for waived in report.waived {
        let model::Finding { code, says, .. } = &waived.finding;
        let prove::Waived { waiver, reason, until, .. } = &waived;
        text += &[code, " is waived by ", waiver, " until ", &until.to_string(), ": "].concat();
        text += &[says, " (", reason, ")\n"].concat();
    }
    text
}

pub(crate) fn isp(sources: &[Source]) -> Isp {
    let loaded = model::load(sources);
    loaded.isp.unwrap_or_else(|| panic!("{}", shown(sources)))
}

#[test]
fn every_wrong_example_is_told_as_kept() {
    for case in testkit::cases::folders(&folder()) {
        let text = shown(&sources(read(&case.join("isp.toml"))));
        testkit::golden::check(&case.join("expected.txt"), &text);
    }
}

#[test]
fn the_clean_provider_breaks_no_rule() {
    let sources = [read(&folder().join("clean.toml"))];
    assert_eq!(shown(&sources), "");
    assert!(prove::prove(&isp(&sources), &[], TODAY).is_ok());
}
