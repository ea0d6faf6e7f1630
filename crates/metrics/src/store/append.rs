//! How samples come in: checked, logged, taken.

use std::fmt;
use std::io;

use super::head::{Counts, Place};
use super::{Store, Sync, record};
use crate::index::SeriesId;
use crate::labels::{Labels, NAME, is_metric_name};

/// What is ahead of the clock by no more than this may be right, and the clock here wrong: one that
/// takes local time for UTC is hours away.
const EARLY: i64 = super::files::DAY;

/// Samples of one series: the bytes of its labels as remote write has them, times and values.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// Labels one after the other, each a field of number 1.
    pub labels: &'a [u8],
    /// Times in milliseconds, and values.
    pub values: &'a [(i64, f64)],
}

/// What became of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many values went where.
    pub counts: Counts,
    /// How many were refused for what they are; the others are kept.
    pub refused: u64,
    /// How many of these are ahead of the clock, but by a day at most: they are taken when it is their time.
    pub early: u64,
    /// Why the first of them was.
    pub why: Option<String>,
}

/// Why nothing was kept.
#[derive(Debug)]
pub enum Refused {
    /// It cannot be read: sending it again will not help.
    Malformed(String),
    /// The disk does not take it: sending it again later will.
    Storage(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => f.write_str(why),
            Self::Storage(error) => write!(f, "nothing was kept, send it again later: {error}"),
        }
    }
}

impl std::error::Error for Refused {}

/// A value on its way.
#[derive(Clone, Copy)]
struct Coming {
    place: Place,
    time: i64,
    bits: u64,
}

impl Coming {
    fn order(&self) -> (u32, i64, u32) {
        (self.place.group, self.time, self.place.column)
    }
}

/// What is collected of one request before it is logged.
#[derive(Default)]
pub(crate) struct Batch {
    coming: Vec<Coming>,
    fresh: Vec<(String, SeriesId)>,
    said: Appended,
    likely: SeriesId,
}

impl Batch {
    /// Counts samples that are not taken.
    pub(crate) fn refuse(&mut self, count: usize, why: impl FnOnce() -> String) {
        self.said.refused += count as u64;
        self.said.why.get_or_insert_with(why);
    }
}

