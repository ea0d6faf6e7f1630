//! One file for each command; here is how one is chosen and how it ends.

mod agent;
mod alerts;
mod check;
mod checks;
mod converge;
mod cost;
mod explain;
mod follow;
mod inventory;
mod map;
mod prove;
mod logs;
mod query;
mod render;
mod rules;
mod serve;
mod top;
mod twin;

use crate::cli::{Cli, Command};
use crate::screen::Screen;
use clap::CommandFactory as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All is well.
    Well,
    /// Something is wrong with the network that was declared.
    Wrong,
    /// The command line asks for what is not there.
    Misused,
    /// The machine refused.
    Broken,
    /// As what it ran ended: with this status.
    As(u8),
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        match end {
            End::Well => Self::SUCCESS,
            End::Wrong => Self::FAILURE,
            End::Misused => Self::from(2),
            End::Broken => Self::from(3),
            End::As(status) => Self::from(status),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Error {
    /// A file or folder: what was tried, on which, and what the system said.
    File { act: &'static str, path: PathBuf, source: std::io::Error },
    /// The output went away.
    Print(std::io::Error),
    /// A word of the command line means nothing, as a sentence.
    Usage(String),
    /// Anything else, as a sentence that says what to do.
    Message(String),
}

impl Error {
    pub(crate) fn file(act: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { act, path: path.to_owned(), source }
    }

    /// How a command ends that fails so.
    pub(crate) fn end(&self) -> End {
        /// What shells say of a program that wrote to a pipe which nobody reads: it may have had more to do.
        const CUT_OFF: u8 = 128 + 13;
        if self.is_broken_pipe() {
            return End::As(CUT_OFF);
        }
        match self {
            Self::Usage(_) => End::Misused,
            Self::File { .. } | Self::Print(_) | Self::Message(_) => End::Broken,
        }
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Print(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { act, path, source } => {
                let path = path.display().to_string().replace(char::is_control, "\u{fffd}");
                write!(f, "cannot {act} {path}: {source}")
            }
            Self::Print(error) => write!(f, "cannot print: {error}"),
            Self::Usage(text) | Self::Message(text) => f.write_str(text),
        }
    }
}

impl From<std::io::Error> for Error {
    /// Only printing gives a bare I/O error; files go through [`Error::file`].
    fn from(error: std::io::Error) -> Self {
        Self::Print(error)
    }
}

/// Runs one command.
pub(crate) fn run(cli: Cli, screen: &mut Screen) -> Result<End, Error> {
    let end = match cli.command {
        Command::Check(args) => check::run(&args, screen),
        Command::Explain(args) => explain::run(&args, screen),
        Command::Cost(args) => cost::run(&args, screen),
        Command::Map(args) => map::run(&args, screen),
        Command::Prove(args) => prove::run(args, screen),
        Command::Render(args) => render::run(&args, screen),
        Command::Plan(args) => converge::plan(&args, screen),
        Command::Apply(args) => converge::apply(&args, screen),
        Command::Drift(args) => converge::drift(&args, screen),
        Command::Follow(args) => follow::run(&args, screen),
        Command::Inventory(args) => inventory::run(&args, screen),
        Command::History(args) => converge::history(&args, screen),
        Command::Rollback(args) => converge::rollback(&args, screen),
        Command::Serve(args) => serve::run(&args, screen),
        Command::Token(what) => serve::token(what, screen),
        Command::Job(what) => serve::job(what, screen),
        Command::Twin(what) => twin::run(what, screen),
        Command::Checks(args) => checks::run(&args, screen),
        Command::Agent(args) => agent::run(&args, screen),
        Command::Query(args) => query::run(&args, screen),
        Command::Logs(args) => logs::run(&args, screen),
        Command::Top(args) => top::run(&args, screen),
        Command::Rules(args) => rules::run(&args, screen),
        Command::Alerts(args) => alerts::run(&args, screen),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "ketupa", &mut script);
            screen.text(&String::from_utf8_lossy(&script))?;
            Ok(End::Well)
        }
        Command::Man => man(screen),
        Command::Host => {
            host::serve(std::io::stdin().lock(), std::io::stdout().lock())
                .map_err(|error| Error::Message(error.to_string()))?;
            Ok(End::Well)
        }
        Command::JobGuard(args) => Ok(End::As(serve::guard(&args, screen))),
    }?;
    screen.flush()?;
    Ok(end)
}

/// The manual page, made from the same words as `--help`.
fn man(screen: &mut Screen) -> Result<End, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    screen.text(&String::from_utf8_lossy(&page))?;
    Ok(End::Well)
}

/// Today, from the machine's clock and time zone, unless the operator says otherwise.
pub(crate) fn today(asked: Option<jiff::civil::Date>) -> jiff::civil::Date {
    asked.unwrap_or_else(|| jiff::ZonedDateTime::now().date())
}
