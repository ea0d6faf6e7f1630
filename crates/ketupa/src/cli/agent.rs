//! The words of `ketupa agent`: what runs on every host and says how it is.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve how this host is, for Prometheus and its dashboards, and send it on; log disks that come and go
#[derive(Debug, Args)]
#[command(
    after_help = "The metrics are at /metrics, in the names of node_exporter. Events of disks go to standard error, one
JSON object a line. What is sent where, and what else is measured, is told in a file.

Examples:
  ketupa agent --once | grep node_load1
  ketupa agent --listen 127.0.0.1:9100
  ketupa agent --config /etc/ketupa/agent.toml
  ketupa agent --listen 10.0.0.1:9100 --print-unit > /etc/systemd/system/ketupa-agent.service"
)]
pub(crate) struct Agent {
    /// A file that says all of this and more (TOML): what is said here counts over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to answer: there is no password, so only where those may ask who may know [default: 127.0.0.1:9100]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// A directory whose *.prom files are told too
    #[arg(long, value_name = "DIR")]
    pub(crate) textfile: Option<PathBuf>,
    /// A directory with what `smartctl --json -a DISK` printed, as DISK.json: a timer of root's writes it
    #[arg(long, value_name = "DIR")]
    pub(crate) smart: Option<PathBuf>,
    /// BIRD's control socket: its sessions and routes are told if it is there [default: /run/bird/bird.ctl]
    #[arg(long, value_name = "SOCKET")]
    pub(crate) bird: Option<PathBuf>,
    /// Where the list of known disks is kept: one that is gone or new is told at the next start.
    /// A disk that shall be forgotten is taken out of it while the agent is down
    #[arg(long, value_name = "FILE")]
    pub(crate) disks: Option<PathBuf>,
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