impl Store {
    /// Keeps samples, all that can be: what is refused does not keep the others out.
    pub fn append(&mut self, samples: &[Samples<'_>], now: i64) -> Result<Appended, Refused> {
        let mut batch = self.batch();
        for samples in samples {
            self.collect(&mut batch, *samples, now);
        }
        self.keep(batch)
    }

    /// A batch with nothing in it.
    #[expect(clippy::unused_self, reason = "a batch is of one store")]
    pub(crate) fn batch(&self) -> Batch {
        Batch { likely: SeriesId::MAX, ..Batch::default() }
    }

    /// The labels of the series that is likely to come next: senders keep their order.
    pub(crate) fn likely(&self, batch: &Batch) -> &[u8] {
        self.index.labels(batch.likely.wrapping_add(1)).map_or(&[], Labels::bytes)
    }

    /// Checks the samples of one series and puts them on the way.
    pub(crate) fn collect(&mut self, batch: &mut Batch, samples: Samples<'_>, now: i64) {
        let place = match self.place(batch, samples.labels) {
            Ok(place) => place,
            Err(why) => return batch.refuse(samples.values.len(), || why),
        };
        self.since.get_or_insert(now);
        let latest = now.saturating_add(self.settings.limits.ahead_ms);
        let earliest = now.saturating_sub(self.settings.keep_raw_ms);
        let tomorrow = now.saturating_add(EARLY);
        for (time, value) in samples.values {
            if *time > latest {
                batch.refuse(1, || ahead(*time, now));
                batch.said.early += u64::from(*time <= tomorrow);
                continue;
            }
            if *time < earliest {
                batch.refuse(1, || too_old(*time, now));
                continue;
            }
            batch.coming.push(Coming { place, time: *time, bits: value.to_bits() });
        }
    }

    /// Where the series is in the head; it is made where it is new.
    fn place(&mut self, batch: &mut Batch, bytes: &[u8]) -> Result<Place, String> {
        let found = self.index.find(bytes, batch.likely.wrapping_add(1));
        let series = match found {
            Some(series) => series,
            None => self.new_series(bytes)?,
        };
        batch.likely = series;
        if let Some(place) = self.head.place(series) {
            return Ok(place);
        }
        let labels = self.index.labels(series);
        let key = labels.map(|labels| format!("{}\n{}", labels.get("job"), labels.get("instance")));
        let key = key.unwrap_or_default();
        let place = self.head.settle(series, &key);
        batch.fresh.push((key, series));
        Ok(place)
    }

    fn new_series(&mut self, bytes: &[u8]) -> Result<SeriesId, String> {
        let labels = match Labels::read(bytes) {
            Some(labels) => labels,
            None => disordered(bytes)?,
        };
        if let Some(series) = self.index.find(labels.bytes(), SeriesId::MAX) {
            return Ok(series);
        }
        self.judge(&labels)?;
        Ok(self.index.insert(labels))
    }

    /// Why a series is not taken.
    fn judge(&self, labels: &Labels) -> Result<(), String> {
        let limits = &self.settings.limits;
        let name = labels.get(NAME);
        if !is_metric_name(name) {
            return Err(format!("{labels} has no proper metric name"));
        }
        limits.labels.judge(name, labels)?;
        if self.index.len() >= limits.series {
            return Err(format!(
                "there are {} series already, as many as the limit allows: {labels} would be one more",
                limits.series
            ));
        }
        Ok(())
    }

    /// Logs what is on the way, then takes it.
    pub(crate) fn keep(&mut self, mut batch: Batch) -> Result<Appended, Refused> {
        self.log_columns(&batch.fresh);
        if batch.coming.is_empty() && self.unlogged.is_empty() {
            return Ok(batch.said);
        }
        if !batch.coming.is_sorted_by(|one, next| one.order() < next.order()) {
            // Of two values for one time the later counts.
            batch.coming.reverse();
            batch.coming.sort_by_key(Coming::order);
            batch.coming.dedup_by_key(|coming| coming.order());
        }
        let rows = rows(&batch.coming);
        self.log_rows(&rows).map_err(Refused::Storage)?;
        for (group, time, values) in &rows {
            let counts = self.head.take(*group, *time, values);
            batch.said.counts.added += counts.added;
            batch.said.counts.known += counts.known;
            batch.said.counts.replaced += counts.replaced;
            batch.said.counts.late += counts.late;
        }
        self.seal_if_full();
        Ok(batch.said)
    }

    /// Writes the head out if it is full. What was sent is kept: where this fails, the next tick tells,
    /// and appends try again only when there is twice as much.
    fn seal_if_full(&mut self) {
        if self.head.bytes <= self.full_at {
            return;
        }
        // What is set apart already is being written, or has no room.
        if !self.pending.is_empty() || self.seal().is_err() {
            self.full_at = self.head.bytes.max(self.settings.head_bytes).saturating_mul(2);
        }
    }

    fn log_columns(&mut self, fresh: &[(String, SeriesId)]) {
        for of_one in fresh.chunk_by(|one, next| one.0 == next.0) {
            let labels = of_one.iter().filter_map(|(_, series)| self.index.labels(*series));
            let labels: Vec<&Labels> = labels.collect();
            let key = of_one.first().map_or("", |(key, _)| key);
            record::columns(&mut self.unlogged, key, &labels);
        }
    }

    fn log_rows(&mut self, rows: &[Row]) -> io::Result<()> {
        let mut bytes = self.unlogged.clone();
        if self.afresh {
            record::afresh(&mut bytes);
        }
        for (group, time, values) in rows {
            if let Some(known) = self.head.groups.get_mut(*group as usize) {
                record::row(&mut bytes, (*group, *time), values, &mut known.columns);
            }
        }
        let logged = self.log.append(&bytes).and_then(|()| match self.settings.sync {
            Sync::Append => self.log.sync(),
            Sync::Tick => Ok(()),
        });
        if logged.is_err() {
            record::forget(&mut self.head);
            self.afresh = true;
            return logged;
        }
        self.unlogged.clear();
        self.afresh = false;
        Ok(())
    }
}

/// Labels that are not as a store has them: in another order, or with empty ones.
fn disordered(bytes: &[u8]) -> Result<Labels, String> {
    let pairs = crate::wire::remote_write::pairs(bytes).ok_or("its labels cannot be read")?;
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| match pair {
        [one, next] if one == next => Some(one),
        _ => None,
    });
    let labels = Labels::new(pairs);
    match twice {
        Some(name) => Err(format!("the label {name:.40} of {labels:.200} is there twice")),
        None => Ok(labels),
    }
}

/// A group, a time, and the values of its columns.
type Row = (u32, i64, Vec<(u32, u64)>);

fn rows(coming: &[Coming]) -> Vec<Row> {
    let same =
        |one: &Coming, next: &Coming| (one.place.group, one.time) == (next.place.group, next.time);
    let row = |of_one: &[Coming]| {
        let (group, time) = of_one.first().map_or((0, 0), |first| (first.place.group, first.time));
        let values = of_one.iter().map(|coming| (coming.place.column, coming.bits)).collect();
        (group, time, values)
    };
    coming.chunk_by(same).map(row).collect()
}

fn ahead(time: i64, now: i64) -> String {
    format!("the sample of {time} is {} s ahead of the clock here", time.saturating_sub(now) / 1000)
}

fn too_old(time: i64, now: i64) -> String {
    let days = now.saturating_sub(time) / super::files::DAY;
    format!("the sample of {time} is {days} days old, older than samples are kept")
}
