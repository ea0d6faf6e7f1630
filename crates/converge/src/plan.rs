//! Compares what a host shall hold with what it holds. Pure: the same two always give the same plan.

use std::collections::{BTreeMap, BTreeSet};

use component::tree::{Check, File, HostTree, Probe};
use host::wire::{
    DirectoryOrder, Entry, FileEntry, HoldOrder, NewGroup, Owned, OwnedFile, UserOrder,
};

use crate::accounts;
use crate::observe::{Observed, has_secrets};
use crate::packages;
use crate::places::{self, LinkChange};
use crate::units::{self, UnitAct, UnitChange};

/// Everything that will be done on one host, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The host's name.
    pub host: String,
    /// Packages to install, as `name` or `name=version`.
    pub packages: Vec<String>,
    /// Packages that upgrades leave alone from now on, or no longer.
    pub holds: Vec<HoldOrder>,
    /// Groups to make.
    pub groups: Vec<NewGroup>,
    /// Users to make, to change or to shut out.
    pub users: Vec<UserOrder>,
    /// Directories to make or to give other permissions.
    pub directories: Vec<DirectoryOrder>,
    /// Links to make, to change or to remove.
    pub links: Vec<LinkChange>,
    /// What is no longer declared and stays on the host as it is, in sentences.
    pub forgets: Vec<String>,
    /// Files to write or remove, in the order in which they change.
    pub files: Vec<FileChange>,
    /// Every unit that is desired or was, in the order in which they are acted on.
    pub units: Vec<UnitChange>,
    /// Files and units that are as desired already and that Ketupa owns from now on.
    pub adopts: Vec<String>,
    /// Checkers that must accept the staged files.
    pub checks: Vec<Check>,
    /// Questions asked after the change.
    pub probes: Vec<Probe>,
    /// What makes the plan impossible: above all, what could not be read.
    pub obstacles: Vec<Obstacle>,
    /// What became of a change that had been interrupted on the host.
    pub interruption: Option<String>,
    /// Whether the change could cut the host off, so that it is confirmed over a new connection.
    pub cuts_off: bool,
    pub(crate) owned: Owned,
}

/// One file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its absolute path.
    pub path: String,
    /// What happens.
    pub act: FileAct,
    /// The desired file, its secrets as marks; `None` when it goes.
    pub desired: Option<File>,
    /// Did somebody change it since Ketupa wrote it?
    pub by_hand: bool,
    /// What stands there, its secrets as marks.
    pub(crate) was: Entry,
    /// The hash of what shall stand there, its secrets in place.
    pub(crate) hash: Option<String>,
}

/// What happens to a file, in the order in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileAct {
    /// It appears: before the files that may include it.
    Create,
    /// Its content changes.
    Change,
    /// Only its owner, group or mode changes.
    Permissions,
    /// It goes, after those that may have included it.
    Remove,
}

/// Something that must be settled before the plan can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is about: a path, a unit, a list.
    pub about: String,
    /// One sentence.
    pub why: String,
}

impl Plan {
    /// Is the host as desired?
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.holds.is_empty()
            && self.groups.is_empty()
            && self.users.is_empty()
            && self.directories.is_empty()
            && self.links.is_empty()
            && self.forgets.is_empty()
            && self.files.is_empty()
            && self.adopts.is_empty()
            && self.obstacles.is_empty()
            && self.units.iter().all(|unit| unit.act == UnitAct::Leave)
    }

    /// The paths of files and links that change.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|file| file.path.as_str());
        files.chain(self.links.iter().map(|link| link.path.as_str()))
    }

    pub(crate) fn stop(&mut self, about: &str, why: impl Into<String>) {
        self.obstacles.push(Obstacle { about: about.to_owned(), why: why.into() });
    }
}

/// What must be done on the observed host to make it as desired.
pub fn plan(desired: &HostTree, observed: &Observed) -> Plan {
    let seen = &observed.seen;
    let mut plan = Plan { host: observed.host.clone(), ..Plan::default() };
    plan.interruption = observed.recovered.clone().or_else(|| seen.undone.clone());
    if let Some(unfinished) = &seen.unfinished {
        plan.stop("an earlier change", unfinished);
    }
    let nothing = Owned::default();
    let owned = seen.owned.as_ref().unwrap_or_else(|why| {
        plan.stop("what Ketupa wrote before", why);
        &nothing
    });
    plan_clock(&mut plan, observed);
    packages::plan(&mut plan, desired, &seen.packages, owned);
    accounts::plan(&mut plan, desired, observed, owned);
    places::plan(&mut plan, desired, observed, owned);
    plan_files(&mut plan, desired, observed, owned);
    plan_units(&mut plan, desired, observed, owned);
    plan.owned = to_own(desired, observed, owned);
    plan.adopts.extend(adopted(&plan, owned));
    if !plan.is_empty() {
        plan.checks =
            desired.checks.iter().filter(|check| concerned(check, &plan)).cloned().collect();
        plan.probes.clone_from(&desired.probes);
    }
    plan.cuts_off = cuts_off(&plan, desired);
    plan
}

