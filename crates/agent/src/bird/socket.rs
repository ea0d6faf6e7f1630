//! BIRD's control socket: lines that begin with a code, the last of an answer without a hyphen after it.

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// BIRD answers at once, or is busy with something that matters more.
const PATIENCE: Duration = Duration::from_secs(5);
/// A router with thousands of sessions says less.
const LIMIT: usize = 16 * 1024 * 1024;

/// Asks one question.
pub(super) fn ask(path: &Path, question: &str) -> io::Result<String> {
    let mut socket = reach(path)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let until = Instant::now() + PATIENCE;
    answer(&mut socket, until)?;
    // From here on BIRD refuses whatever would change something.
    socket.write_all(b"restrict\n")?;
    let restricted = answer(&mut socket, until)?;
    if !restricted.starts_with("0016") {
        return Err(io::Error::other("BIRD did not restrict the access"));
    }
    socket.write_all(format!("{question}\n").as_bytes())?;
    answer(&mut socket, until)
}

/// Reaches BIRD, or fails at once: one that hangs takes nobody from the queue before its socket, and
/// whoever waits for room in it waits for ever.
fn reach(path: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    let socket = UnixStream::from(socket);
    socket.set_nonblocking(false)?;
    Ok(socket)
}

/// Reads up to the last line of an answer.
fn answer(socket: &mut UnixStream, until: Instant) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut some = [0; 16 * 1024];
    while !is_whole(&bytes) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > LIMIT {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.read(&mut some)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(some.get(..length).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the last line is there: four digits and a space.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(lines) = bytes.strip_suffix(b"\n") else { return false };
    let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    matches!(last.split_first_chunk::<4>(), Some((code, [b' ', ..])) if code.iter().all(u8::is_ascii_digit))
}
