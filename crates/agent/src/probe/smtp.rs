//! A mail server: its greeting, what it can, and the way to TLS.

use super::stream::line;
use std::io::{self, Read, Write};

const LINE: usize = 2 * 1024;
const LINES: usize = 50;

/// Greets, and says whether TLS is offered.
pub(super) fn greet(stream: &mut (impl Read + Write)) -> io::Result<bool> {
    answer(stream, "220")?;
    stream.write_all(b"EHLO ketupa.invalid\r\n")?;
    let said = answer(stream, "250")?;
    Ok(said.iter().any(|line| line.eq_ignore_ascii_case("starttls")))
}

/// Asks to go on in TLS.
pub(super) fn starttls(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(b"STARTTLS\r\n")?;
    answer(stream, "220").map(drop)
}

/// Takes leave: a server that is left without a word notes an error.
pub(super) fn quit(stream: &mut (impl Read + Write)) {
    // It was seen to work; how it takes the farewell is its own affair.
    drop(stream.write_all(b"QUIT\r\n").and_then(|()| stream.flush()));
}

/// The words of an answer with this code, a line each.
fn answer(stream: &mut impl Read, code: &str) -> io::Result<Vec<String>> {
    let mut said = Vec::new();
    for _ in 0..LINES {
        let line = line(stream, LINE)?;
        let Some(rest) = line.strip_prefix(code) else {
            let shown: String = line.chars().take(100).filter(|c| !c.is_control()).collect();
            return Err(io::Error::other(format!("expected {code}, got {shown:?}")));
        };
        let more = rest.starts_with('-');
        said.push(rest.trim_start_matches(['-', ' ']).to_owned());
        if !more {
            return Ok(said);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "an answer without end"))
}
