//! The part of the queue that grows: in memory as a whole, and on the disk as far as that takes it.

use super::record::{Replay, Row, Said, Writer};
use super::sealed::{Batch, Columns, Gather};
use super::walk::{self, Step};
use crate::labels::Labels;
use crate::store::disk::{self, Directory};
use std::collections::BTreeMap;
use std::io;

/// How each file begins.
const MAGIC: &[u8; 8] = b"ketupaql";
/// A bad byte takes as much as a chapter has, and each describes its series anew.
const CHAPTER: usize = 256 << 10;

/// The name of a log's file.
pub(super) fn name(sequence: u64) -> String {
    format!("{sequence:010}.log")
}

/// The part that grows.
pub(super) struct Log {
    pub(super) sequence: u64,
    pub(super) bytes: Vec<u8>,
    /// Rows and samples so far.
    pub(super) rows: u64,
    pub(super) samples: u64,
    writer: Option<Writer>,
    chapter: usize,
    file: Option<disk::Log>,
}

impl Log {
    /// An empty one, not on the disk yet.
    pub(super) fn new(sequence: u64) -> Self {
        let bytes = MAGIC.to_vec();
        Self { sequence, bytes, rows: 0, samples: 0, writer: None, chapter: 0, file: None }
    }

    /// Goes on with a file that has no bad bytes, but for an end that was cut off, whose length is
    /// given. Nothing if it has others.
    pub(super) fn resume(sequence: u64, mut bytes: Vec<u8>) -> Option<(Self, usize)> {
        let length = bytes.len();
        let mut reading = Reading::begin(&bytes)?;
        let (mut rows, mut samples) = (0, 0);
        while let Some((number, row)) = reading.next(&bytes) {
            rows = number + 1;
            samples += row.values.len() as u64;
        }
        if reading.gaps > 0 {
            return None;
        }
        bytes.truncate(reading.at);
        let torn = length - bytes.len();
        let log = Self { bytes, rows, samples, ..Self::new(sequence) };
        Some((log, torn))
    }

    /// Whether it is in memory alone, or a part of it is.
    pub(super) fn is_behind(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.length != self.bytes.len() as u64)
    }

    /// How much it may become: what says which series there are shall be the smaller part.
    pub(super) fn limit(&self, usual: usize) -> usize {
        usual + 4 * self.writer.as_ref().map_or(0, |writer| writer.described)
    }

    /// Appends a row in memory; how many samples it has.
    pub(super) fn put(&mut self, target: (&Labels, i64), samples: &[(Labels, f64)]) -> u64 {
        let length = self.bytes.len() - self.chapter;
        let full = |writer: &Writer| length > CHAPTER + 4 * writer.described;
        if self.writer.as_ref().is_none_or(full) {
            self.chapter = self.bytes.len();
            self.writer = Some(Writer::begin(&mut self.bytes, self.rows));
        }
        let Some(writer) = &mut self.writer else { return 0 };
        let count = writer.put(&mut self.bytes, target, samples);
        self.rows += 1;
        self.samples += count;
        count
    }

    /// Writes what the disk does not have yet.
    pub(super) fn write(&mut self, directory: &Directory) -> io::Result<()> {
        match &mut self.file {
            Some(file) if !file.is_doubtful() => {
                let length = usize::try_from(file.length).unwrap_or(usize::MAX);
                file.append(self.bytes.get(length..).unwrap_or_default())
            }
            Some(_) | None => {
                let name = name(self.sequence);
                directory.write(&name, |out| out.write_all(&self.bytes))?;
                self.file = Some(directory.open_log(&name, self.bytes.len() as u64)?);
                Ok(())
            }
        }
    }

    /// Makes what was written last a power cut.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), disk::Log::sync)
    }

    /// All of it as columns.
    pub(super) fn columns(&self) -> Columns {
        let mut gather = Gather::default();
        let Some(mut reading) = Reading::begin(&self.bytes) else { return gather.columns() };
        let mut chapter = 0;
        while let Some((_, row)) = reading.next(&self.bytes) {
            if reading.chapters != chapter {
                chapter = reading.chapters;
                gather.chapter();
            }
            gather.row(&reading.replay, &row);
        }
        gather.columns()
    }
}

