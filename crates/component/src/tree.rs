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
    /// Debian packages that must be installed.
    pub packages: BTreeSet<String>,
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
    /// The whole text; secrets stand in it as marks made by [`secret_mark`].
    pub text: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// Owner, by name.
    pub owner: String,
    /// Group, by name.
    pub group: String,
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
}

/// The first character of a secret's mark in a rendered file.
pub const SECRET_OPEN: char = '⟪';
/// The last character of a secret's mark in a rendered file.
pub const SECRET_CLOSE: char = '⟫';

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
        .collect()
}

/// Two components that write the same file: a fault of the house, found by its own tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash(pub String);

impl HostTree {
    /// Adds what another component wants on the same host.
    ///
    /// # Errors
    /// Both write the same file or drive the same unit.
    pub fn merge(&mut self, other: Self) -> Result<(), Clash> {
        for (path, file) in other.files {
            if self.files.insert(path.clone(), file).is_some() {
                return Err(Clash(path));
            }
        }
        for (name, unit) in other.units {
            if self.units.insert(name.clone(), unit).is_some() {
                return Err(Clash(name));
            }
        }
        self.packages.extend(other.packages);
        self.checks.extend(other.checks);
        self.probes.extend(other.probes);
        Ok(())
    }
}
