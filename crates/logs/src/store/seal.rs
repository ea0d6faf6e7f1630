//! How what is in memory is written to files, a day each.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use metrics::{Labels, SeriesId};

use super::Store;
use super::chunk::Writer;
use super::file::{ChunkFile, Name};
use crate::DAY;
use crate::block::Block;

/// The text of a chunk, about.
pub(crate) const CHUNK: usize = 1 << 20;

/// The lines of one day, by stream.
type Day = Vec<(SeriesId, Block)>;

impl Store {
    /// Writes all lines to files, and begins a new log.
    pub fn seal(&mut self) -> io::Result<()> {
        let mut written = Vec::new();
        let sealed = self.seal_days(&mut written).and_then(|()| {
            self.sequence += 1;
            self.directory.open_log(&format!("log-{}", self.sequence), 0)
        });
        let log = match sealed {
            Ok(log) => log,
            Err(error) => {
                // Everything is in the log and in the head still.
                for file in written {
                    let _ = self.directory.remove(&file.name.to_string());
                }
                return Err(error);
            }
        };
        self.files.extend(written);
        let before = std::mem::replace(&mut self.log, log);
        self.old_logs.push(before.name);
        self.head.clear();
        self.head.forget_numbers();
        self.since = None;
        self.full_at = self.settings.head_bytes;
        self.remove_old_logs()
    }

    /// A log that stays would only tell again what files have.
    fn remove_old_logs(&mut self) -> io::Result<()> {
        while let Some(name) = self.old_logs.last() {
            self.directory.remove(name)?;
            self.old_logs.pop();
        }
        Ok(())
    }

    fn seal_days(&mut self, written: &mut Vec<Arc<ChunkFile>>) -> io::Result<()> {
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        for (stream, block) in &self.head.blocks {
            for (day, block) in by_day(Block::clone(block).ordered()) {
                days.entry(day).or_default().push((*stream, block));
            }
        }
        for (day, streams) in days {
            self.sequence += 1;
            let name = Name { day, sequence: self.sequence };
            let none = Labels::default();
            let index = &self.index;
            let labels = |stream: SeriesId| index.labels(stream).unwrap_or(&none);
            self.directory.write(&name.to_string(), |out| write(out, &streams, labels))?;
            let file = ChunkFile::open(&self.directory, name, &mut self.index, &self.damage)?;
            written.push(Arc::new(file));
        }
        Ok(())
    }
}

fn write<'a>(
    out: &mut dyn Write,
    streams: &[(SeriesId, Block)],
    labels: impl Fn(SeriesId) -> &'a Labels,
) -> io::Result<()> {
    let mut writer = Writer::new(out)?;
    for (stream, block) in streams {
        for piece in block.pieces(CHUNK) {
            writer.chunk(labels(*stream), &piece)?;
        }
    }
    writer.finish()
}

/// The parts of an ordered block, a day each.
fn by_day(block: Block) -> Vec<(i64, Block)> {
    let day = |time: Option<&i64>| time.map_or(0, |time| time.div_euclid(DAY));
    let (first, last) = (day(block.times.first()), day(block.times.last()));
    if first == last {
        return vec![(first, block)];
    }
    let mut days: Vec<(i64, Block)> = Vec::new();
    let none = Labels::default();
    for (place, line) in block.lines(None) {
        let time = block.times.get(place).copied().unwrap_or_default();
        let day = day(Some(&time));
        if days.last().is_none_or(|(last, _)| *last != day) {
            days.push((day, Block::default()));
        }
        if let Some((_, of_day)) = days.last_mut() {
            of_day.push(time, line, block.metadata.get(&(place as u32)).unwrap_or(&none));
        }
    }
    days
}