/// Reads a log from its begin on.
#[derive(Debug, Default)]
pub(super) struct Reading {
    at: usize,
    replay: Replay,
    chapters: u64,
    /// The number of the next row, if no bad bytes are before it in its chapter.
    row: Option<u64>,
    pub(super) gaps: usize,
}

impl Reading {
    /// Nothing if it is no log.
    pub(super) fn begin(bytes: &[u8]) -> Option<Self> {
        bytes.starts_with(MAGIC).then(|| Self { at: MAGIC.len(), ..Self::default() })
    }

    /// The next good row and its number.
    fn next(&mut self, bytes: &[u8]) -> Option<(u64, Row)> {
        loop {
            let content = match walk::next(bytes, &mut self.at) {
                Step::Record(content) => content,
                Step::Gap => {
                    self.gaps += 1;
                    self.row = None;
                    continue;
                }
                Step::End => return None,
            };
            match (self.replay.read(content), self.row) {
                (Some(Said::Chapter(row)), _) => {
                    self.chapters += 1;
                    self.row = Some(row);
                }
                (Some(Said::Row(row)), Some(number)) => {
                    self.row = Some(number + 1);
                    return Some((number, row));
                }
                (Some(Said::Series), _) | (Some(Said::Row(_)), None) => {}
                (None, _) => {
                    self.gaps += 1;
                    self.row = None;
                }
            }
        }
    }

    /// Reads over rows that are before a number; how many samples they have.
    pub(super) fn skip(&mut self, bytes: &[u8], row: u64) -> u64 {
        let mut samples = 0;
        while self.ahead(bytes).is_some_and(|next| next < row) {
            samples += self.next(bytes).map_or(0, |(_, row)| row.values.len() as u64);
        }
        samples
    }

    /// The number of the next row, without reading it.
    fn ahead(&self, bytes: &[u8]) -> Option<u64> {
        let mut at = self.at;
        match walk::next(bytes, &mut at) {
            Step::Record(content) => super::record::chapter(content).or(self.row),
            Step::Gap => Some(0),
            Step::End => None,
        }
    }

    /// The samples of the next rows of one chapter, by series, until there are enough.
    pub(super) fn batch(&mut self, bytes: &[u8], most: u64) -> Option<Batch> {
        let mut samples: BTreeMap<(u32, u32), Vec<(i64, f64)>> = BTreeMap::new();
        let (mut count, mut to, mut chapter) = (0, None, None);
        while count < most && chapter.is_none_or(|chapter| chapter == self.chapter_ahead(bytes)) {
            let Some((number, row)) = self.next(bytes) else { break };
            for (column, bits) in &row.values {
                let place = samples.entry((row.group, *column)).or_default();
                place.push((row.time, f64::from_bits(*bits)));
            }
            count += row.values.len() as u64;
            to = Some(number + 1);
            chapter = Some(self.chapters);
        }
        let series = samples.into_iter().filter_map(|((group, column), samples)| {
            Some((self.replay.labels(group, column)?.clone(), samples))
        });
        Some(Batch { series: series.collect(), to: to? })
    }

    /// The chapter of what comes next.
    fn chapter_ahead(&self, bytes: &[u8]) -> u64 {
        let mut at = self.at;
        match walk::next(bytes, &mut at) {
            Step::Record(content) => {
                self.chapters + u64::from(super::record::chapter(content).is_some())
            }
            // Behind bad bytes, whatever is good begins with a chapter.
            Step::Gap => self.chapters + 1,
            Step::End => self.chapters,
        }
    }
}

/// How many samples can be read of a log, and what is wrong with it.
pub(super) fn count(bytes: &[u8]) -> (u64, Option<String>) {
    let Some(mut reading) = Reading::begin(bytes) else {
        return (0, Some("is no log of a queue: all of it is lost".into()));
    };
    let mut samples = 0;
    while let Some((_, row)) = reading.next(bytes) {
        samples += row.values.len() as u64;
    }
    let torn = bytes.len() - reading.at;
    let wrong = match (reading.gaps, torn) {
        (0, 0) => None,
        (0, torn) => Some(format!("ends with {torn} bytes that are no row: they are lost")),
        (gaps, _) => Some(format!(
            "has bad bytes in {gaps} places: what follows each in its chapter is lost"
        )),
    };
    (samples, wrong)
}
