//! What has to be there before anything else can be staged: apt's own files, and the packages.

use std::path::Path;

use crate::change::{self, Work};
use crate::files::{self, Change, Names};
use crate::history;
use crate::packages;
use crate::recover;
use crate::store::Journal;

/// Where apt has its repositories, keys and preferences.
const APT: &str = "/etc/apt/";

/// Does a file have to be in place before packages are installed?
pub(crate) fn is_early(path: &str) -> bool {
    path.starts_with(APT)
}

/// Puts apt's files in place, reads what new repositories offer, and installs packages. What comes back
/// undoes the files; packages stay, because whoever removes them may remove more than came.
pub(crate) fn bring(work: &mut Work<'_>) -> Result<Journal, String> {
    let mut journal = Journal { record: history::record(work.orders), ..Journal::new() };
    let names = Names::read(&work.root);
    let early = || work.orders.files.iter().filter(|file| is_early(&file.path));
    journal.sources = early().filter_map(|file| change::change(&work.root, &names, file)).collect();
    if !journal.sources.is_empty() {
        journal.directories = change::missing(&work.root, &journal.sources)?;
        work.record(&journal)?;
    }
    let brought = swap(work, &names, &journal.sources, &journal.directories)
        .and_then(|()| packages::install(work.place, &work.orders.packages));
    if let Err(why) = brought {
        return Err(undone(work, &journal, why));
    }
    let said = journal.sources.iter().map(change::swapped);
    work.steps.extend(said);
    if !work.orders.packages.is_empty() {
        work.steps.push(format!("installed {}", work.orders.packages.join(", ")));
    }
    Ok(journal)
}

fn swap(
    work: &Work<'_>,
    names: &Names,
    sources: &[Change],
    directories: &[String],
) -> Result<(), String> {
    if sources.is_empty() {
        return Ok(());
    }
    work.make_directories(directories)?;
    for file in work.orders.files.iter().filter(|file| is_early(&file.path)) {
        change::stage(&work.root, names, file)?;
    }
    sources.iter().try_for_each(|change| {
        files::swap(&work.root, change)
            .and_then(|()| files::flush_directory(&work.root, &change.path))
            .map_err(|error| format!("cannot change {}: {error}", change.path))
    })?;
    let stays = sources.iter().filter(|change| change.kind != files::Kind::Remove);
    let stays: Vec<&str> = stays.map(|change| change.path.as_str()).collect();
    if stays.is_empty() {
        // Nothing new is offered by what is gone.
        return Ok(());
    }
    let lists = |path: &&str| Path::new(path).extension().is_some_and(|kind| kind == "sources");
    let lists: Vec<&str> = stays.into_iter().filter(lists).collect();
    packages::update(work.place, &lists)
}

fn undone(work: &Work<'_>, journal: &Journal, why: String) -> String {
    if journal.sources.is_empty() {
        return why;
    }
    let troubles = recover::undo(work.place, &work.root, &work.store, journal);
    if troubles.is_empty() { why } else { format!("{why}\n{}", troubles.join("\n")) }
}
