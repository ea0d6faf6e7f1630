//! The command line: what can be typed, and the help that goes with it.

// Their places are said because xtask reads this file as a module of its own.
#[path = "cli/agent.rs"]
pub(crate) mod agent;
#[path = "cli/checks.rs"]
pub(crate) mod checks;
#[path = "cli/converge.rs"]
pub(crate) mod converge;
#[path = "cli/follow.rs"]
pub(crate) mod follow;
#[path = "cli/forward.rs"]
pub(crate) mod forward;
#[path = "cli/prove.rs"]
pub(crate) mod prove;
#[path = "cli/logs.rs"]
pub(crate) mod logs;
#[path = "cli/query.rs"]
pub(crate) mod query;
#[path = "cli/rules.rs"]
pub(crate) mod rules;
#[path = "cli/serve.rs"]
pub(crate) mod serve;
#[path = "cli/twin.rs"]
pub(crate) mod twin;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;

/// Runs a community Internet provider from one directory of TOML files.
#[derive(Debug, Parser)]
#[command(name = "ketupa", version, max_term_width = 100, after_help = EXIT)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT: &str = "Exit status: 0 all is well; 1 something is wrong with the network that was \
declared, or did not answer; 2 the command line is wrong; 3 the machine refused (a file, a right, \
a missing program).

Start with:
  ketupa check examples/neutrinet
  ketupa twin up examples/neutrinet";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with a declared ISP
    Check(Check),
    /// Explain a finding's code, or list all codes
    Explain(Explain),
    /// Prove that the network holds whatever fails, or ask it where packets go
    Prove(prove::Prove),
    /// Print the finance table: what everything costs, and what leaving hosts would save
    Cost(Cost),
    /// Draw the network as SVG
    Map(Map),
    /// Write the configuration of every host
    Render(Render),
    /// Show what an apply would change on the hosts, which are reached by ssh
    Plan(converge::Plan),
    /// Make the hosts what was declared, with a way back
    Apply(converge::Apply),
    /// Say where hosts are not as declared, and since when
    Drift(converge::Drift),
    /// Look at what is new in a git repository, and tell its forge what became of it
    Follow(follow::Follow),
    /// Be Ansible's inventory: existing playbooks run on the declared hosts
    Inventory(converge::Inventory),
    /// Say who changed the hosts, when, and from which commit
    History(converge::History),
    /// Make the hosts what was declared at an earlier commit
    Rollback(converge::Rollback),
    /// Run the declared jobs by schedule, by API and by webhook, with pages that show them
    Serve(serve::Serve),
    /// Make, list and revoke tokens of the job desk
    #[command(subcommand)]
    Token(serve::Token),
    /// Ask the job desk for runs, without a browser
    #[command(subcommand)]
    Job(serve::Job),
    /// Rehearse the network on this machine, with the real daemons in light containers
    #[command(subcommand)]
    Twin(twin::Twin),
    /// List what is asked again and again, and from where
    Checks(checks::Checks),
    /// Serve how this host is, for Prometheus, and log disks that come and go
    Agent(agent::Agent),
    /// Ask for measurements, in the language of Prometheus
    Query(query::Query),
    /// Ask for lines of logs, in the language of Loki
    Logs(logs::Logs),
    /// Show how all hosts are, the worst first
    Top(query::Top),
    /// Print the alert rules of the model, or check rule files
    Rules(rules::Rules),
    /// Show what is wrong, as a server tells it
    Alerts(rules::Alerts),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Print the manual page (roff)
    #[command(after_help = "Example:
  ketupa man | man -l -")]
    Man,
    /// Execute what arrives on standard input: what travels to a machine
    #[command(hide = true)]
    Host,
    /// Run a job's process, and end it when its server falls silent
    #[command(hide = true)]
    JobGuard(serve::JobGuard),
}

/// Where the ISP is.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The directory that holds the ISP's *.toml files
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa check examples/neutrinet
  ketupa check --format json . | jq '.findings[].code'")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) place: Where,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The day on which waivers are judged [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa explain N4-VRID
  ketupa explain")]
pub(crate) struct Explain {
    /// The code, as a finding shows it
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa cost examples/neutrinet
  ketupa cost examples/neutrinet --without runner,mail")]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Hosts or costs to leave out: says what that saves
    #[arg(long, value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The day from which renewals are counted [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa map examples/neutrinet -o map.svg")]
pub(crate) struct Map {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Where to write the picture [default: standard output]
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa render examples/neutrinet --host edge-01
  ketupa render examples/neutrinet --out /tmp/rendered")]
pub(crate) struct Render {
    #[command(flatten)]
    pub(crate) place: Where,
    /// Only this host
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Write the files below this directory, HOST/path/of/file [default: print them]
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// The day on which waivers are judged [default: today]
    #[arg(long)]
    pub(crate) today: Option<Date>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  ketupa completions bash > /etc/bash_completion.d/ketupa")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For editors and CI
    Json,
}
