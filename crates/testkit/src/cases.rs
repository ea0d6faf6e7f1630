//! Walks the cases of every component: a small ISP in, the rendered files of its hosts out.

use crate::golden;
use component::{Component, HostTree, Templates};
use model::Named as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Renders every case of one component and compares it with its golden files:
/// `cases/NAME/isp.toml` in, `cases/NAME/HOST/path/of/file` and `cases/NAME/HOST/plan.txt` out.
/// Gives the number of cases.
pub fn render(component: &dyn Component, folder: &Path) -> usize {
    let cases = folders(&folder.join("cases"));
    for case in &cases {
        let shown = shown(component, case);
        for (path, text) in &shown {
            golden::check(&case.join(path), text);
        }
        forgotten(case, &shown);
    }
    cases.len()
}

/// Every file that a component renders for a case, with a summary of what is not a file.
fn shown(component: &dyn Component, case: &Path) -> BTreeMap<String, String> {
    // Not the whole folder: what is rendered may be TOML, too.
    let declared = case.join("isp.toml");
    let declared = std::fs::read_to_string(&declared)
        .unwrap_or_else(|e| panic!("{}: {e}", declared.display()));
    let isp = crate::isp_from(&declared);
    let builtin = component.templates().iter().copied();
    let templates = Templates::new(builtin, &BTreeMap::new()).unwrap_or_else(|e| panic!("{e}"));
    let mut all = BTreeMap::new();
    for (id, host) in isp.hosts.iter().filter(|(id, _)| component.runs_on(&isp, *id)) {
        let tree = component.render(&isp, id, &templates);
        let tree = tree.unwrap_or_else(|e| panic!("{}: {e}", case.display()));
        all.insert(format!("{}/plan.txt", host.name()), summary(&tree));
        for (path, file) in tree.files {
            all.insert(format!("{}{path}", host.name()), file.text);
        }
    }
    all
}

/// Packages, users, paths with modes, units, checks and probes: a line each.
fn summary(tree: &HostTree) -> String {
    let mut lines: Vec<String> = tree.packages.iter().map(|name| package(tree, name)).collect();
    lines.extend(tree.groups.iter().map(|(name, gid)| format!("group {name} {gid:?}")));
    lines.extend(tree.users.iter().map(|(name, user)| format!("user {name} {user:?}")));
    lines.extend(
        tree.directories.iter().map(|(path, one)| {
            format!("directory {path} {:o} {}:{}", one.mode, one.owner, one.group)
        }),
    );
    lines.extend(tree.links.iter().map(|(path, to)| format!("link {path} to {to}")));
    lines.extend(
        tree.files.iter().map(|(path, file)| {
            format!("file {path} {:o} {}:{}", file.mode, file.owner, file.group)
        }),
    );
    lines.extend(tree.units.iter().map(|(name, unit)| {
        format!("unit {name} {:?} reads {:?} after {:?}", unit.on_change, unit.reads, unit.after)
    }));
    lines.extend(tree.checks.iter().map(|check| format!("check {}", check.command.join(" "))));
    lines.extend(
        tree.probes
            .iter()
            .map(|p| format!("probe {} within {}s: {}", p.name, p.within_s, p.command.join(" "))),
    );
    lines.join("\n") + "\n"
}

fn package(tree: &HostTree, name: &str) -> String {
    let version = tree.versions.get(name).map(|version| format!("={version}")).unwrap_or_default();
    let held = if tree.held.contains(name) { ", held" } else { "" };
    format!("package {name}{version}{held}")
}

/// A golden file that nothing renders any more is a mistake.
fn forgotten(case: &Path, shown: &BTreeMap<String, String>) {
    let mut files = Vec::new();
    walk(case, &mut files);
    for file in files {
        let relative = file.strip_prefix(case).unwrap_or(&file).display().to_string();
        if relative == "isp.toml" || shown.contains_key(&relative) {
            continue;
        }
        assert!(std::env::var("KETUPA_BLESS").is_ok(), "{} is rendered no more", file.display());
        std::fs::remove_file(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
}

/// The folders directly below a folder, sorted.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    paths
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}
