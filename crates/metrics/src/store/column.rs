//! The values of one series within a group's rows.

use std::ops::Range;

use super::packed::Packed;
use crate::index::SeriesId;

/// A value at a time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// When.
    pub time: i64,
    /// What.
    pub value: f64,
}

impl PartialEq for Point {
    /// Bit for bit: not-a-number equals itself, and zero is not minus zero.
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.value.to_bits()) == (other.time, other.value.to_bits())
    }
}

/// Rows that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Run {
    fn end(self) -> u32 {
        self.first + self.count
    }
}

/// Values by row: most series have one in every row, and most never change.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) series: SeriesId,
    /// The last run: most series have no other.
    last: Run,
    earlier: Vec<Run>,
    values: Values,
    /// What the log had for it last.
    pub(crate) logged: u64,
}

#[derive(Clone, Debug)]
enum Values {
    Same(u64, u32),
    Many(Box<Packed>),
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Added,
    /// It was known.
    Known,
    /// Another value was known for that time: the last writer wins.
    Replaced,
    /// It belongs before what is here, where nothing can be put.
    Late,
}

impl Column {
    pub(crate) fn new(series: SeriesId) -> Self {
        let last = Run { first: 0, count: 0 };
        Self { series, last, earlier: Vec::new(), values: Values::Same(0, 0), logged: 0 }
    }

    /// Puts a value into a row; what became of it, and how many bytes more the column takes, about.
    pub(crate) fn put(&mut self, row: u32, bits: u64) -> (Put, usize) {
        let mut grown = 0;
        if self.last.count == 0 {
            self.last = Run { first: row, count: 1 };
        } else if self.last.end() == row {
            self.last.count += 1;
        } else if self.last.end() > row {
            let before = self.bytes();
            let put = self.replace(row, bits);
            return (put, self.bytes().saturating_sub(before));
        } else {
            self.earlier.push(std::mem::replace(&mut self.last, Run { first: row, count: 1 }));
            grown += size_of::<Run>();
        }
        grown += match &mut self.values {
            Values::Same(same, count) if *same == bits || *count == 0 => {
                (*same, *count) = (bits, *count + 1);
                0
            }
            Values::Same(same, count) => {
                let mut many = Packed::repeated(*same, *count);
                many.push(bits);
                let bytes = many.bytes();
                self.values = Values::Many(Box::new(many));
                bytes
            }
            Values::Many(many) => many.push(bits),
        };
        (Put::Added, grown)
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.earlier.iter().chain(std::iter::once(&self.last))
    }

    fn replace(&mut self, row: u32, bits: u64) -> Put {
        let (mut before, mut at) = (0, None);
        for run in self.runs() {
            if row < run.end() {
                at = row.checked_sub(run.first).map(|within| before + within);
                break;
            }
            before += run.count;
        }
        at.map_or(Put::Late, |at| self.replace_at(at, bits))
    }

    fn replace_at(&mut self, at: u32, bits: u64) -> Put {
        let old = match &mut self.values {
            Values::Same(same, _) if *same == bits => return Put::Known,
            Values::Same(same, count) => {
                let mut many = Packed::repeated(*same, *count);
                let old = many.replace(at, bits);
                self.values = Values::Many(Box::new(many));
                old
            }
            Values::Many(many) => many.replace(at, bits),
        };
        if old == Some(bits) { Put::Known } else { Put::Replaced }
    }

    /// How many bytes its runs and values take.
    pub(crate) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Same(..) => 0,
            Values::Many(many) => many.bytes(),
        };
        self.earlier.capacity() * size_of::<Run>() + values
    }

    /// What falls between two rows (the last not included), counted from the first.
    pub(crate) fn part(&self, from: u32, to: u32) -> (Vec<Run>, Vec<f64>) {
        let (mut runs, mut values, mut before) = (Vec::new(), Vec::new(), 0);
        for run in self.runs() {
            let (first, end) = (run.first.max(from), run.end().min(to));
            if first < end {
                runs.push(Run { first: first - from, count: end - first });
                let at = before + (first - run.first);
                self.copy(at as usize, (end - first) as usize, &mut values);
            }
            before += run.count;
        }
        (runs, values)
    }

    fn copy(&self, at: usize, count: usize, to: &mut Vec<f64>) {
        match &self.values {
            Values::Same(same, _) => to.extend(std::iter::repeat_n(f64::from_bits(*same), count)),
            Values::Many(many) => many.copy(at, count, to),
        }
    }
}

/// Rows and values as points, of some of the rows.
pub(crate) fn points(
    times: &[i64],
    rows: Range<usize>,
    runs: &[Run],
    values: &[f64],
) -> Vec<Point> {
    let mut points = Vec::with_capacity(rows.len().min(values.len()));
    let mut before = 0;
    for run in runs {
        let (first, end) = (run.first as usize, run.end() as usize);
        let (from, to) = (first.max(rows.start), end.min(rows.end));
        if from < to {
            let times = times.get(from..to).unwrap_or_default();
            let values = values.get(before + from - first..).unwrap_or_default();
            let both = times.iter().zip(values);
            points.extend(both.map(|(time, value)| Point { time: *time, value: *value }));
        }
        before += end - first;
    }
    points
}

