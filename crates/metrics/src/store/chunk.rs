//! The files that never change: blocks of a group's rows, columns that can be read one by one.
//!
//! Every part has its own checksum. The directory at the end says where they are; if it is bad, they
//! are found again by walking through them.

use std::io::{self, Write as _};

use super::column::Run;
use super::disk::NewFile;
use crate::bytes::{Reader, put_slice, put_varint, zigzag};
use crate::labels::Labels;
use crate::{codec, frame};

/// How each file begins and ends.
const MAGIC: &[u8; 8] = b"ketupam1";
/// Where the directory is, its length, the end.
const FOOTER: u64 = 8 + 8 + 8;
const LABELS: u8 = b'L';
const TIMES: u8 = b'T';
const COLUMN: u8 = b'C';
const DIRECTORY: u8 = b'D';

/// What a column says of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The samples; in rollups the last one of each bucket.
    Value,
    Min,
    Max,
    Sum,
    Count,
    /// The values from which a counter fell within a bucket, summed up.
    Fallen,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Value, Self::Min, Self::Max, Self::Sum, Self::Count, Self::Fallen];

    fn read(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Where a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) at: u64,
    pub(crate) length: u32,
}

/// Where the parts of one group are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) labels: Part,
    pub(crate) times: Part,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) columns: Vec<Part>,
}

/// Writes a file, part by part.
pub(crate) struct Writer {
    out: NewFile,
    at: u64,
    blocks: Vec<Block>,
}

impl Writer {
    pub(crate) fn new(mut out: NewFile) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self { out, at: MAGIC.len() as u64, blocks: Vec::new() })
    }

    fn part(&mut self, tag: u8, content: &[u8]) -> io::Result<Part> {
        let mut bytes = Vec::with_capacity(content.len() + frame::HEADER + 1);
        frame::put(&mut bytes, |out| {
            out.push(tag);
            out.extend_from_slice(content);
        });
        self.out.write_all(&bytes)?;
        let part = Part { at: self.at, length: bytes.len() as u32 };
        self.at += bytes.len() as u64;
        Ok(part)
    }

    /// Begins a group: its columns are those that follow, in this order.
    pub(crate) fn block(
        &mut self,
        key: &str,
        columns: &[(Kind, &Labels)],
        times: &[i64],
    ) -> io::Result<()> {
        let mut plain = Vec::new();
        put_slice(&mut plain, key.as_bytes());
        for (kind, labels) in columns {
            plain.push(*kind as u8);
            put_slice(&mut plain, labels.bytes());
        }
        let packed = snap::raw::Encoder::new().compress_vec(&plain).map_err(io::Error::other)?;
        let labels = self.part(LABELS, &packed)?;
        let mut content = Vec::new();
        put_varint(&mut content, times.len() as u64);
        let packed = codec::encode_times(times).ok_or_else(|| io::Error::other("no such times"))?;
        content.extend(packed);
        let part = self.part(TIMES, &content)?;
        let (first, last) = (times.first().copied(), times.last().copied());
        self.blocks.push(Block {
            labels,
            times: part,
            first: first.unwrap_or_default(),
            last: last.unwrap_or_default(),
            columns: Vec::new(),
        });
        Ok(())
    }

    pub(crate) fn column(&mut self, runs: &[Run], values: &[f64]) -> io::Result<()> {
        let mut content = Vec::new();
        put_varint(&mut content, runs.len() as u64);
        let mut end = 0;
        for run in runs {
            put_varint(&mut content, u64::from(run.first - end));
            put_varint(&mut content, u64::from(run.count));
            end = run.first + run.count;
        }
        content.extend(codec::encode(values));
        let part = self.part(COLUMN, &content)?;
        if let Some(block) = self.blocks.last_mut() {
            block.columns.push(part);
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        let mut plain = Vec::new();
        for block in &self.blocks {
            put_varint(&mut plain, block.labels.at);
            put_varint(&mut plain, u64::from(block.labels.length));
            put_varint(&mut plain, u64::from(block.times.length));
            put_varint(&mut plain, zigzag(block.first));
            put_varint(&mut plain, zigzag(block.last));
            put_varint(&mut plain, block.columns.len() as u64);
            for column in &block.columns {
                put_varint(&mut plain, u64::from(column.length));
            }
        }
        let packed = snap::raw::Encoder::new().compress_vec(&plain).map_err(io::Error::other)?;
        let part = self.part(DIRECTORY, &packed)?;
        self.out.write_all(&part.at.to_le_bytes())?;
        self.out.write_all(&u64::from(part.length).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.finish()
    }
}

/// The directory, through a function that reads parts of the file.
pub(crate) fn directory(
    length: u64,
    read: impl Fn(u64, usize) -> Option<Vec<u8>>,
) -> Option<Vec<Block>> {
    let footer = read(length.checked_sub(FOOTER)?, FOOTER as usize)?;
    let mut footer = Reader::new(&footer);
    let at = footer.u64()?;
    let size = footer.u64()?;
    if footer.rest() != MAGIC || at.checked_add(size)? > length {
        return None;
    }
    let bytes = read(at, usize::try_from(size).ok()?)?;
    let packed = content(&bytes, DIRECTORY)?;
    let plain = snap::raw::Decoder::new().decompress_vec(packed).ok()?;
    let mut reader = Reader::new(&plain);
    let mut blocks = Vec::new();
    while !reader.is_empty() {
        blocks.push(block(&mut reader)?);
    }
    Some(blocks)
}

fn block(reader: &mut Reader<'_>) -> Option<Block> {
    let labels = Part { at: reader.varint()?, length: u32::try_from(reader.varint()?).ok()? };
    let mut at = labels.at + u64::from(labels.length);
    let mut next = |length: u64| {
        let part = Part { at, length: u32::try_from(length).ok()? };
        at += length;
        Some(part)
    };
    let times = next(reader.varint()?)?;
    let (first, last) = (reader.zigzag()?, reader.zigzag()?);
    let count = reader.length()?;
    let columns = (0..count).map(|_| next(reader.varint()?)).collect::<Option<Vec<_>>>()?;
    Some(Block { labels, times, first, last, columns })
}

/// Finds the parts of a file whose directory is bad. Also says whether it came to the end.
pub(crate) fn walk(bytes: &[u8]) -> (Vec<Block>, bool) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut reader = Reader::new(bytes);
    if reader.take(MAGIC.len()) != Some(MAGIC) {
        return (blocks, false);
    }
    loop {
        let begin = reader;
        let tag = frame::take(&mut reader).and_then(|content| content.first().copied());
        // The content is bad: what follows may be right, and this place is a column's most likely.
        if tag.is_none() && frame::skip(&mut reader).is_none() {
            return (blocks, false);
        }
        let at = (bytes.len() - begin.rest().len()) as u64;
        let part = Part { at, length: (begin.rest().len() - reader.rest().len()) as u32 };
        match (tag, blocks.last_mut()) {
            (Some(LABELS), _) => blocks.push(Block { labels: part, ..Block::default() }),
            (Some(TIMES), Some(block)) => {
                let times = part_of(bytes, part).and_then(times);
                let times = times.unwrap_or_default();
                block.first = times.first().copied().unwrap_or_default();
                block.last = times.last().copied().unwrap_or_default();
                block.times = part;
            }
            (Some(DIRECTORY), _) => return (blocks, true),
            (_, Some(block)) if block.times == Part::default() => block.times = part,
            (_, Some(block)) => block.columns.push(part),
            (_, None) => {}
        }
    }
}

