//! Texts that are no ISP: whatever is in a file, the answer is short, soon and without a panic.

use crate::run::{Folder, ketupa};

const HEAD: &str = "[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n[site.here]\n";

/// Both forms of the check of one text; gives what the first printed.
fn wrong(name: &str, text: &str, says: &[&str]) -> String {
    let folder = Folder::with(name, &[("isp.toml", text.as_bytes())]);
    let ran = folder.ketupa("check").ends(1, says);
    assert!(ran.out.len() < 2_000_000, "{} bytes are printed", ran.out.len());
    assert!(!ran.out.contains('\x1b'), "escape sequences pass through:\n{:.1000}", ran.out);
    let json = ketupa(&["check", "--format", "json", folder.text()]).ends(1, &[]).json();
    let findings = json.get("findings").and_then(serde_json::Value::as_array);
    assert!(findings.is_some_and(|findings| !findings.is_empty()));
    ran.out
}

#[test]
fn ten_thousand_mistakes_are_told_at_once() {
    let hosts = (0..10_000).map(|n| format!("[host.h{n}]\nrole = \"serber\"\nsite = \"here\"\n"));
    let text = HEAD.to_owned() + &hosts.collect::<String>();
    let out = wrong("mistakes", &text, &["10000 errors, 0 warnings", "and 9900 more"]);
    assert_eq!(out.matches("did you mean \"server\"?").count(), 100);
}

#[test]
fn mistakes_on_every_byte_of_the_largest_file_are_bounded() {
    wrong("bytes", &"= [\n".repeat(1_000_000), &["M-SYNTAX"]);
}

#[test]
fn mistakes_on_every_line_of_the_largest_file_are_bounded() {
    wrong("lines", &"a\n".repeat(2_000_000), &["M-SYNTAX"]);
}

#[test]
fn keys_that_nobody_knows_are_bounded() {
    let keys = (0..300_000).map(|n| format!("k{n}=1\n")).collect::<Vec<_>>().concat();
    wrong("keys", &(HEAD.to_owned() + &keys), &["M-UNKNOWN-KEY", "20001 errors"]);
}

#[test]
fn nesting_without_end_does_not_exhaust_the_stack() {
    let dots = format!("a{}", ".a".repeat(100_000));
    for (name, text) in [
        ("header", format!("[{dots}]\nb = 1\n")),
        ("array-header", format!("[[{dots}]]\nb = 1\n")),
        ("dotted", format!("{dots} = 1\n")),
        ("dotted-host", format!("[host.x]\nnic.{dots} = 1\n")),
        ("inline-dotted", format!("x = {{ {dots} = 1 }}\n")),
        ("brackets", format!("x = {}", "[".repeat(200_000))),
        ("closed", format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("tables", format!("x = {}", "{a=".repeat(100_000))),
        ("open-header", "[".repeat(200_000)),
        ("headers", format!("[a{}", ".\"a\"".repeat(100_000))),
    ] {
        wrong(name, &text, &["error[M-"]);
    }
}

#[test]
fn numbers_of_any_size_are_answered() {
    let nines = "9".repeat(100_000);
    for (name, value) in [
        ("nines", nines.as_str()),
        ("minus", "-1"),
        ("beyond", "4294967296"),
        ("widest", "9223372036854775807"),
        ("wider", "0xffffffffffffffffffff"),
        ("infinite", "-inf"),
        ("nan", "nan"),
        ("exponent", "1e999999999"),
        ("date", "9999-99-99"),
    ] {
        let text = format!("[isp]\nname = \"A\"\ndomain = \"isp.example\"\nasn = {value}\n");
        wrong(name, &text, &["isp.toml:4:7"]);
    }
}

#[test]
fn lines_and_names_of_any_length_are_cut_in_what_is_shown() {
    let long = "x".repeat(1_000_000);
    for (name, text) in [
        ("long-key", format!("{HEAD}{long} = 1\n")),
        ("long-name", format!("{HEAD}[host.{long}]\nrole = \"core\"\n")),
        ("long-value", format!("{HEAD}contry = \"{long}\"\n")),
        ("long-reference", format!("{HEAD}[host.a]\nrole = \"core\"\nsite = \"{long}\"\n")),
        ("long-line", format!("{HEAD}city = [{}\"Brussels\"]\n", "\"é\", ".repeat(200_000))),
        ("long-comment", format!("{HEAD}x = 1 # {long}\n")),
    ] {
        let out = wrong(name, &text, &["error[M-"]);
        assert!(out.len() < 20_000, "{name}: {} bytes are printed", out.len());
    }
}

#[test]
fn control_characters_never_reach_the_terminal() {
    for (name, text) in [
        ("nul", format!("{HEAD}city = \"\0\"\n")),
        ("escape", format!("{HEAD}city = \"\x1b[2J\"\n")),
        ("escaped", format!("{HEAD}country = \"\\u001b[2J\"\n")),
        ("key", format!("{HEAD}\"\\u001b[2J\" = 1\n")),
        ("kind", "[\"\\u001b[2J\".x]\n".to_owned()),
        ("name", format!("{HEAD}[host.\"\\u001b[2J\"]\nrole = \"core\"\n")),
        ("reference", format!("{HEAD}[host.a]\nrole = \"core\"\nsite = \"\\u001b[2J\"\n")),
        ("mark", "\u{feff}[hots.a]\n".to_owned()),
        ("returns", "[hots.a]\r\nx = 1\r\n".to_owned()),
        ("lone-return", "[hots.a]\rx = 1\r".to_owned()),
    ] {
        wrong(name, &text, &["error[M-"]);
    }
}

#[test]
fn what_refers_to_itself_in_circles_is_named() {
    let host = |name: &str, on: &str| {
        format!(
            "[host.{name}]\nrole = \"hypervisor\"\nkind = \"hypervisor\"\nsite = \"here\"\non = \"{on}\"\n"
        )
    };
    let text = [HEAD.to_owned(), host("a", "b"), host("b", "c"), host("c", "a"), host("d", "d")];
    let folder = Folder::with("circle", &[("isp.toml", text.concat().as_bytes())]);
    folder.ketupa("check").ends(1, &["a runs on b, b runs on c, c runs on a", "d runs on d"]);
    for verb in ["cost", "map"] {
        folder.ketupa(verb).ends(0, &[]);
    }
    folder.ketupa("render").ends(1, &["nothing is rendered"]);
}

#[test]
fn many_objects_of_one_kind_are_answered() {
    let sites = (0..20_000).map(|n| format!("[site.s{n}]\n")).collect::<Vec<_>>().concat();
    let hosts = (0..20_000).map(|n| format!("[host.h{n}]\nrole = \"server\"\nsite = \"s{n}x\"\n"));
    let text = format!("{HEAD}{sites}{}", hosts.collect::<String>());
    wrong("many-objects", &text, &["20000 errors"]);
}

#[test]
fn what_ssh_would_take_for_an_option_is_no_way_to_a_host() {
    for (name, ssh) in [
        ("option", "-oProxyCommand=id"),
        ("user-option", "-l@edge"),
        ("place-option", "ops@-F"),
        ("two-words", "edge -v"),
        ("command", "edge;id"),
        ("empty", ""),
        ("nobody", "@edge"),
    ] {
        let host = format!("[host.x]\nrole = \"server\"\nsite = \"here\"\nssh = \"{ssh}\"\n");
        wrong(name, &(HEAD.to_owned() + &host), &["M-VALUE", "a name or address for ssh"]);
    }
}
