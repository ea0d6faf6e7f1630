//! How it prints: to pipes that close, without colours where they are not wanted.

use crate::run::{Folder, KETUPA, example, ketupa};
use std::process::Command;

fn shell(script: &str, place: &str) -> (i32, String, String) {
    let output =
        Command::new("bash").args(["-c", script, KETUPA, place]).output().expect("run bash");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_reader_that_goes_away_is_no_failure_to_talk_about() {
    let folder = Folder::new("pipe");
    folder.write("isp.toml", "[hots.a]\n[tsop.b]\n".repeat(5_000).as_bytes());
    let place = folder.text();
    let neutrinet = example("neutrinet");
    for (script, place) in [
        (r#""$0" check "$1" | head -n 1"#, place),
        (r#""$0" check --format json "$1" | head -n 1"#, place),
        (r#""$0" render "$1" | head -n 1"#, &neutrinet),
        (r#""$0" map "$1" | head -c 10"#, &neutrinet),
        (r#""$0" explain | true"#, place),
        (r#""$0" man | true"#, place),
    ] {
        let (code, _, err) = shell(script, place);
        assert_eq!((code, err.as_str()), (0, ""), "{script}");
    }
    // More than a pipe holds, so that it is cut off in any case.
    let script = r#""$0" render "$1" | head -n 1; echo "${PIPESTATUS[0]}""#;
    let (_, out, _) = shell(script, &neutrinet);
    assert_eq!(out.lines().last(), Some("141"), "as any program is told of that");
}

#[test]
fn a_full_disk_is_told() {
    let (code, _, err) = shell(r#""$0" render "$1" > /dev/full"#, &example("neutrinet"));
    assert_eq!(code, 3);
    assert!(err.contains("cannot print: No space left on device"), "{err}");
}

#[test]
fn closed_streams_are_no_panic() {
    let (_, _, err) = shell(r#""$0" check "$1" >&-"#, &example("minimal"));
    assert!(!err.contains("panicked"), "{err}");
    let (code, _, _) = shell(r#""$0" check /nowhere 2>&-"#, "");
    assert_eq!(code, 3);
    let (code, _, err) = shell(r#""$0" render "$1" --out /dev/null/x"#, &example("minimal"));
    assert_eq!(code, 3);
    assert!(err.contains("cannot create /dev/null/x"), "{err}");
}

/// Runs a command on a terminal that `script` (util-linux) makes up.
fn on_a_terminal(environment: &str) -> String {
    let folder = Folder::with("terminal", &[("isp.toml", b"[hots.a]\n")]);
    let command = format!("env {environment} {KETUPA} check {}", folder.text());
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .output()
        .expect("run script");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    assert!(on_a_terminal("A=b").contains("\x1b["));
    assert!(!on_a_terminal("NO_COLOR=1").contains('\x1b'));
    assert!(!on_a_terminal("TERM=dumb").contains('\x1b'));
    assert!(on_a_terminal("NO_COLOR=").contains("\x1b["), "an empty NO_COLOR means nothing");
    let folder = Folder::with("no-terminal", &[("isp.toml", b"[hots.a]\n")]);
    assert!(!ketupa(&["check", folder.text()]).out.contains('\x1b'));
}
