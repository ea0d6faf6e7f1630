//! A part of the queue as columns: many rows in few bytes, written once.
//!
//! What belongs to many columns (their labels, their times, the order of rows) is there twice: a bad
//! byte takes one column at most.

use std::collections::BTreeMap;
use std::ops::Range;

use super::record::{Replay, Row};
use super::walk;
use crate::bytes::{Reader, put_slice, put_varint};
use crate::labels::Labels;
use crate::{codec, frame};

/// How each file begins.
pub(super) const MAGIC: &[u8; 8] = b"ketupaqs";
const ORDER: u8 = b'O';
const TIMES: u8 = b'T';
const LABELS: u8 = b'L';
const COLUMN: u8 = b'C';
/// Rows of a file: a count that was read wrong shall not be believed.
const MOST: usize = 1 << 22;

/// Values in the order of their rows.
#[derive(Clone, Debug, PartialEq)]
enum Values {
    /// The bits of all, and how many they are.
    Same(u64, u32),
    Many(Vec<f64>),
}

impl Values {
    fn of(values: Vec<f64>) -> Self {
        let first = values.first().copied().unwrap_or_default().to_bits();
        if values.iter().all(|value| value.to_bits() == first) {
            Self::Same(first, values.len() as u32)
        } else {
            Self::Many(values)
        }
    }

    fn push(&mut self, bits: u64) {
        match self {
            Self::Same(_, 0) => *self = Self::Same(bits, 1),
            Self::Same(same, count) if *same == bits => *count += 1,
            Self::Same(same, count) => {
                let mut many = vec![f64::from_bits(*same); *count as usize];
                many.push(f64::from_bits(bits));
                *self = Self::Many(many);
            }
            Self::Many(many) => many.push(f64::from_bits(bits)),
        }
    }

    fn len(&self) -> u32 {
        match self {
            Self::Same(_, count) => *count,
            Self::Many(many) => many.len() as u32,
        }
    }

    fn get(&self, at: u32) -> Option<f64> {
        match self {
            Self::Same(same, count) => (at < *count).then(|| f64::from_bits(*same)),
            Self::Many(many) => many.get(at as usize).copied(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Same(same, count) => codec::encode(&vec![f64::from_bits(*same); *count as usize]),
            Self::Many(many) => codec::encode(many),
        }
    }
}

/// The values of one series, and which rows of its target they are of.
#[derive(Clone, Debug)]
struct Column {
    runs: Vec<Range<u32>>,
    values: Values,
}

impl Column {
    fn new() -> Self {
        Self { runs: Vec::new(), values: Values::Same(0, 0) }
    }

    fn push(&mut self, row: u32, bits: u64) {
        match self.runs.last_mut() {
            Some(run) if run.end == row => run.end += 1,
            Some(_) | None => self.runs.push(row..row + 1),
        }
        self.values.push(bits);
    }

    /// The samples of some rows.
    fn samples(&self, times: &[i64], rows: &Range<u32>) -> Vec<(i64, f64)> {
        let (mut samples, mut before) = (Vec::new(), 0);
        for run in &self.runs {
            let part = run.start.max(rows.start)..run.end.min(rows.end);
            let part = part.filter_map(|row| {
                let time = times.get(row as usize)?;
                Some((*time, self.values.get(before + row - run.start)?))
            });
            samples.extend(part);
            before += run.end - run.start;
        }
        samples
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.runs.len() as u64);
        let mut end = 0;
        for run in &self.runs {
            put_varint(out, u64::from(run.start - end));
            put_varint(out, u64::from(run.end - run.start));
            end = run.end;
        }
        out.extend(self.values.encode());
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (mut runs, mut end, mut total) = (Vec::new(), 0_u32, 0_u32);
        for _ in 0..reader.length()? {
            let start = end.checked_add(u32::try_from(reader.varint()?).ok()?)?;
            let count = u32::try_from(reader.varint()?).ok()?;
            end = start.checked_add(count)?;
            total = total.checked_add(count).filter(|total| *total as usize <= MOST)?;
            runs.push(start..end);
        }
        let values = codec::decode(reader.rest(), total as usize)?;
        Some(Self { runs, values: Values::of(values) })
    }
}

/// The rows of one target.
#[derive(Clone, Debug, Default)]
struct Group {
    times: Vec<i64>,
    labels: Vec<Labels>,
    columns: Vec<Option<Column>>,
}

