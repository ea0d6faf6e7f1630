//! One name of a DNS server: by UDP, and by TCP where the answer is cut.

use super::stream::{Timed, left};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const A: u16 = 1;
const AAAA: u16 = 28;
/// A packet may get lost: it is sent again after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// The header of a message (RFC 1035 section 4.1.1).
const HEAD: usize = 12;

/// How many addresses a name has, of one family or the other.
pub(super) fn ask(server: SocketAddr, name: &str, until: Instant) -> Result<u16, String> {
    let four = question(server, name, A, until)?;
    if four > 0 { Ok(four) } else { question(server, name, AAAA, until) }
}

fn question(server: SocketAddr, name: &str, sort: u16, until: Instant) -> Result<u16, String> {
    let id = u16::try_from(RandomState::new().hash_one(name) & 0xffff).unwrap_or_default();
    let query = query(id, name, sort).ok_or_else(|| format!("{name} is no DNS name"))?;
    let mut answer = by_udp(server, &query, id, until).map_err(|error| error.to_string())?;
    if read(&answer, id)?.1 == Cut::Yes {
        answer = by_tcp(server, &query, until).map_err(|error| error.to_string())?;
    }
    Ok(read(&answer, id)?.0)
}

fn query(id: u16, name: &str, sort: u16) -> Option<Vec<u8>> {
    let mut query = Vec::from(id.to_be_bytes());
    // Recursion is wished; one question.
    query.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        query.push(length);
        query.extend_from_slice(label.as_bytes());
    }
    query.push(0);
    query.extend_from_slice(&sort.to_be_bytes());
    query.extend_from_slice(&[0, 1]);
    Some(query)
}

fn by_udp(server: SocketAddr, query: &[u8], id: u16, until: Instant) -> io::Result<Vec<u8>> {
    let any = if server.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    let mut answer = vec![0; 4096];
    loop {
        socket.send(query)?;
        socket.set_read_timeout(Some(left(until)?.min(AGAIN)))?;
        match socket.recv(&mut answer) {
            Ok(length) if answer.get(..2) == Some(&id.to_be_bytes()[..]) => {
                answer.truncate(length);
                return Ok(answer);
            }
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

fn by_tcp(server: SocketAddr, query: &[u8], until: Instant) -> io::Result<Vec<u8>> {
    let mut stream = Timed::connect(server, until)?;
    let length = u16::try_from(query.len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes(), query].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// Whether an answer did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Yes,
    No,
}

/// How many records an answer has, or what is wrong with it.
fn read(answer: &[u8], id: u16) -> Result<(u16, Cut), String> {
    let head = answer.first_chunk::<HEAD>().ok_or("the answer is too short")?;
    let [a, b, flags, code, _, _, records, more, ..] = *head;
    if u16::from_be_bytes([a, b]) != id || flags & 0x80 == 0 {
        return Err("this is no answer to the question".into());
    }
    match code & 0x0f {
        0 => {
            let cut = if flags & 0x02 == 0 { Cut::No } else { Cut::Yes };
            Ok((u16::from_be_bytes([records, more]), cut))
        }
        2 => Err("SERVFAIL: the server could not find out".into()),
        3 => Err("NXDOMAIN: there is no such name".into()),
        5 => Err("REFUSED: the server does not answer us".into()),
        other => Err(format!("the server answered with code {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{A, Cut, query, read};

    #[test]
    fn a_query_is_written_as_the_standard_says() {
        let wanted = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03isp\x07example\0\0\x01\0\x01";
        assert_eq!(query(0x1234, "isp.example.", A).as_deref(), Some(&wanted[..]));
        for bad in ["", "a..b", &"x".repeat(64)] {
            assert_eq!(query(1, bad, A), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_says_how_much_there_is_or_why_not() {
        let answer =
            |flags: u8, code: u8, records: u8| [0, 7, flags, code, 0, 1, 0, records, 0, 0, 0, 0];
        assert_eq!(read(&answer(0x81, 0x80, 2), 7), Ok((2, Cut::No)));
        assert_eq!(read(&answer(0x83, 0x80, 0), 7), Ok((0, Cut::Yes)));
        for (bad, id) in [(answer(0x01, 0, 1), 7), (answer(0x81, 0, 1), 8), (answer(0x81, 3, 0), 7)]
        {
            assert!(read(&bad, id).is_err(), "{bad:?}");
        }
        assert!(read(b"short", 7).is_err());
    }
}
