//! Directories that are declared: made with their rights, or given them; undone to what they were.

use std::io;

use rustix::fs::{self, Gid, Mode, Uid};
use serde::{Deserialize, Serialize};

use crate::files::Names;
use crate::place::Root;
use crate::wire::{DirectoryOrder, Entry, Rights};

/// The rights that a directory had before a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    path: String,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// The rights of every ordered directory that is there already.
pub(crate) fn past(root: &Root, orders: &[DirectoryOrder]) -> Result<Vec<Past>, String> {
    let there = orders.iter().filter(|order| order.was != Entry::Absent);
    let past = |order: &DirectoryOrder| -> io::Result<Past> {
        let stat = fs::fstat(root.directory(&order.path)?)?;
        let mode = stat.st_mode & 0o7777;
        Ok(Past { path: order.path.clone(), mode, uid: stat.st_uid, gid: stat.st_gid })
    };
    there.map(|order| past(order).map_err(|error| format!("{}: {error}", order.path))).collect()
}

/// Gives a directory its owner, group and mode.
pub(crate) fn set(root: &Root, names: &Names, path: &str, then: &Rights) -> io::Result<()> {
    let (user, group) = (names.user(&then.owner)?, names.group(&then.group)?);
    give(root, path, (user, group), Mode::from_raw_mode(then.mode))
}

/// Gives directories the rights that they had.
pub(crate) fn undo(root: &Root, past: &[Past]) -> Vec<String> {
    let back = past.iter().rev().filter_map(|past| {
        let owner = (Uid::from_raw(past.uid), Gid::from_raw(past.gid));
        let given = give(root, &past.path, owner, Mode::from_raw_mode(past.mode));
        Some(format!("cannot put {} back: {}", past.path, given.err()?))
    });
    back.collect()
}

/// Through an open directory: whoever may put a link there meanwhile must not choose what is given.
fn give(root: &Root, path: &str, (user, group): (Uid, Gid), mode: Mode) -> io::Result<()> {
    let open = root.directory(path)?;
    fs::fchown(&open, Some(user), Some(group))?;
    Ok(fs::fchmod(&open, mode)?)
}
