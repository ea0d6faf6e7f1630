//! A queue of measurements on a disk: what cannot be sent yet waits here, in order, in few bytes.
//!
//! Rows come in at the end of a log. A log that grows large becomes columns. What was sent is noted,
//! and removed as a whole part. All that is read again after a crash is sent again as it was: a
//! receiver knows it.

mod cursor;
mod log;
mod reading;
mod record;
mod sealed;
mod walk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::labels::Labels;
use crate::store::disk::Directory;
use crate::wire::remote_write::request;

use cursor::{Cursor, Position};
use log::Log;
use reading::Reading;
use sealed::Batch;

/// A log of more becomes columns: a thousand series every 15 s for four hours.
const FULL: usize = 2 << 20;
/// A log of which all was sent may have as much before another one begins.
const SENT: usize = 256 << 10;

/// A part that does not grow any more.
#[derive(Debug)]
struct Part {
    name: String,
    bytes: u64,
    samples: u64,
}

/// Samples as they are sent.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The body of a remote write request.
    pub body: Vec<u8>,
    /// How many samples are in it.
    pub samples: u64,
    /// The latest time of them.
    pub newest: i64,
    to: Position,
}

/// How much waits, and what was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Samples that were not sent yet.
    pub samples: u64,
    /// Bytes of the disk, or of memory where the disk does not take them.
    pub bytes: u64,
    /// Samples that went because there was no room for them.
    pub lost: u64,
}

/// A queue in a directory of its own.
pub struct Queue {
    path: PathBuf,
    directory: Directory,
    most: u64,
    parts: BTreeMap<u64, Part>,
    log: Log,
    cursor: Cursor,
    sent: Position,
    /// Samples of the part that is sent now which were sent already.
    sent_samples: u64,
    reading: Option<(Position, Reading)>,
    lost: u64,
    /// The log becomes columns when it has as many bytes.
    full: usize,
    damage: Vec<String>,
}

impl Queue {
    /// Opens a queue, or begins one. Only a directory that cannot be had is an error: what is wrong in
    /// it is told by [`Self::damage`], and what can be read is kept.
    pub fn open(path: &Path, most: u64) -> io::Result<Self> {
        let directory = Directory::hold(path)?;
        let mut queue = Self {
            path: path.to_owned(),
            directory,
            most,
            parts: BTreeMap::new(),
            log: Log::new(1),
            cursor: Cursor::new(0),
            sent: Position::default(),
            sent_samples: 0,
            reading: None,
            lost: 0,
            full: 0,
            damage: Vec::new(),
        };
        queue.load()?;
        Ok(queue)
    }

    fn load(&mut self) -> io::Result<()> {
        for name in self.directory.list()? {
            let Some((sequence, samples)) = read_name(&name) else { continue };
            let bytes = std::fs::metadata(self.path.join(&name)).map_or(0, |file| file.len());
            // A log that was written as columns before a crash is there as both: they are the same.
            let part = Part { name, bytes, samples: samples.unwrap_or_default() };
            if let Some(double) = self.parts.insert(sequence, part) {
                self.remove(&double.name);
            }
        }
        if let Ok(bytes) = self.directory.read(cursor::NAME) {
            match Cursor::read(&bytes) {
                Some((turn, sent)) => (self.cursor, self.sent) = (Cursor::new(turn), sent),
                None => self.damage.push("cursor: it cannot be read: all is sent once more".into()),
            }
        }
        let last = self.parts.last_key_value().map_or(0, |(sequence, _)| *sequence);
        self.log = Log::new(last.max(self.sent.sequence) + 1);
        self.resume(last);
        while let Some(sequence) = self.first().filter(|first| *first < self.sent.sequence) {
            self.forget(sequence);
        }
        let logs =
            self.parts.iter().filter(|(_, part)| part.is_log()).map(|(sequence, _)| *sequence);
        for sequence in logs.collect::<Vec<_>>() {
            self.count(sequence);
        }
        self.look();
        Ok(())
    }

    /// Goes on with the last log, if nothing speaks against it.
    fn resume(&mut self, sequence: u64) {
        let name = log::name(sequence);
        if self.parts.get(&sequence).is_none_or(|part| part.name != name) {
            return;
        }
        let Ok(bytes) = self.directory.read(&name) else { return };
        let Some((log, torn)) = Log::resume(sequence, bytes) else { return };
        if torn > 0 {
            self.damage
                .push(format!("{name}: its last {torn} bytes are no whole row: they are lost"));
        }
        // Rows that were sent and then lost by a power cut would give their numbers to new ones.
        let reused = self.sent.sequence == sequence && self.sent.row > log.rows;
        if !reused && self.sent.sequence <= sequence {
            self.log = log;
            self.parts.remove(&sequence);
        }
    }
}

impl Queue {
    /// Takes what a target told at a time, in milliseconds. It is kept in any case; an error says that
    /// the disk does not have it, so that the end of this process would be its end too.
    pub fn append(
        &mut self,
        target: &Labels,
        time: i64,
        samples: &[(Labels, f64)],
    ) -> io::Result<()> {
        if self.log.bytes.len() > self.full.max(self.usual()) {
            self.full = 0;
            self.turn();
        }
        self.log.put((target, time), samples);
        let written = self.log.write(&self.directory);
        while self.bytes() > self.most && !self.parts.is_empty() {
            self.lose();
        }
        written
    }

    /// How large a log may become.
    fn usual(&self) -> usize {
        let most = usize::try_from(self.most / 4).unwrap_or(FULL);
        self.log.limit(FULL.min(most))
    }

    fn bytes(&self) -> u64 {
        self.parts.values().map(|part| part.bytes).sum::<u64>() + self.log.bytes.len() as u64
    }

