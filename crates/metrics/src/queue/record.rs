//! What the log of a queue holds: chapters of rows, each row by what changed since the one before.
//!
//! A chapter begins with nothing known, so that what is lost by a bad byte ends where the next begins.

use std::collections::BTreeMap;

use crate::bytes::{Reader, change, put_change, put_slice, put_varint, zigzag};
use crate::frame;
use crate::labels::Labels;

/// A chapter begins; the number of its first row.
const CHAPTER: u8 = b'A';
const TARGET: u8 = b'T';
const COLUMNS: u8 = b'C';
const ROW: u8 = b'R';
/// Columns of one record: a frame stays small.
const MOST: usize = 4096;

/// What one target told at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) group: u32,
    pub(super) time: i64,
    /// Columns and the bits of their values, by column.
    pub(super) values: Vec<(u32, u64)>,
}

/// A series of a target, and what was logged for it last.
#[derive(Clone, Debug)]
struct Column {
    labels: Labels,
    logged: u64,
}

/// The series of a target.
#[derive(Debug, Default)]
struct Group {
    target: Labels,
    columns: Vec<Column>,
    by_labels: BTreeMap<Labels, u32>,
}

impl Group {
    /// The columns of some samples, by column, those that are new among them. Targets tell their
    /// series in the same order each time: the next is looked at first.
    fn place(&mut self, samples: &[(Labels, f64)]) -> Vec<(u32, u64)> {
        let mut placed = Vec::with_capacity(samples.len());
        let mut next = 0_u32;
        for (labels, value) in samples {
            let likely = self.columns.get(next as usize).filter(|column| column.labels == *labels);
            let column = match likely {
                Some(_) => next,
                None => self.find(labels),
            };
            placed.push((column, value.to_bits()));
            next = column + 1;
        }
        placed.sort_by_key(|(column, _)| *column);
        placed.dedup_by_key(|(column, _)| *column);
        placed
    }

    fn find(&mut self, labels: &Labels) -> u32 {
        if let Some(column) = self.by_labels.get(labels) {
            return *column;
        }
        let column = self.columns.len() as u32;
        self.columns.push(Column { labels: labels.clone(), logged: 0 });
        self.by_labels.insert(labels.clone(), column);
        column
    }
}

/// A chapter that is being written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    groups: Vec<Group>,
    /// How many bytes say which series there are.
    pub(super) described: usize,
}

impl Writer {
    /// Begins a chapter.
    pub(super) fn begin(out: &mut Vec<u8>, row: u64) -> Self {
        frame::put(out, |out| {
            out.push(CHAPTER);
            put_varint(out, row);
        });
        Self::default()
    }

    /// Appends a row; how many samples it has.
    pub(super) fn put(
        &mut self,
        out: &mut Vec<u8>,
        (target, time): (&Labels, i64),
        samples: &[(Labels, f64)],
    ) -> u64 {
        let known = self.groups.iter().position(|group| group.target == *target);
        let number = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups.push(Group { target: target.clone(), ..Group::default() });
            frame::put(out, |out| {
                out.push(TARGET);
                out.extend_from_slice(target.bytes());
            });
        }
        let Some(group) = self.groups.get_mut(number) else { return 0 };
        let before = group.columns.len();
        let values = group.place(samples);
        let length = out.len();
        columns(out, number as u32, group.columns.get(before..).unwrap_or_default());
        self.described += out.len() - length;
        row(out, (number as u32, time), &values, &mut group.columns);
        values.len() as u64
    }
}

fn columns(out: &mut Vec<u8>, group: u32, fresh: &[Column]) {
    for some in fresh.chunks(MOST) {
        let mut plain = Vec::new();
        for column in some {
            put_slice(&mut plain, column.labels.bytes());
        }
        frame::put(out, |out| {
            out.push(COLUMNS);
            put_varint(out, u64::from(group));
            out.extend(snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default());
        });
    }
}

fn row(
    out: &mut Vec<u8>,
    (group, time): (u32, i64),
    values: &[(u32, u64)],
    columns: &mut [Column],
) {
    frame::put(out, |out| {
        out.push(ROW);
        put_varint(out, u64::from(group));
        put_varint(out, zigzag(time));
        put_present(out, values, columns.len());
        let changed = out.len();
        out.resize(changed + values.len().div_ceil(8), 0);
        for (position, (column, bits)) in values.iter().enumerate() {
            let Some(column) = columns.get_mut(*column as usize) else { continue };
            if column.logged != *bits {
                set(out, changed, position);
                put_change(out, column.logged ^ bits);
                column.logged = *bits;
            }
        }
    });
}

/// Which columns have a value: how many there are, and a bit for each, unless all have one.
fn put_present(out: &mut Vec<u8>, values: &[(u32, u64)], columns: usize) {
    let all = values.len() == columns;
    put_varint(out, (columns as u64) << 1 | u64::from(!all));
    if !all {
        let present = out.len();
        out.resize(present + columns.div_ceil(8), 0);
        for (column, _) in values {
            set(out, present, *column as usize);
        }
    }
}

fn set(out: &mut [u8], at: usize, bit: usize) {
    if let Some(byte) = out.get_mut(at + bit / 8) {
        *byte |= 1 << (bit % 8);
    }
}

