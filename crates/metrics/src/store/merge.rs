//! Many files become one: the files of a day, with rollups beside; the rollups of a month.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::chunk::{Kind, Writer};
use super::column::{Point, merge, runs};
use super::files::{ChunkFile, DAY, Entry, Name, Tier, Times};
use super::rollup::{self, Nature, Rolled};
use super::{Metadata, Store};
use crate::index::{Index, SeriesId};
use crate::labels::{Labels, NAME};

/// How long after its end a day is merged, in milliseconds.
const GRACE: i64 = 2 * 3_600_000;
/// How many days of rollups are one file in the end.
const MONTH: i64 = 30;
const ROLLUPS: [Tier; 2] = [Tier::FiveMinutes, Tier::Hour];

/// A group's columns, of any kind, in rows of their own.
type Rollup = (String, Vec<i64>, Vec<(SeriesId, Rolled)>);

impl Store {
    /// Merges the days that are over, then the months that are.
    pub fn merge(&mut self, now: i64) -> io::Result<()> {
        let today = (now - GRACE).div_euclid(DAY);
        let over = |tier: Tier| {
            let names = self.files.iter().map(|file| file.name);
            names.filter(move |name| name.tier == tier && name.day + name.days <= today)
        };
        let days: BTreeSet<i64> = over(Tier::Raw).map(|name| name.day).collect();
        for day in days {
            if self.is_due(day) {
                self.merge_day(day)?;
            }
        }
        for tier in ROLLUPS {
            let names = self.files.iter().map(|file| file.name).filter(|name| name.tier == tier);
            let months: BTreeSet<i64> = names.map(|name| name.day.div_euclid(MONTH)).collect();
            for month in months.into_iter().filter(|month| (month + 1) * MONTH <= today) {
                self.merge_month(tier, month)?;
            }
        }
        Ok(())
    }

    fn names(&self, tier: Tier, days: std::ops::Range<i64>) -> Vec<Name> {
        let names = self.files.iter().map(|file| file.name);
        names.filter(|name| name.tier == tier && days.contains(&name.day)).collect()
    }

    /// A day is due if it has several files, or its rollups are older than its file.
    fn is_due(&self, day: i64) -> bool {
        let raw = self.names(Tier::Raw, day..day + 1);
        let written = raw.iter().map(|name| name.sequence).max().unwrap_or_default();
        let rolled = |tier: Tier| {
            let names = self.files.iter().map(|file| file.name);
            let mut names = names.filter(|name| name.tier == tier && name.covers(day));
            names.any(|name| name.sequence > written)
        };
        raw.len() > 1 || !ROLLUPS.into_iter().all(rolled)
    }

    fn merge_day(&mut self, day: i64) -> io::Result<()> {
        let names = self.names(Tier::Raw, day..day + 1);
        let rollups = self.merge_files(&names, (Tier::Raw, day, 1))?;
        for (position, tier) in ROLLUPS.into_iter().enumerate() {
            let rollups = rollups.iter().filter_map(|of_group| of_group.get(position));
            let old: Vec<Name> = self.names(tier, day..day + 1);
            self.write_file((tier, day, 1), |index, writer| {
                rollups.clone().try_for_each(|rollup| put_rollup(rollup, index, writer))
            })?;
            self.drop_files(&old.into_iter().filter(|name| name.days == 1).collect::<Vec<_>>())?;
        }
        self.drop_files(&names)
    }

    fn merge_month(&mut self, tier: Tier, month: i64) -> io::Result<()> {
        let names = self.names(tier, month * MONTH..(month + 1) * MONTH);
        if names.len() > 1 || names.first().is_some_and(|name| name.days < MONTH) {
            self.merge_files(&names, (tier, month * MONTH, MONTH))?;
            self.drop_files(&names)?;
        }
        Ok(())
    }

    /// Writes one file of several, group by group and column by column; of samples gives the rollups of
    /// each group.
    fn merge_files(
        &mut self,
        names: &[Name],
        to: (Tier, i64, i64),
    ) -> io::Result<Vec<Vec<Rollup>>> {
        let (chosen, others): (Vec<ChunkFile>, Vec<ChunkFile>) = std::mem::take(&mut self.files)
            .into_iter()
            .partition(|file| names.contains(&file.name));
        self.files = others;
        let metadata = std::mem::take(&mut self.metadata);
        let tiers: &[Tier] = if to.0 == Tier::Raw { &ROLLUPS } else { &[] };
        let (mut unread, mut rollups) = (Vec::new(), Vec::new());
        let written = self.write_file(to, |index, writer| {
            for (key, blocks) in groups(&chosen) {
                let (metadata, known, unread) = (&metadata, Times::new(), &mut unread);
                let mut group = Merging { index, metadata, tiers, blocks, known, unread };
                rollups.push(group.write(key, writer)?);
            }
            Ok(())
        });
        self.metadata = metadata;
        self.files.extend(chosen);
        self.files.sort_by_key(|file| file.name.sequence);
        self.lock_damage().extend(unread);
        written.map(|()| rollups)
    }

