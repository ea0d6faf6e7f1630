//! One page: its status, and whether a text stands in it. Redirects are answers, and not followed.

use super::stream::line;
use std::io::{self, Read, Write};

/// A head is not longer than this many lines of this many bytes.
const LINES: usize = 100;
const LINE: usize = 8 * 1024;
/// A text is looked for in so much of a page.
const PAGE: u64 = 1024 * 1024;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether the text stands in it, where one was looked for.
    pub(super) contains: Option<bool>,
}

/// How a page comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// As it is.
    Plain,
    /// In parts, each with its length.
    Chunked,
}

/// Asks for a page.
pub(super) fn get(
    stream: &mut (impl Read + Write),
    name: &str,
    path: &str,
    contains: Option<&str>,
) -> io::Result<Answer> {
    let agent = concat!("ketupa-agent/", env!("CARGO_PKG_VERSION"));
    let asked = format!(
        "GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(asked.as_bytes())?;
    stream.flush()?;
    let status = status(&line(stream, LINE)?)?;
    let mut framing = Framing::Plain;
    for _ in 0..LINES {
        let line = line(stream, LINE)?.to_ascii_lowercase();
        if line.is_empty() {
            let contains = contains.map(|text| holds(stream, framing, text)).transpose()?;
            return Ok(Answer { status, contains });
        }
        if line.starts_with("transfer-encoding:") && line.ends_with("chunked") {
            framing = Framing::Chunked;
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a head without end"))
}

fn status(line: &str) -> io::Result<u16> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP");
    let (version, rest) = line.split_once(' ').ok_or_else(wrong)?;
    let code = rest.split(' ').next().and_then(|code| code.parse().ok());
    code.filter(|code| version.starts_with("HTTP/1.") && (100..600).contains(code))
        .ok_or_else(wrong)
}

/// Whether a text stands in what is left.
fn holds(stream: &mut impl Read, framing: Framing, text: &str) -> io::Result<bool> {
    let mut page = Vec::new();
    let read = stream.take(PAGE).read_to_end(&mut page);
    if framing == Framing::Chunked {
        page = joined(&page);
    }
    let found = page.windows(text.len().max(1)).any(|part| part == text.as_bytes());
    match read {
        // Over TLS many servers end without saying so; what was found was found.
        Err(error) if !found && error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        Ok(_) | Err(_) => Ok(found),
    }
}

/// The chunks of a page without their lengths; what is cut ends it.
fn joined(mut page: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = page.windows(2).position(|two| two == b"\r\n") {
        let (head, rest) = page.split_at(end);
        let digits = head.split(|byte| *byte == b';').next().unwrap_or_default();
        let length = std::str::from_utf8(digits).ok();
        let length = length.and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok());
        let rest = rest.get(2..).unwrap_or_default();
        let Some(length) = length.filter(|length| *length > 0) else { break };
        whole.extend_from_slice(rest.get(..length).unwrap_or(rest));
        page = rest.get(length.saturating_add(2)..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::{joined, status};

    #[test]
    fn chunks_are_put_together() {
        assert_eq!(joined(b"3\r\nWel\r\n4;x=y\r\ncome\r\n0\r\n\r\n"), b"Welcome");
        assert_eq!(joined(b"ff\r\ncut"), b"cut");
        assert_eq!(joined(b"ffffffffffffffff\r\nx"), b"x");
        assert_eq!(joined(b"nothing"), b"");
    }

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(status("HTTP/1.1 204").ok(), Some(204));
        assert_eq!(status("HTTP/1.0 301 Moved").ok(), Some(301));
        for bad in ["", "HTTP/1.1", "HTTP/2 200", "HTTP/1.1 20", "220 mail ESMTP"] {
            assert!(status(bad).is_err(), "{bad}");
        }
    }
}