fn part_of(bytes: &[u8], part: Part) -> Option<&[u8]> {
    let at = usize::try_from(part.at).ok()?;
    bytes.get(at..at.checked_add(part.length as usize)?)
}

fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, content) = frame::take(&mut Reader::new(bytes))?.split_first()?;
    (*found == tag).then_some(content)
}

/// A group's key and columns, from their part; the labels of each as what is made of their bytes.
pub(crate) fn labels<S>(
    part: &[u8],
    mut made: impl FnMut(&[u8]) -> Option<S>,
) -> Option<(String, Vec<(Kind, S)>)> {
    let plain = snap::raw::Decoder::new().decompress_vec(content(part, LABELS)?).ok()?;
    let mut reader = Reader::new(&plain);
    let key = String::from_utf8(reader.slice()?.to_vec()).ok()?;
    let mut columns = Vec::new();
    while !reader.is_empty() {
        let kind = Kind::read(reader.byte()?)?;
        columns.push((kind, made(reader.slice()?)?));
    }
    Some((key, columns))
}

/// A group's times, from their part.
pub(crate) fn times(part: &[u8]) -> Option<Vec<i64>> {
    let mut reader = Reader::new(content(part, TIMES)?);
    let count = usize::try_from(reader.varint()?).ok().filter(|count| *count < 1 << 28)?;
    codec::decode_times(reader.rest(), count)
}

/// A column, from its part.
pub(crate) fn column(part: &[u8]) -> Option<(Vec<Run>, Vec<f64>)> {
    let mut reader = Reader::new(content(part, COLUMN)?);
    let count = reader.length()?;
    let (mut runs, mut end, mut total) = (Vec::with_capacity(count), 0_u32, 0_u32);
    for _ in 0..count {
        let first = end.checked_add(u32::try_from(reader.varint()?).ok()?)?;
        let count = u32::try_from(reader.varint()?).ok()?;
        end = first.checked_add(count)?;
        total = total.checked_add(count).filter(|total| *total < 1 << 28)?;
        runs.push(Run { first, count });
    }
    Some((runs, codec::decode(reader.rest(), total as usize)?))
}
