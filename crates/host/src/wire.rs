//! What is asked of the executor and what it answers: plain data. Touches nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One question or order, in one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// What is there?
    Observe(Observe),
    /// The texts of these files, whatever they hold.
    Read {
        /// Absolute paths.
        paths: BTreeSet<String>,
    },
    /// Finish or undo a change that was interrupted; nothing else.
    Recover,
    /// Bring the host to this state, or leave it as it was.
    Apply(Orders),
    /// Let a change stand that awaits it: see [`Guard`].
    Confirm {
        /// The guard's name.
        id: String,
    },
    /// Who touched these files and packages last, as far as the host knows.
    Trace {
        /// Absolute paths.
        paths: BTreeSet<String>,
        /// Debian packages.
        packages: BTreeSet<String>,
    },
}

/// In what is said of an undoing: what follows could not be put back.
pub const BUT: &str = ", but: ";

/// The answer to one [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Request::Observe`].
    Observed(Seen),
    /// To [`Request::Read`]: an entry for every path asked.
    Texts(BTreeMap<String, Entry>),
    /// To [`Request::Recover`]: what was done, if anything had to be.
    Recovered(Result<Option<String>, String>),
    /// To [`Request::Apply`].
    Applied(Outcome),
    /// To [`Request::Confirm`].
    Confirmed(Confirmed),
    /// To [`Request::Trace`]: a sentence for each path and package of which something is known.
    Traced(BTreeMap<String, String>),
    /// The request was not understood or not allowed; nothing was done.
    Refused {
        /// One sentence for people.
        why: String,
    },
}

/// What to look at. Files that Ketupa owns on the host are always looked at, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// Absolute paths with the hash that each should have; the text of one that differs comes back.
    pub files: BTreeMap<String, String>,
    /// Debian packages.
    pub packages: BTreeSet<String>,
    /// systemd units.
    pub units: BTreeSet<String>,
}

/// What a host showed. What could not be read is an `Err` with the reason, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Every path asked for, and every path that Ketupa owns.
    pub files: BTreeMap<String, Entry>,
    /// The packages asked for that are installed.
    pub packages: Result<BTreeSet<String>, String>,
    /// Every unit asked for.
    pub units: Result<BTreeMap<String, UnitState>, String>,
    /// What Ketupa wrote on this host before.
    pub owned: Result<Owned, String>,
    /// A change that was interrupted and is neither finished nor undone.
    pub unfinished: Option<String>,
    /// What the host did by itself since the last change, because nobody confirmed it.
    pub undone: Option<String>,
}

/// What stands at a path. Symbolic links are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Entry {
    /// Nothing.
    Absent,
    /// A regular file.
    File(FileEntry),
    /// A symbolic link.
    Link {
        /// Where it points.
        to: String,
    },
    /// A directory, device, socket or pipe.
    Other {
        /// Which of them.
        what: String,
    },
    /// Could not be looked at: unknown, not absent.
    Unreadable {
        /// The system's reason.
        why: String,
    },
}

/// A regular file on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// SHA-256 of the content, in hexadecimal.
    pub hash: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner's name, or number where it has none.
    pub owner: String,
    /// Group's name, or number where it has none.
    pub group: String,
    /// The content, where it was asked for, is text and is not huge.
    pub text: Option<String>,
}

impl Entry {
    /// The same entry without its text, as orders expect it to be found.
    #[must_use]
    pub fn without_text(&self) -> Self {
        match self {
            Self::File(file) => Self::File(FileEntry { text: None, ..file.clone() }),
            Self::Absent | Self::Link { .. } | Self::Other { .. } | Self::Unreadable { .. } => {
                self.clone()
            }
        }
    }
}

/// How a unit is doing, in systemd's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitState {
    /// `LoadState`: `loaded`, `not-found`, `masked`...
    pub load: String,
    /// `ActiveState`: `active`, `inactive`, `failed`...
    pub active: String,
    /// `UnitFileState`: `enabled`, `disabled`, `static`...
    pub enabled: String,
    /// It was asked to start and a `Condition…=` of its file said that this machine has no use
    /// for it: `ConditionResult=no` with a time at which it was judged.
    #[serde(default)]
    pub skipped: bool,
}

impl UnitState {
    /// Does it run, or is it about to, or did it find that there is nothing to run for?
    pub fn runs(&self) -> bool {
        self.is_up() || self.skipped && self.active == "inactive"
    }

    /// Does it run, or is it about to? Only such a unit can be reloaded, or left on old files.
    pub fn is_up(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading" | "activating" | "refreshing")
    }

    /// Would it start at boot as far as `systemctl enable` can bring it?
    pub fn is_enabled(&self) -> bool {
        !matches!(self.enabled.as_str(), "" | "disabled" | "bad" | "masked" | "enabled-runtime")
    }
}

/// What Ketupa owns on a host: the manifest that it keeps there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// Files, by absolute path.
    pub files: BTreeMap<String, OwnedFile>,
    /// Units that were enabled and started.
    pub units: BTreeSet<String>,
    /// Directories that were made for the files.
    pub directories: BTreeSet<String>,
}

/// One owned file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedFile {
    /// SHA-256 of what was written.
    pub hash: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Does its text hold secrets? Then nobody is shown what stands in it.
    pub secret: bool,
}

/// A change, so exact that no choice is left on the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Packages to install first.
    pub packages: Vec<String>,
    /// Files to write or remove, in order.
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
    /// Nothing.
    Remove,
}

/// A file to write, secrets resolved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// The whole content.
    pub text: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
}

impl std::fmt::Debug for NewFile {
    /// Leaves the text out: it may hold secrets, and debug output ends in logs.
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