    /// Forgets and removes files.
    fn drop_files(&mut self, names: &[Name]) -> io::Result<()> {
        self.files.retain(|file| !names.contains(&file.name));
        names.iter().try_for_each(|name| self.directory.remove(&name.to_string()))
    }

    /// Removes the files that are past their time, and the series that were only in them.
    pub fn expire(&mut self, now: i64) -> io::Result<()> {
        let keep = |tier: Tier| match tier {
            Tier::Raw => self.settings.keep_raw_ms,
            Tier::FiveMinutes => self.settings.keep_five_minutes_ms,
            Tier::Hour => self.settings.keep_hours_ms,
        };
        let names = self.files.iter().map(|file| file.name);
        let past = names.filter(|name| (name.day + name.days) * DAY <= now - keep(name.tier));
        let past: Vec<Name> = past.collect();
        if past.is_empty() {
            return Ok(());
        }
        self.drop_files(&past)?;
        self.log.sync()?;
        self.load()
    }
}

/// The blocks of each group, over files in the order of writing.
fn groups(files: &[ChunkFile]) -> BTreeMap<&str, Vec<(&ChunkFile, u16)>> {
    let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for file in files {
        for (number, rows) in file.blocks.iter().enumerate() {
            groups.entry(&rows.key).or_default().push((file, number as u16));
        }
    }
    groups
}

/// One group while it is merged.
struct Merging<'a> {
    index: &'a Index,
    metadata: &'a BTreeMap<String, Metadata>,
    tiers: &'static [Tier],
    blocks: Vec<(&'a ChunkFile, u16)>,
    known: Times,
    unread: &'a mut Vec<String>,
}

/// The parts of each column.
type Columns<'a> = BTreeMap<(SeriesId, Kind), Vec<(&'a ChunkFile, Entry)>>;

impl<'a> Merging<'a> {
    /// Writes the group, and says what stands for its samples in each tier of rollups.
    fn write(&mut self, key: &str, writer: &mut Writer<'_>) -> io::Result<Vec<Rollup>> {
        let (times, columns) = self.plan();
        let labels = columns
            .keys()
            .filter_map(|(series, kind)| self.index.labels(*series).map(|labels| (*kind, labels)));
        writer.block(key, &labels.collect::<Vec<(Kind, &Labels)>>(), &times)?;
        let rollup =
            |tier: &Tier| (key.to_owned(), rollup::stamps(&times, tier.every()), Vec::new());
        let mut rollups: Vec<Rollup> = self.tiers.iter().map(rollup).collect();
        for ((series, _), parts) in &columns {
            let points = self.read(parts);
            put_column(writer, &times, &points)?;
            let nature = self.nature(*series);
            for (tier, (_, _, rolled)) in self.tiers.iter().zip(&mut rollups) {
                let columns = rollup::roll(&points, tier.every(), nature);
                rolled.extend(columns.into_iter().map(|column| (*series, column)));
            }
        }
        Ok(rollups)
    }

    fn nature(&self, series: SeriesId) -> Nature {
        let metric = self.index.labels(series).map_or("", |labels| labels.get(NAME));
        rollup::nature(metric, self.metadata.get(metric))
    }

    /// The rows of all blocks, and where the parts of each column are.
    fn plan(&mut self) -> (Vec<i64>, Columns<'a>) {
        let mut times = BTreeSet::new();
        let mut columns = Columns::new();
        for (file, block) in &self.blocks {
            let Some(rows) = file.times(*block, &mut self.known) else {
                self.unread.push(format!("{}: the times of a group cannot be read", file.name));
                continue;
            };
            times.extend(rows.iter().copied());
            for entry in file.entries.iter().filter(|entry| entry.block == *block) {
                columns.entry((entry.series, entry.kind)).or_default().push((*file, *entry));
            }
        }
        (times.into_iter().collect(), columns)
    }

    fn read(&mut self, parts: &[(&ChunkFile, Entry)]) -> Vec<Point> {
        let mut pieces = Vec::new();
        for (file, entry) in parts {
            match file.read(entry, (i64::MIN, i64::MAX), &mut self.known) {
                Some(points) => pieces.push(points),
                None => self.unread.push(format!("{}: a column cannot be read", file.name)),
            }
        }
        merge(pieces)
    }
}

fn put_column(writer: &mut Writer<'_>, times: &[i64], points: &[Point]) -> io::Result<()> {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    writer.column(&runs(times, points), &values)
}

fn put_rollup(
    (key, times, columns): &Rollup,
    index: &Index,
    writer: &mut Writer<'_>,
) -> io::Result<()> {
    let labels = columns
        .iter()
        .filter_map(|(series, (kind, _))| index.labels(*series).map(|labels| (*kind, labels)));
    writer.block(key, &labels.collect::<Vec<(Kind, &Labels)>>(), times)?;
    columns.iter().try_for_each(|(_, (_, points))| put_column(writer, times, points))
}
