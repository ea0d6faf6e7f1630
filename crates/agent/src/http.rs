//! One answer to one request: as much of HTTP/1.1 as a scraper needs, with limits.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A request's head is not longer; a scraper's has about 300 bytes.
const HEAD: usize = 8 * 1024;
/// A request is read, and an answer taken, within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What somebody asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The metrics.
    Metrics,
    /// The page that leads to them.
    Front,
    /// Something that is not there.
    Missing,
    /// Something that the agent does not do.
    Refused,
    /// No HTTP, or too much of it.
    Bad,
}

/// What stands in a request's first line.
pub(crate) fn asked(head: &[u8]) -> Asked {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return Asked::Bad };
    let mut words = line.trim_end_matches('\r').split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Asked::Bad;
    };
    if !version.starts_with("HTTP/1.") {
        return Asked::Bad;
    }
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    match (method, path) {
        ("GET", "/metrics") => Asked::Metrics,
        ("GET", "/") => Asked::Front,
        ("GET", _) => Asked::Missing,
        _ => Asked::Refused,
    }
}

/// Reads a request's head and answers; the connection is closed after it.
pub(crate) fn answer(mut stream: &TcpStream, metrics: impl FnOnce() -> String) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (status, kind, body) = match head(stream)?.map_or(Asked::Bad, |head| asked(&head)) {
        Asked::Metrics => ("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics()),
        Asked::Front => ("200 OK", "text/html; charset=utf-8", FRONT.to_owned()),
        Asked::Missing => ("404 Not Found", "text/plain", "Only /metrics is here.\n".to_owned()),
        Asked::Refused => {
            ("405 Method Not Allowed", "text/plain", "Only GET is answered.\n".to_owned())
        }
        Asked::Bad => ("400 Bad Request", "text/plain", "This is no request.\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)
}

const FRONT: &str = "<!doctype html><title>ketupa agent</title><a href=\"/metrics\">metrics</a>\n";

/// A request's head, or nothing if it is too long or ends early. It is given as long as a whole:
/// a sender of one byte a second is cut off too.
fn head(mut stream: &TcpStream) -> io::Result<Option<Vec<u8>>> {
    let begin = Instant::now();
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while head.len() < HEAD {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let length = stream.read(&mut some)?;
        head.extend_from_slice(some.get(..length).unwrap_or_default());
        if length == 0 {
            return Ok(None);
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked};

    #[test]
    fn knows_a_scrape_from_anything_else() {
        assert_eq!(asked(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Asked::Metrics);
        assert_eq!(asked(b"GET /metrics?collect[]=cpu HTTP/1.0\r\n"), Asked::Metrics);
        assert_eq!(asked(b"GET / HTTP/1.1\r\n"), Asked::Front);
        assert_eq!(asked(b"GET /etc/passwd HTTP/1.1\r\n"), Asked::Missing);
        assert_eq!(asked(b"POST /metrics HTTP/1.1\r\n"), Asked::Refused);
        for bad in [
            &b""[..],
            b"\xff\xfe",
            b"GET /metrics",
            b"GET  /metrics HTTP/1.1",
            b"GET /metrics SPDY/3",
        ] {
            assert_eq!(asked(bad), Asked::Bad);
        }
    }
}
