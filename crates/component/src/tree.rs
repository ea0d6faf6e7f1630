//! What a host shall hold: files, packages, units, checks and probes. Plain data, ordered, comparable.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The desired state of every host, by host name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// One entry for each host that Ketupa configures.
    pub hosts: BTreeMap<String, HostTree>,
}

/// The desired state of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HostTree {
    /// Files by absolute path.
    pub files: BTreeMap<String, File>,
    /// Directories by absolute path; those of files need no entry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub directories: BTreeMap<String, Directory>,
    /// Symbolic links by absolute path, with where they point.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
    /// Groups that must exist, with their numbers where these matter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Option<u32>>,
    /// Users by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<String, User>,
    /// Files that let people in: a mistake in one can cut the host off although no unit reads it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub ways_in: BTreeSet<String>,
    /// Debian packages that must be installed.
    pub packages: BTreeSet<String>,
    /// The versions of those of them that must have a certain one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, String>,
    /// Those of them that no upgrade may touch.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub held: BTreeSet<String>,
    /// systemd units by name, in any order: [`Unit::after`] orders them.
    pub units: BTreeMap<String, Unit>,
    /// Commands that must accept the staged files before anything goes live.
    pub checks: Vec<Check>,
    /// Questions whose answers say that the change works.
    pub probes: Vec<Probe>,
}

/// One file on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// The whole text; secrets stand in it as marks made by [`secret_mark`]. A program is a mark alone: see
    /// [`File::program`].
    pub text: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// Owner, by name.
    pub owner: String,
    /// Group, by name.
    pub group: String,
}

/// A directory on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Directory {
    /// Permission bits, such as `0o755`.
    pub mode: u32,
    /// Owner, by name.
    pub owner: String,
    /// Group, by name.
    pub group: String,
}

/// A user of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its number, where that matters.
    pub uid: Option<u32>,
    /// Its home directory.
    pub home: String,
    /// The shell that a login starts.
    pub shell: String,
    /// Who it is; `None` leaves what a host says of it.
    pub comment: Option<String>,
    /// All groups that it is in besides its own.
    pub groups: BTreeSet<String>,
    /// Whom it is for.
    pub sort: UserSort,
}

/// Whom a user is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum UserSort {
    /// A person, who gets a home directory.
    Person,
    /// A daemon.
    System,
}

/// One systemd unit that must be enabled and running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// What to do with the running unit when one of its files changed.
    pub on_change: OnChange,
    /// The files that this unit reads: absolute paths; one that ends in `/` covers all below it.
    pub reads: Vec<String>,
    /// Units that must be up before this one.
    pub after: Vec<String>,
    /// Whether a mistake in what it reads can cut the host off from whoever changes it: such a change
    /// is confirmed over a new connection, or the host takes it back.
    pub cuts_off: bool,
}

/// How a running unit takes a changed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnChange {
    /// `systemctl reload`: sessions and connections survive.
    Reload,
    /// `systemctl restart`: for daemons that cannot reload.
    Restart,
}

/// A daemon's own checker, run on the staged set before it goes live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The component that asks.
    pub component: String,
    /// Program and arguments, no shell. Paths are those of the live tree: the staged files are laid over it.
    pub command: Vec<String>,
    /// Run when one of these paths changes (same form as [`Unit::reads`]).
    pub covers: Vec<String>,
}

/// A question asked on the host after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// What is asked, for people: "BIRD answers".
    pub name: String,
    /// Program and arguments, no shell; exit status 0 means yes.
    pub command: Vec<String>,
    /// How long to wait for a yes, in seconds.
    pub within_s: u32,
}

impl File {
    /// A file that everybody may read, owned by root.
    pub fn public(text: impl Into<String>) -> Self {
        Self { text: text.into(), mode: 0o644, owner: "root".into(), group: "root".into() }
    }

    /// A file that only root and `group` may read.
    pub fn private(text: impl Into<String>, group: &str) -> Self {
        Self { text: text.into(), mode: 0o640, owner: "root".into(), group: group.into() }
    }

    /// A program of Ketupa's own, known by its name: whoever applies the tree has the bytes, which differ by
    /// processor and are nobody's to read.
    pub fn program(name: &str) -> Self {
        let text = format!("{SECRET_OPEN}{PROGRAM}{name}{SECRET_CLOSE}\n");
        Self { mode: 0o755, ..Self::public(text) }
    }

    /// The name of the program that it is, if it is one.
    pub fn program_name(&self) -> Option<&str> {
        let mark = self.text.strip_suffix('\n')?;
        let name = mark.strip_prefix(SECRET_OPEN)?.strip_suffix(SECRET_CLOSE)?;
        name.strip_prefix(PROGRAM).filter(|name| !name.contains([SECRET_OPEN, SECRET_CLOSE]))
    }
}

/// The first character of a secret's mark in a rendered file.
pub const SECRET_OPEN: char = '⟪';
/// The last character of a secret's mark in a rendered file.
pub const SECRET_CLOSE: char = '⟫';

/// What the mark of a program begins with: no secret has such a name.
const PROGRAM: &str = "program:";

/// The mark that stands in a rendered file for a secret, resolved only while it is applied.
pub fn secret_mark(reference: &str) -> String {
    format!("{SECRET_OPEN}{reference}{SECRET_CLOSE}")
}

/// The secret references in a rendered text, in order of appearance.
pub fn secret_references(text: &str) -> Vec<&str> {
    text.split(SECRET_OPEN)
        .skip(1)
        .filter_map(|rest| rest.split_once(SECRET_CLOSE))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with(PROGRAM))
        .collect()
}

/// Two components that write the same file: a fault of the house, found by its own tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash(pub String);

impl HostTree {
    /// Adds what another component wants on the same host.
    ///
    /// # Errors
    /// Both want the same path, user or unit.
    pub fn merge(&mut self, other: Self) -> Result<(), Clash> {
        let paths = self.files.keys().chain(self.links.keys()).chain(self.directories.keys());
        let theirs = |path: &&String| {
            other.files.contains_key(*path)
                || other.links.contains_key(*path)
                || other.directories.contains_key(*path)
        };
        let units = self.units.keys().filter(|name| other.units.contains_key(*name));
        let users = self.users.keys().filter(|name| other.users.contains_key(*name));
        if let Some(twice) = paths.filter(theirs).chain(units).chain(users).next() {
            return Err(Clash(twice.clone()));
        }
        self.files.extend(other.files);
        self.directories.extend(other.directories);
        self.links.extend(other.links);
        self.groups.extend(other.groups);
        self.users.extend(other.users);
        self.ways_in.extend(other.ways_in);
        self.units.extend(other.units);
        self.versions.extend(other.versions);
        self.held.extend(other.held);
        self.packages.extend(other.packages);
        self.checks.extend(other.checks);
        self.probes.extend(other.probes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{File, secret_references};

    #[test]
    fn a_program_is_known_by_its_mark_alone() {
        let program = File::program("ketupa-agent");
        assert_eq!(program.program_name(), Some("ketupa-agent"));
        assert_eq!(program.mode, 0o755);
        assert_eq!(secret_references(&program.text), Vec::<&str>::new());
        for text in ["⟪pass:x⟫\n", "a ⟪program:x⟫\n", "⟪program:x⟫ ⟪program:y⟫\n", "⟪program:x⟫"]
        {
            assert_eq!(File::public(text).program_name(), None, "{text}");
        }
    }
}
