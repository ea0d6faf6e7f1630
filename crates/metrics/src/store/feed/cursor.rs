//! How far a feed is, as bytes that are checked when they are read.

use crate::bytes::{Reader, put_slice, put_varint, zigzag};
use crate::frame;

/// What of the past is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    /// Where the window begins that is read now.
    pub(crate) from: i64,
    /// Where the past ends; this moment is not in it.
    pub(crate) until: i64,
    /// The labels of the last series of the window that the receiver has.
    pub(crate) after: Vec<u8>,
}

/// How far a feed is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) back: Option<Back>,
    /// The log that is read once the past is done, and where in it.
    pub(crate) log: u64,
    pub(crate) offset: u64,
}

impl Cursor {
    /// Up to when the receiver has the past, in milliseconds since 1970, while it is being sent.
    pub fn behind(&self) -> Option<i64> {
        self.back.as_ref().map(|back| back.from)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::put(&mut bytes, |out| {
            put_varint(out, self.log);
            put_varint(out, self.offset);
            if let Some(back) = &self.back {
                put_varint(out, zigzag(back.from));
                put_varint(out, zigzag(back.until));
                put_slice(out, &back.after);
            }
        });
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut file = Reader::new(bytes);
        let mut reader = Reader::new(frame::take(&mut file)?);
        let (log, offset) = (reader.varint()?, reader.varint()?);
        let mut back = None;
        if !reader.is_empty() {
            let (from, until) = (reader.zigzag()?, reader.zigzag()?);
            back = Some(Back { from, until, after: reader.slice()?.to_vec() });
        }
        (file.is_empty() && reader.is_empty()).then_some(Self { back, log, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_and_a_flipped_bit_is_seen() {
        let back = Back { from: -5, until: i64::MAX, after: b"labels".to_vec() };
        for back in [None, Some(back)] {
            let cursor = Cursor { back, log: 7, offset: 1 << 40 };
            let bytes = cursor.bytes();
            assert_eq!(Cursor::read(&bytes), Some(cursor));
            for at in 0..bytes.len() {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << (at % 8);
                assert_eq!(Cursor::read(&bad), None, "byte {at}");
                assert_eq!(Cursor::read(&bytes[..at]), None, "cut to {at} bytes");
            }
        }
    }
}
