//! A store of lines in one directory: appended to a log, kept in files that never change.

mod append;
mod chunk;
mod file;
mod head;
mod merge;
mod pick;
mod seal;
mod settings;

use std::io;
use std::path::Path;
use std::sync::Arc;

use metrics::bytes::Reader;
use metrics::disk::{Directory, Log};
use metrics::{Index, frame};

use file::{ChunkFile, Damage, Name};
use head::Head;

pub use append::{Appended, Stream};
pub use head::Line;
pub use merge::Merge;
pub(crate) use pick::{Cluster, clusters};
pub use pick::{Picked, Stats};
pub use settings::{Class, Limits, Settings};

/// What happened since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that were kept; what was sent twice counts twice.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Lines that were refused for what they are.
    pub refused: u64,
    /// Lines that became as old as they may.
    pub expired: u64,
    /// Lines that went before that, because the files had no more room.
    pub pushed_out: u64,
}

/// Lines in one directory.
pub struct Store {
    directory: Arc<Directory>,
    settings: Settings,
    index: Index,
    head: Head,
    log: Log,
    /// Logs before it whose lines are in the head, or in files: they may be removed after a seal.
    old_logs: Vec<String>,
    /// Sorted by sequence.
    files: Vec<Arc<ChunkFile>>,
    sequence: u64,
    /// When the head began to fill, by the clock.
    since: Option<i64>,
    /// How large the head may become before it is written out, whatever the clock says.
    full_at: usize,
    damage: Arc<Damage>,
    notices: Vec<String>,
    counts: Counts,
    /// The last tick, and for how long the clock has been doubted.
    ticked: i64,
    doubted: i64,
}

impl Store {
    /// Opens a store, or begins one. What cannot be read is left out, and told by [`Self::damage`].
    pub fn open(path: &Path, settings: Settings) -> io::Result<Self> {
        let directory = Arc::new(Directory::open(path)?);
        let names = directory.list()?;
        let (mut index, damage) = (Index::default(), Arc::new(Damage::default()));
        let mut files = Vec::new();
        let mut sequence = 0;
        let mut known: Vec<Name> = names.iter().filter_map(|name| Name::read(name)).collect();
        known.sort_by_key(|name| name.sequence);
        for name in known {
            sequence = sequence.max(name.sequence);
            files.push(Arc::new(ChunkFile::open(&directory, name, &mut index, &damage)?));
        }
        let (head, log, old_logs) = logs(&directory, &names, &mut index, &damage, &mut sequence)?;
        let full_at = settings.head_bytes;
        let (since, notices, counts) = (None, Vec::new(), Counts::default());
        let mut store = Self {
            directory,
            settings,
            index,
            head,
            log,
            old_logs,
            files,
            sequence,
            since,
            full_at,
            damage,
            notices,
            counts,
            ticked: 0,
            doubted: 0,
        };
        if !store.old_logs.is_empty() && store.seal().is_err() {
            // There is no room for it: everything is in the logs still, and the next tick tries again.
            store.full_at = 0;
        }
        Ok(store)
    }

    /// What could not be read, in sentences; each once.
    pub fn damage(&self) -> Vec<String> {
        let mut told = self.damage.told();
        told.sort();
        told
    }

    /// What an operator should know, since it was asked for last.
    pub fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// What happened since the store was opened.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many streams there are.
    pub fn stream_count(&self) -> usize {
        self.index.len()
    }

    /// What the files take on the disk, the log included.
    pub fn disk_bytes(&self) -> u64 {
        self.file_bytes() + self.log.length
    }

    fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.length()).sum()
    }

    /// Does what is due: syncs the log, writes lines out, removes what is too old or has no room. What
    /// fails keeps nothing else from being done: on a full disk, removing is what helps.
    pub fn tick(&mut self, now: i64) -> io::Result<()> {
        let synced = self.log.sync();
        let sealed = self.seal_if_due(now);
        let expired = self.expire(now);
        let fitted = self.fit();
        synced.and(sealed).and(expired).and(fitted)
    }

    fn seal_if_due(&mut self, now: i64) -> io::Result<()> {
        if self.log.is_doubtful() {
            return self.seal();
        }
        if self.head.blocks.is_empty() {
            return Ok(());
        }
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        self.since = Some(since);
        let full = self.head.bytes > self.settings.head_bytes || self.full_at == 0;
        if full || now.saturating_sub(since) >= self.settings.head_age {
            self.seal()
        } else {
            Ok(())
        }
    }
}

/// Reads the logs up to the first record that is bad in each, and opens the last one to go on.
fn logs(
    directory: &Directory,
    names: &[String],
    index: &mut Index,
    damage: &Damage,
    sequence: &mut u64,
) -> io::Result<(Head, Log, Vec<String>)> {
    let number = |name: &String| name.strip_prefix("log-")?.parse::<u64>().ok();
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    let mut head = Head::default();
    let mut good = 0;
    for number in &numbers {
        head.forget_numbers();
        good = replay(directory, &format!("log-{number}"), &mut head, index, damage)?;
    }
    let last = numbers.pop().unwrap_or(*sequence + 1);
    *sequence = last.max(*sequence);
    let old = numbers.iter().map(|number| format!("log-{number}")).collect();
    Ok((head, directory.open_log(&format!("log-{last}"), good)?, old))
}

/// How long the good part of a log is.
fn replay(
    directory: &Directory,
    name: &str,
    head: &mut Head,
    index: &mut Index,
    damage: &Damage,
) -> io::Result<u64> {
    let bytes = directory.read(name)?;
    let mut reader = Reader::new(&bytes);
    let mut good = 0;
    while let Some(content) = frame::take(&mut reader) {
        if head.replay(content, index).is_none() {
            break;
        }
        good = bytes.len() - reader.rest().len();
    }
    if good < bytes.len() {
        let lost = bytes.len() - good;
        damage.tell(format!(
            "{name}: a record is bad or cut at byte {good}; what followed ({lost} bytes) is lost"
        ));
    }
    Ok(good as u64)
}
