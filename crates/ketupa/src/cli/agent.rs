//! The words of `ketupa agent`: what runs on every host and says how it is.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve how this host is, in the names of node_exporter
#[derive(Debug, Args)]
#[command(after_help = "Prometheus, or whatever asks as it does, finds the metrics at /metrics.

Examples:
  ketupa agent --once | grep node_load1
  ketupa agent --listen 127.0.0.1:9100
  ketupa agent --listen 10.0.0.1:9100 --print-unit > /etc/systemd/system/ketupa-agent.service")]
pub(crate) struct Agent {
    /// Where to answer: there is no password, so only where those may ask who may know
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9100")]
    pub(crate) listen: SocketAddr,
    /// A directory whose *.prom files are told too
    #[arg(long, value_name = "DIR")]
    pub(crate) textfile: Option<PathBuf>,
    /// Collectors that are asked only if they are named here, such as interrupts
    #[arg(long, value_name = "COLLECTOR", value_delimiter = ',')]
    pub(crate) with: Vec<String>,
    /// Print the metrics and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Print the systemd unit that runs the agent with these arguments
    #[arg(long, conflicts_with = "once")]
    pub(crate) print_unit: bool,
}
