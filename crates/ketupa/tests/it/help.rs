//! Help, completions and the manual page.

use crate::run::{Folder, ketupa};
use std::process::Command;

const COMMANDS: [&str; 55] = [
    "check",
    "checks",
    "explain",
    "prove",
    "prove run",
    "prove path",
    "prove who-answers",
    "prove what-if",
    "prove diff",
    "prove order",
    "cost",
    "map",
    "render",
    "plan",
    "apply",
    "drift",
    "inventory",
    "follow",
    "history",
    "rollback",
    "serve",
    "token",
    "token create",
    "token list",
    "token revoke",
    "agent",
    "job",
    "job run",
    "job list",
    "job show",
    "job cancel",
    "query",
    "logs",
    "top",
    "rules",
    "alerts",
    "completions",
    "man",
    "twin",
    "twin up",
    "twin apply",
    "twin down",
    "twin status",
    "twin exec",
    "twin shell",
    "twin cut",
    "twin unplug",
    "twin heal",
    "twin kill",
    "twin start",
    "twin image",
    "twin pcap",
    "twin logs",
    "twin announce",
    "twin replay",
];

#[test]
fn the_help_of_every_command_shows_an_example_of_it() {
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = ketupa(&words).ends(0, &["Usage: ketupa"]).out;
        let examples = help.split_once("Example").map(|(_, examples)| examples.to_owned());
        let examples = examples.unwrap_or_else(|| panic!("{command} has no example:\n{help}"));
        assert!(examples.contains(&format!("\n  ketupa {command}")), "{command}:\n{help}");
        let wide = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "a line of {command} is too wide");
    }
}

#[test]
fn every_command_is_in_the_help_that_is_tested_here() {
    for parent in ["", "prove", "token", "job", "twin"] {
        let words: Vec<&str> = parent.split_whitespace().chain(["--help"]).collect();
        let help = ketupa(&words).ends(0, &[]).out;
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in listed.take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().expect("a command has a name");
            let whole = format!("{parent} {name}");
            assert!(name == "help" || COMMANDS.contains(&whole.trim()), "{whole} is not tested");
        }
    }
}

#[test]
fn completions_are_accepted_by_their_shells() {
    let folder = Folder::new("completions");
    for (shell, mark) in
        [("bash", "complete -F"), ("zsh", "#compdef ketupa"), ("fish", "complete -c ketupa")]
    {
        let script = ketupa(&["completions", shell]).ends(0, &[mark, "announce"]).out;
        folder.write(shell, script.as_bytes());
        let check = Command::new(shell).arg("-n").arg(folder.path().join(shell)).output();
        // zsh and fish are rarely installed; bash is.
        match check {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            Err(error) => assert!(shell != "bash", "{shell}: {error}"),
        }
    }
    ketupa(&["completions", "command.com"]).ends(2, &["bash", "zsh", "fish"]);
}

#[test]
fn the_manual_page_names_every_command() {
    let page = ketupa(&["man"]).ends(0, &[".TH", "ketupa", "Exit status"]).out;
    for command in COMMANDS.iter().filter(|command| !command.contains(' ')) {
        assert!(page.contains(&format!("ketupa\\-{command}")), "{command} is not in the page");
    }
}

#[test]
fn the_hosts_side_is_hidden() {
    let help = ketupa(&["--help"]).ends(0, &[]).out;
    assert!(!help.lines().any(|line| line.trim_start().starts_with("host ")), "{help}");
}
