//! Many files become one: the files of a day, with rollups beside; the rollups of a month.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Store;
use super::chunk::{Kind, Writer};
use super::column::{Point, merge, runs};
use super::files::{ChunkFile, DAY, Entry, Name, Tier, Times};
use super::rollup::{self, Nature, Rolled};
use crate::index::SeriesId;
use crate::labels::{Labels, NAME};

/// How long after its end a day is merged, in milliseconds.
const GRACE: i64 = 2 * 3_600_000;
/// How many days of rollups are one file in the end.
const MONTH: i64 = 30;
const ROLLUPS: [Tier; 2] = [Tier::FiveMinutes, Tier::Hour];

/// Files that are to become others. These can be written while the store is used.
pub struct Merge {
    inputs: Vec<Arc<ChunkFile>>,
    /// What the columns of the inputs are.
    series: Series,
    outputs: Vec<Output>,
    day: i64,
    /// What cannot be read, and of which file.
    unread: Vec<(Name, &'static str)>,
}

/// What is to be known of series.
type Series = BTreeMap<SeriesId, (Labels, Nature)>;

impl Store {
    /// Merges the days that are over, then the months that are.
    pub fn merge(&mut self, now: i64) -> io::Result<()> {
        while let Some(mut merge) = self.merge_due(now) {
            merge.work();
            self.merge_done(merge)?;
        }
        Ok(())
    }

