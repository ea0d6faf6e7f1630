//! How lines come in: checked, logged, taken.

use std::io;

use metrics::{Labels, Refused, SeriesId, Sync};

use super::{Line, Store};
use crate::{DAY, SECOND};

/// Lines of one stream.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    /// What the stream is.
    pub labels: Labels,
    /// Its lines, in any order.
    pub lines: Vec<Line<'a>>,
}

/// What became of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many lines are kept.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many were refused for what they are; the others are kept.
    pub refused: u64,
    /// How many of these are ahead of the clock, but by a day at most: they are taken when it is their time.
    pub early: u64,
    /// Why the first of them was.
    pub why: Option<String>,
}

impl Appended {
    pub(crate) fn refuse(&mut self, count: usize, why: impl FnOnce() -> String) {
        self.refused += count as u64;
        if count > 0 {
            self.why.get_or_insert_with(why);
        }
    }
}

impl Store {
    /// Keeps lines, all that can be: what is refused does not keep the others out. What is sent again
    /// is the same line.
    pub fn append(&mut self, streams: &[Stream<'_>], now: i64) -> Result<Appended, Refused> {
        let mut said = Appended::default();
        let mut coming: Vec<(SeriesId, Vec<&Line<'_>>)> = Vec::new();
        for stream in streams.iter().filter(|stream| !stream.lines.is_empty()) {
            match self.stream(&stream.labels) {
                Ok(id) => coming.push((id, self.fitting(stream, now, &mut said))),
                Err(why) => said.refuse(stream.lines.len(), || why),
            }
        }
        coming.retain(|(_, lines)| !lines.is_empty());
        if !coming.is_empty() {
            self.log_lines(&coming).map_err(Refused::Storage)?;
            self.since.get_or_insert(now);
        }
        for (stream, lines) in &coming {
            said.lines += lines.len() as u64;
            for line in lines {
                said.bytes += line.line.len() as u64;
                self.head.take(*stream, line);
            }
        }
        self.counts.lines += said.lines;
        self.counts.bytes += said.bytes;
        self.counts.refused += said.refused;
        self.seal_if_full();
        Ok(said)
    }

    fn stream(&mut self, labels: &Labels) -> Result<SeriesId, String> {
        if let Some(stream) = self.index.find(labels.bytes(), SeriesId::MAX) {
            return Ok(stream);
        }
        let streams = self.settings.limits.streams;
        if labels.iter().next().is_none() {
            return Err("a stream needs one label at least".into());
        }
        self.settings.limits.labels.judge("a stream", labels)?;
        if self.index.len() >= streams {
            return Err(format!(
                "there are {streams} streams already, as many as the limit allows: use fewer labels, and let what changes with each line stay in the line"
            ));
        }
        Ok(self.index.insert(labels.clone()))
    }

    /// The lines of a stream that are taken.
    fn fitting<'a, 'b>(
        &self,
        stream: &'b Stream<'a>,
        now: i64,
        said: &mut Appended,
    ) -> Vec<&'b Line<'a>> {
        let latest = now.saturating_add(self.settings.limits.ahead);
        let earliest = self.settings.first_day(&stream.labels, now).saturating_mul(DAY).max(0);
        let tomorrow = now.saturating_add(DAY);
        let mut fitting = Vec::with_capacity(stream.lines.len());
        for line in &stream.lines {
            match self.why_not(line, earliest, latest) {
                Some(why) => {
                    said.refuse(1, || format!("{}: {why}", stream.labels));
                    let is_early = line.time > latest && line.time <= tomorrow;
                    said.early += u64::from(is_early);
                }
                None => fitting.push(line),
            }
        }
        fitting
    }

    fn why_not(&self, line: &Line<'_>, earliest: i64, latest: i64) -> Option<String> {
        let most = self.settings.limits.line_bytes;
        if line.line.len() > most {
            return Some(format!("a line of {} bytes is longer than {most}", line.line.len()));
        }
        if line.time > latest {
            let ahead = self.settings.limits.ahead / SECOND;
            return Some(format!(
                "the line of {} is more than {ahead} s ahead of the clock here",
                line.time
            ));
        }
        if line.time < earliest {
            return Some(format!("the line of {} is older than such lines are kept", line.time));
        }
        if line.metadata.bytes().is_empty() {
            None
        } else {
            self.settings.limits.labels.judge("a line", &line.metadata).err()
        }
    }

    fn log_lines(&mut self, coming: &[(SeriesId, Vec<&Line<'_>>)]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let fresh = self.head.record(&mut bytes, coming, &self.index);
        self.log.append(&bytes)?;
        // They are in the log, whatever becomes of the sync.
        self.head.named(fresh);
        match self.settings.sync {
            Sync::Append => self.log.sync(),
            Sync::Tick => Ok(()),
        }
    }

    /// Writes the head out if it is full. What was sent is kept: where this fails, the next tick tells,
    /// and appends try again only when there is twice as much.
    fn seal_if_full(&mut self) {
        if self.head.bytes > self.full_at && self.seal().is_err() {
            self.full_at = self.head.bytes.saturating_mul(2);
        }
    }
}
