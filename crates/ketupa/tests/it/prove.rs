//! `ketupa prove` at the command line: its forms, its questions and how it ends.

use crate::run::{Folder, example, ketupa, ketupa_in};

#[test]
fn the_plain_form_and_run_are_the_same() {
    let neutrinet = example("neutrinet");
    let plain = ketupa(&["prove", &neutrinet, "--format", "json"]);
    let run = ketupa(&["prove", "run", &neutrinet, "--format", "json"]);
    assert_eq!((plain.code, &plain.out), (run.code, &run.out));
    let told = plain.json();
    assert_eq!(told["form"], 1);
    assert_eq!(told["extent"]["failures"], 2);
    assert_eq!(told["judged"].as_array().map(Vec::len), Some(22));
}

#[test]
fn every_form_goes_to_a_file_and_the_last_line_to_the_terminal() {
    let folder = Folder::example("prove-forms", "minimal");
    for (format, begins) in [
        ("text", ""),
        ("json", "{"),
        ("html", "<!doctype html>"),
        ("markdown", "## "),
        ("junit", "<?xml"),
    ] {
        let ran = ketupa_in(folder.path(), &["prove", "--format", format, "-o", "proof"]);
        assert_eq!(ran.out, "", "{format}");
        assert!(ran.err.contains("proved") && ran.err.contains(" s\n"), "{format}: {}", ran.err);
        let text = std::fs::read_to_string(folder.path().join("proof")).unwrap();
        assert!(text.starts_with(begins), "{format}: {text:.200}");
    }
}

#[test]
fn the_smallest_example_holds_but_for_what_it_accepts() {
    let ran = ketupa(&["prove", &example("minimal")]).ends(0, &["accepted: V-UNREACHED"]);
    assert!(ran.err.contains("proved: ") || ran.out.contains("proved: "), "{}", ran.err);
}

#[test]
fn words_that_mean_nothing_are_the_command_lines_fault() {
    let neutrinet = example("neutrinet");
    let ask = |words: &[&str]| ketupa(&[&["prove"], words, &["-C", &neutrinet]].concat());
    ask(&["what-if", "--without", "edge-99"]).ends(2, &["`edge-99` is nothing that can fail"]);
    ask(&["path", "a", "b", "--port", "x"]).ends(2, &["`x` is no port: write tcp/443"]);
    ask(&["path", "\u{1b}[31m", "b"]).ends(2, &["\u{fffd}[31m"]);
    ask(&["who-answers", "patata"]).ends(2, &["invalid value 'patata'"]);
    ketupa(&["prove", &neutrinet, "--failures", "3"]).ends(2, &["3 is not in 0..=2"]);
}

#[test]
fn a_directory_that_is_not_there_is_the_machines_fault() {
    ketupa(&["prove", "/nowhere"]).ends(3, &["cannot open /nowhere"]);
    ketupa(&["prove", "diff", "/nowhere", "/nowhere"]).ends(3, &["cannot open /nowhere"]);
}

#[test]
fn a_directory_named_like_a_question_is_written_with_its_path() {
    let folder = Folder::new("prove-order");
    folder.write("order/isp.toml", b"[isp]\nname = 1\n");
    let ran = ketupa_in(folder.path(), &["prove", "./order"]);
    ran.ends(1, &["order/isp.toml", "error"]);
}

#[test]
fn what_is_no_network_yet_is_told_and_not_proved() {
    let folder = Folder::with("prove-wrong", &[("isp.toml", b"[isp]\nname = 1\n")]);
    let ran = folder.ketupa("prove").ends(1, &["error["]);
    assert!(!ran.out.contains("proved"), "{}", ran.out);
}

#[test]
fn the_pages_of_the_manual_show_words_that_are_understood() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut seen = 0;
    for page in ["ci.md", "prove.md"] {
        let text = std::fs::read_to_string(docs.join(page)).unwrap();
        let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
        for line in lines.filter(|line| line.starts_with("ketupa ")) {
            let words = line.split(['|', '>', '&']).next().unwrap_or_default();
            let words: Vec<&str> = words.split_whitespace().skip(1).chain(["--help"]).collect();
            ketupa(&words).ends(0, &["Usage: ketupa"]);
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} commands: the pages are written in another form, mend this test");
}

#[test]
fn a_proof_by_the_difference_says_that_it_rests_on_the_proof_of_the_old_version() {
    let minimal = example("minimal");
    let ran = ketupa(&["prove", &minimal, "--since", &minimal, "--failures", "1"]);
    let says = format!("condition: only what differs from {minimal} was judged");
    ran.ends(0, &[&says, "proved under 1 condition: "]);
}

#[test]
fn templates_of_our_own_that_decide_are_told_as_what_the_proof_rests_on() {
    let folder = Folder::example("prove-templates", "minimal");
    folder.write("templates/bird/outside.conf.j2", b"protocol static { ipv4; }\n");
    folder.write("templates/caddy/Caddyfile.j2", b"\n");
    let says = "templates/bird/outside.conf.j2 replaces what the simulation knows";
    for format in ["text", "json", "html", "markdown", "junit"] {
        let run = ["prove", "--failures", "0", "--format", format];
        let ran = ketupa_in(folder.path(), &run).ends(0, &["proved under 1 condition: "]);
        assert!(ran.out.contains(says), "{format}: {}", ran.out);
    }
    ketupa_in(folder.path(), &["prove", "diff", ".", ".", "--format", "markdown"]).ends(0, &[says]);
}

#[test]
fn what_check_finds_is_told_in_every_form_of_a_proof() {
    let folder = Folder::example("prove-unrendered", "minimal");
    let text = std::fs::read_to_string(folder.path().join("isp.toml")).unwrap();
    let roa = "prefix = \"80.67.191.0/24\"\nasn    = ";
    let text = text.replace(&format!("{roa}204059"), &format!("{roa}64500"));
    folder.write("isp.toml", text.as_bytes());
    for format in ["text", "json", "html", "markdown", "junit"] {
        let run = ["prove", "--failures", "0", "--format", format];
        let ran = ketupa_in(folder.path(), &run).ends(0, &["proved under 1 condition: "]);
        assert!(ran.out.contains("finds 1 error: this network"), "{format}: {}", ran.out);
    }
}
