//! A store of measurements in one directory: appended to a log, kept in files that never change.

mod append;
mod chunk;
mod column;
pub mod disk;
mod feed;
mod files;
mod head;
mod merge;
mod packed;
mod read;
mod record;
mod rollup;
mod seal;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::Reader;
use crate::frame;
use crate::index::Index;
use crate::labels::{Labels, is_metric_name};
use crate::matcher::Matcher;

use chunk::Kind;
use disk::{Directory, Log};
use files::{ChunkFile, Name};
use head::Head;
use seal::Pending;

pub use append::{Appended, Refused, Samples};
pub use column::Point;
pub use feed::{BySeries, Cursor, Feed, Portion};
pub use files::Tier;
pub use head::Counts;
pub use merge::Merge;
pub use seal::Seal;
pub use settings::{Limits, Settings, Sync};

pub(crate) use files::DAY;
pub(crate) use read::{Reading, Wanted};

/// The bits of the value that says that a series ended here.
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// What is told about a metric: its type, and what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `counter`, `gauge`, `histogram`, `summary` or `unknown`.
    pub kind: String,
    /// What it is, in a sentence.
    pub help: String,
    /// Its unit, where one was told.
    pub unit: String,
}

/// Measurements of one tenant in one directory.
pub struct Store {
    directory: Directory,
    settings: Settings,
    index: Index,
    /// Heads on their way to files, in order; their logs are there until then.
    pending: Vec<Arc<Pending>>,
    head: Head,
    log: Log,
    /// Sorted by sequence: what is written later counts.
    files: Vec<Arc<ChunkFile>>,
    sequence: u64,
    /// Records of new columns that no log holds yet.
    unlogged: Vec<u8>,
    /// A write failed: values are logged afresh.
    afresh: bool,
    /// When the head began to fill, by the clock: what is late says nothing about that.
    since: Option<i64>,
    /// How large the head may become before it is written out, whatever the clock says.
    full_at: usize,
    damage: Mutex<Vec<String>>,
    metadata: BTreeMap<String, Metadata>,
    /// How far those came who are fed.
    feeds: BTreeMap<String, Cursor>,
    /// Room to unpack a request in.
    pub(crate) unpacked: Vec<u8>,
    /// How often everything was read from the directory: numbers of series are of one time.
    loaded: u64,
}

impl Store {
    /// Opens a store, or begins one. What cannot be read is left out, and told by [`Self::damage`].
    pub fn open(path: &Path, settings: Settings) -> io::Result<Self> {
        let directory = Directory::open(path)?;
        let log = directory.open_log("log-0.new", 0)?;
        let mut store = Self {
            directory,
            settings,
            index: Index::default(),
            pending: Vec::new(),
            head: Head::default(),
            log,
            files: Vec::new(),
            sequence: 0,
            unlogged: Vec::new(),
            afresh: false,
            since: None,
            full_at: settings.head_bytes,
            damage: Mutex::default(),
            metadata: BTreeMap::new(),
            feeds: BTreeMap::new(),
            unpacked: Vec::new(),
            loaded: 0,
        };
        store.load()?;
        store.directory.remove("log-0.new")?;
        Ok(store)
    }

    /// Reads everything from the directory. If that fails what was known stays: the log that is open
    /// goes on with the numbers of its own head.
    fn load(&mut self) -> io::Result<()> {
        let index = std::mem::take(&mut self.index);
        let head = std::mem::take(&mut self.head);
        let pending = std::mem::take(&mut self.pending);
        let files = std::mem::take(&mut self.files);
        if let Err(error) = self.load_anew() {
            (self.index, self.head, self.pending, self.files) = (index, head, pending, files);
            return Err(error);
        }
        self.unlogged.clear();
        self.afresh = false;
        self.since = None;
        self.loaded += 1;
        Ok(())
    }

    fn load_anew(&mut self) -> io::Result<()> {
        let mut damage = Vec::new();
        let names = self.directory.list()?;
        let mut chunks: Vec<Name> = names.iter().filter_map(|name| Name::read(name)).collect();
        chunks.sort_by_key(|name| name.sequence);
        for name in chunks {
            self.sequence = self.sequence.max(name.sequence);
            let file = ChunkFile::open(&self.directory, name, &mut self.index, &mut damage)?;
            self.files.push(Arc::new(file));
        }
        self.load_feeds(&names, &mut damage)?;
        self.load_logs(&names, &mut damage)?;
        self.lock_damage().extend(damage);
        Ok(())
    }

    /// There is one log, or several if the end came while the content of others was written to files. Where
    /// there is no room for these, their content stays in memory, and the next tick tries again.
    fn load_logs(&mut self, names: &[String], damage: &mut Vec<String>) -> io::Result<()> {
        let number = |name: &String| name.strip_prefix("log-")?.parse::<u64>().ok();
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        let last = numbers.pop().unwrap_or_else(|| self.sequence + 1);
        let sealed: Vec<String> = numbers.iter().map(|number| format!("log-{number}")).collect();
        for log in sealed {
            self.replay(&log, damage)?;
            let head = std::mem::take(&mut self.head);
            self.pending.push(Arc::new(Pending { head, log }));
        }
        self.sequence = self.sequence.max(last);
        let name = format!("log-{last}");
        let good = if names.contains(&name) { self.replay(&name, damage)? } else { 0 };
        self.log = self.directory.open_log(&name, good)?;
        for feed in self.feeds.values_mut().filter(|feed| feed.log == last) {
            // A receiver may have more than a power cut has left here.
            feed.offset = feed.offset.min(good);
        }
        let _ = self.seal_pending();
        Ok(())
    }

