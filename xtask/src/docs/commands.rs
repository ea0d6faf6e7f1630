//! docs/commands.md: the command line's own help.

use super::markdown::{fenced, generated};
use clap::{Command, CommandFactory as _};
use std::path::Path;

/// The very file that the binary is built with, so that its words are these.
#[path = "../../../crates/ketupa/src/cli.rs"]
mod cli;

const INTRO: &str = "
# Commands

What `ketupa` prints with `--help`. `ketupa man` prints a manual page, `ketupa completions SHELL`
what a shell needs to complete words.
";

#[expect(clippy::unnecessary_wraps, reason = "pages are all made alike")]
pub(super) fn page(_: &Path) -> Result<String, String> {
    let mut ketupa = cli::Cli::command().term_width(100).disable_help_subcommand(true);
    ketupa.build();
    let mut text = generated("crates/ketupa/src/cli.rs") + INTRO;
    section(&mut ketupa, "##", &mut text);
    Ok(text)
}

fn section(command: &mut Command, heading: &str, text: &mut String) {
    let name = command.get_bin_name().unwrap_or("ketupa").to_owned();
    let help = command.render_long_help().to_string();
    *text += &format!("\n{heading} {name}\n\n{}", fenced("", &trimmed(&help)));
    let deeper = if heading == "##" && name.contains(' ') { "###" } else { heading };
    for inner in command.get_subcommands_mut().filter(|inner| !inner.is_hide_set()) {
        section(inner, deeper, text);
    }
}

fn trimmed(help: &str) -> String {
    help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
