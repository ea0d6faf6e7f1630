//! Which file goes on where another one ends: it may have been renamed, too, before anybody looked.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What rotated files are called when they are packed: their lines cannot be read as they are.
const PACKED: [&str; 5] = [".gz", ".xz", ".bz2", ".zst", ".zip"];

/// The file that follows one that was read to its end: the first that was written to after it, of those that
/// were renamed since, or the one that has its name now.
pub(super) fn next(path: &Path, read: &File) -> io::Result<PathBuf> {
    let read = read.metadata()?;
    let (inode, ended) = (read.ino(), read.modified()?);
    let current = fs::metadata(path).map(|about| about.ino()).ok();
    let follows = |other: PathBuf| {
        let about = fs::metadata(&other).ok().filter(fs::Metadata::is_file)?;
        let is_other = about.ino() != inode && Some(about.ino()) != current;
        let written = about.modified().ok().filter(|written| is_other && *written >= ended)?;
        Some((written, other))
    };
    let beside = path.parent().map(fs::read_dir).transpose()?.into_iter().flatten().flatten();
    let renamed = beside.map(|entry| entry.path()).filter(|other| was(other, path));
    let first: Option<(SystemTime, PathBuf)> = renamed.filter_map(follows).min();
    Ok(first.map_or_else(|| path.to_owned(), |(_, other)| other))
}

/// Whether a file has the name of one that was rotated: with a number or a date behind it.
fn was(other: &Path, path: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(other), Some(name)) = (name(other), name(path)) else { return false };
    let Some(end) = other.strip_prefix(&name) else { return false };
    end.starts_with(['.', '-', '_'])
        && end.contains(|c: char| c.is_ascii_digit())
        && !PACKED.iter().any(|packed| end.ends_with(packed))
}
