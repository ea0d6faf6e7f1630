//! Decides what becomes of declared directories and links. Pure.

use component::tree::{Directory, HostTree};
use host::wire::{DirectoryOrder, Entry, Owned, Rights};

use crate::observe::Observed;
use crate::plan::Plan;

/// One symbolic link that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// Its absolute path.
    pub path: String,
    /// Where it shall point; `None` when it goes.
    pub to: Option<String>,
    /// What stands there.
    pub(crate) was: Entry,
}

/// Plans directories and links, and what becomes of those that are no longer declared.
pub(crate) fn plan(plan: &mut Plan, desired: &HostTree, observed: &Observed, owned: &Owned) {
    let unsaid = Entry::Unreadable { why: "the host did not tell of it".into() };
    for (path, directory) in &desired.directories {
        directory_change(plan, path, directory, observed.seen.files.get(path).unwrap_or(&unsaid));
    }
    for path in owned.declared.iter().filter(|path| !desired.directories.contains_key(*path)) {
        let fate = if owned.directories.contains(path) {
            "it goes once it is empty"
        } else {
            "it stays as it is"
        };
        plan.forgets.push(format!("forget the directory {path}: {fate}"));
    }
    for (path, to) in &desired.links {
        link_change(plan, path, to, observed.seen.files.get(path).unwrap_or(&unsaid));
    }
    let wanted =
        |path: &&String| desired.links.contains_key(*path) || desired.files.contains_key(*path);
    for path in owned.links.iter().filter(|path| !wanted(path)) {
        match observed.seen.files.get(path).unwrap_or(&unsaid) {
            Entry::Absent => {}
            was @ (Entry::Link { .. } | Entry::File(_)) => {
                plan.links.push(LinkChange { path: path.clone(), to: None, was: was.clone() });
            }
            other @ (Entry::Directory(_) | Entry::Other { .. } | Entry::Unreadable { .. }) => {
                plan.stop(path, why(other, "link was"));
            }
        }
    }
}

fn directory_change(plan: &mut Plan, path: &str, wanted: &Directory, was: &Entry) {
    let then =
        Rights { mode: wanted.mode, owner: wanted.owner.clone(), group: wanted.group.clone() };
    match was {
        Entry::Directory(found) if *found == then => {}
        Entry::Absent | Entry::Directory(_) => {
            plan.directories.push(DirectoryOrder { path: path.into(), was: was.clone(), then });
        }
        other @ (Entry::File(_)
        | Entry::Link { .. }
        | Entry::Other { .. }
        | Entry::Unreadable { .. }) => plan.stop(path, why(other, "directory shall be")),
    }
}

fn link_change(plan: &mut Plan, path: &str, wanted: &str, was: &Entry) {
    match was {
        Entry::Link { to } if to == wanted => {}
        Entry::Absent | Entry::File(_) | Entry::Link { .. } => plan.links.push(LinkChange {
            path: path.into(),
            to: Some(wanted.into()),
            was: was.clone(),
        }),
        other @ (Entry::Directory(_) | Entry::Other { .. } | Entry::Unreadable { .. }) => {
            plan.stop(path, why(other, "link shall be"));
        }
    }
}

/// Why nothing can be made of what stands there.
fn why(found: &Entry, wanted: &str) -> String {
    match found {
        Entry::Unreadable { why } => format!("it cannot be read: {why}"),
        Entry::Other { what } => format!("a {what} stands where the {wanted}"),
        Entry::Directory(_) => format!("a directory stands where the {wanted}"),
        Entry::Absent => format!("nothing stands where the {wanted}"),
        Entry::File(_) => format!("a file stands where the {wanted}"),
        Entry::Link { to } => format!("a link to {to} stands where the {wanted}"),
    }
}

impl LinkChange {
    pub(crate) fn line(&self) -> String {
        let path = &self.path;
        match (&self.to, &self.was) {
            (None, _) => format!("remove the link {path}"),
            (Some(to), Entry::Absent) => format!("link {path} to {to}"),
            (Some(to), Entry::Link { to: old }) => {
                format!("link {path} to {to}, to {old} until now")
            }
            (Some(to), _) => format!("link {path} to {to}, a file until now"),
        }
    }
}

pub(crate) fn directory_line(order: &DirectoryOrder) -> String {
    let said = |rights: &Rights| {
        let Rights { mode, owner, group } = rights;
        format!("{owner}:{group} {mode:04o}")
    };
    let (path, then) = (&order.path, said(&order.then));
    match &order.was {
        Entry::Directory(found) => {
            format!("change the permissions of {path} ({} -> {then})", said(found))
        }
        Entry::Absent
        | Entry::File(_)
        | Entry::Link { .. }
        | Entry::Other { .. }
        | Entry::Unreadable { .. } => format!("make the directory {path} ({then})"),
    }
}
