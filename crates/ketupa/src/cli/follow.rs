//! The command line of `ketupa follow`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "One round, then it ends: a timer, a job or a webhook starts the next. What was looked at is \
remembered in --state, so that each commit is looked at once; what a forge did not take is told again in the \
next round. A change that waits for review is only read: check, prove, and what it would change, never a host \
and never a secret. A commit on the branch is checked and proved, and with --merged plan or apply it goes on \
to the hosts.

Exit status 1: a commit that was looked at is not well.

Examples:
  ketupa follow https://git.example.org/network/isp.git --state /var/lib/ketupa/follow
  ketupa follow git@git.example.org:network/isp.git --state . --merged apply \\
    --forge forgejo --url https://git.example.org --project network/isp --token pass:forge/ketupa"
)]
pub(crate) struct Follow {
    /// The repository, as `git fetch` takes it
    pub(crate) repository: String,
    /// Where the mirror and what was looked at are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// The branch that is declared to be true
    #[arg(long, default_value = "main")]
    pub(crate) branch: String,
    /// The directory of the ISP within the repository
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// How far a commit on the branch goes by itself
    #[arg(long, value_enum, default_value_t = Merged::Prove)]
    pub(crate) merged: Merged,
    /// Up to how many things fail at once in the proof [default: what `ketupa prove` does]
    #[arg(long, value_name = "N")]
    pub(crate) failures: Option<u8>,
    /// Which API the forge speaks; without it nothing is told to anybody
    #[arg(long, value_enum, requires_all = ["url", "project", "token"])]
    pub(crate) forge: Option<ForgeKind>,
    /// The forge's address
    #[arg(long, value_name = "URL", requires = "forge")]
    pub(crate) url: Option<String>,
    /// The project on the forge: group/name
    #[arg(long, requires = "forge")]
    pub(crate) project: Option<String>,
    /// The forge's token, as a reference: pass:NAME, age:FILE or env:NAME
    #[arg(long, value_name = "REFERENCE", requires = "forge")]
    pub(crate) token: Option<String>,
    /// Where people read more: the page behind a status
    #[arg(long, value_name = "URL")]
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) access: super::converge::Access,
}

/// How far a commit on the branch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Merged {
    /// It is checked and proved.
    Prove,
    /// What it would change on the hosts is found out, too.
    Plan,
    /// It is applied where it is proved.
    Apply,
}

/// Which API a forge speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForgeKind {
    /// GitLab's, version 4
    Gitlab,
    /// Forgejo's and Gitea's, version 1
    Forgejo,
}
