//! One file of chunks, opened.

use std::io;
use std::sync::{Mutex, PoisonError};

use metrics::disk::{Directory, ReadFile};
use metrics::{Index, SeriesId};

use super::chunk::{self, About, Part};
use crate::DAY;
use crate::block::Block;

/// The name of a file: its day, and when it was written among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) day: i64,
    pub(crate) sequence: u64,
}

impl Name {
    pub(crate) fn read(name: &str) -> Option<Self> {
        let (day, sequence) = name.strip_prefix("day-")?.split_once('-')?;
        let name = Self { day: day.parse().ok()?, sequence: sequence.parse().ok()? };
        Some(name).filter(|name| name.day >= 0)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "day-{}-{}", self.day, self.sequence)
    }
}

/// A chunk of a file, with the number of its stream.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) stream: SeriesId,
    pub(crate) about: About,
}

/// Sentences about what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Damage(Mutex<Vec<String>>);

impl Damage {
    pub(crate) fn tell(&self, says: String) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(&says) {
            told.push(says);
        }
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A file of chunks.
pub(crate) struct ChunkFile {
    pub(crate) name: Name,
    file: ReadFile,
    /// Sorted by stream, and by time.
    chunks: Vec<Chunk>,
}

impl ChunkFile {
    pub(crate) fn open(
        directory: &Directory,
        name: Name,
        index: &mut Index,
        damage: &Damage,
    ) -> io::Result<Self> {
        let file = directory.open_file(&name.to_string())?;
        let by_directory = chunk::directory(file.length, |at, length| file.read(at, length));
        let found = if let Some(found) = by_directory {
            found
        } else {
            let found = chunk::walk(&directory.read(&name.to_string())?);
            let chunks = found.len();
            damage.tell(format!(
                "{name}: its directory is bad; {chunks} chunks were found without it"
            ));
            found
        };
        let fits = |about: &About| {
            let end = about.at.checked_add(about.size() as u64);
            let days = (about.first.div_euclid(DAY), about.last.div_euclid(DAY));
            end.is_some_and(|end| end <= file.length) && days == (name.day, name.day)
        };
        let all = found.len();
        let mut chunks = Vec::new();
        for mut about in found.into_iter().filter(fits) {
            // The index has them already.
            let stream = index.insert(std::mem::take(&mut about.labels));
            chunks.push(Chunk { stream, about });
        }
        if chunks.len() < all {
            damage.tell(format!("{name}: {} chunks are cut off or wrong", all - chunks.len()));
        }
        chunks.sort_by_key(|chunk| (chunk.stream, chunk.about.first));
        Ok(Self { name, file, chunks })
    }

    pub(crate) fn length(&self) -> u64 {
        self.file.length
    }

    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The chunks of one stream.
    pub(crate) fn of(&self, stream: SeriesId) -> &[Chunk] {
        let first = self.chunks.partition_point(|chunk| chunk.stream < stream);
        let end = self.chunks.partition_point(|chunk| chunk.stream <= stream);
        self.chunks.get(first..end).unwrap_or_default()
    }

    fn part(&self, about: &About, part: Part) -> Option<Vec<u8>> {
        let (at, size) = about.part(part);
        self.file.read(at, size)
    }

    /// Whether all these words may be in a chunk.
    pub(crate) fn perhaps(&self, about: &About, words: &[u64]) -> bool {
        if words.is_empty() {
            return true;
        }
        let Some(bytes) = self.part(about, Part::Words) else { return true };
        // Where it cannot be read the text has to be looked through.
        chunk::part(&bytes, Part::Words)
            .is_none_or(|bloom| words.iter().all(|word| crate::token::perhaps(bloom, *word)))
    }

    /// The lines of a chunk; what cannot be read is told.
    pub(crate) fn block(&self, about: &About, damage: &Damage) -> Option<Block> {
        let (times, text) = (self.part(about, Part::Times), self.part(about, Part::Text));
        let known = self.part(about, Part::Metadata).unwrap_or_default();
        let block =
            times.zip(text).and_then(|(times, text)| chunk::block(about, &times, &text, &known));
        if block.is_none() {
            let (name, lines) = (self.name, about.lines);
            damage.tell(format!("{name}: {lines} lines of one chunk cannot be read"));
        } else if !known.is_empty() && chunk::part(&known, Part::Metadata).is_none() {
            damage.tell(format!("{}: what else is known of some lines cannot be read", self.name));
        }
        block
    }

    /// The parts of a chunk as they are.
    pub(crate) fn parts(&self, about: &About) -> Option<Vec<u8>> {
        self.file.read(about.at, about.size())
    }
}
