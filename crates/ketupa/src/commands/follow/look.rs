//! Looks at one commit: this program again, as a child with nothing of the operator's environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use forge::State;

use crate::cli::follow::Follow;
use crate::commands::converge::named;

/// No look takes longer, in seconds.
const LIMIT: &str = "3600";
/// What a child is given of the environment when it only reads.
const KEPT: [&str; 3] = ["PATH", "HOME", "LANG"];

/// The directory to look at, and how.
pub(super) struct Look<'a> {
    pub(super) dir: PathBuf,
    pub(super) args: &'a Follow,
}

/// What a look showed.
#[derive(Debug)]
pub(super) struct Looked {
    /// `check`, `prove`, `changes`, `plan`, `apply`.
    pub(super) name: &'static str,
    pub(super) state: State,
    /// One line for people.
    pub(super) line: String,
    /// All of it; Markdown where the command can.
    pub(super) text: String,
    markdown: bool,
}

impl Looked {
    pub(super) fn well(&self) -> bool {
        self.state == State::Success
    }

    /// Hosts may answer the next time.
    pub(super) fn reaches_hosts(&self) -> bool {
        matches!(self.name, "plan" | "apply")
    }
}

impl Look<'_> {
    pub(super) fn check(&self) -> Looked {
        looked("check", &mut self.reads(&["check"]), Shape::Plain)
    }

    pub(super) fn prove(&self) -> Looked {
        let mut command = self.reads(&["prove", "run"]);
        let failures = self.args.failures.map(|failures| format!("--failures={failures}"));
        command.args(failures);
        looked("prove", command.args(["--format", "markdown"]), Shape::Markdown)
    }

    /// What differs from `before`: to say so is not to refuse it.
    pub(super) fn diff(&self, before: &Path) -> Looked {
        let mut command = child(&["prove", "diff"]);
        only_reads(&mut command);
        command.arg(before).arg(&self.dir).args(["--format", "markdown"]);
        let mut looked = looked("changes", &mut command, Shape::Markdown);
        if looked.state == State::Failure {
            looked.state = State::Success;
        }
        looked
    }

    pub(super) fn plan(&self) -> Looked {
        let mut command = self.reaches("plan");
        looked("plan", command.args(["--format", "markdown"]), Shape::Markdown)
    }

    pub(super) fn apply(&self) -> Looked {
        looked("apply", self.reaches("apply").arg("--yes"), Shape::Plain)
    }

    /// What only reads files needs nothing, least of all secrets.
    fn reads(&self, words: &[&str]) -> Command {
        let mut command = child(words);
        only_reads(&mut command);
        command.arg(&self.dir);
        command
    }

    /// What reaches hosts has the operator's keys and secrets.
    fn reaches(&self, verb: &str) -> Command {
        let mut command = child(&[verb]);
        command.arg(&self.dir);
        for (option, file) in named(&self.args.access) {
            command.arg(option).arg(file);
        }
        command
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Markdown,
}

/// This program once more, for a bounded time.
fn child(words: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    // It would be found missing when it is started, and said then.
    let program = super::here().unwrap_or_else(|_| "ketupa".into());
    // In the foreground, so that what ends this round ends it, too.
    command.args(["--foreground", "--kill-after=10", LIMIT]).arg(program).args(words);
    command
}

fn only_reads(command: &mut Command) {
    let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let kept: Vec<_> = kept.collect();
    command.env_clear().envs(kept);
}

fn looked(name: &'static str, command: &mut Command, shape: Shape) -> Looked {
    let markdown = shape == Shape::Markdown;
    let said = match command.stdin(std::process::Stdio::null()).output() {
        Ok(said) => said,
        Err(error) => {
            let line = format!("cannot start it: {error}");
            return Looked { name, state: State::Error, text: line.clone(), line, markdown };
        }
    };
    let state = match said.status.code() {
        Some(0) => State::Success,
        Some(1) => State::Failure,
        Some(_) | None => State::Error,
    };
    let (out, talk) = (text(&said.stdout), text(&said.stderr));
    let sum = if markdown { heading(&out) } else { counted(&format!("{out}\n{talk}")) };
    let line = sum.or_else(|| last(&talk)).unwrap_or_else(|| "nothing was said".to_owned());
    // What went wrong is on the other stream.
    let text = if state == State::Error { talk } else { out };
    Looked { name, state, line, text, markdown }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first sentence of a report.
fn heading(report: &str) -> Option<String> {
    let mut lines = report.lines().map(str::trim).filter(|line| !line.is_empty());
    let plain = |line: &str| line.trim_start_matches(['#', '*', ' ']).replace("**", "");
    lines.find(|line| !line.starts_with('#')).map(plain)
}

/// The line that counts: `3 files: 0 errors, 1 warning`, `2 hosts changed in 1.6 s`.
fn counted(said: &str) -> Option<String> {
    let counts = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit());
    said.lines().rev().find(counts).map(str::to_owned)
}

fn last(talk: &str) -> Option<String> {
    talk.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
}

/// One comment for people who review.
pub(super) fn report(looked: &[Looked], folders: &[&Path]) -> String {
    let part = |one: &Looked| {
        let text = super::without(&one.text, folders);
        if one.markdown && one.state != State::Error {
            return text;
        }
        // A fence that the text cannot close.
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        format!("### {}\n\n{fence}\n{}\n{fence}\n", one.name, text.trim_end())
    };
    let parts: Vec<String> = looked.iter().filter(|one| !one.text.is_empty()).map(part).collect();
    parts.join("\n")
}
