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
        let several = self.names(Tier::Raw, day..day + 1).len() > 1;
        several || !ROLLUPS.into_iter().all(|tier| self.is_rolled(day, tier))
    }

    fn is_rolled(&self, day: i64, tier: Tier) -> bool {
        let raw = self.names(Tier::Raw, day..day + 1);
        let written = raw.iter().map(|name| name.sequence).max().unwrap_or_default();
        let mut names = self.files.iter().map(|file| file.name);
        names.any(|name| name.tier == tier && name.covers(day) && name.sequence > written)
    }

    /// What could be written leaves the day as far as it came: on a full disk the next try is for the
    /// rest.
    fn merge_day(&mut self, day: i64) -> io::Result<()> {
        let names = self.names(Tier::Raw, day..day + 1);
        let several = names.len() > 1;
        let mut tiers: Vec<Tier> = several.then_some(Tier::Raw).into_iter().collect();
        tiers.extend(ROLLUPS.into_iter().filter(|tier| several || !self.is_rolled(day, *tier)));
        let old = |tier: &Tier| {
            let mut old = self.names(*tier, day..day + 1);
            old.retain(|name| name.days == 1);
            (*tier, old)
        };
        let old: Vec<(Tier, Vec<Name>)> = tiers.iter().map(old).collect();
        let written = self.merge_files(&names, &tiers, (day, 1));
        let mut outcome = Ok(());
        for ((tier, old), written) in old.iter().zip(written) {
            let replaced = written.and_then(|()| match tier {
                Tier::Raw => self.retire(old),
                Tier::FiveMinutes | Tier::Hour => self.replace_rollups(day, old),
            });
            outcome = outcome.and(replaced);
        }
        outcome
    }

    /// Lets a day's rollups go that there are newer ones of.
    fn replace_rollups(&mut self, day: i64, old: &[Name]) -> io::Result<()> {
        let asides = self.directory.list()?;
        let mut asides = asides.iter().filter_map(|name| Name::of_aside(name));
        let known = |file: &ChunkFile| (file.name.tier, file.name.day) == (Tier::Raw, day);
        if asides.any(|name| (name.tier, name.day) == (Tier::Raw, day))
            || self.files.iter().any(|file| known(file) && file.damaged)
        {
            // The old ones may have been made of what cannot be read any more.
            return self.set_aside(old);
        }
        self.drop_files(old)
    }

    fn merge_month(&mut self, tier: Tier, month: i64) -> io::Result<()> {
        let names = self.names(tier, month * MONTH..(month + 1) * MONTH);
        if names.len() > 1 || names.first().is_some_and(|name| name.days < MONTH) {
            let written = self.merge_files(&names, &[tier], (month * MONTH, MONTH));
            written.into_iter().collect::<io::Result<()>>()?;
            self.retire(&names)?;
        }
        Ok(())
    }

    /// Writes a file for each tier of several files, that are read once, group by group and column by
    /// column. What fails for one tier keeps no other from being written.
    fn merge_files(
        &mut self,
        names: &[Name],
        tiers: &[Tier],
        (day, days): (i64, i64),
    ) -> Vec<io::Result<()>> {
        let from = names.first().map_or(Tier::Raw, |name| name.tier);
        let begin = |tier: &Tier| {
            let every = (*tier != from).then(|| tier.every());
            Output { every, file: self.begin_file((*tier, day, days)) }
        };
        let mut outputs: Vec<Output> = tiers.iter().map(begin).collect();
        let chosen = self.files.iter().filter(|file| names.contains(&file.name));
        let chosen: Vec<&ChunkFile> = chosen.collect();
        let mut unread = Vec::new();
        for (key, blocks) in groups(&chosen) {
            let (index, metadata, known) = (&self.index, &self.metadata, Times::new());
            let mut group = Merging { index, metadata, blocks, known, unread: &mut unread };
            group.write(key, &mut outputs);
        }
        for file in &mut self.files {
            file.damaged |= unread.iter().any(|(name, _)| *name == file.name);
        }
        let told = unread.iter().map(|(name, what)| format!("{name}: {what} cannot be read"));
        self.lock_damage().extend(told);
        let finish = |output: Output| {
            let (name, writer) = output.file?;
            self.finish_file(name, writer)
        };
        outputs.into_iter().map(finish).collect()
    }

    /// Lets files go that others stand for now: removes those that were read to the last byte.
    fn retire(&mut self, names: &[Name]) -> io::Result<()> {
        let damaged =
            |name: &Name| self.files.iter().any(|file| file.name == *name && file.damaged);
        let (damaged, whole): (Vec<Name>, Vec<Name>) = names.iter().partition(|name| damaged(name));
        self.set_aside(&damaged)?;
        self.drop_files(&whole)
    }

    /// Renames files of which something could not be read: it may be readable another day, or by hand.
    fn set_aside(&mut self, names: &[Name]) -> io::Result<()> {
        for name in names {
            let aside = self.directory.set_aside(&name.to_string())?;
            self.files.retain(|file| file.name != *name);
            self.lock_damage()
                .push(format!("{name}: it is kept as {aside}, and not used any more"));
        }
        Ok(())
    }

    /// Forgets and removes files.
    fn drop_files(&mut self, names: &[Name]) -> io::Result<()> {
        self.files.retain(|file| !names.contains(&file.name));
        names.iter().try_for_each(|name| self.directory.remove(&name.to_string()))
    }

    /// Removes the files that are past their time, and the series that were only in them. Time has
    /// passed only if something newer has come: a clock that jumps ahead removes nothing.
    pub fn expire(&mut self, now: i64) -> io::Result<()> {
        let keep = |tier: Tier| match tier {
            Tier::Raw => self.settings.keep_raw_ms,
            Tier::FiveMinutes => self.settings.keep_five_minutes_ms,
            Tier::Hour => self.settings.keep_hours_ms,
        };
        let end = |name: &Name| (name.day + name.days) * DAY;
        let newest = self.files.iter().map(|file| end(&file.name)).max();
        let now = newest.map_or(now, |newest| now.min(newest));
        let is_past = |name: &Name| end(name) <= now - keep(name.tier);
        let past: Vec<Name> = self.files.iter().map(|file| file.name).filter(is_past).collect();
        if past.is_empty() {
            return Ok(());
        }
        let asides = self.directory.list()?;
        let is_past_aside = |name: &&String| Name::of_aside(name).as_ref().is_some_and(is_past);
        let asides: Vec<&String> = asides.iter().filter(is_past_aside).collect();
        asides.into_iter().try_for_each(|name| self.directory.remove(name))?;
        self.drop_files(&past)?;
        self.log.sync()?;
        self.load()
    }
}

