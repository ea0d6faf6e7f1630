//! Several files, parted by a line `#---`: their order changes nothing but who was first.
#![no_main]

use model::Source;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files: Vec<&str> = text.split("#---\n").collect();
    let source = |text: &&str| Source::new("a.toml", text.as_bytes());
    let forward: Vec<Source> = files.iter().map(source).collect();
    let backward: Vec<Source> = files.iter().rev().map(source).collect();
    let (one, other) = (model::load(&forward), model::load(&backward));
    // Of what is declared twice only the first is read, so what is wrong in the second is not told.
    let twice = |finding: &model::Finding| matches!(finding.code, "M-TWICE" | "M-MANY");
    if !one.findings.iter().any(twice) {
        assert_eq!(one.findings.len(), other.findings.len(), "the order of the files matters");
    }
    match (one.isp, other.isp) {
        (Some(one), Some(other)) => {
            let trees = (ketupa_fuzz::stages(&one).1, ketupa_fuzz::stages(&other).1);
            assert!(trees.0 == trees.1, "the order of the files changes what is rendered");
        }
        (one, other) => assert_eq!(one.is_some(), other.is_some()),
    }
});
