//! The files that never change: one day's lines, chunk by chunk, each of one stream.
//!
//! A chunk is parts with a checksum each: what it is (labels, times, sizes), which words it has, its
//! times, its text, and what else is known of single lines. The directory at the end is the first
//! parts of all chunks once more; if it is bad, they are found by walking through the file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use metrics::bytes::{Reader, put_slice, put_varint, zigzag};
use metrics::{Labels, decode_times, encode_times, frame};

use crate::block::Block;
use crate::token::Words;

/// How each file begins and ends.
const MAGIC: &[u8; 8] = b"ketupal1";
const FOOTER: u64 = 8 + 8 + 8;
const ABOUT: u8 = b'A';
const DIRECTORY: u8 = b'D';
/// What is packed is not larger than this when it is unpacked.
const LARGEST: usize = 64 << 20;
const LEVEL: i32 = 3;

/// A part of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Words,
    Times,
    Text,
    Metadata,
}

impl Part {
    const ALL: [Self; 4] = [Self::Words, Self::Times, Self::Text, Self::Metadata];

    fn tag(self) -> u8 {
        match self {
            Self::Words => b'W',
            Self::Times => b'T',
            Self::Text => b'L',
            Self::Metadata => b'M',
        }
    }
}

/// What a chunk is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) labels: Labels,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) lines: u32,
    /// The size of its text, unpacked.
    pub(crate) raw: u32,
    /// The sizes of its parts.
    pub(crate) sizes: [u32; 4],
    /// Where the first of these is.
    pub(crate) at: u64,
}

impl About {
    fn put(&self, out: &mut Vec<u8>) {
        put_slice(out, self.labels.bytes());
        put_varint(out, zigzag(self.first));
        put_varint(out, zigzag(self.last));
        for number in [self.lines, self.raw].iter().chain(&self.sizes) {
            put_varint(out, u64::from(*number));
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let labels = Labels::read(reader.slice()?)?;
        let (first, last) = (reader.zigzag()?, reader.zigzag()?);
        let mut number = || u32::try_from(reader.varint()?).ok();
        let (lines, raw) = (number()?, number()?);
        let sizes = [number()?, number()?, number()?, number()?];
        Some(Self { labels, first, last, lines, raw, sizes, at: 0 })
    }

    /// Where a part is, and its size.
    pub(crate) fn part(&self, part: Part) -> (u64, usize) {
        let before = Part::ALL.iter().zip(self.sizes).take_while(|(other, _)| **other != part);
        let at = self.at + before.map(|(_, size)| u64::from(size)).sum::<u64>();
        let size = Part::ALL.iter().zip(self.sizes).find(|(other, _)| **other == part);
        (at, size.map_or(0, |(_, size)| size as usize))
    }

    /// All parts together.
    pub(crate) fn size(&self) -> usize {
        self.sizes.iter().map(|size| *size as usize).sum()
    }
}

/// Writes a file, chunk by chunk.
pub(crate) struct Writer<'a> {
    out: &'a mut dyn Write,
    at: u64,
    chunks: Vec<About>,
    words: Words,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self { out, at: MAGIC.len() as u64, chunks: Vec::new(), words: Words::default() })
    }

    /// Writes ordered lines.
    pub(crate) fn chunk(&mut self, labels: &Labels, block: &Block) -> io::Result<()> {
        let Some((first, last)) = block.span() else { return Ok(()) };
        self.words.add(&block.text);
        let times = encode_times(&block.times).ok_or_else(|| io::Error::other("no such times"))?;
        let text = zstd::bulk::compress(&block.text, LEVEL)?;
        let metadata = metadata(&block.metadata)?;
        let contents = [self.words.bloom(), times, text, metadata];
        let mut parts = Vec::new();
        let mut sizes = [0; 4];
        for ((part, content), size) in Part::ALL.iter().zip(&contents).zip(&mut sizes) {
            if content.is_empty() {
                continue;
            }
            let before = parts.len();
            frame::put(&mut parts, |out| {
                out.push(part.tag());
                out.extend_from_slice(content);
            });
            *size = (parts.len() - before) as u32;
        }
        let labels = labels.clone();
        let (lines, raw) = (block.times.len() as u32, block.text.len() as u32);
        self.parts(About { labels, first, last, lines, raw, sizes, at: 0 }, &parts)
    }

    /// Writes a chunk as it is in another file.
    pub(crate) fn parts(&mut self, mut about: About, parts: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::put(&mut bytes, |out| {
            out.push(ABOUT);
            about.put(out);
        });
        about.at = self.at + bytes.len() as u64;
        self.out.write_all(&bytes)?;
        self.out.write_all(parts)?;
        self.at = about.at + parts.len() as u64;
        self.chunks.push(about);
        Ok(())
    }

    /// Ends the file; what is in it.
    pub(crate) fn finish(self) -> io::Result<()> {
        let mut plain = Vec::new();
        for about in &self.chunks {
            about.put(&mut plain);
            put_varint(&mut plain, about.at);
        }
        let packed = zstd::bulk::compress(&plain, LEVEL)?;
        let mut bytes = Vec::new();
        frame::put(&mut bytes, |out| {
            out.push(DIRECTORY);
            put_varint(out, plain.len() as u64);
            out.extend_from_slice(&packed);
        });
        self.out.write_all(&bytes)?;
        self.out.write_all(&self.at.to_le_bytes())?;
        self.out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        self.out.write_all(MAGIC)
    }
}