    /// What is to be merged next: a day that is over, or a month; nothing most of the time.
    pub fn merge_due(&mut self, now: i64) -> Option<Merge> {
        let today = (now - GRACE).div_euclid(DAY);
        let names = || self.files.iter().map(|file| file.name);
        let over = |name: &Name| name.tier == Tier::Raw && name.day + name.days <= today;
        let days: BTreeSet<i64> = names().filter(over).map(|name| name.day).collect();
        if let Some(day) = days.into_iter().find(|day| self.is_due(*day)) {
            return Some(self.merge_day(day));
        }
        let months = ROLLUPS.into_iter().flat_map(|tier| {
            let of_tier = names().filter(move |name| name.tier == tier);
            of_tier.map(move |name| (tier, name.day.div_euclid(MONTH)))
        });
        let months: BTreeSet<(Tier, i64)> = months.collect();
        let mut months = months.into_iter().filter(|(_, month)| (month + 1) * MONTH <= today);
        months.find_map(|(tier, month)| self.merge_month(tier, month))
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

    fn merge_day(&mut self, day: i64) -> Merge {
        let names = self.names(Tier::Raw, day..day + 1);
        let several = names.len() > 1;
        let rolled = |tier: &Tier| several || !self.is_rolled(day, *tier);
        let mut tiers: Vec<Tier> = several.then_some(Tier::Raw).into_iter().collect();
        tiers.extend(ROLLUPS.into_iter().filter(rolled));
        let old = |tier: &Tier| {
            let mut old = self.names(*tier, day..day + 1);
            old.retain(|name| name.days == 1);
            (*tier, old)
        };
        let old: Vec<(Tier, Vec<Name>)> = tiers.iter().map(old).collect();
        self.merge_files(&names, old, (day, 1))
    }

    /// Lets a day's rollups go that there are newer ones of.
    fn replace_rollups(&mut self, day: i64, old: &[Name]) -> io::Result<()> {
        let asides = self.directory.list()?;
        let mut asides = asides.iter().filter_map(|name| Name::of_aside(name));
        let known = |file: &Arc<ChunkFile>| (file.name.tier, file.name.day) == (Tier::Raw, day);
        if asides.any(|name| (name.tier, name.day) == (Tier::Raw, day))
            || self.files.iter().any(|file| known(file) && file.is_damaged())
        {
            // The old ones may have been made of what cannot be read any more.
            return self.set_aside(old);
        }
        self.drop_files(old)
    }

    fn merge_month(&mut self, tier: Tier, month: i64) -> Option<Merge> {
        let names = self.names(tier, month * MONTH..(month + 1) * MONTH);
        let due = names.len() > 1 || names.first().is_some_and(|name| name.days < MONTH);
        due.then(|| self.merge_files(&names, vec![(tier, names.clone())], (month * MONTH, MONTH)))
    }

    /// A file for each tier is to be written of several files, in the place of others.
    fn merge_files(
        &mut self,
        names: &[Name],
        tiers: Vec<(Tier, Vec<Name>)>,
        (day, days): (i64, i64),
    ) -> Merge {
        let from = names.first().map_or(Tier::Raw, |name| name.tier);
        let begin = |(tier, old): (Tier, Vec<Name>)| {
            let every = (tier != from).then(|| tier.every());
            let (name, writer) = self.begin_file((tier, day, days));
            Output { name, every, old, writer: writer.map(Some) }
        };
        let outputs = tiers.into_iter().map(begin).collect();
        let inputs = self.files.iter().filter(|file| names.contains(&file.name));
        let inputs: Vec<Arc<ChunkFile>> = inputs.cloned().collect();
        let ids: BTreeSet<SeriesId> =
            inputs.iter().flat_map(|file| &file.entries).map(|entry| entry.series).collect();
        let known = |id: SeriesId| {
            let labels = self.index.labels(id)?;
            let metric = labels.get(NAME);
            Some((id, (labels.clone(), rollup::nature(metric, self.metadata.get(metric)))))
        };
        let series = ids.into_iter().filter_map(known).collect();
        Merge { inputs, series, outputs, day, unread: Vec::new() }
    }

    /// Takes what was written for what it was made of. What could be written leaves the day as far as it
    /// came: on a full disk the next try is for the rest.
    pub fn merge_done(&mut self, merge: Merge) -> io::Result<()> {
        for file in &self.files {
            if merge.unread.iter().any(|(name, _)| *name == file.name) {
                file.damaged.store(true, Ordering::Relaxed);
            }
        }
        let told = merge.unread.iter().map(|(name, what)| format!("{name}: {what} cannot be read"));
        self.lock_damage().extend(told);
        let mut outcome = Ok(());
        for Output { name, every, old, writer } in merge.outputs {
            let replaced = writer.and_then(|_| self.open_file(name)).and_then(|()| {
                // A day's rollups take the place of older rollups, not of what they are made of.
                if every.is_some() {
                    self.replace_rollups(merge.day, &old)
                } else {
                    self.retire(&old)
                }
            });
            outcome = outcome.and(replaced);
        }
        outcome
    }

    /// Lets files go that others stand for now: removes those that were read to the last byte.
    fn retire(&mut self, names: &[Name]) -> io::Result<()> {
        let damaged =
            |name: &Name| self.files.iter().any(|file| file.name == *name && file.is_damaged());
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
    /// passed only if that many newer days have something: a clock that jumps ahead removes nothing,
    /// also if something is written meanwhile.
    pub fn expire(&mut self, now: i64) -> io::Result<()> {
        let keep = |tier: Tier| match tier {
            Tier::Raw => self.settings.keep_raw_ms,
            Tier::FiveMinutes => self.settings.keep_five_minutes_ms,
            Tier::Hour => self.settings.keep_hours_ms,
        };
        let end = |name: &Name| (name.day + name.days) * DAY;
        // One file more: the one that is written while the clock is wrong.
        let lived = |name: &Name| (self.newer_days(name) - name.days) * DAY > keep(name.tier);
        let is_past = |name: &Name| end(name) <= now - keep(name.tier) && lived(name);
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

    /// How many days after a file's days others of its tier are of.
    fn newer_days(&self, name: &Name) -> i64 {
        let names = self.files.iter().map(|file| file.name);
        let newer =
            names.filter(|other| other.tier == name.tier && other.day >= name.day + name.days);
        let days: BTreeMap<i64, i64> = newer.map(|other| (other.day, other.days)).collect();
        days.values().sum()
    }
}

/// The columns of one block of a file.
type OfBlock<'a> = (&'a ChunkFile, Vec<Entry>);

/// The blocks of each group, over files in the order of writing.
fn groups(files: &[Arc<ChunkFile>]) -> BTreeMap<&str, Vec<OfBlock<'_>>> {
    let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for file in files {
        let mut entries = file.entries.clone();
        entries.sort_by_key(|entry| entry.block);
        for of_block in entries.chunk_by(|one, next| one.block == next.block) {
            let number = of_block.first().map_or(0, |entry| entry.block);
            if let Some(rows) = file.blocks.get(number as usize) {
                groups.entry(&rows.key).or_default().push((file.as_ref(), of_block.to_vec()));
            }
        }
    }
    groups
}

/// A file on its way, or why there will be none.
struct Output {
    name: Name,
    /// The length of its buckets, if it is made of rollups of what is read.
    every: Option<i64>,
    /// The files that it takes the place of.
    old: Vec<Name>,
    /// Nothing is left of the writer when the file is there.
    writer: io::Result<Option<Writer>>,
}

impl Output {
    /// Goes on with a file that has not failed.
    fn go_on(&mut self, with: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if let Ok(Some(writer)) = &mut self.writer
            && let Err(error) = with(writer)
        {
            self.writer = Err(error);
        }
    }

    fn finish(&mut self) {
        if let Ok(writer) = &mut self.writer
            && let Some(Err(error)) = writer.take().map(Writer::finish)
        {
            self.writer = Err(error);
        }
    }
}

impl Merge {
    /// Writes a file for each tier of several files, that are read once, group by group and column by
    /// column. What fails for one tier keeps no other from being written.
    pub fn work(&mut self) {
        for (key, blocks) in groups(&self.inputs) {
            let (series, unread) = (&self.series, &mut self.unread);
            let mut group = Merging { series, blocks, known: Times::new(), unread };
            group.write(key, &mut self.outputs);
        }
        for output in &mut self.outputs {
            output.finish();
        }
    }
}

/// One group while it is merged.
struct Merging<'a> {
    series: &'a Series,
    blocks: Vec<OfBlock<'a>>,
    known: Times,
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
                    let nature =
                        self.series.get(series).map_or(Nature::Gauge, |(_, nature)| *nature);
                    let columns = rollup::roll(&points, every, nature);
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
        let series = self.series;
        columns.filter_map(|(id, kind)| Some((kind, &series.get(&id)?.0))).collect()
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