fn is_set(bits: &[u8], bit: usize) -> bool {
    bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

/// The first row of the chapter that a record begins, if it does.
pub(super) fn chapter(content: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(content);
    (reader.byte()? == CHAPTER).then(|| reader.varint())?
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A chapter begins, with this row.
    Chapter(u64),
    /// There are more targets or series.
    Series,
    /// Samples of a time.
    Row(Row),
}

/// A chapter that is being read.
#[derive(Debug, Default)]
pub(super) struct Replay {
    groups: Vec<(Labels, Vec<Column>)>,
}

impl Replay {
    /// The target of a group.
    pub(super) fn target(&self, group: u32) -> Option<&Labels> {
        self.groups.get(group as usize).map(|(target, _)| target)
    }

    /// The series of a column.
    pub(super) fn labels(&self, group: u32, column: u32) -> Option<&Labels> {
        Some(&self.groups.get(group as usize)?.1.get(column as usize)?.labels)
    }

    /// Does what a record says once more; nothing if it says nothing that can be.
    pub(super) fn read(&mut self, content: &[u8]) -> Option<Said> {
        let mut reader = Reader::new(content);
        match reader.byte()? {
            CHAPTER => {
                self.groups.clear();
                Some(Said::Chapter(reader.varint()?))
            }
            TARGET => {
                self.groups.push((Labels::read(reader.rest())?, Vec::new()));
                Some(Said::Series)
            }
            COLUMNS => self.columns(reader),
            ROW => self.row(reader).map(Said::Row),
            _ => None,
        }
    }

    fn columns(&mut self, mut reader: Reader<'_>) -> Option<Said> {
        let group = usize::try_from(reader.varint()?).ok()?;
        let plain = snap::raw::Decoder::new().decompress_vec(reader.rest()).ok()?;
        let (_, columns) = self.groups.get_mut(group)?;
        let mut reader = Reader::new(&plain);
        while !reader.is_empty() {
            columns.push(Column { labels: Labels::read(reader.slice()?)?, logged: 0 });
        }
        Some(Said::Series)
    }

    fn row(&mut self, mut reader: Reader<'_>) -> Option<Row> {
        let group = u32::try_from(reader.varint()?).ok()?;
        let time = reader.zigzag()?;
        let present = reader.varint()?;
        let (_, columns) = self.groups.get_mut(group as usize)?;
        let count = usize::try_from(present >> 1).ok().filter(|count| *count <= columns.len())?;
        let bits = if present & 1 == 1 { Some(reader.take(count.div_ceil(8))?) } else { None };
        let there = |column: &usize| bits.is_none_or(|bits| is_set(bits, *column));
        let numbers: Vec<usize> = (0..count).filter(there).collect();
        let changed = reader.take(numbers.len().div_ceil(8))?;
        let mut values = Vec::with_capacity(numbers.len());
        for (position, number) in numbers.into_iter().enumerate() {
            let column = columns.get_mut(number)?;
            if is_set(changed, position) {
                column.logged ^= change(&mut reader)?;
            }
            values.push((number as u32, column.logged));
        }
        Some(Row { group, time, values })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(number: usize) -> Labels {
        Labels::new([("__name__", "x"), ("n", number.to_string().as_str())])
    }

    /// The time of a row, and its values by their labels.
    type Told = (i64, Vec<(Labels, u64)>);

    fn replay(bytes: &[u8]) -> Vec<Told> {
        let (mut reader, mut replay, mut rows) = (Reader::new(bytes), Replay::default(), vec![]);
        while let Some(content) = frame::take(&mut reader) {
            if let Said::Row(row) = replay.read(content).expect("it was written") {
                let labels = |column| replay.labels(row.group, column).expect("it is told").clone();
                let values = row.values.iter().map(|(column, bits)| (labels(*column), *bits));
                rows.push((row.time, values.collect()));
            }
        }
        assert!(reader.is_empty());
        rows
    }

    proptest! {
        #[test]
        fn rows_return_as_they_came(
            told in prop::collection::vec(
                (0_usize..3, any::<i64>(), prop::collection::btree_map(0_usize..20, any::<u64>(), 0..20)),
                0..30,
            ),
        ) {
            let mut bytes = Vec::new();
            let mut writer = Writer::begin(&mut bytes, 7);
            for (target, time, values) in &told {
                let samples: Vec<(Labels, f64)> = values
                    .iter()
                    .map(|(number, bits)| (labels(*number), f64::from_bits(*bits)))
                    .collect();
                writer.put(&mut bytes, (&labels(*target), *time), &samples);
            }
            let rows = replay(&bytes);
            prop_assert_eq!(rows.len(), told.len());
            for ((time, values), (_, told_time, told_values)) in rows.iter().zip(&told) {
                prop_assert_eq!(time, told_time);
                let mut expected: Vec<(Labels, u64)> =
                    told_values.iter().map(|(number, bits)| (labels(*number), *bits)).collect();
                let mut values = values.clone();
                values.sort();
                expected.sort();
                prop_assert_eq!(values, expected);
            }
        }

        #[test]
        fn rubbish_is_refused_without_a_panic(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6),
        ) {
            let mut replay = Replay::default();
            for mut content in contents {
                if let Some(first) = content.first_mut() {
                    *first = [CHAPTER, TARGET, COLUMNS, ROW][usize::from(*first) % 4];
                }
                let _ = replay.read(&content);
            }
        }
    }
}