/// The chunks of a file by its directory, through a function that reads parts of it.
pub(crate) fn directory(
    length: u64,
    read: impl Fn(u64, usize) -> Option<Vec<u8>>,
) -> Option<Vec<About>> {
    let footer = read(length.checked_sub(FOOTER)?, FOOTER as usize)?;
    let mut footer = Reader::new(&footer);
    let (at, size) = (footer.u64()?, footer.u64()?);
    if footer.rest() != MAGIC || at.checked_add(size)? > length {
        return None;
    }
    let bytes = read(at, usize::try_from(size).ok()?)?;
    let mut reader = Reader::new(content(&bytes, DIRECTORY)?);
    let plain_size = usize::try_from(reader.varint()?).ok()?;
    let plain = unpack(reader.rest(), plain_size)?;
    let mut reader = Reader::new(&plain);
    let mut chunks = Vec::new();
    while !reader.is_empty() {
        let mut about = About::read(&mut reader)?;
        about.at = reader.varint()?;
        chunks.push(about);
    }
    Some(chunks)
}

/// Finds the chunks of a file whose directory is bad.
pub(crate) fn walk(bytes: &[u8]) -> Vec<About> {
    let mut chunks = Vec::new();
    let mut reader = Reader::new(bytes);
    if reader.take(MAGIC.len()).is_none() {
        return chunks;
    }
    while !reader.is_empty() {
        let begin = reader;
        if let Some(found) = frame::take(&mut reader) {
            let at = (bytes.len() - reader.rest().len()) as u64;
            let content = found.split_first().filter(|(tag, _)| **tag == ABOUT);
            let about = content.and_then(|(_, content)| About::read(&mut Reader::new(content)));
            chunks.extend(about.map(|about| About { at, ..about }));
            continue;
        }
        reader = begin;
        // The content is bad: what follows may be right.
        if frame::skip(&mut reader).is_none() {
            break;
        }
    }
    chunks
}

fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, content) = frame::take(&mut Reader::new(bytes))?.split_first()?;
    (*found == tag).then_some(content)
}

/// What is in a part.
pub(crate) fn part(bytes: &[u8], part: Part) -> Option<&[u8]> {
    content(bytes, part.tag())
}

fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    if size > LARGEST {
        return None;
    }
    let plain = zstd::bulk::decompress(packed, size).ok()?;
    (plain.len() == size).then_some(plain)
}

/// The lines of a chunk from its parts, as these are read.
pub(crate) fn block(about: &About, times: &[u8], text: &[u8], known: &[u8]) -> Option<Block> {
    // A time takes memory before it is known whether it is there.
    let lines = usize::try_from(about.lines).ok().filter(|lines| *lines <= about.raw as usize)?;
    let times = decode_times(part(times, Part::Times)?, lines)?;
    let text = unpack(part(text, Part::Text)?, about.raw as usize)?;
    let metadata = part(known, Part::Metadata).and_then(known_of).unwrap_or_default();
    Some(Block { times, text, metadata })
}

fn metadata(known: &BTreeMap<u32, Labels>) -> io::Result<Vec<u8>> {
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let mut plain = Vec::new();
    for (place, labels) in known {
        put_varint(&mut plain, u64::from(*place));
        put_slice(&mut plain, labels.bytes());
    }
    let mut out = Vec::new();
    put_varint(&mut out, plain.len() as u64);
    out.extend_from_slice(&zstd::bulk::compress(&plain, LEVEL)?);
    Ok(out)
}

fn known_of(content: &[u8]) -> Option<BTreeMap<u32, Labels>> {
    let mut reader = Reader::new(content);
    let size = usize::try_from(reader.varint()?).ok()?;
    let plain = unpack(reader.rest(), size)?;
    let mut reader = Reader::new(&plain);
    let mut known = BTreeMap::new();
    while !reader.is_empty() {
        let place = u32::try_from(reader.varint()?).ok()?;
        known.insert(place, Labels::read(reader.slice()?)?);
    }
    Some(known)
}
