//! How the head becomes files, one for each day that it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use super::Store;
use super::chunk::{Kind, Writer};
use super::column::{Point, newest, runs};
use super::files::{ChunkFile, DAY, Name, Tier};
use super::head::{Group, Head};
use crate::index::SeriesId;
use crate::labels::Labels;

/// How long the head fills, in milliseconds.
pub(crate) const WINDOW: i64 = 2 * 3_600_000;

/// What goes from memory to files, and the log that has it until it is there.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) head: Head,
    pub(crate) log: String,
}

/// What is in memory, on its way to files. These can be written while the store is used.
pub struct Seal {
    pending: Arc<Pending>,
    labels: OfSeries,
    files: Vec<File>,
}

type OfSeries = BTreeMap<SeriesId, Labels>;

/// A file of one day on its way; nothing is left of the writer when it is there.
struct File {
    name: Name,
    part: Part,
    writer: io::Result<Option<Writer>>,
}

/// What of a head is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The rows of groups.
    Rows,
    /// What came later than that.
    Late,
}

impl Store {
    /// Writes the head to files and begins a new log.
    pub fn seal(&mut self) -> io::Result<()> {
        self.seal_pending()?;
        self.set_apart()?;
        self.seal_pending()
    }

    /// Writes out what was set apart.
    pub(crate) fn seal_pending(&mut self) -> io::Result<()> {
        while let Some(mut seal) = self.seal_of_pending() {
            seal.work();
            self.seal_done(seal)?;
        }
        Ok(())
    }

    /// What is to be written out next; nothing most of the time.
    pub fn seal_due(&mut self, now: i64) -> io::Result<Option<Seal>> {
        if self.pending.is_empty() && self.is_seal_due(now) {
            self.set_apart()?;
        }
        Ok(self.seal_of_pending())
    }

    /// Begins a new log and an empty head. Rows with the numbers of a new head in an old log would be read
    /// as those of other series.
    fn set_apart(&mut self) -> io::Result<()> {
        if self.head.span().is_none() && !self.log.is_doubtful() {
            return Ok(());
        }
        // A log that cannot be synced is replaced: what it has is in memory, and will be in files.
        let _ = self.log.sync();
        let log = self.directory.open_log(&format!("log-{}", self.sequence + 1), 0)?;
        self.sequence += 1;
        let log = std::mem::replace(&mut self.log, log).name;
        let head = std::mem::take(&mut self.head);
        self.pending.push(Arc::new(Pending { head, log }));
        self.full_at = self.settings.head_bytes;
        self.unlogged.clear();
        self.afresh = false;
        self.since = None;
        Ok(())
    }

    fn seal_of_pending(&mut self) -> Option<Seal> {
        let pending = self.pending.first()?.clone();
        let mut files = Vec::new();
        let (first, last) = pending.head.span().unwrap_or((0, -1));
        for day in first.div_euclid(DAY)..=last.div_euclid(DAY) {
            let rows = pending.head.has_rows(day).then_some(Part::Rows);
            let late = pending.head.has_late(day).then_some(Part::Late);
            for part in rows.into_iter().chain(late) {
                let (name, writer) = self.begin_file((Tier::Raw, day, 1));
                files.push(File { name, part, writer: writer.map(Some) });
            }
        }
        let series = pending.head.groups.iter().flat_map(|group| &group.columns);
        let series = series.map(|column| column.series);
        let labels = series.filter_map(|id| Some((id, self.index.labels(id)?.clone()))).collect();
        Some(Seal { pending, labels, files })
    }

    /// Takes what was written for what was set apart. Where it could not be written it stays in memory and in
    /// its log.
    pub fn seal_done(&mut self, seal: Seal) -> io::Result<()> {
        let names: Vec<Name> = seal.files.iter().map(|file| file.name).collect();
        let written = seal.files.into_iter().try_for_each(|file| file.writer.map(drop));
        if let Err(error) = written {
            names.iter().try_for_each(|name| self.directory.remove(&name.to_string()))?;
            return Err(error);
        }
        names.into_iter().try_for_each(|name| self.open_file(name))?;
        self.pending.retain(|pending| pending.log != seal.pending.log);
        self.retire_log(&seal.pending.log)
    }

    /// Begins a file of a tier for some days.
    pub(crate) fn begin_file(
        &mut self,
        (tier, day, days): (Tier, i64, i64),
    ) -> (Name, io::Result<Writer>) {
        self.sequence += 1;
        let name = Name { tier, day, days, sequence: self.sequence };
        (name, self.directory.begin(&name.to_string()).and_then(Writer::new))
    }

    /// Opens a file that was written.
    pub(crate) fn open_file(&mut self, name: Name) -> io::Result<()> {
        let mut damage = Vec::new();
        let file = ChunkFile::open(&self.directory, name, &mut self.index, &mut damage)?;
        let at = self.files.partition_point(|other| other.name.sequence < name.sequence);
        self.files.insert(at, Arc::new(file));
        self.lock_damage().extend(damage);
        Ok(())
    }
}

impl Seal {
    /// Writes the files.
    pub fn work(&mut self) {
        for file in &mut self.files {
            let mut writer = match std::mem::replace(&mut file.writer, Ok(None)) {
                Ok(Some(writer)) => writer,
                failed => {
                    file.writer = failed;
                    continue;
                }
            };
            let (head, day) = (&self.pending.head, file.name.day);
            let written = match file.part {
                Part::Rows => head
                    .groups
                    .iter()
                    .try_for_each(|group| put_rows(group, day, &self.labels, &mut writer)),
                Part::Late => late_blocks(head, day).iter().try_for_each(|(key, columns)| {
                    put_points(key, columns, &self.labels, &mut writer)
                }),
            };
            file.writer = written.and_then(|()| writer.finish()).map(|()| None);
        }
    }
}

/// What a block says of its columns.
fn labels(of: &OfSeries, series: impl Iterator<Item = SeriesId>) -> Vec<(Kind, &Labels)> {
    series.filter_map(|id| Some((Kind::Value, of.get(&id)?))).collect()
}

/// The rows of a group that fall on a day.
fn put_rows(group: &Group, day: i64, of: &OfSeries, writer: &mut Writer) -> io::Result<()> {
    let first = group.times.partition_point(|time| *time < day * DAY);
    let end = group.times.partition_point(|time| *time < (day + 1) * DAY);
    let times = group.times.get(first..end).unwrap_or_default();
    let parts =
        group.columns.iter().map(|column| (column.series, column.part(first as u32, end as u32)));
    let parts: Vec<_> = parts.filter(|(_, (_, values))| !values.is_empty()).collect();
    let labels = labels(of, parts.iter().map(|(series, _)| *series));
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
    of: &OfSeries,
    writer: &mut Writer,
) -> io::Result<()> {
    let times = columns.iter().flat_map(|(_, points)| points.iter().map(|point| point.time));
    let times: Vec<i64> = times.collect::<BTreeSet<i64>>().into_iter().collect();
    writer.block(key, &labels(of, columns.iter().map(|(series, _)| *series)), &times)?;
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
