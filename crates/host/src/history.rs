//! What was done on this host, by whom and from which declaration: one line of JSON for each change, appended
//! when it is over. Paths, packages and units only; what stands in files and what daemons say is not kept.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::BorrowedFd;

use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;

use crate::change;
use crate::guard;
use crate::place::{Place, Root};
use crate::store::Store;
use crate::wire::{Ending, Entry, Orders, Record, Then, UserOrder, UserThen};

const HISTORY: &str = "history.jsonl";
const DRAFT: &str = "history.jsonl.draft";
/// When it is longer, the older half goes: thousands of changes.
const LONGEST: u64 = 1 << 20;
/// More than this of one change is only counted.
const MOST: usize = 200;

/// What will be told of a change; `None` where nobody said who orders it.
pub(crate) fn record(orders: &Orders) -> Option<Record> {
    let origin = *orders.origin.clone()?;
    let new = |was: &Entry| if *was == Entry::Absent { "create" } else { "change" };
    let mut changed: Vec<String> = Vec::new();
    changed.extend(orders.packages.iter().map(|name| format!("install {name}")));
    changed.extend(orders.holds.iter().map(change::held));
    changed.extend(orders.groups.iter().map(|group| format!("create group {}", group.name)));
    changed.extend(orders.users.iter().map(user));
    changed.extend(orders.directories.iter().map(|one| format!("{} {}", new(&one.was), one.path)));
    changed.extend(orders.files.iter().map(|file| match file.then {
        Then::Remove => format!("remove {}", file.path),
        Then::Write(_) | Then::Link { .. } => format!("{} {}", new(&file.was), file.path),
    }));
    changed.extend(orders.units.iter().map(change::said));
    Some(Record { origin, at: guard::now(), end: Ending::Done, changed: bounded(changed) })
}

fn user(order: &UserOrder) -> String {
    let verb = match (&order.then, &order.was) {
        (UserThen::Shut, _) => "shut out",
        (UserThen::Be(_), Some(_)) => "change",
        (UserThen::Be(_), None) => "create",
    };
    format!("{verb} user {}", order.name)
}

/// Not more than is told of one change.
fn bounded(mut changed: Vec<String>) -> Vec<String> {
    let more = changed.len().saturating_sub(MOST);
    if more > 0 {
        changed.truncate(MOST);
        changed.push(format!("and {more} more"));
    }
    changed
}

/// Appends how a change ended. Told twice, it stands there once: an interruption may come between this and
/// the end of the change's own journal.
pub(crate) fn append(books: BorrowedFd<'_>, record: &Record, end: Ending) -> io::Result<()> {
    let record = Record { end, ..record.clone() };
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let open = fs::openat(books, HISTORY, flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(open);
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    if records(&text).last() == Some(&record) {
        return Ok(());
    }
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    // A line that the power cut short must not swallow this one.
    if text.last().is_some_and(|last| *last != b'\n') {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
    file.sync_all()?;
    if file.seek(SeekFrom::End(0))? > LONGEST {
        text.extend(line);
        shorten(books, &text)?;
    }
    Ok(fs::fsync(books)?)
}

/// Keeps the younger half, all or nothing.
fn shorten(books: BorrowedFd<'_>, text: &[u8]) -> io::Result<()> {
    let half = text.get(text.len() / 2..).unwrap_or_default();
    let from = half.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let flags =
        OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut draft = File::from(fs::openat(books, DRAFT, flags, Mode::RUSR | Mode::WUSR)?);
    draft.write_all(half.get(from..).unwrap_or_default())?;
    draft.sync_all()?;
    Ok(fs::renameat(books, DRAFT, books, HISTORY)?)
}

/// Every whole line; one that was cut short, or that a later version wrote, is left out.
fn records(text: &[u8]) -> Vec<Record> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The last changes, oldest first.
pub(crate) fn read(place: &Place, most: u32) -> Result<Vec<Record>, String> {
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let store = Store::open(&root).map_err(|error| format!("cannot open the books: {error}"))?;
    let Some(store) = store else { return Ok(Vec::new()) };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut text = Vec::new();
    match fs::openat(store.as_fd(), HISTORY, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(errno) => return Err(format!("cannot open the history: {}", io::Error::from(errno))),
        Ok(open) => File::from(open)
            .read_to_end(&mut text)
            .map_err(|error| format!("cannot read the history: {error}"))?,
    };
    let mut all = records(&text);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    all.drain(..all.len().saturating_sub(most));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Origin, Revision};
    use rustix::fs::CWD;
    use std::os::fd::AsFd as _;

    #[test]
    fn what_is_told_twice_stands_there_once() {
        let folder = std::env::temp_dir().join(format!("ketupa-history-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let books = fs::openat(CWD, &folder, OFlags::DIRECTORY, Mode::empty()).unwrap();
        let revision = Revision::Tree("0".into());
        let origin = Origin { who: "ada".into(), run: "1".into(), revision };
        let record = Record { origin, at: 7, end: Ending::Done, changed: Vec::new() };
        for end in [Ending::Undone, Ending::Undone, Ending::Done, Ending::Done, Ending::Undone] {
            append(books.as_fd(), &record, end).unwrap();
        }
        let text = std::fs::read(folder.join(HISTORY)).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(records(&text).len(), 3);
    }

    #[test]
    fn a_change_of_very_much_is_told_in_part() {
        let told = bounded((0..500).map(|number| number.to_string()).collect());
        assert_eq!((told.len(), told.last().unwrap().as_str()), (201, "and 300 more"));
    }
}
