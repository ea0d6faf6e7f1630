//! The command line of what touches real hosts: `plan`, `apply`, `drift`, `history`, `rollback`.

use super::{Format, Where};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;

/// What hosts are reached with.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// The configuration that ssh reads instead of yours (ssh -F)
    #[arg(long, value_name = "FILE")]
    pub(crate) ssh_config: Option<PathBuf>,
    /// The static program that travels to hosts [default: ketupa-host beside this program]
    #[arg(long, value_name = "FILE")]
    pub(crate) executor: Option<PathBuf>,
    /// The age identity that opens `age:` secrets [default: age's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}

/// Which hosts, and how they are reached.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Only these hosts
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    pub(crate) host: Vec<String>,
    /// How many hosts are on their way at a time
    #[arg(long, default_value_t = 8)]
    pub(crate) workers: usize,
    #[command(flatten)]
    pub(crate) access: Access,
    /// The day on which waivers are judged [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Looks and changes nothing; a login that may not use sudo sees what it may \
read, and says what it cannot. Exit status 1: a host did not answer, or something is in the way.

Examples:
  ketupa plan examples/neutrinet
  ketupa plan . --host edge-01,edge-02
  ketupa plan . --format markdown > change.md"
)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// How to print
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    pub(crate) format: Shape,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Shows the plan and asks first; only what an interruption left half done on a \
host is settled before. Hosts that stand in for each other are never \
changed at the same time: when all of a wave are well, the next begins. A change that could cut a host \
off must be confirmed over a new connection, which happens by itself; else the host undoes it by itself.

Examples:
  ketupa apply .
  ketupa apply . --host edge-01
  ketupa apply . --yes --confirm-within 2m"
)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) how: How,
}

/// How hosts are changed.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// How long a host waits to be reached anew before it undoes a change, from 1s to 60m
    #[arg(long, default_value = "60s", value_parser = seconds, value_name = "TIME")]
    pub(crate) confirm_within: u32,
    /// Who stands in the hosts' history, for jobs [default: you, at this machine]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How to print; json needs --yes and comes when all is over
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Each host keeps who changed it, when, from which commit of the directory, how it ended, \
and which files, packages and units it was about; never what stands in files. Changes that were ordered \
together stand together, the latest first, in universal time. Exit status 1: a host did not tell.

Examples:
  ketupa history .
  ketupa history . --host edge-01 --limit 50
  ketupa history . --format json | jq '.hosts[].changes[-1].origin.revision'"
)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// How many runs to tell of, and how many changes of each host to ask for
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub(crate) limit: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What was declared at that commit is proved, planned, shown and applied as `ketupa apply` \
does; your working tree stays as it is. Secrets are those of today.

Examples:
  ketupa rollback . --to HEAD~1
  ketupa rollback . --to 1a2b3c4d --host edge-01"
)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The commit, by any name that git knows
    #[arg(long, value_name = "COMMIT")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Changes nothing. Exit status 0: every host is as declared; 1: one is not, or \
did not answer.

Examples:
  ketupa drift .
  ketupa drift . --format json | jq '.hosts[].host'"
)]
pub(crate) struct Drift {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// How to print
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    pub(crate) format: Shape,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Groups: role_ROLE, site_SITE, os_OS, service_SERVICE, owner_DUTY, on_HYPERVISOR and \
managed; what is not a letter or a digit becomes `_`. Each host has what the model says of it in the \
variable `ketupa`. Machines of clients are left out unless `ssh` says how they are reached.

Ansible runs a script that prints this; beside the playbooks, executable:
  #!/bin/sh
  exec ketupa inventory /path/of/the/isp \"$@\"

Examples:
  ketupa inventory examples/neutrinet | jq .role_edge
  ansible-playbook -i hosts.sh --limit role_core site.yml"
)]
pub(crate) struct Inventory {
    #[command(flatten)]
    pub(crate) place: Where,
    /// All groups and hosts: what is printed without --host, too
    #[arg(long, conflicts_with = "host")]
    pub(crate) list: bool,
    /// The variables of this host alone
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
}

/// How plans are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a review
    Markdown,
}

/// `90`, `90s` or `2m`.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let minutes = text.strip_suffix('m').map(|number| (number, 60));
    let (number, unit) = minutes.unwrap_or((text.strip_suffix('s').unwrap_or(text), 1));
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    let fine = seconds.filter(|seconds| (1..=3600).contains(seconds));
    fine.ok_or_else(|| "expected a time from 1s to 60m, such as 60s or 2m".into())
}
