//! When a certificate ends: as much of DER as leads there (RFC 5280 section 4.1).

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The second from which a certificate is no longer valid, in Unix time.
pub(super) fn not_after(certificate: &[u8]) -> Option<i64> {
    let (whole, _) = expect(SEQUENCE, certificate)?;
    let (mut rest, _) = expect(SEQUENCE, whole)?;
    if let Some((_, after)) = expect(VERSION, rest) {
        rest = after;
    }
    let (_, rest) = expect(INTEGER, rest)?;
    let (_, rest) = expect(SEQUENCE, rest)?;
    let (_, rest) = expect(SEQUENCE, rest)?;
    let (validity, _) = expect(SEQUENCE, rest)?;
    let (_, _, rest) = next(validity)?;
    let (tag, time, _) = next(rest)?;
    seconds(tag, time)
}

/// The content of a value of this type, and what follows it.
fn expect(wanted: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    next(bytes).filter(|(tag, ..)| *tag == wanted).map(|(_, content, rest)| (content, rest))
}

/// The type and the content of the next value, and what follows it.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    if first < 0x80 {
        let (content, rest) = bytes.split_at_checked(usize::from(first))?;
        return Some((tag, content, rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let (length, bytes) = bytes.split_at_checked(count)?;
    let length = length.iter().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte));
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn seconds(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0'));
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year), rest)
        }
        _ => return None,
    };
    let mut parts = rest.chunks(2).map(|part| i8::try_from(number(part)).ok());
    let mut part = || parts.next().flatten();
    let (month, day, hour, minute, second) = (part()?, part()?, part()?, part()?, part()?);
    let time =
        jiff::civil::DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    // What never ends is dated to the last second of 9999, a day after the last that can be told.
    let time = jiff::tz::TimeZone::UTC.to_timestamp(time).unwrap_or(jiff::Timestamp::MAX);
    Some(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::{GENERALIZED_TIME, UTC_TIME, not_after, seconds};

    #[test]
    fn reads_both_forms_of_a_time() {
        assert_eq!(seconds(UTC_TIME, b"700101000001Z"), Some(1));
        assert_eq!(seconds(UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(GENERALIZED_TIME, b"20500101000000Z"), Some(2_524_608_000));
        let never = jiff::Timestamp::MAX.as_second();
        assert_eq!(seconds(GENERALIZED_TIME, b"99991231235959Z"), Some(never));
        for bad in [&b""[..], b"Z", b"700101", b"701301000000Z", b"7001010000Z", b"70010100000xZ"] {
            assert_eq!(seconds(UTC_TIME, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let cut: &[&[u8]] =
            &[b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x30\x01\x02"];
        for bytes in cut {
            assert_eq!(not_after(bytes), None, "{bytes:?}");
        }
    }
}
