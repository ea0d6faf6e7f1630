//! How the head becomes files, one for each day that it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::Store;
use super::chunk::{Kind, Writer};
use super::column::{Point, newest, runs};
use super::files::{ChunkFile, DAY, Name, Tier};
use super::head::{Group, Head};
use crate::index::{Index, SeriesId};
use crate::labels::Labels;

/// How long the head fills, in milliseconds.
pub(crate) const WINDOW: i64 = 2 * 3_600_000;

impl Store {
    /// Writes the head to files and begins a new log. The log comes first: rows with the numbers of a
    /// new head in an old log would be read as those of other series.
    pub fn seal(&mut self) -> io::Result<()> {
        if self.head.span().is_none() && !self.log.is_doubtful() {
            return Ok(());
        }
        self.sequence += 1;
        let log = self.directory.open_log(&format!("log-{}", self.sequence), 0)?;
        if let Err(error) = self.seal_head() {
            self.directory.remove(&log.name)?;
            return Err(error);
        }
        let old = std::mem::replace(&mut self.log, log);
        self.head = Head::default();
        self.full_at = self.settings.head_bytes;
        self.unlogged.clear();
        self.afresh = false;
        self.since = None;
        self.retire_log(&old.name)
    }

    /// Writes the head to files; it is empty afterwards.
    pub(crate) fn seal_head(&mut self) -> io::Result<()> {
        let Some((first, last)) = self.head.span() else { return Ok(()) };
        let head = std::mem::take(&mut self.head);
        let mut days = first.div_euclid(DAY)..=last.div_euclid(DAY);
        let written = days.try_for_each(|day| self.seal_day(&head, day));
        if written.is_err() {
            self.head = head;
        }
        written
    }

    fn seal_day(&mut self, head: &Head, day: i64) -> io::Result<()> {
        let within = |time: i64| time.div_euclid(DAY) == day;
        let times = head.groups.iter().flat_map(|group| &group.times);
        if times.copied().any(within) {
            self.write_file((Tier::Raw, day, 1), |index, writer| {
                head.groups.iter().try_for_each(|group| put_rows(group, day, index, writer))
            })?;
        }
        let blocks = late_blocks(head, day);
        if !blocks.is_empty() {
            self.write_file((Tier::Raw, day, 1), |index, writer| {
                blocks.iter().try_for_each(|(key, columns)| put_points(key, columns, index, writer))
            })?;
        }
        Ok(())
    }

    /// Writes a file and opens it.
    fn write_file(
        &mut self,
        file: (Tier, i64, i64),
        write: impl FnOnce(&Index, &mut Writer) -> io::Result<()>,
    ) -> io::Result<()> {
        let (name, mut writer) = self.begin_file(file)?;
        write(&self.index, &mut writer)?;
        self.finish_file(name, writer)
    }

    /// Begins a file of a tier for some days.
    pub(crate) fn begin_file(
        &mut self,
        (tier, day, days): (Tier, i64, i64),
    ) -> io::Result<(Name, Writer)> {
        self.sequence += 1;
        let name = Name { tier, day, days, sequence: self.sequence };
        Ok((name, Writer::new(self.directory.begin(&name.to_string())?)?))
    }

    /// Makes a file last, and opens it.
    pub(crate) fn finish_file(&mut self, name: Name, writer: Writer) -> io::Result<()> {
        writer.finish()?;
        let mut damage = Vec::new();
        let file = ChunkFile::open(&self.directory, name, &mut self.index, &mut damage)?;
        let at = self.files.partition_point(|other| other.name.sequence < name.sequence);
        self.files.insert(at, file);
        self.lock_damage().extend(damage);
        Ok(())
    }
}

/// The rows of a group that fall on a day.
fn put_rows(group: &Group, day: i64, index: &Index, writer: &mut Writer) -> io::Result<()> {
    let first = group.times.partition_point(|time| *time < day * DAY);
    let end = group.times.partition_point(|time| *time < (day + 1) * DAY);
    let times = group.times.get(first..end).unwrap_or_default();
    let parts =
        group.columns.iter().map(|column| (column.series, column.part(first as u32, end as u32)));
    let parts: Vec<_> = parts.filter(|(_, (_, values))| !values.is_empty()).collect();
    let labels = parts.iter().filter_map(|(series, _)| index.labels(*series));
    let labels: Vec<(Kind, &Labels)> = labels.map(|labels| (Kind::Value, labels)).collect();
    if labels.is_empty() {
        return Ok(());
    }
    writer.block(&group.key, &labels, times)?;
    parts.iter().try_for_each(|(_, (runs, values))| writer.column(runs, values))
}

/// What came late for a day, by group.
fn late_blocks(head: &Head, day: i64) -> BTreeMap<&str, Vec<(SeriesId, Vec<Point>)>> {
    let mut blocks: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (series, points) in &head.late {
        let within = |point: &&Point| point.time.div_euclid(DAY) == day;
        let points = newest(points.iter().filter(within).copied().collect());
        let group = head.place(*series).and_then(|place| head.groups.get(place.group as usize));
        if let Some(group) = group
            && !points.is_empty()
        {
            blocks.entry(&group.key).or_default().push((*series, points));
        }
    }
    blocks
}

/// A group of columns whose rows are not known yet.
fn put_points(
    key: &str,
    columns: &[(SeriesId, Vec<Point>)],
    index: &Index,
    writer: &mut Writer,
) -> io::Result<()> {
    let times = columns.iter().flat_map(|(_, points)| points.iter().map(|point| point.time));
    let times: Vec<i64> = times.collect::<BTreeSet<i64>>().into_iter().collect();
    let labels = columns.iter().filter_map(|(series, _)| index.labels(*series));
    let labels: Vec<(Kind, &Labels)> = labels.map(|labels| (Kind::Value, labels)).collect();
    writer.block(key, &labels, &times)?;
    for (_, points) in columns {
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        writer.column(&runs(&times, points), &values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use crate::labels::{Labels, NAME};
    use crate::store::{Refused, Samples, Settings, Store, Sync};

    fn append(store: &mut Store, n: i64) -> Result<u64, Refused> {
        let labels = Labels::new([(NAME, "m")]);
        let values = [(n * 1000, n as f64)];
        let samples = Samples { labels: labels.bytes(), values: &values };
        store.append(&[samples], n * 1000).map(|said| said.counts.added)
    }

    /// After a sync that failed, the system may call pages clean that never reached the disk: the
    /// next sync of the same file says nothing about them.
    #[test]
    fn a_log_that_could_not_be_synced_takes_no_more_and_is_replaced() {
        let path = std::env::temp_dir().join(format!("metrics-unsynced-{}", std::process::id()));
        let settings = Settings { sync: Sync::Tick, ..Settings::default() };
        let mut store = Store::open(&path, settings).expect("it opens");
        append(&mut store, 1).expect("kept");
        // Takes every byte, and cannot be synced.
        store.log.put_on(File::options().write(true).open("/dev/null").expect("it is there"));
        store.log.sync().expect_err("a device cannot be synced");
        append(&mut store, 2).expect_err("it would not be safe");
        store.tick(2000).expect_err("the sync failed, and whoever ticks hears of it");
        append(&mut store, 3).expect("there is a new log");
        store.tick(3000).expect("all is well again");
        drop(store);
        let store = Store::open(&path, settings).expect("it opens");
        let read = store.read(&[], 0, 10_000);
        let _ = std::fs::remove_dir_all(&path);
        let times: Vec<i64> =
            read.iter().flat_map(|(_, points)| points).map(|point| point.time).collect();
        assert_eq!(times, [1000, 3000]);
    }
}
