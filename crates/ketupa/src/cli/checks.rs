//! The words of `ketupa checks`.

use super::Where;
use clap::{Args, ValueEnum};

/// List what is asked again and again, and from where: it follows from what is declared
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa checks examples/neutrinet
  ketupa checks . --host probe-01
  ketupa checks . --host probe-01 --format toml >> agent.toml
  ketupa checks . --format json | jq '.[].name'")]
pub(crate) struct Checks {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Only what this host's agent asks
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Listing::Text)]
    pub(crate) format: Listing,
}

/// How checks are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// For people
    Text,
    /// For programs
    Json,
    /// For an agent: the `[[probe]]` tables of its configuration
    Toml,
}
