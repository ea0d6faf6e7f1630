//! The house is tidy: small promises about the repository itself, each told with what to do.
#![expect(clippy::disallowed_methods, reason = "tests read the repository")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod manifests;
mod pages;
mod sources;

use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The files below a folder whose names end so, sorted, as paths from the top. Cases are data.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.extend((name != "cases" && name != "target").then_some(path));
            } else if name.ends_with(ending) {
                let shown = path.strip_prefix(root()).unwrap();
                found.push(shown.display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// Every source file of the workspace.
pub(crate) fn rust() -> Vec<String> {
    let mut all = files("crates", ".rs");
    all.extend(files("xtask", ".rs"));
    all
}

/// Fails with one line for each thing that is wrong, and what to do.
pub(crate) fn nothing(wrong: &[String], remedy: &str) {
    assert!(wrong.is_empty(), "{remedy}:\n  {}", wrong.join("\n  "));
}
