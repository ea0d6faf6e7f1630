//! The command line of what asks a server: `query`, `top`.

use super::Format;
use clap::Args;
use std::path::PathBuf;

/// Which server is asked.
#[derive(Debug, Args)]
pub(crate) struct To {
    /// The server: this program's, or any other that answers like Prometheus
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8017")]
    pub(crate) server: String,
    /// The file with the token that the server wants
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The certificates that are believed, as PEM [default: those of this machine]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Times are seconds since 1970, or such as 2026-01-31T12:00:00Z. Over time, each series is a \
line that shows its shape, its least, its last and its largest value.

Examples:
  ketupa query 'sum by (instance) (rate(node_network_receive_bytes_total[5m]))' --token-file token
  ketupa query 'node_load1' --start 2026-01-31T00:00:00Z --end 2026-02-01T00:00:00Z --step 15m
  ketupa query 'up == 0' --format json | jq '.data.result[].metric.instance'
  ketupa query 'node_load1' --data /var/lib/ketupa"
)]
pub(crate) struct Query {
    /// What is asked, in the language of Prometheus
    pub(crate) question: String,
    /// The time of which is asked [default: now]
    #[arg(long, value_name = "TIME", conflicts_with_all = ["start", "end", "step"])]
    pub(crate) at: Option<String>,
    /// From when on [default: an hour before the end, where a step or an end is said]
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// How far apart the points are, such as 15s or 5m [default: a sixtieth of the time]
    #[arg(long, value_name = "TIME")]
    pub(crate) step: Option<String>,
    #[command(flatten)]
    pub(crate) to: To,
    /// Ask the store in this directory of a server that does not run
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["server", "token_file", "ca"])]
    pub(crate) data: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Hosts are those that sent metrics within a day, the worst first: unseen, down, with alerts, \
with sessions that are down, and then those that are fullest. A `!` marks what is over 90 %.

On a terminal keys are followed: q or Esc leaves, arrows or j and k move, s changes the order, / shows only
hosts whose name contains what is typed, ? shows all keys.

Examples:
  ketupa top --token-file token
  ketupa top --server https://watch.example.net --token-file token --once"
)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) to: To,
    /// Print once and end, as where the output is no terminal
    #[arg(long)]
    pub(crate) once: bool,
    /// How to print; JSON is printed once
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
