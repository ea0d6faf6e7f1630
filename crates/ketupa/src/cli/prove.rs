//! The words of `ketupa prove`: the proof itself, and the questions to the simulated network.

use super::{Format, Where};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use std::net::IpAddr;
use std::path::PathBuf;

/// Prove that the network holds whatever fails, or ask it where packets go.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Without a question, `ketupa prove DIR` is `ketupa prove run DIR`. A directory with the name of a
question is written with its path: `ketupa prove ./order`.

Something that fails is written host.NAME, link.HOST/INTERFACE, segment.NAME,
session.NEIGHBOR/SESSION, daemon.HOST/bird, daemon.HOST/keepalived or site.NAME; a bare word is a
host, a segment or a site.

Exit status: 0 everything holds; 1 something does not; 2 the command line is wrong; 3 the machine
refused.

Examples:
  ketupa prove examples/neutrinet
  ketupa prove examples/neutrinet --failures 1 --format html -o proof.html
  ketupa prove path segment.patata internet --port tcp/443 --without edge-01
  ketupa prove diff main-branch/ my-branch/ --format markdown"
)]
pub(crate) struct Prove {
    #[command(subcommand)]
    pub(crate) question: Option<Question>,
    #[command(flatten)]
    pub(crate) run: ProveRun,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Judge every property under every set of failures: what `ketupa prove DIR` does
    Run(ProveRun),
    /// Show where a packet goes, and where its answer does
    Path(ProvePath),
    /// Say which hosts answer for an address
    WhoAnswers(ProveWho),
    /// Say what changes and what does not hold when something is broken
    WhatIf(ProveWhatIf),
    /// Say which flows, routes and properties differ between two versions of the directory
    Diff(ProveDiff),
    /// Print a safe order in which machines can be taken down, one after the other
    Order(ProveOrder),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa prove run examples/neutrinet
  ketupa prove run . --format junit -o prove.xml")]
pub(crate) struct ProveRun {
    #[command(flatten)]
    pub(crate) place: Where,
    /// How many things may be broken at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) failures: u8,
    /// The version before a change, which was proved: only what the change can touch is looked at
    #[arg(long, value_name = "OLD")]
    pub(crate) since: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ProveFormat::Text)]
    pub(crate) format: ProveFormat,
    /// Where to write it [default: standard output]
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// The day on which waivers are judged [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

/// The directory of a question, and what is broken while it is asked.
#[derive(Debug, Args)]
pub(crate) struct Supposed {
    /// What is broken, such as edge-01,link.core-01/bb-a
    #[arg(long, value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// The directory that holds the ISP's *.toml files
    #[arg(short = 'C', long = "dir", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa prove path segment.patata internet -C examples/neutrinet
  ketupa prove path neighbor.verixi/edge-01 vip.proxy --port tcp/443 --without edge-02
  ketupa prove path host.friend 9.9.9.9 --port udp/53")]
pub(crate) struct ProvePath {
    /// Where the packet starts: an address, or segment.NAME, host.NAME, neighbor.NAME/SESSION, pool.NAME
    pub(crate) from: String,
    /// Where it shall go: the same, or vip.NAME, or internet
    pub(crate) to: String,
    /// Protocol and port, such as tcp/443 or icmp [default: any]
    #[arg(long)]
    pub(crate) port: Option<String>,
    #[command(flatten)]
    pub(crate) supposed: Supposed,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa prove who-answers 10.1.0.1 -C examples/neutrinet
  ketupa prove who-answers 10.1.0.1 --without core-01")]
pub(crate) struct ProveWho {
    /// The address
    pub(crate) address: IpAddr,
    #[command(flatten)]
    pub(crate) supposed: Supposed,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa prove what-if --without edge-01 -C examples/neutrinet
  ketupa prove what-if --without link.core-01/bb-a,segment.bnix")]
pub(crate) struct ProveWhatIf {
    #[command(flatten)]
    pub(crate) supposed: Supposed,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  git worktree add /tmp/before origin/main
  ketupa prove diff /tmp/before . --format markdown")]
pub(crate) struct ProveDiff {
    /// The directory as it was
    pub(crate) old: PathBuf,
    /// The directory as it shall be
    pub(crate) new: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  ketupa prove order examples/neutrinet")]
pub(crate) struct ProveOrder {
    #[command(flatten)]
    pub(crate) place: Where,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How a proof is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProveFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// One page with the map, the failures and the ways of packets: open it in a browser
    Html,
    /// The summary for a merge request
    Markdown,
    /// Test cases for CI
    Junit,
}

/// How a difference is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Text,
    /// The report for a merge request
    Markdown,
    /// For programs
    Json,
}
