//! Secrets are references everywhere: what was written in their place by mistake is not repeated.

use crate::run::{Folder, example, ketupa};

/// Looks like a password that somebody pasted.
const PASTED: &str = "correct-horse-battery";

#[test]
fn a_password_in_the_place_of_its_name_is_refused_and_not_repeated() {
    let head = "[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n";
    let texts = [
        format!("{head}ospf_password = \"{PASTED}\"\n"),
        format!("{head}[neighbor.n]\nasn = 64501\nrelation = \"peer\"\npassword4 = \"{PASTED}\"\n"),
        format!("{head}[certificate.c]\nnames = [\"isp.example\"]\nsecret = \"{PASTED}\"\n"),
        format!(
            "{head}[neighbor]\nn = {{ asn = 64501, relation = \"peer\", password6 = \"{PASTED}\" }}\n"
        ),
    ];
    for text in texts {
        let folder = Folder::with("pasted", &[("isp.toml", text.as_bytes())]);
        for words in [["check", "--format", "text"], ["check", "--format", "json"]] {
            let words = [words.as_slice(), &[folder.text()]].concat();
            let ran = ketupa(&words).ends(1, &["M-SECRET", "password store"]);
            assert!(!ran.out.contains(PASTED) && !ran.err.contains(PASTED), "{}", ran.out);
        }
        for verb in ["cost", "map", "render"] {
            let ran = folder.ketupa(verb).ends(1, &["M-SECRET"]);
            assert!(!ran.out.contains(PASTED) && !ran.err.contains(PASTED), "{}", ran.out);
        }
    }
}

#[test]
fn a_rendered_file_holds_marks_and_is_for_its_daemon_only() {
    let ran = ketupa(&["render", &example("neutrinet")]).ends(0, &["⟪pass:infra/ospf/backbone⟫"]);
    let mut heading = "";
    let mut marks = 0;
    for line in ran.out.lines() {
        if line.starts_with("==> ") {
            heading = line;
        }
        // A program is for everybody to run, and nothing to hide.
        if line.contains('⟪') && !line.starts_with("⟪program:") {
            marks += 1;
            let mode = heading.split(" (").nth(1).unwrap_or_default();
            assert!(mode.starts_with("640") || mode.starts_with("600"), "{heading} holds a secret");
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        let secret = matches!(word, "password" | "auth_pass" | "password4" | "password6");
        assert!(!secret || line.contains('⟪'), "{heading}: {line}");
    }
    assert!(marks > 10, "only {marks} secrets");
}

#[test]
fn the_environment_is_never_read_for_a_rendering() {
    let folder = Folder::example("environment", "minimal");
    let text = std::fs::read_to_string(folder.path().join("isp.toml")).expect("read the example");
    let with = text.replacen("[isp]\n", "[isp]\nospf_password = \"env:KETUPA_TEST_SECRET\"\n", 1);
    folder.write("isp.toml", with.as_bytes());
    for verb in ["check", "cost", "map", "render"] {
        let mut command = crate::run::bounded(&[verb, folder.text()]);
        let output = command.env("KETUPA_TEST_SECRET", PASTED).output().expect("run it");
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains(PASTED), "{verb} shows a secret");
    }
}