/// Of what goes nobody knows any more what it was good for: it counts, too.
fn cuts_off(plan: &Plan, desired: &HostTree) -> bool {
    let carries = |name: &str| desired.units.get(name).is_some_and(|unit| unit.cuts_off);
    let way_in =
        |file: &FileChange| file.act != FileAct::Create && desired.ways_in.contains(&file.path);
    plan.files.iter().any(|file| file.act == FileAct::Remove || way_in(file))
        || plan.users.iter().any(accounts::cuts_off)
        || plan.units.iter().any(|unit| match unit.act {
            UnitAct::Stop => true,
            UnitAct::Start | UnitAct::Reload | UnitAct::Restart => carries(&unit.name),
            UnitAct::Enable | UnitAct::Leave => false,
        })
}

/// How far two clocks may be apart: what Kerberos and most signatures bear.
const CLOCKS_APART_S: u64 = 300;

/// Signatures, certificates and leases are judged by the clock: a wrong one is mended first.
fn plan_clock(plan: &mut Plan, observed: &Observed) {
    let apart = observed.ahead_s.unsigned_abs();
    if apart > CLOCKS_APART_S {
        let side = if observed.ahead_s > 0 { "ahead of" } else { "behind" };
        let why =
            format!("it is {apart} s {side} this machine's: set the wrong one of the two first");
        plan.stop("the clock", why);
    }
}

fn plan_files(plan: &mut Plan, desired: &HostTree, observed: &Observed, owned: &Owned) {
    for (path, file) in &desired.files {
        let was = observed.seen.files.get(path);
        let hash = observed.wanted.get(path);
        match (was, hash) {
            (Some(was), Some(hash)) => match act(file, hash, was) {
                Ok(Some(act)) => {
                    let hash = Some(hash.clone());
                    let change = change(path, act, was, owned);
                    plan.files.push(FileChange { desired: Some(file.clone()), hash, ..change });
                }
                Ok(None) => {}
                Err(why) => plan.stop(path, why),
            },
            _ => plan.stop(path, "the host did not tell of it"),
        }
    }
    let wanted = |path: &str| {
        desired.files.contains_key(path)
            || desired.links.contains_key(path)
            || accounts::is_forgotten(path, desired, owned)
    };
    for path in owned.files.keys().filter(|path| !wanted(path)) {
        match observed.seen.files.get(path) {
            Some(Entry::Absent) => {}
            Some(was @ (Entry::File(_) | Entry::Link { .. })) => {
                plan.files.push(change(path, FileAct::Remove, was, owned));
            }
            Some(Entry::Unreadable { why }) => plan.stop(path, format!("it cannot be read: {why}")),
            Some(Entry::Directory(_)) => plan.stop(path, "it is a directory now"),
            Some(Entry::Other { what }) => plan.stop(path, format!("it is a {what} now")),
            None => plan.stop(path, "the host did not tell of it"),
        }
    }
    plan.files.sort_by(|one, other| (one.act, &one.path).cmp(&(other.act, &other.path)));
}

/// What must happen to a desired file; an error where nothing can.
fn act(file: &File, hash: &str, was: &Entry) -> Result<Option<FileAct>, String> {
    match was {
        Entry::Absent => Ok(Some(FileAct::Create)),
        Entry::Link { .. } => Ok(Some(FileAct::Change)),
        Entry::File(found) if found.hash != hash => Ok(Some(FileAct::Change)),
        Entry::File(found) if !same_permissions(file, found) => Ok(Some(FileAct::Permissions)),
        Entry::File(_) => Ok(None),
        Entry::Directory(_) => Err("a directory stands where the file shall be".into()),
        Entry::Other { what } => Err(format!("a {what} stands where the file shall be")),
        Entry::Unreadable { why } => Err(format!("it cannot be read: {why}")),
    }
}

