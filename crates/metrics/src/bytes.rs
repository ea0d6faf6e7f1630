//! Little readers and writers of bytes, that never panic on what they read.

/// Appends a number in seven bits a byte, as Protocol Buffers have it.
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends bytes after their length.
pub fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Makes small numbers of both signs small without a sign.
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The bytes in the middle that are not zero, after how many are on either side.
pub(crate) fn put_change(out: &mut Vec<u8>, change: u64) {
    if change == 0 {
        return out.push(8 << 4);
    }
    let (before, after) = (change.leading_zeros() / 8, change.trailing_zeros() / 8);
    out.push((before << 4 | after) as u8);
    // A whole word is faster to copy than as many bytes as there happen to be.
    let end = out.len() + 8 - (before + after) as usize;
    out.extend_from_slice(&(change << (8 * before)).to_be_bytes());
    out.truncate(end);
}

/// What [`put_change`] wrote.
pub(crate) fn change(reader: &mut Reader<'_>) -> Option<u64> {
    let sides = reader.byte()?;
    let (before, after) = (usize::from(sides >> 4), usize::from(sides & 0xf));
    let length = 8_usize.checked_sub(before)?.checked_sub(after)?;
    if length > 0
        && let Some(word) = reader.rest.first_chunk()
    {
        reader.take(length)?;
        return Some(u64::from_be_bytes(*word) >> (64 - 8 * length) << (8 * after));
    }
    let mut bytes = [0; 8];
    let middle = bytes.get_mut(before..before + length)?;
    middle.copy_from_slice(reader.take(middle.len())?);
    Some(u64::from_be_bytes(bytes))
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// So many bytes, if there are.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// A number in seven bits a byte.
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A length, or a count of things that take a byte each at least.
    pub fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.varint()?).ok()?;
        (length <= self.rest.len()).then_some(length)
    }

    /// A number with a sign.
    pub fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// Bytes after their length.
    pub fn slice(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// Four bytes, the lowest first.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Eight bytes, the lowest first.
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
