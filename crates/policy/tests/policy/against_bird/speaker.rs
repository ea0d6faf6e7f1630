//! Enough of BGP-4 to say anything to a neighbour (RFC 4271, 4760, 6793, 8092).

#![expect(clippy::cast_possible_truncation, reason = "messages are short")]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};

use ipnet::IpNet;
use policy::{Family, Origin, Route, Segment};

use crate::sample::OWN;

/// A session that was opened by both sides.
pub(crate) struct Session {
    stream: TcpStream,
    asn: u32,
    family: Family,
}

impl Session {
    /// Exchanges OPEN and KEEPALIVE with whoever called. A hold time of 0 needs no keepalives.
    pub(crate) fn open(stream: TcpStream, asn: u32, family: Family) -> Self {
        let mut session = Self { stream, asn, family };
        let [_, afi] = afi(family);
        let mut capabilities = vec![1, 4, 0, afi, 0, 1, 65, 4];
        capabilities.extend(asn.to_be_bytes());
        let mut body = vec![4];
        body.extend(u16::try_from(asn).unwrap_or(23456).to_be_bytes());
        body.extend([0, 0, 10, 9, 9, 9]);
        let length = capabilities.len() as u8;
        body.extend([length + 2, 2, length]);
        body.extend(capabilities);
        session.send(1, &body);
        assert_eq!(session.receive(), 1, "BIRD opens the session");
        session.send(4, &[]);
        assert_eq!(session.receive(), 4, "BIRD agrees to the session");
        session
    }

    /// One route in one UPDATE. Inside an AS it carries the local preference.
    pub(crate) fn announce(&mut self, route: &Route) {
        let origin = match route.origin.unwrap_or(Origin::Igp) {
            Origin::Igp => 0,
            Origin::Egp => 1,
            Origin::Incomplete => 2,
        };
        let hop = match route.next_hop.expect("routes by BGP have a next hop") {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let mut attributes = Vec::new();
        attribute(&mut attributes, (0x40, 1), &[origin]);
        attribute(&mut attributes, (0x40, 2), &path(route));
        if self.family == Family::V4 {
            attribute(&mut attributes, (0x40, 3), &hop);
        }
        if let Some(med) = route.med {
            attribute(&mut attributes, (0x80, 4), &med.to_be_bytes());
        }
        if let (OWN, Some(value)) = (self.asn, route.local_pref) {
            attribute(&mut attributes, (0x40, 5), &value.to_be_bytes());
        }
        if !route.communities.is_empty() {
            let bytes = |c: &policy::Community| [c.0.to_be_bytes(), c.1.to_be_bytes()].concat();
            let all: Vec<u8> = route.communities.iter().flat_map(bytes).collect();
            attribute(&mut attributes, (0xc0, 8), &all);
        }
        if self.family == Family::V6 {
            let [high, low] = afi(self.family);
            let mut reach = vec![high, low, 1, 16];
            reach.extend(hop);
            reach.push(0);
            reach.extend(prefix(&route.net));
            attribute(&mut attributes, (0x80, 14), &reach);
        }
        if !route.large.is_empty() {
            let all: Vec<u8> = route
                .large
                .iter()
                .flat_map(|l| [l.0, l.1, l.2])
                .flat_map(u32::to_be_bytes)
                .collect();
            attribute(&mut attributes, (0xc0, 32), &all);
        }
        let mut body = vec![0, 0];
        body.extend((attributes.len() as u16).to_be_bytes());
        body.extend(attributes);
        if self.family == Family::V4 {
            body.extend(prefix(&route.net));
        }
        self.send(2, &body);
    }

    fn send(&mut self, kind: u8, body: &[u8]) {
        let mut message = vec![0xff; 16];
        message.extend((body.len() as u16 + 19).to_be_bytes());
        message.push(kind);
        message.extend(body);
        self.stream.write_all(&message).expect("BIRD listens");
    }

    fn receive(&mut self) -> u8 {
        let mut head = [0; 16];
        let mut length = [0; 2];
        let mut kind = [0; 1];
        for part in [&mut head[..], &mut length, &mut kind] {
            self.stream.read_exact(part).expect("BIRD speaks");
        }
        let mut body = vec![0; usize::from(u16::from_be_bytes(length)) - 19];
        self.stream.read_exact(&mut body).expect("BIRD speaks on");
        u8::from_be_bytes(kind)
    }
}

const fn afi(family: Family) -> [u8; 2] {
    match family {
        Family::V4 => [0, 1],
        Family::V6 => [0, 2],
    }
}

fn attribute(message: &mut Vec<u8>, (flags, kind): (u8, u8), value: &[u8]) {
    message.extend([flags | 0x10, kind]);
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
}

fn path(route: &Route) -> Vec<u8> {
    let mut bytes = Vec::new();
    for segment in route.path.segments() {
        let (kind, asns) = match segment {
            Segment::Set(asns) => (1, asns),
            Segment::Sequence(asns) => (2, asns),
        };
        bytes.extend([kind, asns.len() as u8]);
        bytes.extend(asns.iter().flat_map(|asn| asn.to_be_bytes()));
    }
    bytes
}

fn prefix(net: &IpNet) -> Vec<u8> {
    let address = match net.addr() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let mut bytes = vec![net.prefix_len()];
    bytes.extend(address.iter().take(usize::from(net.prefix_len().div_ceil(8))));
    bytes
}