/// Many rows of many targets.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// The group of each row.
    order: Vec<u32>,
    groups: Vec<Group>,
}

/// Puts rows into columns.
#[derive(Debug, Default)]
pub(super) struct Gather {
    columns: Columns,
    targets: BTreeMap<Labels, u32>,
    places: BTreeMap<(u32, Labels), usize>,
    /// Columns of the chapter's groups: where each is here.
    known: BTreeMap<u32, (u32, Vec<usize>)>,
}

impl Gather {
    /// Numbers mean something else from here on.
    pub(super) fn chapter(&mut self) {
        self.known.clear();
    }

    /// Adds a row that was read just now.
    pub(super) fn row(&mut self, replay: &Replay, row: &Row) {
        let Some(target) = replay.target(row.group) else { return };
        let fresh = self.columns.groups.len() as u32;
        let number = *self.targets.entry(target.clone()).or_insert(fresh);
        if number == fresh {
            self.columns.groups.push(Group::default());
        }
        let Some(group) = self.columns.groups.get_mut(number as usize) else { return };
        let (_, places) = self.known.entry(row.group).or_insert_with(|| (number, Vec::new()));
        let at = group.times.len() as u32;
        group.times.push(row.time);
        self.columns.order.push(number);
        for (column, bits) in &row.values {
            while places.len() <= *column as usize {
                let Some(labels) = replay.labels(row.group, places.len() as u32) else { return };
                let next = group.columns.len();
                let place = *self.places.entry((number, labels.clone())).or_insert(next);
                if place == next {
                    group.columns.push(Some(Column::new()));
                    group.labels.push(labels.clone());
                }
                places.push(place);
            }
            let place =
                places.get(*column as usize).and_then(|place| group.columns.get_mut(*place));
            if let Some(Some(column)) = place {
                column.push(at, *bits);
            }
        }
    }

    /// What was gathered.
    pub(super) fn columns(self) -> Columns {
        self.columns
    }
}

fn put(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    frame::put(out, |out| {
        out.push(tag);
        write(out);
    });
}

impl Columns {
    /// How many samples there are.
    pub(super) fn samples(&self) -> u64 {
        let columns = self.groups.iter().flat_map(|group| group.columns.iter().flatten());
        columns.map(|column| u64::from(column.values.len())).sum()
    }

    /// How many samples are in the rows before one.
    pub(super) fn samples_before(&self, row: u64) -> u64 {
        let mut ends = vec![0_u32; self.groups.len()];
        for group in self.order.iter().take(usize::try_from(row).unwrap_or(usize::MAX)) {
            if let Some(end) = ends.get_mut(*group as usize) {
                *end += 1;
            }
        }
        let of = |(group, end): (&Group, &u32)| {
            let runs = group.columns.iter().flatten().flat_map(|column| &column.runs);
            runs.map(|run| u64::from(run.end.min(*end).saturating_sub(run.start))).sum::<u64>()
        };
        self.groups.iter().zip(&ends).map(of).sum()
    }

