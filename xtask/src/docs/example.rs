//! Takes the declaration of one object out of the example.

use std::path::{Path, PathBuf};

const EXAMPLE: &str = "examples/neutrinet";

/// The example's files, by their path in it.
pub(super) fn files(root: &Path) -> Result<Vec<(String, String)>, String> {
    let folder = root.join(EXAMPLE);
    let mut paths = Vec::new();
    collect(&folder, &mut paths).map_err(|e| format!("cannot read {EXAMPLE}: {e}"))?;
    paths.sort();
    let file = |path: &PathBuf| {
        let name = path.strip_prefix(&folder).unwrap_or(path).display().to_string();
        super::read(&folder, &name).map(|text| (name, text))
    };
    paths.iter().map(file).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// The tables of `key`, such as `host.edge-01`, as they are written.
pub(super) fn of(files: &[(String, String)], key: &str) -> Option<String> {
    files.iter().find_map(|(_, text)| tables(text, key))
}

fn tables(text: &str, key: &str) -> Option<String> {
    let mut inside = false;
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            let header = line.trim_matches(['[', ']']).split(']').next().unwrap_or_default();
            inside = header == key || header.strip_prefix(key).is_some_and(|r| r.starts_with('.'));
        }
        if inside {
            lines.push(line);
        }
    }
    // What stands last belongs to the next object: its comment.
    while lines.last().is_some_and(|line| line.is_empty() || line.starts_with('#')) {
        lines.pop();
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
