//! The words of `ketupa checks`.

use super::{Format, Where};
use clap::Args;

/// List what is asked again and again, and from where: it follows from what is declared
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa checks examples/neutrinet
  ketupa checks . --host probe-01
  ketupa checks . --format json | jq '.[].name'")]
pub(crate) struct Checks {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Only what this host's agent asks
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
