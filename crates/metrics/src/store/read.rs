//! How points are read: from files and the head, from samples or from rollups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chunk::Kind;
use super::column::{Point, merge};
use super::files::{ChunkFile, DAY, Entry, Name, Tier, Times};
use super::rollup::without_falls;
use super::{STALE, Store};
use crate::index::SeriesId;
use crate::labels::Labels;
use crate::matcher::Matcher;

/// What a question needs to know of each bucket, where it can do with rollups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Each sample, or the last of each bucket.
    Last,
    /// The same, and two of them at least: what changed.
    Change,
    /// What a counter went through.
    Rises,
    Min,
    Max,
    Sum,
    Count,
}

/// One question's way through the store. Copies of it go the same way beside it.
#[derive(Clone)]
pub(crate) struct Reading<'a> {
    store: &'a Store,
    /// Days that are read from rollups, and from which.
    rolled: BTreeMap<i64, Tier>,
    /// The files of samples that have to be read, and those of rollups.
    raw: Arc<[&'a ChunkFile]>,
    rollups: Arc<[&'a ChunkFile]>,
    times: Times,
    from: i64,
    to: i64,
}

impl Store {
    /// The series that fulfil all conditions.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<SeriesId> {
        self.index.select(matchers)
    }

    /// The labels of a series.
    pub(crate) fn labels_of(&self, series: SeriesId) -> Option<&Labels> {
        self.index.labels(series)
    }

    /// The points of all series that fulfil all conditions, between two times, both included.
    pub fn read(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<(Labels, Vec<Point>)> {
        let mut reading = self.reading(Tier::Raw, from, to);
        let mut all = Vec::new();
        for series in self.select(matchers) {
            let points = reading.points(series, Wanted::Last);
            if let Some(labels) = self.labels_of(series)
                && !points.is_empty()
            {
                all.push((labels.clone(), points));
            }
        }
        all.sort_by(|one, other| one.0.order(&other.0));
        all
    }

    /// Begins to read between two times, both included.
    pub(crate) fn reading(&self, tier: Tier, from: i64, to: i64) -> Reading<'_> {
        let rolled = self.choose_days(tier, (from, to));
        let tiers: BTreeSet<Tier> = rolled.values().copied().collect();
        let within = |file: &&ChunkFile| {
            let Name { day, days, .. } = file.name;
            day * DAY <= to && (day + days) * DAY > from
        };
        let within = || self.files.iter().map(Arc::as_ref).filter(within);
        let raw = within()
            .filter(|file| file.name.tier == Tier::Raw && !rolled.contains_key(&file.name.day));
        let raw = raw.collect();
        let rollups = within().filter(|file| tiers.contains(&file.name.tier)).collect();
        Reading { store: self, rolled, raw, rollups, times: Times::new(), from, to }
    }

    /// The days that are read from rollups: those of the tier; where it has none and the samples are
    /// gone, those of the next one that is kept longer.
    fn choose_days(&self, tier: Tier, times: (i64, i64)) -> BTreeMap<i64, Tier> {
        let raw = self.days(Tier::Raw, times);
        let mut rolled = BTreeMap::new();
        for other in [Tier::FiveMinutes, Tier::Hour].into_iter().filter(|other| *other >= tier) {
            let mut days = self.days(other, times);
            days.retain(|day| other == tier || !raw.contains(day));
            for day in days {
                rolled.entry(day).or_insert(other);
            }
        }
        rolled
    }

    /// Whether there are samples of each day that there is something of.
    pub(crate) fn has_samples(&self, from: i64, to: i64) -> bool {
        let raw = self.days(Tier::Raw, (from, to));
        let rollups = [Tier::FiveMinutes, Tier::Hour];
        rollups.into_iter().all(|tier| self.days(tier, (from, to)).is_subset(&raw))
    }

    /// The days of which a tier has something.
    fn days(&self, tier: Tier, (from, to): (i64, i64)) -> BTreeSet<i64> {
        let (first, last) = (from.div_euclid(DAY), to.div_euclid(DAY));
        let names = self.files.iter().map(|file| file.name);
        let of_tier = names.filter(|name| name.tier == tier);
        let days = of_tier.flat_map(|name| {
            name.day.max(first)..(name.day + name.days).min(last.saturating_add(1))
        });
        days.collect()
    }
}

