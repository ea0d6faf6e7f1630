//! How small files of a day become one, and how what is too old or has no room goes.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use metrics::disk::Directory;
use metrics::{Labels, SeriesId};

use super::Store;
use super::chunk::{About, Writer};
use super::file::{ChunkFile, Damage, Name};
use super::pick::{Cluster, Source, clusters};
use super::seal::CHUNK;
use crate::block::Block;
use crate::{DAY, SECOND};

/// Files below this are small, and so many of them of one day become one.
const SMALL: u64 = 64 << 20;
const MANY: usize = 8;
/// All files of a day become one if they are not more than this, so long after its end.
const WHOLE: u64 = 1 << 30;
const AFTER: i64 = 2 * 3600 * SECOND;
/// Lines that lie over one another are put in order together up to this.
const TOGETHER: u64 = 256 << 20;

/// Files of one day that are to become one, or none. It can be worked at while the store is used.
pub struct Merge {
    directory: Arc<Directory>,
    inputs: Vec<Arc<ChunkFile>>,
    /// The streams that stay.
    labels: BTreeMap<SeriesId, Labels>,
    damage: Arc<Damage>,
    output: Name,
}

impl Store {
    /// What is to be merged next; nothing most of the time.
    pub fn merge_due(&mut self, now: i64) -> Option<Merge> {
        let inputs = self.due(now)?;
        let day = inputs.first()?.name.day;
        let streams = inputs.iter().flat_map(|file| file.chunks()).map(|chunk| chunk.stream);
        let labels = streams.filter_map(|id| Some((id, self.index.labels(id)?.clone())));
        let mut labels: BTreeMap<SeriesId, Labels> = labels.collect();
        labels.retain(|_, labels| day >= self.settings.first_day(labels, now));
        self.sequence += 1;
        let output = Name { day, sequence: self.sequence };
        let (directory, damage) = (self.directory.clone(), self.damage.clone());
        Some(Merge { directory, inputs, labels, damage, output })
    }

    fn due(&self, now: i64) -> Option<Vec<Arc<ChunkFile>>> {
        let mut days: BTreeMap<i64, Vec<Arc<ChunkFile>>> = BTreeMap::new();
        for file in &self.files {
            if self.doubted == 0 && self.has_expired(file, now) {
                return Some(vec![file.clone()]);
            }
            days.entry(file.name.day).or_default().push(file.clone());
        }
        days.into_iter().find_map(|(day, files)| {
            let bytes: u64 = files.iter().map(|file| file.length()).sum();
            let over = now.saturating_sub((day + 1).saturating_mul(DAY)) > AFTER;
            if over && files.len() > 1 && bytes <= WHOLE {
                return Some(files);
            }
            let small: Vec<_> = files.into_iter().filter(|file| file.length() < SMALL).collect();
            (small.len() >= MANY).then_some(small)
        })
    }

    /// Whether a file has lines that are too old.
    fn has_expired(&self, file: &ChunkFile, now: i64) -> bool {
        let streams = file.chunks().chunk_by(|one, next| one.stream == next.stream);
        let labels = streams.filter_map(|of_one| self.index.labels(of_one.first()?.stream));
        // Whatever is chosen, today's stay.
        file.name.day < now.div_euclid(DAY)
            && labels.into_iter().any(|labels| file.name.day < self.settings.first_day(labels, now))
    }

    /// Takes what a merge wrote for what it read.
    pub fn merge_done(&mut self, merge: &Merge) -> io::Result<()> {
        let is_input =
            |file: &Arc<ChunkFile>| merge.inputs.iter().any(|input| input.name == file.name);
        let gone = merge.inputs.iter().flat_map(|file| file.chunks());
        let gone = gone.filter(|chunk| !merge.labels.contains_key(&chunk.stream));
        let expired: u64 = gone.map(|chunk| u64::from(chunk.about.lines)).sum();
        if !merge.labels.is_empty() {
            let file =
                ChunkFile::open(&self.directory, merge.output, &mut self.index, &self.damage)?;
            self.files.push(Arc::new(file));
        }
        self.files.retain(|file| !is_input(file));
        self.counts.expired += expired;
        merge.inputs.iter().try_for_each(|file| self.directory.remove(&file.name.to_string()))
    }

