//! Follows a packet: over every path that load sharing or doubtful answers may give it, through the
//! filters of the hosts on its way.

use crate::destination::Destination;
use crate::plane::routes::SessionNumber;
use crate::plane::{NicNumber, Plane, Position};
use crate::world::Forward;
use derive::packet::judge::{Content, Packet};
use derive::packet::rules::State;
use std::net::IpAddr;
use std::ops::Deref;

/// A packet on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) source: IpAddr,
    pub(crate) content: Content<'a>,
    /// The hosts that have seen the connection: an answer passes their filters.
    pub(crate) known_to: &'a [Position],
}

/// Where a packet is: at a host, having come in by an interface or from the host itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) host: Position,
    pub(crate) input: Option<NicNumber>,
}

/// How a packet ends at a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    /// The host has it.
    Delivered,
    /// A machine on the segment of an interface has it.
    Member(NicNumber),
    /// It left to another network.
    Left(SessionNumber),
    /// It left to another network, which does not have what is ours or private.
    Strayed(SessionNumber),
    /// The host's filter dropped it: what came in for the host itself, or on its way to an interface.
    Filtered(Option<NicNumber>),
    /// No route.
    Unreachable,
    /// A route that drops.
    Blackhole,
    /// Nobody answers on the segment of an interface.
    Silence(NicNumber),
    /// It was here before.
    Loop,
}

impl Ending {
    /// Whether it came where it should.
    pub(crate) fn arrives(&self) -> bool {
        matches!(self, Self::Delivered | Self::Member(_) | Self::Left(_))
    }
}

/// Everything that may happen to a packet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Where it may be, with the position of where it came from; the start first.
    pub(crate) visits: Vec<(At, Option<usize>)>,
    /// Where ways meet: from a visit to one that another way came to first.
    pub(crate) meets: Vec<(usize, usize)>,
    /// How it may end: the position of the visit, and how. Sorted, each once.
    pub(crate) ends: Vec<(usize, Ending)>,
}

/// More hosts than a packet's hop limit lets it pass.
pub(crate) const FARTHEST: usize = 64;
/// The hop limit of packets on their way: no filter asks but whether it is 255.
pub(crate) const HOPS: u8 = 60;
/// More ways to one end than anybody reads.
const MOST_WAYS: usize = 64;

/// What a walk needs to know.
pub(crate) struct Walker<'a, F> {
    pub(crate) plane: &'a Plane<'a>,
    pub(crate) destination: &'a Destination,
    /// What each host does with packets to the destination.
    pub(crate) forward: F,
    pub(crate) sent: Sent<'a>,
}

impl<'a, F: Fn(Position) -> R, R: Deref<Target = Forward>> Walker<'a, F> {
    /// Follows the packet from where it starts.
    pub(crate) fn walk(&self, start: At) -> Walk {
        let mut walk = Walk::default();
        walk.visits.push((start, None));
        let mut trail = vec![start];
        self.step(0, &mut trail, &mut walk);
        walk.ends.sort_unstable();
        walk.ends.dedup();
        walk
    }

    fn step(&self, visit: usize, trail: &mut Vec<At>, walk: &mut Walk) {
        let (at, _) = walk.visits[visit];
        let mut end = |ending: Ending| walk.ends.push((visit, ending));
        let forward = (self.forward)(at.host);
        let hops = match &*forward {
            Forward::Here => {
                let passes = at.input.is_none() || self.passes(at, None);
                return end(if passes { Ending::Delivered } else { Ending::Filtered(None) });
            }
            Forward::Pool => return end(Ending::Delivered),
            Forward::Unreachable => return end(Ending::Unreachable),
            Forward::Blackhole => return end(Ending::Blackhole),
            Forward::Silence(nic) => return end(Ending::Silence(*nic)),
            Forward::Member(nic) if self.passes(at, Some(*nic)) => {
                return end(Ending::Member(*nic));
            }
            Forward::Member(nic) => return end(Ending::Filtered(Some(*nic))),
            Forward::Out(sessions) => {
                for session in sessions {
                    let nic = self.plane.routes.sessions[*session].nic;
                    let passes = nic.is_none_or(|nic| self.passes(at, Some(nic)));
                    let left = self.destination.outside(*session);
                    end(if passes { left } else { Ending::Filtered(nic) });
                }
                return;
            }
            Forward::To(hops) => hops,
        };
        for (output, input) in hops {
            if !self.passes(at, Some(*output)) {
                walk.ends.push((visit, Ending::Filtered(Some(*output))));
                continue;
            }
            self.enter(visit, *input, trail, walk);
        }
    }

    fn enter(&self, from: usize, input: NicNumber, trail: &mut Vec<At>, walk: &mut Walk) {
        let next = At { host: self.plane.nics[input].host, input: Some(input) };
        let again = trail.iter().any(|at| at.host == next.host);
        if again || trail.len() >= FARTHEST {
            walk.ends.push((from, Ending::Loop));
        } else if let Some(known) = walk.visits.iter().position(|(at, _)| *at == next) {
            walk.meets.push((from, known));
        } else {
            walk.visits.push((next, Some(from)));
            trail.push(next);
            self.step(walk.visits.len() - 1, trail, walk);
            trail.pop();
        }
    }

    /// Whether a host's filter lets the packet pass: to itself, or on to an interface.
    pub(crate) fn passes(&self, at: At, output: Option<NicNumber>) -> bool {
        let gates = &self.plane.gates;
        !gates.filters(at.host) || gates.judge(at.host, &self.packet(at, output)).passes
    }

    /// The packet as a host's filter sees it.
    pub(crate) fn packet(&self, at: At, output: Option<NicNumber>) -> Packet<'a> {
        let known = self.sent.known_to.contains(&at.host);
        Packet {
            input: at.input.map(|nic| self.plane.nic_name(nic)),
            output: output.map(|nic| self.plane.nic_name(nic)),
            source: self.sent.source,
            destination: self.destination.address,
            content: self.sent.content,
            hops: HOPS,
            state: known.then_some(State::Established),
        }
    }
}

impl Walk {
    /// The hosts that the packet may pass.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = Position> {
        self.visits.iter().map(|(at, _)| at.host)
    }

    /// Every way to a visit, from the start; no more than anybody reads.
    pub(crate) fn all_ways(&self, visit: usize) -> Vec<Vec<At>> {
        let mut ways = Vec::new();
        self.backwards(&mut vec![visit], &mut ways);
        ways
    }

    fn backwards(&self, way: &mut Vec<usize>, ways: &mut Vec<Vec<At>>) {
        let Some(visit) = way.last().copied() else { return };
        if ways.len() >= MOST_WAYS {
            return;
        }
        if visit == 0 {
            ways.push(way.iter().rev().map(|at| self.visits[*at].0).collect());
            return;
        }
        let met = self.meets.iter().filter(|(_, to)| *to == visit).map(|(from, _)| *from);
        for from in self.visits[visit].1.into_iter().chain(met) {
            if !way.contains(&from) {
                way.push(from);
                self.backwards(way, ways);
                way.pop();
            }
        }
    }

    /// The way to a visit, from the start.
    pub(crate) fn way(&self, visit: usize) -> Vec<At> {
        let mut way = Vec::new();
        let mut at = Some(visit);
        while let Some(position) = at {
            let (place, from) = self.visits[position];
            way.push(place);
            at = from;
        }
        way.reverse();
        way
    }
}
