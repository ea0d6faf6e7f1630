//! The command line of the job desk: `serve`, `token`, `job`.

use super::{Format, Where};
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the desk keeps what it remembers.
#[derive(Debug, Args)]
pub(crate) struct Book {
    /// The directory of the desk: its database, and folders of runs that are under way
    #[arg(long, value_name = "DIRECTORY", default_value = "/var/lib/ketupa")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL that several servers share, `postgres://USER@HOST/NAME` [default: SQLite]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "database_file")]
    pub(crate) database: Option<String>,
    /// The same, read from a file that only this user can read: an address with a password
    #[arg(long, value_name = "FILE")]
    pub(crate) database_file: Option<PathBuf>,
}

/// What is kept of measurements, in the directory of the desk.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// For how many days every sample is kept
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = days())]
    pub(crate) keep_samples: u16,
    /// For how many days a point each five minutes is kept [default: `keep` of `[watch]`]
    #[arg(long, value_name = "DAYS", value_parser = days())]
    pub(crate) keep_five_minutes: Option<u16>,
    /// For how many days a point each hour is kept
    #[arg(long, default_value_t = 3650, value_name = "DAYS", value_parser = days())]
    pub(crate) keep_hours: u16,
    /// How many series of measurements there may be
    #[arg(long, default_value_t = 1_000_000, value_name = "NUMBER")]
    pub(crate) most_series: u32,
    /// For how many days lines of logs are kept, at most
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = days())]
    pub(crate) keep_logs: u16,
    /// What logs may take on the disk, in GiB: beyond it the oldest go
    #[arg(long, default_value_t = 20, value_name = "GIB", value_parser = days())]
    pub(crate) most_logs: u16,
    /// Logs that may not be kept as long as the others: their streams, and the days
    #[arg(long, value_name = "SELECTOR=DAYS")]
    pub(crate) keep_logs_of: Vec<String>,
}

fn days() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..)
}

#[derive(Debug, Args)]
#[command(
    after_help = "Runs the declared jobs: by their schedules, by the API, by webhooks and from the page. On \
SIGTERM it takes nothing new and waits; what is then still under way is handed to another server.

Examples:
  ketupa token create me --scope admin
  ketupa serve /srv/provider
  ketupa serve . --data ~/.local/state/ketupa --listen 127.0.0.1:9000
  ketupa serve /srv/provider --database-file /etc/ketupa/database --behind-tls
  ketupa serve /srv/provider --forward http://127.0.0.1:9090/api/v1/write --forward-from 2026-01-01T00:00:00Z
  ketupa serve /srv/provider --print-unit > /etc/systemd/system/ketupa.service"
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: Where,
    #[command(flatten)]
    pub(crate) book: Book,
    /// Where to answer; beyond this machine only with `--behind-tls`
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8017")]
    pub(crate) listen: SocketAddr,
    /// A proxy with TLS is between browsers and this server
    #[arg(long)]
    pub(crate) behind_tls: bool,
    /// How many jobs are under way here at once
    #[arg(long, default_value_t = 4, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) slots: u16,
    /// After so long without a word from a server, its jobs are another's, from 6s to 60m
    #[arg(long, default_value = "30s", value_parser = lease, value_name = "TIME")]
    pub(crate) lease: u32,
    /// How long jobs may go on when this server is told to stop, from 1s to 60m
    #[arg(long, default_value = "60s", value_parser = super::converge::seconds, value_name = "TIME")]
    pub(crate) stop_within: u32,
    /// For how many days runs are remembered
    #[arg(long, default_value_t = 180, value_name = "DAYS")]
    pub(crate) keep: u16,
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// A file with rules as Prometheus has them, besides those that the model names
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) access: super::converge::Access,
    #[command(flatten)]
    pub(crate) forward: super::forward::Forward,
    /// Print a unit of systemd that runs this command with few rights, and end
    #[arg(long)]
    pub(crate) print_unit: bool,
}

/// Tokens of the desk's pages and API.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "A scope is `read`, `run:JOB`, `run:*` or `admin`; `metrics:write`, `metrics:read`,
`logs:write` or `logs:read` for what the watch keeps.

Examples:
  ketupa token create me --scope admin
  ketupa token create agents --scope metrics:write,logs:write
  ketupa token create grafana --scope metrics:read,logs:read
  ketupa token create forge --scope run:mail
  ketupa token list
  ketupa token revoke 0a1b2c3d4e5f"
)]
pub(crate) enum Token {
    /// Make a token and print it: it is never shown again
    #[command(after_help = "Example:
  ketupa token create forge --scope read,run:mail")]
    Create(TokenCreate),
    /// List all tokens, by the part that is no secret
    #[command(after_help = "Example:
  ketupa token list --format json")]
    List(TokenList),
    /// Make a token count no more
    #[command(after_help = "Example:
  ketupa token revoke 0a1b2c3d4e5f")]
    Revoke(TokenRevoke),
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// What it is for
    pub(crate) name: String,
    /// What its bearer may do: read, run:JOB, run:*, metrics:write, metrics:read, logs:write, logs:read, admin
    #[arg(long, required = true, value_delimiter = ',')]
    pub(crate) scope: Vec<String>,
    #[command(flatten)]
    pub(crate) book: Book,
}

#[derive(Debug, Args)]
pub(crate) struct TokenList {
    #[command(flatten)]
    pub(crate) book: Book,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct TokenRevoke {
    /// The part of the token that is no secret
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) book: Book,
}

/// Jobs, without a browser.
#[derive(Debug, Subcommand)]
#[command(after_help = "A server does the work: see `ketupa serve`.

Examples:
  ketupa job run mail /srv/provider --set release=bookworm
  ketupa job list
  ketupa job show 12
  ketupa job cancel 12")]
pub(crate) enum Job {
    /// Put a run of a job into the queue, and print its number
    #[command(after_help = "Example:
  ketupa job run mail /srv/provider --set release=bookworm")]
    Run(JobRun),
    /// List the last runs
    #[command(after_help = "Example:
  ketupa job list --job mail")]
    List(JobList),
    /// Print what a run printed
    #[command(after_help = "Example:
  ketupa job show 12")]
    Show(JobWhich),
    /// Take a run back
    #[command(after_help = "Example:
  ketupa job cancel 12")]
    Cancel(JobWhich),
}

#[derive(Debug, Args)]
pub(crate) struct JobRun {
    /// The job
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) place: Where,
    /// A parameter that the job takes
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) book: Book,
}

#[derive(Debug, Args)]
pub(crate) struct JobList {
    /// Only this job
    #[arg(long)]
    pub(crate) job: Option<String>,
    #[command(flatten)]
    pub(crate) book: Book,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct JobWhich {
    /// The run's number
    pub(crate) run: i64,
    #[command(flatten)]
    pub(crate) book: Book,
}

/// What a server tells the process that guards its run.
#[derive(Debug, Args)]
pub(crate) struct JobGuard {
    pub(crate) silence: u64,
    pub(crate) last_words: u64,
    pub(crate) grace: u64,
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}

/// A lease has room for its beats.
fn lease(text: &str) -> Result<u32, String> {
    let seconds = super::converge::seconds(text)?;
    if seconds < 6 { Err("expected a time from 6s to 60m".into()) } else { Ok(seconds) }
}