    /// What is in memory, in the order of arrival.
    fn heads(&self) -> impl Iterator<Item = &Head> {
        self.pending.iter().map(|pending| &pending.head).chain(std::iter::once(&self.head))
    }

    /// Reads a log up to the first record that is bad; how long the good part is.
    fn replay(&mut self, name: &str, damage: &mut Vec<String>) -> io::Result<u64> {
        let bytes = self.directory.read(name)?;
        let mut reader = Reader::new(&bytes);
        let mut good = 0;
        while let Some(content) = frame::take(&mut reader) {
            if record::replay(content, &mut self.head, &mut self.index).is_none() {
                break;
            }
            good = bytes.len() - reader.rest().len();
        }
        if good < bytes.len() {
            let lost = bytes.len() - good;
            damage.push(format!(
                "{name}: a record is bad or cut at byte {good}; what followed ({lost} bytes) is lost"
            ));
        }
        Ok(good as u64)
    }

    fn lock_damage(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What could not be read, in sentences; each once.
    pub fn damage(&self) -> Vec<String> {
        let mut told = self.lock_damage().clone();
        told.sort();
        told.dedup();
        told
    }

    /// How many series there are.
    pub fn series_count(&self) -> usize {
        self.index.len()
    }

    /// What is told about metrics, by name.
    pub fn metadata(&self) -> &BTreeMap<String, Metadata> {
        &self.metadata
    }

    /// Remembers what is told about a metric, until the store is closed; of a long text the beginning.
    pub fn describe(&mut self, metric: &str, mut metadata: Metadata) {
        let limits = &self.settings.limits;
        if !is_metric_name(metric) || metric.len() > limits.labels.value_bytes {
            return;
        }
        for text in [&mut metadata.kind, &mut metadata.help, &mut metadata.unit] {
            let whole = |length: &usize| text.is_char_boundary(*length);
            let length = (0..=limits.labels.value_bytes).rfind(whole).unwrap_or_default();
            text.truncate(length);
            text.shrink_to_fit();
        }
        let room = self.metadata.len() < self.settings.limits.series;
        if (room || self.metadata.contains_key(metric))
            && self.metadata.get(metric) != Some(&metadata)
        {
            self.metadata.insert(metric.to_owned(), metadata);
        }
    }

    /// The labels of the series that fulfil one of the lists of conditions and have samples between
    /// two times, both included.
    pub fn series(&self, lists: &[Vec<Matcher>], from: i64, to: i64) -> Vec<Labels> {
        let mut ids: Vec<_> = lists.iter().flat_map(|list| self.index.select(list)).collect();
        ids.sort_unstable();
        ids.dedup();
        let present = ids.into_iter().filter(|id| self.present(*id, from, to));
        let mut labels: Vec<Labels> =
            present.filter_map(|id| self.index.labels(id)).cloned().collect();
        labels.sort_by(Labels::order);
        labels
    }

    /// The names of labels, of all series or of those that fulfil one of the lists of conditions.
    pub fn label_names(&self, lists: &[Vec<Matcher>], from: i64, to: i64) -> Vec<String> {
        if lists.is_empty() {
            return self.index.label_names().map(str::to_owned).collect();
        }
        let series = self.series(lists, from, to);
        sorted(series.iter().flat_map(Labels::iter).map(|(name, _)| name))
    }

    /// The values of a label, of all series or of those that fulfil one of the lists of conditions.
    pub fn label_values(
        &self,
        name: &str,
        lists: &[Vec<Matcher>],
        (from, to): (i64, i64),
    ) -> Vec<String> {
        if lists.is_empty() {
            return self.index.label_values(name).map(str::to_owned).collect();
        }
        let series = self.series(lists, from, to);
        sorted(series.iter().map(|labels| labels.get(name)).filter(|value| !value.is_empty()))
    }

    /// Whether there is a group's row in the time, without reading the series itself.
    fn present(&self, series: crate::index::SeriesId, from: i64, to: i64) -> bool {
        let overlaps = |file: &&Arc<ChunkFile>| {
            let day = DAY;
            file.name.day * day <= to && (file.name.day + file.name.days) * day > from
        };
        self.files.iter().filter(overlaps).any(|file| !file.find(series, Kind::Value).is_empty())
            || self.heads().any(|head| !head.read(series, from, to).is_empty())
    }

    /// Does what is due: syncs the log, writes and merges files, removes what is too old. What fails
    /// keeps nothing else from being done: on a full disk, removing is what helps.
    pub fn tick(&mut self, now: i64) -> io::Result<()> {
        let synced = self.log.sync();
        let sealed = self.seal_if_due(now);
        let merged = self.merge(now);
        let expired = self.expire(now);
        synced.and(sealed).and(merged).and(expired)
    }

    /// The same without what takes long, which can be done while the store is used: [`Self::seal_due`] and
    /// [`Self::merge_due`] tell of it.
    pub fn quick_tick(&mut self, now: i64) -> io::Result<()> {
        let synced = self.log.sync();
        let expired = self.expire(now);
        synced.and(expired)
    }

    fn seal_if_due(&mut self, now: i64) -> io::Result<()> {
        self.seal_pending()?;
        if self.is_seal_due(now) { self.seal() } else { Ok(()) }
    }

    fn is_seal_due(&mut self, now: i64) -> bool {
        if self.log.is_doubtful() {
            return true;
        }
        if self.head.span().is_none() {
            return false;
        }
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        self.since = Some(since);
        self.head.bytes > self.settings.head_bytes || now - since >= seal::WINDOW
    }
}

fn sorted<I, S>(words: I) -> Vec<String>
where
    I: Iterator<Item = S>,
    S: Into<String> + Ord,
{
    let words: BTreeSet<S> = words.collect();
    words.into_iter().map(Into::into).collect()
}