impl Reading<'_> {
    /// Whether any of it is read from rollups.
    pub(crate) fn is_rolled(&self) -> bool {
        !self.rolled.is_empty()
    }

    /// The time between points on a day in milliseconds, where it is read from rollups.
    pub(crate) fn every(&self, day: i64) -> Option<i64> {
        self.rolled.get(&day).map(|tier| tier.every())
    }

    /// How many samples there are of some series in files, about: a few of them tell.
    pub(crate) fn about(&mut self, series: &[SeriesId]) -> usize {
        const FEW: usize = 4;
        let few = series.iter().step_by(series.len().div_ceil(FEW).max(1));
        let (files, range) = (self.raw.clone(), (self.from, self.to));
        let (mut rows, mut seen) = (0, 0);
        for series in few {
            for file in files.iter() {
                let entries = file.find(*series, Kind::Value).iter();
                let count = |entry: &Entry| file.rows(entry.block, range, &mut self.times);
                rows += entries.map(count).sum::<usize>();
            }
            seen += 1;
        }
        rows / seen.max(1) * series.len()
    }

    /// The points of a series.
    pub(crate) fn points(&mut self, series: SeriesId, wanted: Wanted) -> Vec<Point> {
        let samples = self.samples(series);
        if self.rolled.is_empty() {
            return samples;
        }
        let rolled = match wanted {
            Wanted::Last | Wanted::Change => self.rollup(series, Kind::Value),
            Wanted::Rises => {
                let last = self.rollup(series, Kind::Value);
                let fallen = self.rollup(series, Kind::Fallen);
                return without_falls(merge(vec![last, samples]), &fallen);
            }
            Wanted::Min => self.rollup(series, Kind::Min),
            Wanted::Max => self.rollup(series, Kind::Max),
            Wanted::Count => self.rollup(series, Kind::Count),
            Wanted::Sum => self.sums(series),
        };
        let samples = if wanted == Wanted::Count { ones(samples) } else { samples };
        merge(vec![rolled, samples])
    }

    /// Sums, where they were kept; else what does not change times how often it was seen.
    fn sums(&mut self, series: SeriesId) -> Vec<Point> {
        let mut last = self.rollup(series, Kind::Value);
        let counts = self.rollup(series, Kind::Count);
        for (point, count) in last.iter_mut().zip(&counts) {
            point.value *= count.value;
        }
        merge(vec![last, self.rollup(series, Kind::Sum)])
    }

    fn samples(&mut self, series: SeriesId) -> Vec<Point> {
        let mut pieces = Vec::new();
        for file in self.raw.clone().iter() {
            pieces.extend(self.read_file(file, series, Kind::Value));
        }
        for head in self.store.heads() {
            let mut points = head.read(series, self.from, self.to);
            if !self.rolled.is_empty() {
                keep_days(&mut points, |day| !self.rolled.contains_key(&day));
            }
            pieces.push(points);
        }
        merge(pieces)
    }

    fn rollup(&mut self, series: SeriesId, kind: Kind) -> Vec<Point> {
        let mut pieces = Vec::new();
        for file in self.rollups.clone().iter() {
            let tier = file.name.tier;
            for mut points in self.of_kind(file, series, kind) {
                keep_days(&mut points, |day| self.rolled.get(&day) == Some(&tier));
                pieces.push(points);
            }
        }
        merge(pieces)
    }

    /// What a file has of a series in one kind. Extremes were not kept where nothing moved: there the
    /// value is both.
    fn of_kind(&mut self, file: &ChunkFile, series: SeriesId, kind: Kind) -> Vec<Vec<Point>> {
        let pieces = self.read_file(file, series, kind);
        if !matches!(kind, Kind::Min | Kind::Max) {
            return pieces;
        }
        let kept: usize = pieces.iter().map(Vec::len).sum();
        let range = (self.from, self.to);
        let all = file.find(series, Kind::Value).iter();
        let all = all.map(|entry| file.rows(entry.block, range, &mut self.times));
        if all.sum::<usize>() == kept {
            return pieces;
        }
        let mut values = self.read_file(file, series, Kind::Value);
        values.extend(pieces);
        vec![merge(values)]
    }

    /// What a file has of a series; what cannot be read is told.
    fn read_file(&mut self, file: &ChunkFile, series: SeriesId, kind: Kind) -> Vec<Vec<Point>> {
        let mut pieces = Vec::new();
        for entry in file.find(series, kind) {
            if let Some(points) = file.read(entry, (self.from, self.to), &mut self.times) {
                pieces.push(points);
                continue;
            }
            let labels = self.store.labels_of(series).map(ToString::to_string).unwrap_or_default();
            let name = file.name;
            let lost = format!("{name}: what it has of {labels} cannot be read");
            self.store.lock_damage().push(lost);
        }
        pieces
    }
}

/// Keeps the points of some days; each day is asked about once.
fn keep_days(points: &mut Vec<Point>, keep: impl Fn(i64) -> bool) {
    let (mut until, mut kept) = (i64::MIN, false);
    points.retain(|point| {
        if point.time >= until {
            let day = point.time.div_euclid(DAY);
            (until, kept) = (day.saturating_add(1).saturating_mul(DAY), keep(day));
        }
        kept
    });
}

fn ones(mut points: Vec<Point>) -> Vec<Point> {
    points.retain(|point| point.value.to_bits() != STALE);
    for point in &mut points {
        point.value = 1.0;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_kept_by_their_day() {
        let times = [-DAY - 1, -DAY, -1, 0, 5, DAY - 1, DAY, 3 * DAY, 3 * DAY + 1, 4 * DAY];
        for kept in [[-2, 0, 3], [-1, 1, 4]] {
            let mut points: Vec<Point> =
                times.iter().map(|time| Point { time: *time, value: 1.0 }).collect();
            keep_days(&mut points, |day| kept.contains(&day));
            let expected = times.into_iter().filter(|time| kept.contains(&time.div_euclid(DAY)));
            let left: Vec<i64> = points.iter().map(|point| point.time).collect();
            assert_eq!(left, expected.collect::<Vec<i64>>());
        }
    }
}
