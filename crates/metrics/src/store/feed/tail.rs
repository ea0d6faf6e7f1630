//! What arrives: the logs, read behind those who write them.

use std::collections::BTreeMap;
use std::io;

use super::cursor::Cursor;
use super::{ARRIVED, BySeries, Portion};
use crate::bytes::Reader;
use crate::frame;
use crate::index::{Index, SeriesId};
use crate::labels::Labels;
use crate::store::Store;
use crate::store::head::Head;
use crate::store::record::{self, Record};

/// How much of a log is read at once.
const PIECE: usize = 1 << 20;

/// A log that is read: the values of a row are those before it and what changed.
#[derive(Default)]
pub(super) struct Tail {
    log: u64,
    /// Where the next record begins.
    offset: u64,
    /// Columns without values: what the log says of them.
    head: Head,
    index: Index,
}

/// A log on the disk, as far as it is written.
struct Source {
    name: String,
    length: u64,
    /// More is written to it.
    grows: bool,
}

/// Where reading came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There are enough samples.
    Enough,
    /// There is no more.
    All,
    /// A record cannot be read.
    Bad,
}

/// Rows, collected by series.
#[derive(Default)]
struct Rows {
    by_series: BTreeMap<SeriesId, (Labels, Vec<(i64, f64)>)>,
    samples: usize,
}

impl Rows {
    /// What came late finds its place among the others of the same request.
    fn series(self) -> BySeries {
        let mut series: BySeries = self.by_series.into_values().collect();
        for (_, values) in &mut series {
            if !values.is_sorted_by(|one, next| one.0 < next.0) {
                values.reverse();
                values.sort_by_key(|(time, _)| *time);
                values.dedup_by_key(|(time, _)| *time);
            }
        }
        series
    }
}

/// The number of a log that is written to, or was until now.
fn number(log: &str) -> Option<u64> {
    log.strip_prefix("log-")?.parse().ok()
}

impl Store {
    fn source(&self, log: u64) -> io::Result<Option<Source>> {
        if log == self.log_number() {
            let (name, length) = (self.log.name.clone(), self.log.length);
            return Ok(Some(Source { name, length, grows: true }));
        }
        // One that is being written to files has its first name still.
        let names = [format!("{ARRIVED}{log}"), format!("log-{log}")];
        let Some(name) = names.into_iter().find(|name| self.directory.has(name)) else {
            return Ok(None);
        };
        let length = self.directory.length(&name)?;
        Ok(Some(Source { name, length, grows: false }))
    }

    /// The log after another.
    fn log_after(&self, log: u64) -> io::Result<u64> {
        let pending = self.pending.iter().filter_map(|pending| number(&pending.log));
        let next = self.arrived()?.into_iter().chain(pending).find(|number| *number > log);
        Ok(next.unwrap_or_else(|| self.log_number()))
    }
}

impl Tail {
    /// What arrived after a cursor, of about so many samples.
    pub(super) fn next(
        &mut self,
        store: &Store,
        cursor: &Cursor,
        most: usize,
    ) -> io::Result<Portion> {
        let mut rows = Rows::default();
        let mut at = Cursor { back: None, ..cursor.clone() };
        loop {
            let Some(source) = store.source(at.log)? else {
                let lost = format!("log {}: what arrived then is gone, and is not sent", at.log);
                let after = Cursor { log: store.log_after(at.log)?, ..Cursor::default() };
                return Ok(Portion { after, lost: Some(lost), ..Portion::default() });
            };
            if self.log != at.log || self.offset > at.offset {
                *self = Self { log: at.log, ..Self::default() };
            }
            let end = self.read(store, &source, at.offset, (most, &mut rows))?;
            at.offset = at.offset.max(self.offset);
            let lost = (end == End::Bad && !source.grows).then(|| {
                let (name, left) = (&source.name, source.length - self.offset);
                format!("{name}: a record is bad; what followed ({left} bytes) is not sent")
            });
            if !source.grows && end != End::Enough {
                at = Cursor { log: store.log_after(at.log)?, ..Cursor::default() };
            }
            if rows.samples > 0 || lost.is_some() || source.grows {
                let samples = rows.samples;
                return Ok(Portion { series: rows.series(), samples, after: at, lost });
            }
        }
    }

    /// Reads records until there are enough samples or no more records; what comes before an offset is
    /// only for knowing what it changed.
    fn read(
        &mut self,
        store: &Store,
        source: &Source,
        from: u64,
        (most, rows): (usize, &mut Rows),
    ) -> io::Result<End> {
        let mut wanted = PIECE;
        while self.offset < source.length && rows.samples < most {
            let left = usize::try_from(source.length - self.offset).unwrap_or(usize::MAX);
            let bytes = store.directory.read_part(&source.name, self.offset, wanted.min(left))?;
            let mut reader = Reader::new(&bytes);
            while rows.samples < most
                && let Some(content) = frame::take(&mut reader)
            {
                let record = record::read(content, &mut self.head, &mut self.index);
                let Some(record) = record else { return Ok(End::Bad) };
                let at = self.offset + (bytes.len() - reader.rest().len()) as u64;
                if at > from
                    && let Record::Row(group, time, values) = record
                {
                    self.take(rows, group, time, &values);
                }
            }
            let taken = bytes.len() - reader.rest().len();
            if taken == 0 && (bytes.len() >= left || !frame::is_cut(&bytes)) {
                return Ok(End::Bad);
            }
            // A record that is longer than what was read is read whole.
            wanted = if taken == 0 { wanted.saturating_mul(4) } else { PIECE };
            self.offset += taken as u64;
        }
        Ok(if self.offset < source.length { End::Enough } else { End::All })
    }

    fn take(&self, rows: &mut Rows, group: u32, time: i64, values: &[(u32, u64)]) {
        let Some(group) = self.head.groups.get(group as usize) else { return };
        for (column, bits) in values {
            let column = group.columns.get(*column as usize);
            let series = column.map(|column| column.series);
            let Some((series, labels)) = series.zip(series.and_then(|id| self.index.labels(id)))
            else {
                continue;
            };
            let entry = rows.by_series.entry(series);
            let (_, values) = entry.or_insert_with(|| (labels.clone(), Vec::new()));
            values.push((time, f64::from_bits(*bits)));
            rows.samples += 1;
        }
    }
}
