//! How far the queue was sent: two places of a small file, written in turns, so that one is always whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::bytes::{Reader, put_varint};
use crate::frame;

/// The file's name.
pub(super) const NAME: &str = "cursor";
/// The bytes of a place: a header and three numbers.
const PLACE: usize = 64;

/// A row of a part of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) sequence: u64,
    pub(super) row: u64,
}

/// The file.
#[derive(Debug)]
pub(super) struct Cursor {
    file: Option<File>,
    turn: u64,
}

impl Cursor {
    /// What the file says: the place that was written last.
    pub(super) fn read(bytes: &[u8]) -> Option<(u64, Position)> {
        let place = |at: usize| {
            let content = frame::take(&mut Reader::new(bytes.get(at..)?))?;
            let mut reader = Reader::new(content);
            let turn = reader.varint()?;
            Some((turn, Position { sequence: reader.varint()?, row: reader.varint()? }))
        };
        [0, PLACE].into_iter().filter_map(place).max()
    }

    /// A file that is written from this turn on; opened when there is something to write.
    pub(super) fn new(turn: u64) -> Self {
        Self { file: None, turn }
    }

    /// Notes a position.
    pub(super) fn write(&mut self, directory: &Path, position: Position) -> io::Result<()> {
        self.turn += 1;
        let mut bytes = Vec::with_capacity(PLACE);
        frame::put(&mut bytes, |out| {
            for number in [self.turn, position.sequence, position.row] {
                put_varint(out, number);
            }
        });
        let file = match self.file.take() {
            Some(file) => file,
            None => File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(directory.join(NAME))?,
        };
        let at = self.turn % 2 * PLACE as u64;
        file.write_all_at(&bytes, at)?;
        self.file = Some(file);
        Ok(())
    }
}