/// Rows of points whose times all are among the rows'.
pub(crate) fn runs(times: &[i64], points: &[Point]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut row = 0;
    for point in points {
        let rest = times.get(row..).unwrap_or_default();
        row += if rest.first() == Some(&point.time) {
            0
        } else {
            rest.partition_point(|time| *time < point.time)
        };
        match runs.last_mut() {
            Some(run) if run.end() as usize == row => run.count += 1,
            Some(_) | None => runs.push(Run { first: row as u32, count: 1 }),
        }
        row += 1;
    }
    runs
}

/// One list of points, of several: of what is there twice, the later list's counts.
pub(crate) fn merge(mut pieces: Vec<Vec<Point>>) -> Vec<Point> {
    pieces.retain(|piece| !piece.is_empty());
    if pieces.len() < 2 {
        return pieces.pop().unwrap_or_default();
    }
    let all = pieces.iter().map(Vec::len).sum();
    let mut merged = Vec::with_capacity(all);
    for piece in pieces {
        merged = join(merged, piece);
    }
    merged
}

/// Two lists as one: what both have, the second says.
fn join(mut one: Vec<Point>, other: Vec<Point>) -> Vec<Point> {
    let begin = other.first().map_or(i64::MAX, |first| first.time);
    if one.last().is_none_or(|last| last.time < begin) {
        one.extend(other);
        return one;
    }
    let behind = one.split_off(one.partition_point(|point| point.time < begin));
    let mut behind = behind.into_iter().peekable();
    one.reserve(behind.len() + other.len());
    for point in other {
        while let Some(before) = behind.next_if(|before| before.time <= point.time) {
            if before.time < point.time {
                one.push(before);
            }
        }
        one.push(point);
    }
    one.extend(behind);
    one
}

/// Points by time; of those of one time, the last of them.
pub(crate) fn newest(mut points: Vec<Point>) -> Vec<Point> {
    points.reverse();
    points.sort_by_key(|point| point.time);
    points.dedup_by_key(|point| point.time);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(rows: &[(u32, f64)]) -> Column {
        let mut column = Column::new(0);
        for (row, value) in rows {
            assert_eq!(column.put(*row, value.to_bits()).0, Put::Added);
        }
        column
    }

    #[test]
    fn a_column_keeps_gaps_and_changes() {
        let rows = [(0, 1.0), (1, 1.0), (4, 1.0), (5, 2.0), (9, 2.0)];
        let column = column(&rows);
        let times: Vec<i64> = (0..10).map(|row| row * 15).collect();
        let (parts, values) = column.part(0, 10);
        let all = points(&times, 0..10, &parts, &values);
        assert_eq!(all.len(), 5);
        for (point, (row, value)) in all.iter().zip(rows) {
            assert_eq!(*point, Point { time: i64::from(row) * 15, value });
        }
        assert_eq!(runs(&times, &all), parts);
        let (some, values) = column.part(1, 6);
        assert_eq!(some, [Run { first: 0, count: 1 }, Run { first: 3, count: 2 }]);
        assert_eq!(values, [1.0, 1.0, 2.0]);
    }

    #[test]
    fn the_last_writer_wins_and_what_is_known_changes_nothing() {
        let mut column = column(&[(0, 1.0), (1, 1.0), (4, 1.0)]);
        assert_eq!(column.put(1, 1_f64.to_bits()).0, Put::Known);
        assert_eq!(column.put(1, 3_f64.to_bits()).0, Put::Replaced);
        assert_eq!(column.put(4, 5_f64.to_bits()).0, Put::Replaced);
        assert_eq!(column.put(4, 5_f64.to_bits()).0, Put::Known);
        assert_eq!(column.put(2, 5_f64.to_bits()).0, Put::Late);
        assert_eq!(column.part(0, 9).1, [1.0, 3.0, 5.0]);
    }

    #[test]
    fn of_two_lists_the_later_counts() {
        let list = |points: &[(i64, f64)]| {
            points
                .iter()
                .map(|(time, value)| Point { time: *time, value: *value })
                .collect::<Vec<_>>()
        };
        let merged = merge(vec![
            list(&[(1, 1.0), (3, 1.0)]),
            list(&[(2, 2.0), (3, 2.0)]),
            list(&[(9, 9.0)]),
        ]);
        assert_eq!(merged, list(&[(1, 1.0), (2, 2.0), (3, 2.0), (9, 9.0)]));
        assert!(merge(Vec::new()).is_empty());
    }
}
