//! Walks through the records of a file, and finds the next good one behind bad bytes.

use crate::bytes::Reader;
use crate::frame;

/// What stands at a place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// A good record's content.
    Record(&'a [u8]),
    /// Bytes that say nothing, before a good record.
    Gap,
    /// Nothing good follows.
    End,
}

/// The next step from a place on, which moves behind it.
pub(super) fn next<'a>(bytes: &'a [u8], at: &mut usize) -> Step<'a> {
    let rest = bytes.get(*at..).unwrap_or_default();
    if let Some((content, length)) = record(rest) {
        *at += length;
        return Step::Record(content);
    }
    let starts = 1..rest.len().saturating_sub(frame::HEADER);
    let good = |start: &usize| rest.get(*start..).is_some_and(likely);
    match starts
        .into_iter()
        .filter(good)
        .find(|start| rest.get(*start..).and_then(record).is_some())
    {
        Some(start) => {
            *at += start;
            Step::Gap
        }
        None => Step::End,
    }
}

fn record(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut reader = Reader::new(bytes);
    let content = frame::take(&mut reader)?;
    Some((content, bytes.len() - reader.rest().len()))
}

/// Whether a record may begin here: all begin with a letter, so that few checksums are made in vain.
fn likely(bytes: &[u8]) -> bool {
    bytes.get(frame::HEADER).is_some_and(u8::is_ascii_uppercase)
}

/// Contents of all good records, and how many bytes are in none.
pub(super) fn contents(bytes: &[u8], mut at: usize) -> (Vec<&[u8]>, usize) {
    let (mut contents, mut bad) = (Vec::new(), 0);
    loop {
        let before = at;
        match next(bytes, &mut at) {
            Step::Record(content) => contents.push(content),
            Step::Gap => bad += at - before,
            Step::End => return (contents, bad + bytes.len().saturating_sub(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_byte_anywhere_takes_one_record() {
        let mut bytes = Vec::new();
        for number in 0..5_u8 {
            frame::put(&mut bytes, |out| out.extend([b'R', number, 1, 2, 3]));
        }
        assert_eq!(contents(&bytes, 0).0.len(), 5);
        for place in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 0x10;
            let (found, lost) = contents(&bad, 0);
            assert_eq!((found.len(), lost), (4, bytes.len() / 5), "byte {place}");
        }
    }
}
