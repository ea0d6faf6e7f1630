//! Development only: the case driver, golden files and sample ISPs shared by tests.
#![expect(clippy::disallowed_methods, reason = "tests read cases and write golden files")]
#![expect(clippy::panic, reason = "a test kit fails by panicking")]

mod blocks;
pub mod cases;
pub mod cluster;
pub mod debian;
pub mod golden;
pub mod large;
pub mod naive;
pub mod random;
pub mod zoo;

use model::{Isp, Source};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every TOML file below a directory, as the binary would read it, except golden output.
pub fn sources(directory: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(directory, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let shown = path.strip_prefix(directory).unwrap_or(path);
        Source::new(shown.display().to_string(), &bytes)
    };
    paths.iter().map(read).collect()
}

/// Loads an ISP that must be without errors.
pub fn isp(directory: &Path) -> Isp {
    let sources = sources(directory);
    let loaded = model::load(&sources);
    loaded.isp.unwrap_or_else(|| {
        let paint = model::finding::Paint::Plain;
        let text = loaded.findings.iter().map(|f| model::finding::text(f, &sources, paint));
        panic!("{}:\n{}", directory.display(), text.collect::<Vec<_>>().join("\n"))
    })
}

/// An ISP from one text.
pub fn isp_from(text: &str) -> Isp {
    let sources = [Source::new("isp.toml", text.as_bytes())];
    let loaded = model::load(&sources);
    loaded.isp.unwrap_or_else(|| {
        let paint = model::finding::Paint::Plain;
        let text = loaded.findings.iter().map(|f| model::finding::text(f, &sources, paint));
        panic!("{}", text.collect::<Vec<_>>().join("\n"))
    })
}

/// The repository's example of a name.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// The executor as `make executor` makes it, with the agent beside it; made anew where their sources changed.
pub fn executor() -> PathBuf {
    let root = example("..");
    let target = root.join("target/executor");
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--quiet",
            "-p",
            "host",
            "-p",
            "agent",
            "--profile",
            "executor",
        ])
        .args(["--target", &triple])
        .current_dir(&root)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &target)
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the executor is not built");
    target.join(triple).join("executor/ketupa-host")
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory);
    let entries = entries.unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
}
