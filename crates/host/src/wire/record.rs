//! Who ordered a change, from what, and how it ended: as it is sent, and as a host keeps it. Plain data.

use serde::{Deserialize, Serialize};

/// Who orders a change, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The operator and their machine, or a job.
    pub who: String,
    /// The run's name: changes of several hosts that were ordered together have it in common.
    pub run: String,
    /// What was declared.
    pub revision: Revision,
}

/// A state of the declared network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Revision {
    /// A commit of the operator's repository, whole.
    Commit(String),
    /// A commit with changes that were not committed.
    Changed {
        /// The commit.
        commit: String,
        /// SHA-256 of all that was declared.
        tree: String,
    },
    /// No repository: SHA-256 of all that was declared.
    Tree(String),
}

/// One change in a host's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Who ordered it, and from what.
    pub origin: Origin,
    /// When it began, in seconds since 1970 by the host's clock.
    pub at: u64,
    /// How it ended.
    pub end: Ending,
    /// What it changed, or was to change: paths, packages and units.
    pub changed: Vec<String>,
}

/// How a recorded change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It stands.
    Done,
    /// It was refused, and nothing live was touched.
    Refused,
    /// It failed or was interrupted, and was put back.
    Undone,
    /// Nobody confirmed it, and it was put back.
    Unconfirmed,
}
