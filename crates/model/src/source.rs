//! The files of an ISP as they were read, and places in them.

use serde::Serialize;

/// The largest file that is read, in bytes. A whole provider fits in a few hundred kilobytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// One TOML file: where it came from and what it says.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as people should see it, with `/` between folders.
    pub path: String,
    /// The text; empty where the bytes were not UTF-8 or too many.
    pub text: String,
    /// Why the bytes could not be taken as text.
    pub refused: Option<Refused>,
    /// Where each line starts, so that a place is found without reading the text again.
    lines: Vec<u32>,
}

/// Why a file is not text that Ketupa reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Invalid UTF-8; the number of the first line (from 1) that has it.
    NotUtf8(usize),
    /// Larger than [`MAX_FILE_BYTES`]; its size in bytes.
    TooLarge(u64),
    /// It cannot be read; the system's words.
    Unreadable(String),
}

/// A range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Place {
    /// Index of the source in the list given to [`crate::load`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Source {
    /// Takes the bytes of a file.
    pub fn new(path: impl Into<String>, bytes: &[u8]) -> Self {
        let path = path.into();
        if bytes.len() > MAX_FILE_BYTES {
            return Self::refused(path, Refused::TooLarge(bytes.len() as u64));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { path, text: text.to_owned(), refused: None, lines: lines(text) },
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = good.split(|byte| *byte == b'\n').count();
                Self::refused(path, Refused::NotUtf8(line))
            }
        }
    }

    /// A file that is there but cannot be used.
    pub fn refused(path: impl Into<String>, why: Refused) -> Self {
        Self { path: path.into(), text: String::new(), refused: Some(why), lines: vec![0] }
    }

    /// Line and column (both from 1, column in characters) of a byte offset.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let (line, start) = self.line(offset);
        let before = self.text.get(start..offset as usize).unwrap_or_default();
        (line, 1 + before.chars().count())
    }

    /// The line of a byte offset, from 1, and the offset of its first byte.
    pub(crate) fn line(&self, offset: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        (line, self.lines.get(line - 1).map_or(0, |start| *start as usize))
    }
}

fn lines(text: &str) -> Vec<u32> {
    let ends = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n');
    std::iter::once(0).chain(ends.map(|(_, next)| next)).collect()
}
