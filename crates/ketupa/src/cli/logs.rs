//! The command line of `logs`.

use super::Format;
use super::query::To;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "The newest lines that fit, in the order of time. The language is LogQL, as Loki has it. `--word` \
finds a whole word faster than `|=` finds a part of one.

Examples:
  ketupa logs '{unit=\"ssh.service\"}' --token-file token
  ketupa logs '{job=\"journal\"} |= \"error\"' --since 24h --limit 1000
  ketupa logs '{job=\"journal\"}' --word 8f3a9c12 --since 30d
  ketupa logs '{job=\"nginx\"} | json | status >= 500' -f
  ketupa logs 'sum by (unit) (count_over_time({job=\"journal\"}[1h]))' --format json"
)]
pub(crate) struct Logs {
    /// Which lines: a selector such as {job="journal"}, and what is done with them
    pub(crate) question: String,
    /// For how long back, such as 15m, 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) since: String,
    /// Until when: seconds since 1970, or such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub(crate) until: Option<String>,
    /// How many lines at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Only lines with this whole word: letters, digits and `_`
    #[arg(long, value_name = "WORD")]
    pub(crate) word: Vec<String>,
    /// Go on, with the lines that come
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) to: To,
    /// How to print; JSON is the server's answer, one a line where lines are followed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
