//! The command line of `ketupa twin`.

use super::{Format, Where};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

/// What to do with the twin.
#[derive(Debug, Subcommand)]
#[command(after_help = "A LINK is a host and its interface, such as edge-01/transit.

Examples:
  ketupa twin up examples/neutrinet
  ketupa twin status
  ketupa twin exec friend -- traceroute -n 9.9.9.9
  ketupa twin cut edge-01/transit
  ketupa twin down")]
pub(crate) enum Twin {
    /// Bring the network up, configure it and wait until it works
    #[command(after_help = "Examples:
  ketupa twin up examples/neutrinet
  ketupa twin up examples/neutrinet --name mine --no-wait")]
    Up(TwinUp),
    /// Apply the declared network to the twin that is up
    #[command(after_help = "Example:
  ketupa twin apply examples/neutrinet")]
    Apply(TwinUp),
    /// Install the packages that twins use into their image, and print where it is
    #[command(after_help = "Example:\n  ketupa twin image")]
    Image,
    /// Take the twin down: nothing of it stays
    #[command(after_help = "Examples:
  ketupa twin down
  ketupa twin down --name mine")]
    Down(Which),
    /// Show what works: sessions, virtual addresses, services, stand-ins
    #[command(after_help = "Examples:
  ketupa twin status
  ketupa twin status --map status.svg
  ketupa twin status --format json | jq .vips")]
    Status(TwinStatus),
    /// Run a command in a host
    #[command(after_help = "Examples:
  ketupa twin exec friend -- traceroute -n 9.9.9.9
  ketupa twin exec core-01 -- birdc show protocols")]
    Exec(TwinExec),
    /// Open a shell in a host
    #[command(after_help = "Example:
  ketupa twin shell edge-01")]
    Shell(TwinHost),
    /// Cut a link silently: the interface stays up, nothing arrives
    #[command(after_help = "Example:
  ketupa twin cut edge-01/transit")]
    Cut(TwinLink),
    /// Pull a link's cable: the host sees its carrier go
    #[command(after_help = "Example:
  ketupa twin unplug edge-01/transit")]
    Unplug(TwinLink),
    /// Undo the faults of a link
    #[command(after_help = "Example:
  ketupa twin heal edge-01/transit")]
    Heal(TwinLink),
    /// Take the power from a host, or kill one of its units
    #[command(after_help = "Examples:
  ketupa twin kill core-01
  ketupa twin kill core-01 keepalived.service")]
    Kill(TwinUnit),
    /// Give a host its power back
    #[command(after_help = "Example:
  ketupa twin start core-01")]
    Start(TwinHost),
    /// Print a capture file of a link or a segment: pipe it to tcpdump or Wireshark
    Pcap(TwinPcap),
    /// Print what a unit of a host said
    #[command(after_help = "Examples:
  ketupa twin logs core-01 bird.service
  ketupa twin logs core-01")]
    Logs(TwinUnit),
    /// Make a neighbour announce routes besides its usual ones
    Announce(TwinAnnounce),
    /// Show in the twin what a proof found: break the same things, and compare
    Replay(TwinReplay),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Brings a twin up if none of this name is, also of a network in which `check` \
finds errors: what is wrong is what shall be seen. Exit status 0: what was seen is what was predicted.

Examples:
  ketupa twin replay V-OWNER-1f3a9c examples/neutrinet
  ketupa twin replay V-OWNER-1f3a9c examples/neutrinet --keep"
)]
pub(crate) struct TwinReplay {
    /// The finding's name, as `ketupa prove` prints it
    pub(crate) finding: String,
    #[command(flatten)]
    pub(crate) place: Where,
    /// The twin's name [default: that of the directory]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Leave the twin as it is, with what is broken, to look at it
    #[arg(long)]
    pub(crate) keep: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The twin's name [default: the only one that is up]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TwinUp {
    #[command(flatten)]
    pub(crate) place: Where,
    /// The twin's name [default: that of the directory]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Do not wait for sessions and services
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Run the agents, too: they ask what is to be asked, and send it where `[watch]` says; the server is not played
    #[arg(long)]
    pub(crate) agents: bool,
    /// The day on which waivers are judged [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct TwinStatus {
    #[command(flatten)]
    pub(crate) which: Which,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Also draw the network there, coloured by what works
    #[arg(long)]
    pub(crate) map: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TwinHost {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The host
    pub(crate) host: String,
}

#[derive(Debug, Args)]
pub(crate) struct TwinExec {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The host
    pub(crate) host: String,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TwinLink {
    #[command(flatten)]
    pub(crate) which: Which,
    /// HOST/INTERFACE
    pub(crate) link: String,
}

#[derive(Debug, Args)]
pub(crate) struct TwinUnit {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The host
    pub(crate) host: String,
    /// The unit, such as bird.service
    pub(crate) unit: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  ketupa twin pcap edge-01/transit -- tcp port 179 | tcpdump -nr -")]
pub(crate) struct TwinPcap {
    #[command(flatten)]
    pub(crate) which: Which,
    /// HOST/INTERFACE, or a segment
    pub(crate) link: String,
    /// A filter in tcpdump's words
    #[arg(last = true)]
    pub(crate) filter: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa twin announce hurricane 10.66.0.0/16
  ketupa twin announce hurricane 5.0.0.0/16 --path 64999 --community 65535:666
  ketupa twin announce hurricane")]
pub(crate) struct TwinAnnounce {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The neighbour's container
    pub(crate) neighbor: String,
    /// The prefixes; none takes back those of earlier calls
    pub(crate) prefixes: Vec<ipnet::IpNet>,
    /// The AS path behind the neighbour, nearest first
    #[arg(long, value_delimiter = ',')]
    pub(crate) path: Vec<u32>,
    /// Communities, such as 65535:666
    #[arg(long, value_delimiter = ',')]
    pub(crate) community: Vec<String>,
}
