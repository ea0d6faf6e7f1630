//! The written files of a store: which there are, what is where in them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chunk::{self, Block, Kind, Part};
use super::column::{Point, points};
use super::disk::{self, Directory, ReadFile};
use crate::index::{Index, SeriesId};
use crate::labels::Labels;

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// How close the points of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// As they came.
    Raw,
    /// One each five minutes.
    FiveMinutes,
    /// One each hour.
    Hour,
}

impl Tier {
    const ALL: [Self; 3] = [Self::Raw, Self::FiveMinutes, Self::Hour];

    fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
        }
    }

    /// The time between points in milliseconds, where it is fixed.
    pub(crate) fn every(self) -> i64 {
        match self {
            Self::Raw => 0,
            Self::FiveMinutes => 300_000,
            Self::Hour => 3_600_000,
        }
    }
}

/// What a file's name says: its tier, its days since 1970, and which was written later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) tier: Tier,
    pub(crate) day: i64,
    pub(crate) days: i64,
    pub(crate) sequence: u64,
}

impl Name {
    pub(crate) fn read(name: &str) -> Option<Self> {
        let mut words = name.strip_suffix(".chunk")?.splitn(3, '_');
        let word = words.next()?;
        let tier = Tier::ALL.into_iter().find(|tier| tier.word() == word)?;
        let (day, days) = words.next()?.split_once('+')?;
        let sequence = words.next()?.parse().ok()?;
        Some(Self { tier, day: day.parse().ok()?, days: days.parse().ok()?, sequence })
    }

    /// What the name of a file says that was set aside.
    pub(crate) fn of_aside(name: &str) -> Option<Self> {
        Self::read(name.strip_suffix(disk::ASIDE)?)
    }

    pub(crate) fn covers(&self, day: i64) -> bool {
        (self.day..self.day + self.days).contains(&day)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tier, day, days, sequence } = self;
        write!(f, "{}_{day}+{days}_{sequence:010}.chunk", tier.word())
    }
}

/// One column of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) series: SeriesId,
    pub(crate) kind: Kind,
    pub(crate) block: u32,
    length: u32,
    at: u64,
}

/// One group of a file.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) key: String,
    times: Part,
    first: i64,
    last: i64,
}

/// A file that is open.
pub(crate) struct ChunkFile {
    pub(crate) name: Name,
    file: ReadFile,
    pub(crate) blocks: Vec<Rows>,
    /// Sorted by series and kind.
    pub(crate) entries: Vec<Entry>,
    /// Something of it could not be read.
    pub(crate) damaged: AtomicBool,
}

/// Times that were read for this question already, by file and block.
pub(crate) type Times = BTreeMap<(u64, u32), Option<Arc<Vec<i64>>>>;

impl ChunkFile {
    /// Opens a file; what is wrong with it is said in `damage`, and the rest of it is used.
    pub(crate) fn open(
        directory: &Directory,
        name: Name,
        index: &mut Index,
        damage: &mut Vec<String>,
    ) -> std::io::Result<Self> {
        let file = directory.open_file(&name.to_string())?;
        let before = damage.len();
        let blocks = match chunk::directory(file.length, |at, length| file.read(at, length)) {
            Some(blocks) => blocks,
            None => Self::walk(directory, name, damage)?,
        };
        let (rows, entries) = (Vec::new(), Vec::new());
        let mut opened =
            Self { name, file, blocks: rows, entries, damaged: AtomicBool::new(false) };
        for block in &blocks {
            opened.add(block, index, damage);
        }
        opened.entries.sort_by_key(|entry| (entry.series, entry.kind));
        opened.damaged = AtomicBool::new(damage.len() > before);
        Ok(opened)
    }

    /// Whether something of it could not be read.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    fn walk(
        directory: &Directory,
        name: Name,
        damage: &mut Vec<String>,
    ) -> std::io::Result<Vec<Block>> {
        let (blocks, to_the_end) = chunk::walk(&directory.read(&name.to_string())?);
        let columns: usize = blocks.iter().map(|block| block.columns.len()).sum();
        let lost = if to_the_end { "nothing is lost but its directory" } else { "its end is lost" };
        damage.push(format!("{name}: the directory is bad; {columns} columns were found, {lost}"));
        Ok(blocks)
    }

    fn part(&self, part: Part) -> Option<Vec<u8>> {
        self.file.read(part.at, part.length as usize)
    }

    fn add(&mut self, block: &Block, index: &mut Index, damage: &mut Vec<String>) {
        let number = self.blocks.len() as u32;
        let mut last = SeriesId::MAX;
        // Those that are known need not be read: most are, in the order of another file.
        let series = |bytes: &[u8]| {
            let known = index.find(bytes, last.wrapping_add(1));
            last = match known {
                Some(series) => series,
                None => index.insert(Labels::read(bytes)?),
            };
            Some(last)
        };
        let labels = self.part(block.labels).and_then(|bytes| chunk::labels(&bytes, series));
        let Some((key, columns)) = labels else {
            damage.push(format!(
                "{}: group {number} has no readable labels; {} columns are lost",
                self.name,
                block.columns.len()
            ));
            return;
        };
        for ((kind, series), part) in columns.into_iter().zip(&block.columns) {
            let Part { at, length } = *part;
            self.entries.push(Entry { series, kind, block: number, length, at });
        }
        let Block { times, first, last, .. } = *block;
        self.blocks.push(Rows { key, times, first, last });
    }

    /// The columns of a series of one kind; there is more than one if the series changed its group.
    pub(crate) fn find(&self, series: SeriesId, kind: Kind) -> &[Entry] {
        let key = |entry: &Entry| (entry.series, entry.kind);
        let first = self.entries.partition_point(|entry| key(entry) < (series, kind));
        let rest = self.entries.get(first..).unwrap_or_default();
        rest.get(..rest.partition_point(|entry| key(entry) == (series, kind))).unwrap_or_default()
    }

    /// The times of a block's rows.
    pub(crate) fn times(&self, block: u32, known: &mut Times) -> Option<Arc<Vec<i64>>> {
        let read = || {
            let rows = self.blocks.get(block as usize)?;
            Some(Arc::new(chunk::times(&self.part(rows.times)?)?))
        };
        known.entry((self.name.sequence, block)).or_insert_with(read).clone()
    }

    /// The time of its last row.
    pub(crate) fn last(&self) -> i64 {
        self.blocks.iter().map(|rows| rows.last).max().unwrap_or(i64::MIN)
    }

    /// How many rows a block has between two times, both included.
    pub(crate) fn rows(&self, block: u32, (from, to): (i64, i64), known: &mut Times) -> usize {
        let Some(times) = self.times(block, known) else { return 0 };
        within(&times, (from, to)).len()
    }

    /// A column's points between two times, both included; nothing if it cannot be read.
    pub(crate) fn read(
        &self,
        entry: &Entry,
        (from, to): (i64, i64),
        known: &mut Times,
    ) -> Option<Vec<Point>> {
        let rows = self.blocks.get(entry.block as usize)?;
        if rows.last < from || rows.first > to {
            return Some(Vec::new());
        }
        let times = self.times(entry.block, known)?;
        let part = self.part(Part { at: entry.at, length: entry.length })?;
        let (runs, values) = chunk::column(&part)?;
        Some(points(&times, within(&times, (from, to)), &runs, &values))
    }
}

/// The rows between two times, both included.
fn within(times: &[i64], (from, to): (i64, i64)) -> Range<usize> {
    times.partition_point(|time| *time < from)..times.partition_point(|time| *time <= to)
}
