//! The generated pages: one function each, from the code to Markdown.

mod commands;
mod components;
mod example;
mod kinds;
mod lints;
mod markdown;
mod picture;
mod reference;

use std::path::Path;

type Page = (&'static str, fn(&Path) -> Result<String, String>);

/// Every generated page, by its path in the repository.
const PAGES: &[Page] = &[
    ("docs/reference.md", reference::page),
    ("docs/lints.md", lints::page),
    ("docs/commands.md", commands::page),
    ("docs/components.md", components::page),
    ("docs/map.svg", picture::page),
];

/// Writes every page.
pub(crate) fn write(root: &Path) -> Result<String, String> {
    for (path, page) in PAGES {
        let text = page(root)?;
        std::fs::write(root.join(path), text).map_err(|e| format!("cannot write {path}: {e}"))?;
    }
    Ok(format!("{} pages written", PAGES.len()))
}

/// Says which pages are not what the code says now.
pub(crate) fn check(root: &Path) -> Result<String, String> {
    let mut stale = Vec::new();
    for (path, page) in PAGES {
        let kept = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        if page(root)? != kept {
            stale.push(*path);
        }
    }
    match stale.as_slice() {
        [] => Ok(format!("{} pages are fresh", PAGES.len())),
        _ => Err(format!("{} is stale: run `cargo run -p xtask -- docs`", stale.join(", "))),
    }
}

/// The text of a file of the repository.
fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|e| format!("cannot read {path}: {e}"))
}

#[test]
fn every_generated_page_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    assert_eq!(check(&root), Ok(format!("{} pages are fresh", PAGES.len())));
}