    /// The file; nothing if there is a time that cannot be written.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        let mut out = MAGIC.to_vec();
        self.shared(&mut out)?;
        for (number, group) in self.groups.iter().enumerate() {
            for (place, column) in group.columns.iter().enumerate() {
                let Some(column) = column else { continue };
                put(&mut out, COLUMN, |out| {
                    put_varint(out, number as u64);
                    put_varint(out, place as u64);
                    column.write(out);
                });
            }
        }
        self.shared(&mut out)?;
        Some(out)
    }

    /// What belongs to many columns.
    fn shared(&self, out: &mut Vec<u8>) -> Option<()> {
        let order: Vec<i64> = self.order.iter().map(|group| i64::from(*group)).collect();
        let order = codec::encode_times(&order)?;
        put(out, ORDER, |out| {
            put_varint(out, self.order.len() as u64);
            out.extend(order);
        });
        for (number, group) in self.groups.iter().enumerate() {
            let times = codec::encode_times(&group.times)?;
            put(out, TIMES, |out| {
                put_varint(out, number as u64);
                put_varint(out, group.times.len() as u64);
                out.extend(times);
            });
            let mut plain = Vec::new();
            for labels in &group.labels {
                put_slice(&mut plain, labels.bytes());
            }
            put(out, LABELS, |out| {
                put_varint(out, number as u64);
                out.extend(snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default());
            });
        }
        Some(())
    }

    /// Reads a file; the second is what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> (Self, Option<String>) {
        let mut columns = Self::default();
        if !bytes.starts_with(MAGIC) {
            return (columns, Some("is no part of a queue: all of it is lost".into()));
        }
        let (contents, bad) = walk::contents(bytes, MAGIC.len());
        for shared in [true, false] {
            for content in &contents {
                let is_column = content.first() == Some(&COLUMN);
                if is_column != shared {
                    // What cannot be read is missed below.
                    let _ = columns.take(content);
                }
            }
        }
        let missing = columns.mend();
        let wrong = match (missing, bad) {
            (0, 0) => None,
            (0, bad) => Some(format!("has {bad} bad bytes; nothing is lost")),
            (missing, bad) => Some(format!("has {bad} bad bytes; {missing} series of it are lost")),
        };
        (columns, wrong)
    }

    fn take(&mut self, content: &[u8]) -> Option<()> {
        let mut reader = Reader::new(content);
        let tag = reader.byte()?;
        if tag == ORDER {
            let order = numbers(&mut reader)?;
            self.order = order.into_iter().map(u32::try_from).collect::<Result<_, _>>().ok()?;
            return Some(());
        }
        let number = usize::try_from(reader.varint()?).ok().filter(|number| *number < 4096)?;
        while self.groups.len() <= number {
            self.groups.push(Group::default());
        }
        let group = self.groups.get_mut(number)?;
        match tag {
            TIMES => group.times = numbers(&mut reader)?,
            LABELS => group.labels = labels(reader.rest())?,
            COLUMN => {
                let place = usize::try_from(reader.varint()?).ok()?;
                group.columns.resize(group.labels.len(), None);
                *group.columns.get_mut(place)? = Some(Column::read(&mut reader)?);
            }
            _ => return None,
        }
        Some(())
    }

    /// Makes an order where there is none, and counts the series that are missing.
    fn mend(&mut self) -> usize {
        for (number, group) in self.groups.iter().enumerate() {
            let ordered = self.order.iter().filter(|order| **order == number as u32).count();
            let missing = group.times.len().saturating_sub(ordered);
            self.order.extend(std::iter::repeat_n(number as u32, missing));
        }
        let missing = |group: &Group| {
            let there = group.columns.iter().flatten().count();
            group.labels.len().max(1) - there
        };
        self.groups.iter().map(missing).sum()
    }

    /// The samples of rows from one on, by series, until there are enough; the row after them, and
    /// how many samples they are.
    pub(super) fn batch(&self, from: u64, most: u64) -> Option<Batch> {
        let from = usize::try_from(from).ok().filter(|from| *from < self.order.len())?;
        let mut rows = vec![0..0; self.groups.len()];
        let at = |group: &u32| *group as usize;
        for group in self.order.iter().take(from) {
            if let Some(rows) = rows.get_mut(at(group)) {
                *rows = rows.end + 1..rows.end + 1;
            }
        }
        let (mut to, mut likely) = (from, 0);
        for group in self.order.iter().skip(from) {
            if let Some(rows) = rows.get_mut(at(group)) {
                rows.end += 1;
            }
            to += 1;
            likely += self.groups.get(at(group)).map_or(0, |group| group.columns.len() as u64);
            if likely >= most {
                break;
            }
        }
        let mut series = Vec::new();
        for (group, rows) in self.groups.iter().zip(&rows) {
            let columns = group.labels.iter().zip(&group.columns);
            let columns = columns.filter_map(|(labels, column)| Some((labels, column.as_ref()?)));
            let samples = columns
                .map(|(labels, column)| (labels.clone(), column.samples(&group.times, rows)));
            series.extend(samples.filter(|(_, samples)| !samples.is_empty()));
        }
        Some(Batch { series, to: to as u64 })
    }
}

/// Samples by series, and the row that follows them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) series: Vec<(Labels, Vec<(i64, f64)>)>,
    pub(super) to: u64,
}

fn numbers(reader: &mut Reader<'_>) -> Option<Vec<i64>> {
    let count = usize::try_from(reader.varint()?).ok().filter(|count| *count <= MOST)?;
    codec::decode_times(reader.rest(), count)
}

fn labels(packed: &[u8]) -> Option<Vec<Labels>> {
    let plain = snap::raw::Decoder::new().decompress_vec(packed).ok()?;
    let mut reader = Reader::new(&plain);
    let mut labels = Vec::new();
    while !reader.is_empty() {
        labels.push(Labels::read(reader.slice()?)?);
    }
    Some(labels)
}
