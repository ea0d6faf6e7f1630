//! Undoes a change, or finishes one that stands: after a failure, and after an interruption.

use crate::accounts;
use crate::boot;
use crate::directories;
use crate::files::{self, Change};
use crate::guard;
use crate::history;
use crate::packages;
use crate::place::{Place, Root};
use crate::store::{Journal, Phase, Store};
use crate::units;
use crate::wire::{BUT, Ending};

/// Brings the books to rest before anything new begins. The lock is held. Says what was done.
pub(crate) fn recover(place: &Place, root: &Root, store: &Store) -> Result<Option<String>, String> {
    let unreadable = |error: std::io::Error| {
        format!("the journal of an interrupted change cannot be read, look at it by hand: {error}")
    };
    if let Some(journal) = store.journal().map_err(unreadable)? {
        if let Some(left) = guard::left(&journal) {
            return Err(awaits(left));
        }
        let did = if journal.phase == Phase::Awaiting {
            "undid a change that nobody confirmed"
        } else {
            "undid a change that was interrupted"
        };
        let troubles = undo(place, root, store, &journal).join("; ");
        return match (store.journal().map_err(unreadable)?, troubles.as_str()) {
            (None, "") => Ok(Some(did.into())),
            (None, _) => Ok(Some(format!("{did}{BUT}{troubles}"))),
            (Some(_), _) => Err(format!("an interrupted change could not be undone: {troubles}")),
        };
    }
    if let Some(journal) = store.done().map_err(unreadable)? {
        tidy(root, store, &journal).map_err(|error| format!("cannot tidy up: {error}"))?;
        return Ok(Some("finished a change that was interrupted at its end".into()));
    }
    let undone = undone(store);
    store.heard().map_err(|error| format!("cannot tidy up: {error}"))?;
    Ok(undone)
}

/// What the host undid by itself since somebody was here last; only reads.
pub(crate) fn undone(store: &Store) -> Option<String> {
    let told = store.told().ok().flatten()?;
    let ago = guard::now().saturating_sub(told.at);
    Some(format!("{} ({ago} s ago)", told.what))
}

fn awaits(left: u64) -> String {
    format!("a change waits to be confirmed for {left} s more; then the host undoes it by itself")
}

/// What the books say about an interrupted change; only reads.
pub(crate) fn unfinished(store: &Store) -> Option<String> {
    let said = match (store.journal(), store.done()) {
        (Ok(None), Ok(None)) => return None,
        _ if matches!(store.lock(), Ok(None)) => "a change is running at this moment",
        (Ok(Some(journal)), _) if guard::left(&journal).is_some() => {
            return guard::left(&journal).map(awaits);
        }
        (Ok(Some(_)), _) => "a change was interrupted and is half done; the next apply undoes it",
        (_, Ok(Some(_))) => "a change was interrupted at its end; the next apply tidies up",
        (Err(_), _) | (_, Err(_)) => "the journal of an interrupted change cannot be read",
    };
    Some(said.into())
}

/// Puts every file and unit of the journal back. What fails is told and the rest goes on. The journal
/// stays while a file is not back; a unit that will not run must not keep its remedy away.
pub(crate) fn undo(place: &Place, root: &Root, store: &Store, journal: &Journal) -> Vec<String> {
    let mut troubles = Vec::new();
    let changing = journal.phase != Phase::Staging;
    if changing {
        troubles.extend(units::take_back(place, &journal.units));
        troubles.extend(packages::hold(place, &journal.holds).err());
    }
    let mut kept = undo_files(root, journal);
    if kept.is_empty() {
        kept.extend(directories::undo(root, &journal.rights));
        // Last, because files and directories may have been theirs.
        kept.extend(accounts::undo(place, root, store, &journal.accounts));
    }
    let is_back = kept.is_empty();
    troubles.extend(kept);
    if changing {
        if journal.daemon_reload {
            troubles.extend(units::reload_manager(place).err());
        }
        troubles.extend(units::bring_back(place, &journal.units));
    }
    if is_back {
        if let Some(record) = &journal.record {
            // A history that cannot be written must not keep the way back from its end.
            let _lost = history::append(store.as_fd(), record, ending(journal.phase));
        }
        if let Some(pending) = &journal.pending {
            boot::disarm(root, &pending.guard.id);
        }
        troubles.extend(store.abandon().err().map(|error| error.to_string()));
    }
    troubles
}

fn ending(phase: Phase) -> Ending {
    match phase {
        Phase::Staging => Ending::Refused,
        Phase::Changing => Ending::Undone,
        Phase::Awaiting => Ending::Unconfirmed,
    }
}

fn undo_files(root: &Root, journal: &Journal) -> Vec<String> {
    let says = |path: &str, error: std::io::Error| format!("cannot put {path} back: {error}");
    // Apt's own files were swapped before the others were staged.
    let swapped: &[Change] = if journal.phase == Phase::Staging { &[] } else { &journal.changes };
    let back = journal.sources.iter().chain(swapped).rev();
    let back = back.filter_map(|change| Some((&change.path, files::unswap(root, change).err()?)));
    let mut troubles: Vec<String> = back.map(|(path, error)| says(path, error)).collect();
    // Somebody will try again: until then, what waits beside its target says that it was not put there.
    if !troubles.is_empty() {
        return troubles;
    }
    for change in journal.all_changes().rev() {
        let swept = files::unstage(root, &change.path).err();
        troubles.extend(swept.map(|error| says(&change.path, error)));
    }
    for directory in journal.directories.iter().rev() {
        let removed = files::remove_directory(root, directory).err();
        troubles.extend(removed.map(|error| says(directory, error)));
    }
    troubles
}

/// Closes a change that stands: the new manifest counts, old contents and empty directories go.
pub(crate) fn tidy(root: &Root, store: &Store, journal: &Journal) -> std::io::Result<()> {
    store.install_manifest()?;
    for change in journal.all_changes() {
        files::forget(root, &change.path)?;
    }
    let mut owned = store.manifest()?;
    let before = owned.directories.len();
    owned.directories = kept_directories(root, &owned)?;
    if owned.directories.len() != before {
        store.write_manifest(&owned)?;
    }
    if let Some(record) = &journal.record {
        history::append(store.as_fd(), record, Ending::Done)?;
    }
    store.close()
}

/// Removes the directories that Ketupa made and that no file of its own needs any more, once empty.
fn kept_directories(
    root: &Root,
    owned: &crate::wire::Owned,
) -> std::io::Result<std::collections::BTreeSet<String>> {
    let mut kept = std::collections::BTreeSet::new();
    for directory in owned.directories.iter().rev() {
        let inside = format!("{directory}/");
        let paths = owned.files.keys().chain(&owned.links).chain(&owned.declared);
        let mut needed = paths.filter(|path| *path == directory || path.starts_with(&inside));
        if needed.next().is_none() {
            files::remove_directory(root, directory)?;
        }
        if root.directory(directory).is_ok() {
            kept.insert(directory.clone());
        }
    }
    Ok(kept)
}
