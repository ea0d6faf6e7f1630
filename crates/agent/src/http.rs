//! One answer to one request: as much of HTTP/1.1 as a scraper needs, with limits.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
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

/// Reads a request's head and answers; whoever asks for this closes the connection after it.
pub(crate) fn answer(stream: &TcpStream, metrics: impl FnOnce() -> String) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let (status, kind, body) = match head(stream)?.map_or(Asked::Bad, |head| asked(&head)) {
        Asked::Metrics => ("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics()),
        Asked::Front => ("200 OK", "text/html; charset=utf-8", FRONT.to_owned()),
        Asked::Missing => ("404 Not Found", "text/plain", "Only /metrics is here.\n".to_owned()),
        Asked::Refused => {
            ("405 Method Not Allowed", "text/plain", "Only GET is answered.\n".to_owned())
        }
        Asked::Bad => ("400 Bad Request", "text/plain", "This is no request.\n".to_owned()),
    };
    send(stream, &whole(status, kind, &body), Instant::now() + PATIENCE)
}

/// Tells a scraper that too many others are being answered. This waits for nothing: what does not
/// fit into the socket at once is not said.
pub(crate) fn send_away(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let why = "Others are being answered: ask again later.\n";
    stream.write_all(&whole("503 Service Unavailable", "text/plain", why))?;
    stream.shutdown(Shutdown::Write)?;
    // With a request left unread the connection would be reset, and the answer may be lost.
    stream.read(&mut [0; HEAD]).map(drop)
}

/// An answer's head and body.
fn whole(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends all of it until then: one who takes a byte a second is cut off too.
fn send(mut stream: &TcpStream, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(left(until)?))?;
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How long it is until then, if it is not over.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

const FRONT: &str = "<!doctype html><title>ketupa agent</title><a href=\"/metrics\">metrics</a>\n";

/// A request's head, or nothing if it is too long or ends early. It is given as long as a whole:
/// a sender of one byte a second is cut off too.
fn head(mut stream: &TcpStream) -> io::Result<Option<Vec<u8>>> {
    let until = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while head.len() < HEAD {
        stream.set_read_timeout(Some(left(until)?))?;
        let length = match stream.read(&mut some) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
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
    use super::{Asked, asked, send};
    use std::io::{self, Read as _};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn a_reader_that_goes_on_slowly_gets_no_more_time_than_one_that_stops() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let mut reader =
            TcpStream::connect(listener.local_addr().expect("it")).expect("it listens");
        let (writer, _) = listener.accept().expect("the reader");
        let answer = vec![0; 256 << 20];
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // As long as the test needs to see that the writer goes on.
                let end = Instant::now() + Duration::from_secs(5);
                let mut some = vec![0; 1 << 20];
                while Instant::now() < end && reader.read(&mut some).is_ok_and(|length| length > 0)
                {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            let begin = Instant::now();
            let went = send(&writer, &answer, begin + Duration::from_millis(300));
            let kind = went.expect_err("it does not take all of it in time").kind();
            assert!(
                matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock),
                "{kind:?}"
            );
            let took = begin.elapsed();
            drop(writer);
            assert!(took < Duration::from_secs(3), "{took:?}");
        });
    }

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
