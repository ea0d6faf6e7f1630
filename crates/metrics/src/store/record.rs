//! What the log holds: new columns, and rows by what changed since the row before.
//!
//! Each log begins with an empty head, so that it can be read alone. A row names its group, its time,
//! which columns it has, which of these changed, and of the changed ones the bytes that did.

use std::ops::Range;

use super::column::Column;
use super::head::{Counts, Head};
use crate::bytes::{Reader, change, put_change, put_slice, put_varint, zigzag};
use crate::frame;
use crate::index::Index;
use crate::labels::Labels;

const COLUMNS: u8 = b'C';
const ROW: u8 = b'R';
/// Nothing was logged before this: a write failed and was taken back.
const AFRESH: u8 = b'A';
/// Columns of one record: a frame stays small.
const MOST: usize = 4096;

/// Appends the records that make columns of a group, in order.
pub(crate) fn columns(out: &mut Vec<u8>, key: &str, series: &[&Labels]) {
    for some in series.chunks(MOST) {
        let mut plain = Vec::new();
        put_slice(&mut plain, key.as_bytes());
        for labels in some {
            put_slice(&mut plain, labels.bytes());
        }
        frame::put(out, |out| {
            out.push(COLUMNS);
            out.extend(snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default());
        });
    }
}

/// Appends the record that forgets what values were logged.
pub(crate) fn afresh(out: &mut Vec<u8>) {
    frame::put(out, |out| out.push(AFRESH));
}

/// Appends a row, and remembers in the columns what was logged.
pub(crate) fn row(
    out: &mut Vec<u8>,
    (group, time): (u32, i64),
    values: &[(u32, u64)],
    columns: &mut [Column],
) {
    frame::put(out, |out| {
        out.push(ROW);
        put_varint(out, u64::from(group));
        put_varint(out, zigzag(time));
        put_runs(out, values);
        let bitmap = out.len();
        out.resize(bitmap + values.len().div_ceil(8), 0);
        for (position, (column, bits)) in values.iter().enumerate() {
            let Some(column) = columns.get_mut(*column as usize) else { continue };
            if column.logged == *bits {
                continue;
            }
            if let Some(byte) = out.get_mut(bitmap + position / 8) {
                *byte |= 1 << (position % 8);
            }
            put_change(out, column.logged ^ bits);
            column.logged = *bits;
        }
    });
}

/// Which columns: runs of them, each by how far it is from the one before and how long.
fn put_runs(out: &mut Vec<u8>, values: &[(u32, u64)]) {
    let follows = |one: &(u32, u64), next: &(u32, u64)| one.0 + 1 == next.0;
    put_varint(out, values.len() as u64);
    let mut end = 0;
    for run in values.chunk_by(follows) {
        let first = run.first().map_or(0, |(column, _)| *column);
        put_varint(out, u64::from(first - end));
        put_varint(out, run.len() as u64);
        end = first + run.len() as u32;
    }
}

fn runs(reader: &mut Reader<'_>) -> Option<Vec<Range<u32>>> {
    let mut left = u32::try_from(reader.varint()?).ok()?;
    let mut runs = Vec::new();
    let mut end = 0_u32;
    while left > 0 {
        let first = end.checked_add(u32::try_from(reader.varint()?).ok()?)?;
        let count = u32::try_from(reader.varint()?).ok()?;
        left = left.checked_sub(count).filter(|_| count > 0)?;
        end = first.checked_add(count)?;
        runs.push(first..end);
    }
    Some(runs)
}

/// What a record says.
pub(crate) enum Record {
    /// There are more columns.
    Columns,
    /// Values of a group's columns at a time.
    Row(u32, i64, Vec<(u32, u64)>),
    /// Values are logged anew.
    Afresh,
}

/// Does what a record says once more; nothing if it says nothing that can be.
pub(crate) fn replay(content: &[u8], head: &mut Head, index: &mut Index) -> Option<Counts> {
    Some(match read(content, head, index)? {
        Record::Columns | Record::Afresh => Counts::default(),
        Record::Row(group, time, values) => head.take(group, time, &values),
    })
}

/// Reads a record, and remembers in the head what columns there are and what was logged of them.
pub(crate) fn read(content: &[u8], head: &mut Head, index: &mut Index) -> Option<Record> {
    let mut reader = Reader::new(content);
    match reader.byte()? {
        COLUMNS => read_columns(reader.rest(), head, index),
        ROW => read_row(reader, head),
        AFRESH => {
            forget(head);
            Some(Record::Afresh)
        }
        _ => None,
    }
}

/// Nothing counts as logged from here on.
pub(crate) fn forget(head: &mut Head) {
    for column in head.groups.iter_mut().flat_map(|group| &mut group.columns) {
        column.logged = 0;
    }
}

fn read_columns(packed: &[u8], head: &mut Head, index: &mut Index) -> Option<Record> {
    let plain = snap::raw::Decoder::new().decompress_vec(packed).ok()?;
    let mut reader = Reader::new(&plain);
    let key = std::str::from_utf8(reader.slice()?).ok()?;
    while !reader.is_empty() {
        let series = index.insert(Labels::read(reader.slice()?)?);
        if head.place(series).is_none() {
            head.settle(series, key);
        }
    }
    Some(Record::Columns)
}

fn read_row(mut reader: Reader<'_>, head: &mut Head) -> Option<Record> {
    let group = u32::try_from(reader.varint()?).ok()?;
    let time = reader.zigzag()?;
    let runs = runs(&mut reader)?;
    let columns = &mut head.groups.get_mut(group as usize)?.columns;
    if runs.last().is_some_and(|run| run.end as usize > columns.len()) {
        return None;
    }
    let count: usize = runs.iter().map(Range::len).sum();
    let bitmap = reader.take(count.div_ceil(8))?;
    let mut values = Vec::with_capacity(count);
    for (position, number) in runs.into_iter().flatten().enumerate() {
        let column = columns.get_mut(number as usize)?;
        if bitmap.get(position / 8)? >> (position % 8) & 1 == 1 {
            column.logged ^= change(&mut reader)?;
        }
        values.push((number, column.logged));
    }
    Some(Record::Row(group, time, values))
}
