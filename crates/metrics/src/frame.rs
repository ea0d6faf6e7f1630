//! Records on a disk: their length, a checksum over length and content, the content.

use crate::bytes::Reader;

/// What stands before the content.
pub const HEADER: usize = 8;
/// No record is longer: a length that was read wrong shall not be believed.
const LONGEST: usize = 256 << 20;

fn checksum(length: u32, content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(0x6b65_7475);
    hasher.update(&length.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

/// Appends a record; its content is what `write` appends.
pub fn put(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; HEADER]);
    write(out);
    let content = out.get(at + HEADER..).unwrap_or_default();
    let length = content.len() as u32;
    let checksum = checksum(length, content);
    let header = (u64::from(checksum) << 32 | u64::from(length)).to_le_bytes();
    if let Some(place) = out.get_mut(at..at + HEADER) {
        place.copy_from_slice(&header);
    }
}

/// A record that begins here, if it is whole and its checksum is right.
pub fn take<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let length = ahead.u32()?;
    let sum = ahead.u32()?;
    let content = ahead.take(usize::try_from(length).ok().filter(|length| *length <= LONGEST)?)?;
    if checksum(length, content) != sum {
        return None;
    }
    *reader = ahead;
    Some(content)
}

/// Steps over a record whose content is bad, if its length is believable.
pub fn skip(reader: &mut Reader<'_>) -> Option<()> {
    let mut ahead = *reader;
    let length = ahead.u32()?;
    ahead.u32()?;
    ahead.take(usize::try_from(length).ok()?)?;
    *reader = ahead;
    Some(())
}

/// Whether a record that is not whole here may be whole in more bytes.
pub(crate) fn is_cut(bytes: &[u8]) -> bool {
    let length = Reader::new(bytes).u32().and_then(|length| usize::try_from(length).ok());
    length.is_none_or(|length| length <= LONGEST && length + HEADER > bytes.len())
}
