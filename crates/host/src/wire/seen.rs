//! What can be asked of a host's state, and what it shows. Touches nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

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
    /// Absolute paths at which a directory or a link shall be.
    #[serde(default)]
    pub paths: BTreeSet<String>,
    /// Names of users; those that Ketupa made are always looked at, too.
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// Names of groups.
    #[serde(default)]
    pub groups: BTreeSet<String>,
}

/// What a host showed. What could not be read is an `Err` with the reason, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Every path asked for, and every path that Ketupa owns.
    pub files: BTreeMap<String, Entry>,
    /// The packages asked for that are installed, and those that Ketupa holds.
    pub packages: Result<BTreeMap<String, Package>, String>,
    /// Every unit asked for.
    pub units: Result<BTreeMap<String, UnitState>, String>,
    /// The users and groups asked for that are there.
    pub accounts: Result<Accounts, String>,
    /// The host's clock, in seconds since 1970.
    pub clock: u64,
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
    /// A directory.
    Directory(Rights),
    /// A device, socket or pipe.
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

/// Who owns a directory, and what others may do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// Permission bits.
    pub mode: u32,
    /// Owner's name, or number where it has none.
    pub owner: String,
    /// Group's name, or number where it has none.
    pub group: String,
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
            Self::Absent
            | Self::Link { .. }
            | Self::Directory(_)
            | Self::Other { .. }
            | Self::Unreadable { .. } => self.clone(),
        }
    }
}

/// An installed Debian package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its version.
    pub version: String,
    /// Is it held, so that no upgrade touches it?
    pub held: bool,
}

/// Users and groups, as `/etc/passwd` and its kin tell of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// By name.
    pub users: BTreeMap<String, User>,
    /// Numbers by name.
    pub groups: BTreeMap<String, u32>,
}

/// A user of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Its home directory.
    pub home: String,
    /// The shell that a login starts.
    pub shell: String,
    /// Who it is.
    pub comment: String,
    /// The groups that it is in besides its own.
    pub groups: BTreeSet<String>,
    /// The day on which it may no longer log in, in days since 1970; empty means never.
    pub expires: String,
}

/// The day on which a user may no longer log in that Ketupa shut out: the second of January 1970,
/// because the first one counts as no day for some programs.
pub const SHUT: &str = "1";

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
    /// Directories that were made for the files, or because they are declared.
    pub directories: BTreeSet<String>,
    /// Symbolic links.
    #[serde(default)]
    pub links: BTreeSet<String>,
    /// Declared directories: they stay although no file needs them.
    #[serde(default)]
    pub declared: BTreeSet<String>,
    /// Declared users.
    #[serde(default)]
    pub users: BTreeMap<String, OwnedUser>,
    /// Packages that were put on hold.
    #[serde(default)]
    pub held: BTreeSet<String>,
}

/// A declared user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedUser {
    /// Did Ketupa make it? One that was there before is never shut out.
    pub made: bool,
    /// Its home directory.
    pub home: String,
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