    /// Begins another log; what the last one has becomes columns, if it was not sent.
    fn turn(&mut self) {
        let sequence = self.log.sequence;
        if self.is_empty() {
            return self.begin(sequence + 1);
        }
        let columns = self.log.columns();
        let samples = columns.samples();
        let name = format!("{sequence:010}_{samples}.columns");
        let bytes = columns.write().unwrap_or_default();
        let written = self.directory.write(&name, |out| out.write_all(&bytes));
        let part = if written.is_ok() && !bytes.is_empty() {
            self.remove(&log::name(sequence));
            Part { name, bytes: bytes.len() as u64, samples }
        } else if self.log.is_behind() {
            // Neither form is on the disk: memory holds it for as long as it has room.
            // The next try is made when it has grown somewhat.
            self.full = self.log.bytes.len() + SENT;
            if self.full > 3 * self.usual() {
                self.lost += self.log.samples - self.sent_of(sequence);
                self.begin(sequence + 1);
                self.move_to(Position { sequence: sequence + 1, row: 0 });
            }
            return;
        } else {
            let Log { samples, .. } = self.log;
            Part { name: log::name(sequence), bytes: self.log.bytes.len() as u64, samples }
        };
        self.parts.insert(sequence, part);
        self.reading = None;
        self.log = Log::new(sequence + 1);
    }

    /// Begins an empty log instead of the one that is there.
    fn begin(&mut self, sequence: u64) {
        self.remove(&log::name(self.log.sequence));
        self.reading = None;
        self.log = Log::new(sequence);
    }

    /// Whether all was sent.
    pub fn is_empty(&self) -> bool {
        let rows = if self.sent.sequence == self.log.sequence { self.sent.row } else { 0 };
        self.parts.is_empty() && rows >= self.log.rows
    }

    fn first(&self) -> Option<u64> {
        self.parts.first_key_value().map(|(sequence, _)| *sequence)
    }

    /// The oldest part goes, sent or not.
    fn lose(&mut self) {
        let Some(sequence) = self.first() else { return };
        let samples = self.parts.get(&sequence).map_or(0, |part| part.samples);
        self.lost += samples.saturating_sub(self.sent_of(sequence));
        self.forget(sequence);
        let next = self.first().unwrap_or(self.log.sequence);
        self.move_to(Position { sequence: next, row: 0 });
    }

    /// How many samples of a part were sent.
    fn sent_of(&self, sequence: u64) -> u64 {
        if self.sent.sequence == sequence { self.sent_samples } else { 0 }
    }

    fn forget(&mut self, sequence: u64) {
        if let Some(part) = self.parts.remove(&sequence) {
            self.remove(&part.name);
        }
    }

    /// A file that cannot be removed now is removed at the next start.
    fn remove(&self, name: &str) {
        drop(self.directory.remove(name));
    }

    /// Notes what was sent. A note that cannot be written costs nothing: more is sent once more.
    fn move_to(&mut self, position: Position) {
        if position.sequence != self.sent.sequence {
            self.sent_samples = 0;
        }
        self.sent = position;
        drop(self.cursor.write(&self.path, position));
    }

    /// The next samples to send: the same ones until they are taken. As many as `most`, and the row
    /// that goes beyond it.
    pub fn next(&mut self, most: u64) -> Option<Parcel> {
        loop {
            let sequence = self.first().unwrap_or(self.log.sequence);
            if self.sent.sequence != sequence {
                self.move_to(Position { sequence, row: 0 });
            }
            self.look();
            if let Some(batch) = self.batch(most) {
                return Some(parcel(&batch, sequence));
            }
            if sequence == self.log.sequence {
                return None;
            }
            self.forget(sequence);
            self.reading = None;
        }
    }

    /// Notes that samples were taken, or never will be.
    pub fn taken(&mut self, parcel: &Parcel) {
        if parcel.to.sequence != self.sent.sequence || parcel.to.row <= self.sent.row {
            return;
        }
        self.move_to(parcel.to);
        self.sent_samples += parcel.samples;
        if self.is_empty() && self.log.bytes.len() > SENT {
            self.begin(self.log.sequence + 1);
        }
    }

    /// Makes what came in last a power cut.
    pub fn sync(&mut self) -> io::Result<()> {
        self.log.sync()
    }

    /// How much waits, and what was lost.
    pub fn waiting(&self) -> Waiting {
        let samples = self.parts.values().map(|part| part.samples).sum::<u64>() + self.log.samples;
        let samples = samples.saturating_sub(self.sent_samples);
        Waiting { samples, bytes: self.bytes(), lost: self.lost }
    }

    /// What was found that could not be read, in sentences, since it was asked for last.
    pub fn damage(&mut self) -> Vec<String> {
        std::mem::take(&mut self.damage)
    }
}

fn parcel(batch: &Batch, sequence: u64) -> Parcel {
    let series = batch.series.iter().map(|(labels, samples)| (labels, samples.as_slice()));
    let all = || batch.series.iter().flat_map(|(_, samples)| samples);
    Parcel {
        body: request(series),
        samples: all().count() as u64,
        newest: all().map(|(time, _)| *time).max().unwrap_or_default(),
        to: Position { sequence, row: batch.to },
    }
}

impl Part {
    fn is_log(&self) -> bool {
        self.name.strip_suffix(".log").is_some()
    }
}

/// What a file's name says: its number, and its samples if it is columns.
fn read_name(name: &str) -> Option<(u64, Option<u64>)> {
    if let Some(number) = name.strip_suffix(".log") {
        return Some((number.parse().ok()?, None));
    }
    let (number, samples) = name.strip_suffix(".columns")?.split_once('_')?;
    Some((number.parse().ok()?, Some(samples.parse().ok()?)))
}