fn same_permissions(file: &File, found: &FileEntry) -> bool {
    (file.mode, &file.owner, &file.group) == (found.mode, &found.owner, &found.group)
}

fn change(path: &str, act: FileAct, was: &Entry, owned: &Owned) -> FileChange {
    let by_hand = owned.files.get(path).is_some_and(|owned| match was {
        Entry::File(found) => !is_as_written(found, owned),
        Entry::Absent | Entry::Link { .. } | Entry::Directory(_) | Entry::Other { .. } => true,
        Entry::Unreadable { .. } => false,
    });
    let (path, was) = (path.to_owned(), was.clone());
    FileChange { path, act, desired: None, by_hand, was, hash: None }
}

fn is_as_written(found: &FileEntry, owned: &OwnedFile) -> bool {
    (&found.hash, found.mode, &found.owner, &found.group)
        == (&owned.hash, owned.mode, &owned.owner, &owned.group)
}

fn plan_units(plan: &mut Plan, desired: &HostTree, observed: &Observed, owned: &Owned) {
    let states = match &observed.seen.units {
        Ok(states) => states,
        Err(why) => return plan.stop("units", why),
    };
    for (name, state) in states.iter().filter(|(name, _)| desired.units.contains_key(*name)) {
        if state.load == "masked" {
            plan.stop(name, "it is masked on the host: unmask it, or take it out of the model");
        }
    }
    plan.units = units::stops(desired, states, owned);
    plan.units.extend(units::changes(desired, states, plan));
}

fn to_own(desired: &HostTree, observed: &Observed, before: &Owned) -> Owned {
    let files: BTreeMap<String, OwnedFile> = desired
        .files
        .iter()
        .filter_map(|(path, file)| {
            let hash = observed.wanted.get(path)?.clone();
            let owned = OwnedFile {
                hash,
                mode: file.mode,
                owner: file.owner.clone(),
                group: file.group.clone(),
                secret: has_secrets(file),
            };
            Some((path.clone(), owned))
        })
        .collect();
    let seen = observed.seen.accounts.as_ref().ok();
    Owned {
        files,
        units: desired.units.keys().cloned().collect(),
        links: desired.links.keys().cloned().collect(),
        declared: desired.directories.keys().cloned().collect(),
        users: seen.into_iter().flat_map(|seen| accounts::to_own(desired, seen, before)).collect(),
        held: desired.held.clone(),
        ..Owned::default()
    }
}

/// What the books will hold anew although nothing changes on the host.
fn adopted(plan: &Plan, before: &Owned) -> Vec<String> {
    let files = plan.owned.files.iter().filter(|(path, owned)| {
        let changes = plan.files.iter().any(|change| change.path == **path);
        let blocked = plan.obstacles.iter().any(|obstacle| obstacle.about == **path);
        !changes && !blocked && before.files.get(*path) != Some(owned)
    });
    let units = plan
        .units
        .iter()
        .filter(|unit| unit.act == UnitAct::Leave && !before.units.contains(&unit.name));
    let users = plan.owned.users.iter().filter(|(name, owned)| {
        let changes = plan.users.iter().any(|user| user.name == **name);
        !changes && before.users.get(*name) != Some(owned)
    });
    let others = [
        (&plan.owned.links, &before.links),
        (&plan.owned.declared, &before.declared),
        (&plan.owned.held, &before.held),
    ];
    let new = others.into_iter().flat_map(|(now, before)| now.difference(before));
    let moving: BTreeSet<&str> = plan
        .links
        .iter()
        .map(|link| link.path.as_str())
        .chain(plan.directories.iter().map(|one| one.path.as_str()))
        .chain(plan.holds.iter().map(|hold| hold.package.as_str()))
        .chain(plan.obstacles.iter().map(|obstacle| obstacle.about.as_str()))
        .collect();
    files
        .map(|(path, _)| path.clone())
        .chain(units.map(|unit| unit.name.clone()))
        .chain(users.map(|(name, _)| format!("the user {name}")))
        .chain(new.filter(|name| !moving.contains(name.as_str())).cloned())
        .collect()
}

fn concerned(check: &Check, plan: &Plan) -> bool {
    plan.changed().any(|path| check.covers.iter().any(|one| covers(one, path)))
}

/// A path covers itself; one that ends in `/` covers all below it.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    if pattern.ends_with('/') { path.starts_with(pattern) } else { path == pattern }
}
