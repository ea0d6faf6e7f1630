//! Rendering: the same bytes always, whatever the files are called and however they are split.

use crate::run::{Folder, example, files, ketupa};
use component::Tree;
use model::Source;
use std::collections::BTreeMap;

fn tree(sources: &[Source]) -> Tree {
    let loaded = model::load(sources);
    let shown: Vec<String> = loaded.findings.iter().map(|finding| finding.says.clone()).collect();
    let isp = loaded.isp.unwrap_or_else(|| panic!("{}", shown.join("\n")));
    let today = jiff::civil::date(2022, 1, 15);
    let proof = prove::prove(&isp, components::ALL, today).expect("the example is right");
    render::tree(&proof, components::ALL, &BTreeMap::new()).expect("built-in templates work")
}

/// The tables of the texts, whole objects together: `[kind.name]` with all that is below it.
fn objects(sources: &[Source]) -> Vec<String> {
    let mut objects: BTreeMap<(usize, String), String> = BTreeMap::new();
    for (file, source) in sources.iter().enumerate() {
        let mut object = None;
        for line in source.text.lines() {
            if line.starts_with('[') {
                let path = line.trim_start_matches('[').split(']').next().unwrap_or_default();
                let name: Vec<&str> = path.split('.').take(2).collect();
                object = Some((file, name.join(".")));
            }
            if let Some(object) = &object {
                objects.entry(object.clone()).or_default().extend([line, "\n"]);
            }
        }
    }
    objects.into_values().collect()
}

/// A source of numbers that gives the same ones for a seed (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

#[test]
fn the_tree_does_not_depend_on_files_their_names_or_their_order() {
    let sources = testkit::sources(&testkit::example("neutrinet"));
    let objects = objects(&sources);
    assert!(objects.len() > 100, "only {} objects", objects.len());
    let wanted = tree(&sources);
    for (seed, parts) in [(1, 1), (2, 2), (3, 7), (4, 40), (5, 200), (6, 1), (7, 25)] {
        let mut dice = Dice(seed);
        let mut left = objects.clone();
        let mut texts = vec![String::new(); parts];
        while !left.is_empty() {
            let object = left.swap_remove(dice.below(left.len()));
            texts[dice.below(parts)].push_str(&object);
        }
        let name = |number: usize| format!("{}/{number}.toml", number.wrapping_mul(7919) % 10);
        let shuffled: Vec<Source> = texts
            .iter()
            .enumerate()
            .map(|(n, text)| Source::new(name(n), text.as_bytes()))
            .collect();
        assert!(tree(&shuffled) == wanted, "seed {seed}: {parts} files render another tree");
    }
}

#[test]
fn two_runs_write_the_same_bytes_and_those_of_one_host_are_the_same_too() {
    let neutrinet = example("neutrinet");
    let [one, other, single] = ["one", "other", "single"].map(Folder::new);
    ketupa(&["render", &neutrinet, "--out", one.text()]).ends(0, &["files of 33 hosts"]);
    ketupa(&["render", &neutrinet, "--out", other.text()]).ends(0, &[]);
    let written = files(one.path());
    assert!(written == files(other.path()), "a second run wrote other bytes");
    ketupa(&["render", &neutrinet, "--host", "edge-01", "--out", single.text()])
        .ends(0, &["files of 1 host written"]);
    let host = written.into_iter().filter(|(path, _)| path.starts_with("edge-01/")).collect();
    assert!(files(single.path()) == host, "one host alone is another one");
}

/// The agents' files are TOML: what is written into the directory would be declared the next time.
#[test]
fn nothing_is_written_where_it_would_be_read() {
    let provider = Folder::example("render-inside", "neutrinet");
    let before = files(provider.path());
    let dir = provider.text().to_owned();
    std::os::unix::fs::symlink(&dir, format!("{dir}/.link")).unwrap();
    for inside in ["", "/out", "/new/../out", "/.link/out"] {
        let out = format!("{dir}{inside}");
        ketupa(&["render", &dir, "--out", &out]).ends(2, &[" is inside ", "begins with a dot"]);
    }
    // Beside it, for a host whose name is the directory's.
    let named = Folder::new("render-beside");
    let cube = format!("{}/cube", named.text());
    std::fs::rename(&dir, &cube).unwrap();
    ketupa(&["render", &cube, "--out", named.text()]).ends(2, &["/cube is inside "]);
    ketupa(&["render", &cube, "--host", "edge-01", "--out", named.text()]).ends(0, &[]);
    std::fs::rename(&cube, &dir).unwrap();
    std::fs::remove_file(format!("{dir}/.link")).unwrap();
    assert!(files(provider.path()) == before, "something was written");

    let hidden = format!("{dir}/.out");
    ketupa(&["render", &dir, "--out", &hidden]).ends(0, &["files of 33 hosts"]);
    ketupa(&["check", &dir]).ends(0, &[]);
}

#[test]
fn a_host_is_printed_with_path_mode_and_owner() {
    let neutrinet = example("neutrinet");
    let ran = ketupa(&["render", &neutrinet, "--host", "edge-01"])
        .ends(0, &["==> edge-01:/etc/bird/bird.conf (640 bird:bird)", "protocol bgp"]);
    assert!(!ran.out.contains("==> edge-02:"));
    ketupa(&["render", &neutrinet, "--host", "edge-1"])
        .ends(2, &["no managed host is named `edge-1`", "did you mean `edge-01`?"]);
    ketupa(&["render", &neutrinet, "--host", "hv-01"]).ends(2, &["no managed host", "edge-01"]);
    // Before anything is looked for that would travel to it.
    ketupa(&["plan", &neutrinet, "--host", "edge-1"]).ends(2, &["did you mean `edge-01`?"]);
}

#[test]
fn a_template_of_the_operator_replaces_the_built_in_one() {
    let folder = Folder::example("replaced", "minimal");
    folder.write("templates/sysctl/sysctl.conf.j2", b"# ours: {{ 1 + 1 }}\n");
    ketupa(&["render", folder.text()]).ends(0, &["60-ketupa.conf", "# ours: 2\n"]);
}

#[test]
fn a_template_that_does_not_work_is_named_with_its_line() {
    for (name, text, says) in [
        ("syntax", "one\n{% if %}\n", "sysctl/sysctl.conf"),
        ("field", "one\n{{ nothing.of.this }}\n", "sysctl/sysctl.conf"),
        ("loop", "{% for a in range(1000000000) %}{{ a }}{% endfor %}\n", "sysctl/sysctl.conf"),
        ("itself", "{% include \"sysctl/sysctl.conf\" %}\n", "sysctl/sysctl.conf"),
    ] {
        let folder = Folder::example(&format!("broken-{name}"), "minimal");
        folder.write("templates/sysctl/sysctl.conf.j2", text.as_bytes());
        let ran = ketupa(&["render", folder.text()]).ends(3, &[says]);
        assert!(ran.err.len() < 4_000, "{name}: {}", ran.err);
    }
    let folder = Folder::example("unknown", "minimal");
    folder.write("templates/brid/bird.conf.j2", b"one\n");
    ketupa(&["render", folder.text()])
        .ends(3, &["brid/bird.conf", "did you mean `bird/bird.conf`?"]);
    let folder = Folder::example("latin-template", "minimal");
    folder.write("templates/bird/bird.conf.j2", b"\xff\xfe");
    ketupa(&["render", folder.text()]).ends(3, &["templates/bird/bird.conf.j2"]);
}
