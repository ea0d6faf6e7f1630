//! What is in memory and in the log only, and how the log tells it.
//!
//! Each log can be read alone: a stream is named by its labels once, and by its number after that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::bytes::{Reader, put_slice, put_varint, zigzag};
use metrics::{Index, Labels, SeriesId, frame};

use crate::block::Block;

const STREAM: u8 = b'S';
const LINES: u8 = b'L';

/// A line on its way.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// When it was written, in nanoseconds.
    pub time: i64,
    /// What was written.
    pub line: Cow<'a, str>,
    /// What else is known of it.
    pub metadata: Labels,
}

/// The newest lines of every stream.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) blocks: BTreeMap<SeriesId, Arc<Block>>,
    /// The numbers that streams have in the log that is written to.
    numbers: BTreeMap<SeriesId, u32>,
    /// The streams by these numbers.
    order: Vec<SeriesId>,
    pub(crate) bytes: usize,
}

impl Head {
    pub(crate) fn take(&mut self, stream: SeriesId, line: &Line<'_>) {
        let Line { time, line, metadata } = line;
        let block = Arc::make_mut(self.blocks.entry(stream).or_default());
        block.push(*time, line, metadata);
        self.bytes += line.len() + metadata.bytes().len() + 9;
    }

    /// Begins a log that knows no stream.
    pub(crate) fn forget_numbers(&mut self) {
        self.numbers.clear();
        self.order.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.bytes = 0;
    }

    /// Appends the records of lines; which streams it names for the first time.
    pub(crate) fn record(
        &self,
        out: &mut Vec<u8>,
        lines: &[(SeriesId, Vec<&Line<'_>>)],
        index: &Index,
    ) -> Vec<SeriesId> {
        let mut fresh: Vec<SeriesId> = Vec::new();
        for (stream, lines) in lines {
            let new = fresh.iter().position(|known| known == stream);
            let number = match (self.numbers.get(stream), new) {
                (Some(number), _) => *number as usize,
                (None, Some(place)) => self.order.len() + place,
                (None, None) => {
                    let labels = index.labels(*stream).map_or(&[][..], Labels::bytes);
                    frame::put(out, |out| {
                        out.push(STREAM);
                        out.extend_from_slice(labels);
                    });
                    fresh.push(*stream);
                    self.order.len() + fresh.len() - 1
                }
            };
            frame::put(out, |out| put_lines(out, number as u64, lines));
        }
        fresh
    }

    /// These streams are named in the log.
    pub(crate) fn named(&mut self, fresh: Vec<SeriesId>) {
        for stream in fresh {
            self.numbers.insert(stream, self.order.len() as u32);
            self.order.push(stream);
        }
    }

    /// Does what a record says once more; nothing if it says nothing that can be.
    pub(crate) fn replay(&mut self, content: &[u8], index: &mut Index) -> Option<()> {
        let mut reader = Reader::new(content);
        match reader.byte()? {
            STREAM => {
                let stream = index.insert(Labels::read(reader.rest())?);
                self.named(vec![stream]);
                Some(())
            }
            LINES => self.replay_lines(reader),
            _ => None,
        }
    }

    fn replay_lines(&mut self, mut reader: Reader<'_>) -> Option<()> {
        let number = usize::try_from(reader.varint()?).ok()?;
        let stream = *self.order.get(number)?;
        let mut lines = Vec::new();
        let mut time = 0_i64;
        while !reader.is_empty() {
            time = time.wrapping_add(reader.zigzag()?);
            let line = std::str::from_utf8(reader.slice()?).ok()?;
            lines.push(Line { time, line: line.into(), metadata: Labels::read(reader.slice()?)? });
        }
        for line in &lines {
            self.take(stream, line);
        }
        Some(())
    }
}

fn put_lines(out: &mut Vec<u8>, number: u64, lines: &[&Line<'_>]) {
    out.push(LINES);
    put_varint(out, number);
    let mut before = 0_i64;
    for Line { time, line, metadata } in lines {
        put_varint(out, zigzag(time.wrapping_sub(before)));
        put_slice(out, line.as_bytes());
        put_slice(out, metadata.bytes());
        before = *time;
    }
}
