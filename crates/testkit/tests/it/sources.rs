//! Every source file says what it is and stays small enough to be read in one go.

use crate::{files, nothing, read, rust};

/// Files beyond the budget, each with the reason.
const LONG: &[(&str, &str)] = &[(
    "crates/rehearse/src/outside.rs",
    "the outside routers, their networks and BIRD's text for them are one cast",
)];
/// Templates beyond the budget, each with the reason.
const LONG_TEMPLATES: &[(&str, &str)] = &[
    (
        "crates/components/src/bird/templates/own.conf.j2",
        "both families side by side, as BIRD reads them",
    ),
    (
        "crates/components/src/haproxy/templates/haproxy.cfg.j2",
        "one file of one daemon, read from the top",
    ),
    ("crates/components/src/interfaces/templates/apply.j2", "a script that is one program"),
    ("crates/components/src/sysctl/templates/sysctl.conf.j2", "half of it says why a key is set"),
];

#[test]
fn every_file_says_what_it_is() {
    let silent = rust().into_iter().filter(|path| !read(path).starts_with("//! "));
    nothing(&silent.collect::<Vec<_>>(), "say in a first line `//! …` what the file is");
}

#[test]
fn no_file_is_too_long() {
    nothing(&longer(rust(), 400, 500, LONG), "split by idea, or add it to LONG with a reason");
}

#[test]
fn no_template_is_too_long() {
    let templates = files("crates/components/src", ".j2");
    let remedy = "move a part into its own template, or add it to LONG_TEMPLATES with a reason";
    nothing(&longer(templates, 80, 120, LONG_TEMPLATES), remedy);
}

/// Files with more lines than `most`, or than `hard` where the exception is reasoned.
fn longer(paths: Vec<String>, most: usize, hard: usize, excepted: &[(&str, &str)]) -> Vec<String> {
    let too_long = |path: String| {
        let lines = read(&path).lines().count();
        let limit = if excepted.iter().any(|(of, _)| *of == path) { hard } else { most };
        (lines > limit).then(|| format!("{path}: {lines} lines, at most {limit}"))
    };
    paths.into_iter().filter_map(too_long).collect()
}
