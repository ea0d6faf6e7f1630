//! Reads the part of a queue that is sent now.

use super::cursor::Position;
use super::sealed::{Batch, Columns};
use super::{Queue, log};

/// What was read of the part that is sent now.
pub(super) enum Reading {
    /// The log that grows.
    Now(log::Reading),
    /// Another log, with its bytes.
    Log(Vec<u8>, Option<log::Reading>),
    Columns(Columns),
}

impl Queue {
    /// Reads the part that is sent now, up to what was sent of it.
    pub(super) fn look(&mut self) {
        if self.reading.as_ref().is_some_and(|(at, _)| *at == self.sent) {
            return;
        }
        let Position { sequence, row } = self.sent;
        let (reading, samples) = if sequence == self.log.sequence {
            let mut reading = log::Reading::begin(&self.log.bytes).unwrap_or_default();
            let samples = reading.skip(&self.log.bytes, row);
            (Reading::Now(reading), samples)
        } else {
            self.read(sequence, row)
        };
        self.sent_samples = samples;
        self.reading = Some((self.sent, reading));
    }

    /// Reads a part that does not grow; how many samples of it are before a row.
    fn read(&mut self, sequence: u64, row: u64) -> (Reading, u64) {
        let Some(part) = self.parts.get(&sequence) else {
            return (Reading::Columns(Columns::default()), 0);
        };
        let bytes = match self.directory.read(&part.name) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.damage.push(format!("{error}: {} samples are lost", part.samples));
                Vec::new()
            }
        };
        if part.is_log() {
            let mut reading = log::Reading::begin(&bytes);
            let samples = reading.as_mut().map_or(0, |reading| reading.skip(&bytes, row));
            return (Reading::Log(bytes, reading), samples);
        }
        let (columns, wrong) = Columns::read(&bytes);
        self.damage.extend(wrong.map(|wrong| format!("{} {wrong}", part.name)));
        let samples = if row == 0 { 0 } else { columns.samples_before(row) };
        (Reading::Columns(columns), samples)
    }

    pub(super) fn batch(&mut self, most: u64) -> Option<Batch> {
        let (at, reading) = self.reading.as_mut()?;
        let batch = match reading {
            Reading::Now(reading) => reading.batch(&self.log.bytes, most),
            Reading::Log(bytes, reading) => reading.as_mut()?.batch(bytes, most),
            Reading::Columns(columns) => columns.batch(at.row, most),
        }?;
        at.row = batch.to;
        Some(batch)
    }

    /// Counts the samples of a log that is not gone on with, and tells what is bad in it.
    pub(super) fn count(&mut self, sequence: u64) {
        let Some(part) = self.parts.get_mut(&sequence) else { return };
        let bytes = self.directory.read(&part.name).unwrap_or_default();
        let (samples, wrong) = log::count(&bytes);
        part.samples = samples;
        self.damage.extend(wrong.map(|wrong| format!("{} {wrong}", part.name)));
    }
}
