//! What a question is about: taken from the store at once, read without it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use metrics::{Labels, Matcher, SeriesId};

use super::Store;
use super::chunk::About;
use super::file::{ChunkFile, Damage};
use crate::DAY;
use crate::block::Block;

/// Some streams within a time: the store may go on while they are read.
pub struct Picked {
    pub(crate) streams: Vec<(Labels, Vec<Source>)>,
    pub(crate) damage: Arc<Damage>,
}

/// Where lines are.
pub(crate) enum Source {
    Chunk(Arc<ChunkFile>, About),
    Head(Arc<Block>, (i64, i64)),
}

impl Source {
    pub(crate) fn span(&self) -> (i64, i64) {
        match self {
            Self::Chunk(_, about) => (about.first, about.last),
            Self::Head(_, span) => *span,
        }
    }

    fn raw(&self) -> u64 {
        match self {
            Self::Chunk(_, about) => u64::from(about.raw),
            Self::Head(block, _) => block.text.len() as u64,
        }
    }

    fn lines(&self) -> u64 {
        match self {
            Self::Chunk(_, about) => u64::from(about.lines),
            Self::Head(block, _) => block.times.len() as u64,
        }
    }

    fn block(&self, words: &[u64], damage: &Damage) -> Option<Block> {
        match self {
            Self::Chunk(file, about) if file.perhaps(about, words) => file.block(about, damage),
            Self::Chunk(..) => Some(Block::default()),
            Self::Head(block, _) => Some(Block::clone(block)),
        }
    }
}

/// Lines of one stream that lie over one another in time; what comes before and after does not.
pub(crate) struct Cluster<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) sources: Vec<&'a Source>,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Cluster<'_> {
    /// The size of all its text.
    pub(crate) fn raw(&self) -> u64 {
        self.sources.iter().map(|source| source.raw()).sum()
    }

    /// Its lines in order, each once; nothing if none can be read. What surely lacks one of the
    /// words is left out.
    pub(crate) fn block(&self, words: &[u64], damage: &Damage) -> Option<Block> {
        let mut blocks = self.sources.iter().filter_map(|source| source.block(words, damage));
        let mut block = blocks.next()?;
        for other in blocks {
            block.extend(&other);
        }
        Some(block.ordered())
    }
}

/// The clusters of one stream, in order.
pub(crate) fn clusters<'a>(labels: &'a Labels, sources: &'a [Source]) -> Vec<Cluster<'a>> {
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by_key(|source| source.span().0);
    let mut clusters: Vec<Cluster<'a>> = Vec::new();
    for source in sorted {
        let (first, last) = source.span();
        match clusters.last_mut().filter(|cluster| first <= cluster.last) {
            Some(cluster) => {
                cluster.last = cluster.last.max(last);
                cluster.sources.push(source);
            }
            None => clusters.push(Cluster { labels, sources: vec![source], first, last }),
        }
    }
    clusters
}

/// How much a question is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Streams.
    pub streams: u64,
    /// Pieces that lines are kept in.
    pub chunks: u64,
    /// Lines, at most.
    pub lines: u64,
    /// Bytes of text, at most.
    pub bytes: u64,
}

impl Picked {
    /// How much there is.
    pub fn stats(&self) -> Stats {
        let sources = || self.streams.iter().flat_map(|(_, sources)| sources);
        Stats {
            streams: self.streams.len() as u64,
            chunks: sources().count() as u64,
            lines: sources().map(Source::lines).sum(),
            bytes: sources().map(Source::raw).sum(),
        }
    }

    /// Bytes of text, at most, by some of the labels or by all; the most first.
    pub fn volume(&self, by: &[String], most: usize) -> Vec<(Labels, u64)> {
        let names: Vec<&str> = by.iter().map(String::as_str).collect();
        let mut sums: BTreeMap<Labels, u64> = BTreeMap::new();
        for (labels, sources) in &self.streams {
            let labels = if names.is_empty() { labels.clone() } else { labels.only(&names) };
            *sums.entry(labels).or_default() += sources.iter().map(Source::raw).sum::<u64>();
        }
        let mut sums: Vec<(Labels, u64)> = sums.into_iter().collect();
        sums.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.order(&other.0)));
        sums.truncate(most);
        sums
    }
}

impl Store {
    /// What there is of the streams that fulfil all conditions, between two times, both included.
    pub fn pick(&self, matchers: &[Matcher], from: i64, to: i64) -> Picked {
        let streams = self.index.select(matchers).into_iter().filter_map(|stream| {
            let sources = self.sources(stream, from, to);
            (!sources.is_empty()).then_some((self.index.labels(stream)?.clone(), sources))
        });
        Picked { streams: streams.collect(), damage: self.damage.clone() }
    }

    fn sources(&self, stream: SeriesId, from: i64, to: i64) -> Vec<Source> {
        let days = from.div_euclid(DAY)..=to.div_euclid(DAY);
        let within = |(first, last): (i64, i64)| first <= to && last >= from;
        let mut sources = Vec::new();
        for file in self.files.iter().filter(|file| days.contains(&file.name.day)) {
            let chunks = file.of(stream).iter().map(|chunk| &chunk.about);
            let chunks = chunks.filter(|about| within((about.first, about.last)));
            sources.extend(chunks.map(|about| Source::Chunk(file.clone(), about.clone())));
        }
        let head = self.head.blocks.get(&stream).and_then(|block| Some((block, block.span()?)));
        let head = head.filter(|(_, span)| within(*span));
        sources.extend(head.map(|(block, span)| Source::Head(block.clone(), span)));
        sources
    }

    /// The labels of the streams that fulfil one of the lists of conditions and have lines between two
    /// times; no list means all streams.
    pub fn series(&self, lists: &[Vec<Matcher>], from: i64, to: i64) -> Vec<Labels> {
        let every: &[Vec<Matcher>] = &[Vec::new()];
        let lists = if lists.is_empty() { every } else { lists };
        let ids: BTreeSet<SeriesId> =
            lists.iter().flat_map(|list| self.index.select(list)).collect();
        let present = ids.into_iter().filter(|id| !self.sources(*id, from, to).is_empty());
        let mut labels: Vec<Labels> =
            present.filter_map(|id| self.index.labels(id)).cloned().collect();
        labels.sort_by(Labels::order);
        labels
    }
}
