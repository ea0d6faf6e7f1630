//! What arrived since the last file was written: rows of groups, and what came late.

use std::collections::BTreeMap;

use super::column::{Column, Point, Put, merge, newest, points};
use super::files::DAY;
use crate::index::SeriesId;

/// Where a series is in the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) group: u32,
    pub(crate) column: u32,
}

/// One target: a scrape of it is a row.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: String,
    pub(crate) times: Vec<i64>,
    pub(crate) columns: Vec<Column>,
}

/// How many values went where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New ones.
    pub added: u64,
    /// What was there already, with the same value.
    pub known: u64,
    /// What was there with another value: the last writer wins.
    pub replaced: u64,
    /// Older than what had come before.
    pub late: u64,
}

/// The part of a store that is in memory.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) groups: Vec<Group>,
    keys: BTreeMap<String, u32>,
    places: Vec<Option<Place>>,
    /// By series, in the order of arrival.
    pub(crate) late: BTreeMap<SeriesId, Vec<Point>>,
    /// About how many bytes its times, runs and values take.
    pub(crate) bytes: usize,
    first: Option<i64>,
    last: Option<i64>,
}

impl Head {
    pub(crate) fn place(&self, series: SeriesId) -> Option<Place> {
        self.places.get(series as usize).copied().flatten()
    }

    /// Makes a column for a series that has none.
    pub(crate) fn settle(&mut self, series: SeriesId, key: &str) -> Place {
        let group = if let Some(group) = self.keys.get(key) {
            *group
        } else {
            let group = self.groups.len() as u32;
            self.groups.push(Group { key: key.to_owned(), times: Vec::new(), columns: Vec::new() });
            self.keys.insert(key.to_owned(), group);
            group
        };
        let columns = self.groups.get_mut(group as usize).map(|group| &mut group.columns);
        let column = columns.map_or(0, |columns| {
            columns.push(Column::new(series));
            self.bytes += size_of::<Column>();
            columns.len() as u32 - 1
        });
        let place = Place { group, column };
        if self.places.len() <= series as usize {
            self.places.resize(series as usize + 1, None);
        }
        if let Some(slot) = self.places.get_mut(series as usize) {
            *slot = Some(place);
        }
        place
    }

    /// Takes values of one group for one time.
    pub(crate) fn take(&mut self, group: u32, time: i64, values: &[(u32, u64)]) -> Counts {
        let mut counts = Counts::default();
        let Some(group) = self.groups.get_mut(group as usize) else { return counts };
        let row = match group.times.last() {
            Some(last) if *last >= time => group.times.binary_search(&time).ok(),
            Some(_) | None => {
                group.times.push(time);
                self.bytes += size_of::<i64>();
                Some(group.times.len() - 1)
            }
        };
        for (column, bits) in values {
            let Some(column) = group.columns.get_mut(*column as usize) else { continue };
            let (put, grown) = row.map_or((Put::Late, 0), |row| column.put(row as u32, *bits));
            self.bytes += grown;
            match put {
                Put::Added => counts.added += 1,
                Put::Known => counts.known += 1,
                Put::Replaced => counts.replaced += 1,
                Put::Late => {
                    counts.late += 1;
                    let late = self.late.entry(column.series).or_default();
                    late.push(Point { time, value: f64::from_bits(*bits) });
                }
            }
        }
        self.bytes += counts.late as usize * size_of::<Point>();
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        counts
    }

    /// The first and the last time in it.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.first.zip(self.last)
    }

    /// Whether rows are of a day.
    pub(crate) fn has_rows(&self, day: i64) -> bool {
        let within = |group: &Group| {
            let first = group.times.partition_point(|time| time.div_euclid(DAY) < day);
            group.times.get(first).is_some_and(|time| time.div_euclid(DAY) == day)
        };
        self.groups.iter().any(within)
    }

    /// Whether something that came late is of a day.
    pub(crate) fn has_late(&self, day: i64) -> bool {
        self.late.values().flatten().any(|point| point.time.div_euclid(DAY) == day)
    }

    /// What it has of a series between two times, both included.
    pub(crate) fn read(&self, series: SeriesId, from: i64, to: i64) -> Vec<Point> {
        let mut pieces = Vec::new();
        if let Some(place) = self.place(series)
            && let Some(group) = self.groups.get(place.group as usize)
            && let Some(column) = group.columns.get(place.column as usize)
        {
            let first = group.times.partition_point(|time| *time < from);
            let end = group.times.partition_point(|time| *time <= to);
            let (runs, values) = column.part(first as u32, end as u32);
            let times = group.times.get(first..end).unwrap_or_default();
            pieces.push(points(times, 0..times.len(), &runs, &values));
        }
        if let Some(late) = self.late.get(&series) {
            let within = |point: &&Point| (from..=to).contains(&point.time);
            pieces.push(newest(late.iter().filter(within).copied().collect()));
        }
        merge(pieces)
    }
}
