//! What can be ordered, and how it ended. Touches nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Entry, Origin, Owned, Rights, User};

/// A change, so exact that no choice is left on the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Packages to install first, as `name` or `name=version`.
    pub packages: Vec<String>,
    /// Packages to hold or to let go, once they are installed.
    #[serde(default)]
    pub holds: Vec<HoldOrder>,
    /// Groups to make.
    #[serde(default)]
    pub groups: Vec<NewGroup>,
    /// Users to make or change, before anything that they may own.
    #[serde(default)]
    pub users: Vec<UserOrder>,
    /// Directories to make or to give other owners and modes, outer ones first.
    #[serde(default)]
    pub directories: Vec<DirectoryOrder>,
    /// Files and links to write or remove, in order.
    pub files: Vec<FileOrder>,
    /// Checkers that must accept the whole set of staged files.
    pub checks: Vec<Command>,
    /// Units to stop, start, reload or restart, in order.
    pub units: Vec<UnitOrder>,
    /// Questions that must be answered with yes afterwards.
    pub probes: Vec<Command>,
    /// What Ketupa owns once this is done; directories are the executor's own affair.
    pub owned: Owned,
    /// How the change is taken back where it cuts its own way off.
    #[serde(default)]
    pub guard: Option<Guard>,
    /// Who orders it; a change without one leaves no record.
    #[serde(default)]
    pub origin: Option<Box<Origin>>,
}

/// A dead man's timer: the host takes the change back by itself unless it is confirmed in time. The
/// confirmation comes over a new connection, because one that is open may survive what no new one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// The change's name: letters, digits and `-`.
    pub id: String,
    /// How long to wait once the change is live and its probes say yes.
    pub within_s: u32,
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Confirmed {
    /// The change stands.
    Stands,
    /// It is not that far yet: ask again.
    Busy,
    /// It does not stand any more, or never did.
    Gone {
        /// What became of it.
        why: String,
    },
}

/// One file to write or remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOrder {
    /// Absolute path.
    pub path: String,
    /// What must still stand there, else the orders are out of date and refused.
    pub was: Entry,
    /// What to make of it.
    pub then: Then,
}

/// What shall stand at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Then {
    /// A file.
    Write(NewFile),
    /// A symbolic link, root's.
    Link {
        /// Where it points.
        to: String,
    },
    /// Nothing.
    Remove,
}

/// One package to hold or to let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOrder {
    /// Its name.
    pub package: String,
    /// What to do.
    pub then: Hold,
}

/// What is done about upgrades of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// `apt-mark hold`: none touches it.
    Keep,
    /// `apt-mark unhold`: it follows them again.
    Free,
}

/// One group to make where there is none of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// Its number, where that matters.
    pub gid: Option<u32>,
}

/// One user to make or to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserOrder {
    /// Its name.
    pub name: String,
    /// What must still be true of it, else the orders are out of date and refused.
    pub was: Option<User>,
    /// What to make of it.
    pub then: UserThen,
}

/// What shall become of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum UserThen {
    /// It is there, and like this.
    Be(NewUser),
    /// It may log in no more; its files stay.
    Shut,
}

/// How a user shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Its number, where that matters; only for one that is made.
    pub uid: Option<u32>,
    /// Its home directory.
    pub home: String,
    /// The shell that a login starts.
    pub shell: String,
    /// Who it is.
    pub comment: String,
    /// The groups that it is in besides its own.
    pub groups: BTreeSet<String>,
    /// Whom it is for; only for one that is made.
    pub sort: Sort,
}

/// Whom a user is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// A person: with a home directory from `/etc/skel`.
    Person,
    /// A daemon: with a low number, and without a home directory.
    System,
}

/// One directory to make or to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryOrder {
    /// Absolute path.
    pub path: String,
    /// What must still stand there, else the orders are out of date and refused.
    pub was: Entry,
    /// How it shall be.
    pub then: Rights,
}

/// A file to write, secrets resolved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// The whole content.
    pub content: Content,
    /// Permission bits.
    pub mode: u32,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Text.
    Text(String),
    /// The bytes of a program; in base64 on their way, because JSON has no bytes.
    Program(#[serde(with = "super::bytes")] Arc<[u8]>),
}

impl Content {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Program(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for NewFile {
    /// Leaves the content out: it may hold secrets, and debug output ends in logs.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewFile({:o} {}:{})", self.mode, self.owner, self.group)
    }
}

/// A checker or a probe: a program that says yes with exit status 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// What it is about, for people.
    pub name: String,
    /// Program and arguments; no shell.
    pub command: Vec<String>,
    /// A checker is stopped after this time, a probe asked again until then.
    pub within_s: u32,
}

/// One unit to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitOrder {
    /// Its name, with the suffix.
    pub name: String,
    /// What to do.
    pub verb: Verb,
    /// What to do about its start at boot.
    pub boot: Boot,
}

/// What is done with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verb {
    /// Nothing: only its start at boot changes.
    Leave,
    /// `systemctl start`.
    Start,
    /// `systemctl reload`.
    Reload,
    /// `systemctl restart`.
    Restart,
    /// `systemctl stop`, before the files change.
    Stop,
}

/// What is done about a unit's start at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Boot {
    /// Nothing.
    Leave,
    /// `systemctl enable`.
    Enable,
    /// `systemctl disable`.
    Disable,
}

/// How an apply went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What had to be finished or undone before, after an interruption.
    pub recovered: Option<String>,
    /// What was done, in order, one sentence each.
    pub steps: Vec<String>,
    /// How it ended.
    pub end: End,
}

/// How an apply ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum End {
    /// The host is as ordered.
    Done,
    /// The host is as ordered, and will be as before unless this is confirmed: see [`Guard`].
    Awaiting,
    /// No live file or unit was touched.
    Refused {
        /// Why.
        why: String,
    },
    /// Something failed on the way and all was put back.
    RolledBack {
        /// What failed.
        why: String,
        /// What could not be put back; people must look at it.
        troubles: Vec<String>,
    },
}
