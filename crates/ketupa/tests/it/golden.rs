//! The whole rendered tree of both examples is kept: a change of any file shows in review.

use crate::run::{Folder, example, files, ketupa};
use std::path::Path;

fn kept(name: &str) {
    let folder = Folder::new(&format!("golden-{name}"));
    ketupa(&["render", &example(name), "--out", folder.text()]).ends(0, &[]);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let written = files(folder.path());
    for (path, text) in &written {
        testkit::golden::check(&golden.join(path), text);
    }
    for path in files(&golden).into_keys().filter(|path| !written.contains_key(path)) {
        let path = golden.join(path);
        assert!(std::env::var("KETUPA_BLESS").is_ok(), "{} is rendered no more", path.display());
        std::fs::remove_file(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

#[test]
fn the_smallest_isp_renders_as_kept() {
    kept("minimal");
}

#[test]
fn the_whole_example_renders_as_kept() {
    kept("neutrinet");
}
