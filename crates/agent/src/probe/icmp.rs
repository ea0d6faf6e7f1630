//! An echo: over a socket for it that needs no rights where `net.ipv4.ping_group_range` allows, else a raw one.

use super::stream::left;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, connect, ipproto, recv,
    send, socket_with,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A packet may get lost: there is another one after this time.
const AGAIN: Duration = Duration::from_secs(1);
const MARK: &[u8] = b"ketupa asks whether you are there";

/// Sends echo requests until one is answered; how long that one took.
pub(super) fn echo(to: IpAddr, until: Instant) -> io::Result<Duration> {
    let (socket, sort) = open(to)?;
    connect(&socket, &SocketAddr::from((to, 0)))?;
    let id = u16::try_from(std::process::id() & 0xffff).unwrap_or_default();
    for number in 0.. {
        let sent = Instant::now();
        send(&socket, &request(to, id, number), SendFlags::empty())?;
        let next = (sent + AGAIN).min(until);
        if let Some(answered) = wait(&socket, (to, sort, id), next)? {
            return Ok(answered.saturating_duration_since(sent));
        }
        left(until)?;
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// What a socket gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Our own echoes, and the kernel minds their numbers.
    Ping,
    /// Whatever comes from there.
    Raw,
}

fn open(to: IpAddr) -> io::Result<(OwnedFd, Sort)> {
    let (family, protocol): (_, Protocol) = match to {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let of = |sort| socket_with(family, sort, flags, Some(protocol));
    match of(SocketType::DGRAM) {
        Ok(socket) => return Ok((socket, Sort::Ping)),
        Err(Errno::ACCESS | Errno::PERM | Errno::PROTONOSUPPORT) => {}
        Err(error) => return Err(error.into()),
    }
    match of(SocketType::RAW) {
        Ok(socket) => Ok((socket, Sort::Raw)),
        Err(error) => {
            let says = format!(
                "no echo may be sent: {error}; set net.ipv4.ping_group_range, or give CAP_NET_RAW"
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, says))
        }
    }
}

/// An echo request (RFC 792, RFC 4443 section 4.1).
fn request(to: IpAddr, id: u16, number: u16) -> Vec<u8> {
    let kind = if to.is_ipv4() { 8 } else { 128 };
    let mut packet = vec![kind, 0, 0, 0];
    packet.extend_from_slice(&id.to_be_bytes());
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(MARK);
    if to.is_ipv4() {
        // Of ICMPv6 the kernel makes the sum, which covers its addresses.
        let sum = checksum(&packet).to_be_bytes();
        if let Some(place) = packet.get_mut(2..4) {
            place.copy_from_slice(&sum);
        }
    }
    packet
}

fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

/// Waits for our echo until then: when it came.
fn wait(
    socket: &OwnedFd,
    asked: (IpAddr, Sort, u16),
    until: Instant,
) -> io::Result<Option<Instant>> {
    let mut packet = [0; 1500];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let time = Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(1),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&time)) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match recv(socket, &mut packet[..], RecvFlags::empty()) {
            Ok((length, _)) if ours(packet.get(..length).unwrap_or_default(), asked) => {
                return Ok(Some(Instant::now()));
            }
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a packet is the answer to one of ours.
fn ours(packet: &[u8], (to, sort, id): (IpAddr, Sort, u16)) -> bool {
    let kind = if to.is_ipv4() { 0 } else { 129 };
    // A raw socket of IPv4 gives the header of IP, too.
    let skipped = match (sort, to, packet.first()) {
        (Sort::Raw, IpAddr::V4(_), Some(first)) => usize::from(first & 0x0f) * 4,
        (Sort::Raw | Sort::Ping, IpAddr::V4(_) | IpAddr::V6(_), _) => 0,
    };
    let Some(message) = packet.get(skipped..) else { return false };
    let Some([own, 0, _, _, high, low, _, _]) = message.first_chunk::<8>().copied() else {
        return false;
    };
    let same = sort == Sort::Ping || u16::from_be_bytes([high, low]) == id;
    own == kind && same && message.ends_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::{MARK, Sort, checksum, ours, request};
    use std::net::IpAddr;

    #[test]
    fn a_request_sums_up_to_nothing() {
        let packet = request(IpAddr::from([127, 0, 0, 1]), 0x1234, 7);
        assert_eq!(checksum(&packet), 0);
        assert_eq!(packet.first(), Some(&8));
    }

    #[test]
    fn only_the_answer_to_our_own_request_counts() {
        let to = IpAddr::from([192, 0, 2, 1]);
        let reply = [&[0, 0, 0, 0, 0, 9, 0, 0], MARK].concat();
        assert!(ours(&reply, (to, Sort::Ping, 9)));
        let mut raw = vec![0x45];
        raw.extend([0; 19]);
        raw.extend(&reply);
        assert!(ours(&raw, (to, Sort::Raw, 9)));
        assert!(!ours(&raw, (to, Sort::Raw, 8)), "another's");
        assert!(!ours(&reply[..10], (to, Sort::Ping, 9)), "cut");
        assert!(!ours(&request(to, 9, 0), (to, Sort::Ping, 9)), "our own request");
        assert!(!ours(b"", (to, Sort::Raw, 9)));
    }
}