    /// Whether lines may go because of this clock. One that says that there was nothing for a day may
    /// have jumped: it is believed when it has been ticking for a day, or when lines come that agree.
    pub(crate) fn clock_counts(&mut self, now: i64) -> bool {
        let passed = now.saturating_sub(std::mem::replace(&mut self.ticked, now));
        let newest = self.files.iter().map(|file| file.name.day).max();
        let spans = self.head.blocks.values().filter_map(|block| block.times.last());
        let newest = newest.max(spans.max().map(|time| time.div_euclid(DAY)));
        if newest.is_none_or(|newest| newest >= now.div_euclid(DAY) - 1) {
            self.doubted = 0;
            return true;
        }
        self.doubted += passed.clamp(0, 60 * SECOND);
        self.doubted > DAY
    }

    /// Removes the files of which all is too old.
    pub(crate) fn expire(&mut self, now: i64) -> io::Result<()> {
        if !self.clock_counts(now) {
            return Ok(());
        }
        let first = now.div_euclid(DAY) - self.settings.days + 1;
        let old = self.files.iter().filter(|file| file.name.day < first);
        for file in old.cloned().collect::<Vec<_>>() {
            self.counts.expired += self.drop_file(&file)?;
        }
        Ok(())
    }

    /// Removes the oldest files until the others have room.
    pub(crate) fn fit(&mut self) -> io::Result<()> {
        while self.file_bytes() > self.settings.most_bytes {
            let Some(oldest) = self.files.iter().min_by_key(|file| file.name).cloned() else {
                break;
            };
            let lines = self.drop_file(&oldest)?;
            self.counts.pushed_out += lines;
            let most = self.settings.most_bytes;
            self.notices.push(format!(
                "{lines} lines of day {} after 1970-01-01 were removed: the logs have {most} bytes of room",
                oldest.name.day
            ));
        }
        Ok(())
    }

    /// How many lines it had.
    fn drop_file(&mut self, file: &ChunkFile) -> io::Result<u64> {
        self.directory.remove(&file.name.to_string())?;
        self.files.retain(|other| other.name != file.name);
        Ok(file.chunks().iter().map(|chunk| u64::from(chunk.about.lines)).sum())
    }
}

impl Merge {
    /// Writes the file that the others become.
    pub fn work(&self) -> io::Result<()> {
        if self.labels.is_empty() {
            return Ok(());
        }
        self.directory.write(&self.output.to_string(), |out| {
            let mut writer = Writer::new(out)?;
            for (stream, labels) in &self.labels {
                let of_file = |file: &Arc<ChunkFile>| {
                    let chunks = file.of(*stream).iter();
                    let source = |about: &About| Source::Chunk(file.clone(), about.clone());
                    chunks.map(|chunk| source(&chunk.about)).collect::<Vec<_>>()
                };
                let sources: Vec<Source> = self.inputs.iter().flat_map(of_file).collect();
                self.stream(labels, &sources, &mut writer)?;
            }
            writer.finish()
        })
    }

    fn stream(
        &self,
        labels: &Labels,
        sources: &[Source],
        writer: &mut Writer<'_>,
    ) -> io::Result<()> {
        let mut pending = Block::default();
        for cluster in clusters(labels, sources) {
            let block = if is_good(&cluster) { None } else { cluster.block(&[], &self.damage) };
            let Some(block) = block else {
                flush(&mut pending, labels, writer)?;
                copy(&cluster, writer)?;
                continue;
            };
            pending.extend(&block);
            if pending.text.len() >= CHUNK {
                flush(&mut pending, labels, writer)?;
            }
        }
        flush(&mut pending, labels, writer)
    }
}

/// Whether it is right as it is, or too large to be put in order.
fn is_good(cluster: &Cluster<'_>) -> bool {
    let raw = cluster.raw();
    raw > TOGETHER || (cluster.sources.len() == 1 && raw >= CHUNK as u64 / 2)
}

fn flush(pending: &mut Block, labels: &Labels, writer: &mut Writer<'_>) -> io::Result<()> {
    let block = std::mem::take(pending);
    block.pieces(CHUNK).iter().try_for_each(|piece| writer.chunk(labels, piece))
}

/// Takes chunks over as they are, also where they cannot be read.
fn copy(cluster: &Cluster<'_>, writer: &mut Writer<'_>) -> io::Result<()> {
    for source in &cluster.sources {
        let Source::Chunk(file, about) = source else { continue };
        let labels = cluster.labels.clone();
        let about = About { labels, ..about.clone() };
        let parts = file.parts(&about);
        let parts =
            parts.ok_or_else(|| io::Error::other(format!("{}: cannot be read", file.name)))?;
        writer.parts(about, &parts)?;
    }
    Ok(())
}