/// The columns of one block of a file.
type OfBlock<'a> = (&'a ChunkFile, Vec<Entry>);

/// The blocks of each group, over files in the order of writing.
fn groups<'a>(files: &[&'a ChunkFile]) -> BTreeMap<&'a str, Vec<OfBlock<'a>>> {
    let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for file in files.iter().copied() {
        let mut entries = file.entries.clone();
        entries.sort_by_key(|entry| entry.block);
        for of_block in entries.chunk_by(|one, next| one.block == next.block) {
            let number = of_block.first().map_or(0, |entry| entry.block);
            if let Some(rows) = file.blocks.get(number as usize) {
                groups.entry(&rows.key).or_default().push((file, of_block.to_vec()));
            }
        }
    }
    groups
}

/// A file on its way, or why there will be none.
struct Output {
    /// The length of its buckets, if it is made of rollups of what is read.
    every: Option<i64>,
    file: io::Result<(Name, Writer)>,
}

impl Output {
    /// Goes on with a file that has not failed.
    fn go_on(&mut self, with: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if let Ok((_, writer)) = &mut self.file
            && let Err(error) = with(writer)
        {
            self.file = Err(error);
        }
    }
}

/// One group while it is merged.
struct Merging<'a> {
    index: &'a Index,
    metadata: &'a BTreeMap<String, Metadata>,
    blocks: Vec<OfBlock<'a>>,
    known: Times,
    /// What cannot be read, and of which file.
    unread: &'a mut Vec<(Name, &'static str)>,
}

/// The parts of each column.
type Columns<'a> = BTreeMap<(SeriesId, Kind), Vec<(&'a ChunkFile, Entry)>>;

impl<'a> Merging<'a> {
    /// Writes the group to all files: as it is, and what stands for it in tiers of rollups.
    fn write(&mut self, key: &str, outputs: &mut [Output]) {
        let (times, columns) = self.plan();
        for output in outputs.iter_mut().filter(|output| output.every.is_none()) {
            let kinds = columns.keys().map(|(series, kind)| (*series, *kind));
            output.go_on(|writer| writer.block(key, &self.labels(kinds), &times));
        }
        let mut rolled: Vec<Vec<(SeriesId, Rolled)>> = vec![Vec::new(); outputs.len()];
        for ((series, _), parts) in &columns {
            let points = self.read(parts);
            for (output, rolled) in outputs.iter_mut().zip(&mut rolled) {
                if let Some(every) = output.every {
                    let columns = rollup::roll(&points, every, self.nature(*series));
                    rolled.extend(columns.into_iter().map(|column| (*series, column)));
                } else {
                    output.go_on(|writer| put_column(writer, &times, &points));
                }
            }
        }
        for (output, rolled) in outputs.iter_mut().zip(&rolled) {
            if let Some(every) = output.every {
                output.go_on(|writer| self.put_rolled(key, (&times, every), rolled, writer));
            }
        }
    }

    fn put_rolled(
        &self,
        key: &str,
        (times, every): (&[i64], i64),
        rolled: &[(SeriesId, Rolled)],
        writer: &mut Writer,
    ) -> io::Result<()> {
        let times = rollup::stamps(times, every);
        let kinds = rolled.iter().map(|(series, (kind, _))| (*series, *kind));
        writer.block(key, &self.labels(kinds), &times)?;
        rolled.iter().try_for_each(|(_, (_, points))| put_column(writer, &times, points))
    }

    /// What a block says of its columns.
    fn labels(&self, columns: impl Iterator<Item = (SeriesId, Kind)>) -> Vec<(Kind, &'a Labels)> {
        let index = self.index;
        columns.filter_map(|(series, kind)| Some((kind, index.labels(series)?))).collect()
    }

    fn nature(&self, series: SeriesId) -> Nature {
        let metric = self.index.labels(series).map_or("", |labels| labels.get(NAME));
        rollup::nature(metric, self.metadata.get(metric))
    }

    /// The rows of all blocks, and where the parts of each column are.
    fn plan(&mut self) -> (Vec<i64>, Columns<'a>) {
        let mut times = BTreeSet::new();
        let mut columns = Columns::new();
        for (file, entries) in &self.blocks {
            let block = entries.first().map_or(0, |entry| entry.block);
            let Some(rows) = file.times(block, &mut self.known) else {
                self.unread.push((file.name, "the times of a group"));
                continue;
            };
            times.extend(rows.iter().copied());
            for entry in entries {
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
                None => self.unread.push((file.name, "a column")),
            }
        }
        merge(pieces)
    }
}

fn put_column(writer: &mut Writer, times: &[i64], points: &[Point]) -> io::Result<()> {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    writer.column(&runs(times, points), &values)
}
