//! What the crates may depend on, and that they are all under the same lints.

use crate::{nothing, read, root, rust};

/// Dependencies that a crate's own sources do not name, each with the reason.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("xtask", "ipnet", "used by the binary's cli.rs, which xtask reads as a module"),
    ("xtask", "clap_complete", "used by the binary's cli.rs, which xtask reads as a module"),
    ("xtask", "jiff", "used by the binary's cli.rs, which xtask reads as a module"),
];

/// The crates in the order of their layers.
fn layers() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("order = [").unwrap();
    let (list, _) = rest.split_once(']').unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn folder(name: &str) -> String {
    if name == "xtask" { name.to_owned() } else { format!("crates/{name}") }
}

/// The names in one section of a crate's manifest.
fn dependencies(name: &str, section: &str) -> Vec<String> {
    let manifest = read(format!("{}/Cargo.toml", folder(name)));
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    lines.map(name).filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

#[test]
fn imports_go_down_only() {
    let layers = layers();
    let mut wrong = Vec::new();
    for (level, name) in layers.iter().enumerate() {
        for used in dependencies(name, "[dependencies]") {
            let below = layers.iter().position(|layer| *layer == used);
            if below.is_some_and(|below| below >= level) {
                wrong.push(format!("{name} depends on {used}"));
            }
        }
    }
    nothing(&wrong, "a crate knows those before it in the layers of Cargo.toml: pass data instead");
}

#[test]
fn every_crate_has_a_layer() {
    let layers = layers();
    let folders = std::fs::read_dir(root().join("crates")).unwrap().flatten();
    let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let missing: Vec<String> = names.filter(|name| !layers.contains(name)).collect();
    nothing(&missing, "give the crate its place in the layers of Cargo.toml");
}

#[test]
fn every_crate_is_under_the_lints_of_the_house() {
    let without = |name: &String| {
        let manifest = read(format!("{}/Cargo.toml", folder(name)));
        !manifest.contains("[lints]\nworkspace = true")
    };
    let wrong: Vec<String> = layers().into_iter().filter(without).collect();
    nothing(&wrong, "add `[lints]` with `workspace = true` to its Cargo.toml");
}

#[test]
fn every_dependency_is_used() {
    let mut wrong = Vec::new();
    for name in layers() {
        let below = |part: &str| format!("{}/{part}", folder(&name));
        let all = rust().into_iter().filter(|path| path.starts_with(&below("")));
        let text: String = all.map(read).collect();
        for section in ["[dependencies]", "[dev-dependencies]"] {
            for used in dependencies(&name, section) {
                let known =
                    UNNAMED.iter().any(|(of, dependency, _)| *of == name && *dependency == used);
                if !known && !names(&text, &used.replace('-', "_")) {
                    wrong.push(format!("{name} does not use {used}"));
                }
            }
        }
    }
    nothing(&wrong, "remove it from the crate's Cargo.toml");
}

/// Whether a text has `name::` as a word.
fn names(text: &str, name: &str) -> bool {
    let end = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.match_indices(&format!("{name}::")).any(|(at, _)| {
        !text.get(..at).is_some_and(|before| before.ends_with(end))
            || text.get(..at).is_some_and(|before| before.ends_with("use ::"))
    })
}
