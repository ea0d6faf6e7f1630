//! One flow in one state, followed in full: for those who want to see every hop.

use crate::destination::Destination;
use crate::flows::Flow;
use crate::lost::returns;
use crate::plane::Position;
use crate::questions::Questions;
use crate::report::{End, Hop};
use crate::seen::ComesTo;
use crate::walk::{At, Ending, Sent, Walk, Walker};
use crate::why;
use crate::world::{Forward, World};
use model::Named as _;

/// Every way of a packet, and what decided at each host.
pub(crate) struct Followed<'a> {
    world: &'a World<'a>,
    destination: &'a Destination,
    sent: Sent<'a>,
    forwards: Vec<Forward>,
    pub(crate) walks: Vec<Walk>,
}

impl<'a> Followed<'a> {
    /// A flow's question, from wherever it starts.
    pub(crate) fn of(world: &'a World<'a>, questions: &'a Questions, flow: &Flow) -> Self {
        let destination = &questions.destinations.all[flow.to];
        let sent = Sent { source: flow.source, content: flow.content(), known_to: &[] };
        Self::from(world, destination, (sent, &flow.starts(world)))
    }

    /// A packet, from some starts.
    pub(crate) fn from(
        world: &'a World<'a>,
        destination: &'a Destination,
        (sent, starts): (Sent<'a>, &[At]),
    ) -> Self {
        let hosts = 0..world.plane.isp.hosts.len();
        let forwards: Vec<Forward> = hosts.map(|host| world.forward(host, destination)).collect();
        let forward = |host: Position| &forwards[host];
        let walker = Walker { plane: world.plane, destination, forward, sent };
        let walks = starts.iter().map(|start| walker.walk(*start)).collect();
        Self { world, destination, sent, forwards, walks }
    }

    /// Whether it arrives on every way.
    pub(crate) fn arrives(&self) -> bool {
        let mut ends = self.walks.iter().flat_map(|walk| &walk.ends);
        !self.walks.is_empty() && ends.all(|(_, ending)| ending.arrives())
    }

    /// The first way whose end is wanted.
    pub(crate) fn way(&self, wanted: impl Fn(&Ending) -> bool) -> Option<(Vec<Hop>, End)> {
        self.ways()
            .find(|(_, _, ending)| wanted(ending))
            .map(|(walk, visit, ending)| self.told(walk, visit, ending))
    }

    /// The first way that passes one host and then another.
    pub(crate) fn way_over(&self, one: Position, other: Position) -> Option<(Vec<Hop>, End)> {
        let passes = |way: &Vec<At>| {
            let first = way.iter().position(|at| at.host == one);
            first.is_some_and(|first| way.iter().skip(first).any(|at| at.host == other))
        };
        self.ways().find_map(|(walk, visit, ending)| {
            let way = walk.all_ways(visit).into_iter().find(passes)?;
            Some(self.told_along(&way, ending))
        })
    }

    /// Every way with its end.
    pub(crate) fn all(&self) -> Vec<(Vec<Hop>, End)> {
        let ends = self.ways().flat_map(|(walk, visit, ending)| {
            let ways = walk.all_ways(visit).into_iter();
            ways.map(move |way| self.told_along(&way, ending))
        });
        ends.collect()
    }

    fn ways(&self) -> impl Iterator<Item = (&Walk, usize, &Ending)> {
        self.walks
            .iter()
            .flat_map(|walk| walk.ends.iter().map(move |(visit, ending)| (walk, *visit, ending)))
    }

    fn told(&self, walk: &Walk, visit: usize, ending: &Ending) -> (Vec<Hop>, End) {
        self.told_along(&walk.way(visit), ending)
    }

    fn told_along(&self, way: &[At], ending: &Ending) -> (Vec<Hop>, End) {
        let mut hops: Vec<Hop> = Vec::new();
        for (at, next) in way.iter().zip(way.iter().skip(1).map(Some).chain([None])) {
            let output = match next {
                Some(next) => self.output(at.host, *next),
                None => self.last_output(at.host, ending),
            };
            hops.push(self.hop(*at, output, next.is_none().then_some(ending)));
        }
        (hops, self.end(way.last().copied(), ending))
    }

    fn hop(&self, at: At, output: Option<usize>, ending: Option<&Ending>) -> Hop {
        let plane = self.world.plane;
        let filtered = matches!(ending, Some(Ending::Filtered(_)));
        let by = if filtered {
            let output = match ending {
                Some(Ending::Filtered(output)) => *output,
                Some(_) | None => None,
            };
            format!("filter: {}", self.rule(at, output))
        } else {
            self.world.why(at.host, self.destination)
        };
        Hop {
            host: plane.host(at.host).name().to_owned(),
            input: at.input.map(|nic| plane.nic_name(nic).to_owned()),
            output: output.map(|nic| plane.nic_name(nic).to_owned()),
            by,
            place: why::place(self.world, at.host, self.destination),
        }
    }

    /// The filter's rule that drops the packet at a host.
    fn rule(&self, at: At, output: Option<usize>) -> String {
        let plane = self.world.plane;
        let forward = |host: Position| &self.forwards[host];
        let walker = Walker { plane, destination: self.destination, forward, sent: self.sent };
        let ruling = plane.gates.judge(at.host, &walker.packet(at, output));
        ruling.by.unwrap_or_else(|| "no rule lets it pass".to_owned())
    }

    fn output(&self, host: Position, next: At) -> Option<usize> {
        let mut hops = self.forwards[host].hops().iter();
        hops.find(|(_, input)| Some(*input) == next.input).map(|(out, _)| *out)
    }

    fn last_output(&self, host: Position, ending: &Ending) -> Option<usize> {
        match ending {
            Ending::Member(nic) | Ending::Silence(nic) => Some(*nic),
            Ending::Filtered(nic) => *nic,
            Ending::Left(session) | Ending::Strayed(session) => {
                self.world.plane.routes.sessions[*session].nic
            }
            Ending::Loop => self.forwards[host].hops().first().map(|(out, _)| *out),
            Ending::Delivered | Ending::Unreachable | Ending::Blackhole => None,
        }
    }

    fn end(&self, last: Option<At>, ending: &Ending) -> End {
        let plane = self.world.plane;
        let host = last.map_or("?", |at| plane.host(at.host).name()).to_owned();
        let segment = |nic: usize| {
            let id = plane.segment_ids[plane.nics[nic].segment];
            format!("segment.{}", plane.isp.segments[id].name())
        };
        match ending {
            Ending::Delivered => End::Delivered(format!("host.{host}")),
            Ending::Member(nic) => End::Delivered(segment(*nic)),
            Ending::Left(session) => End::Left(why::session_name(self.world, *session)),
            Ending::Strayed(session) => End::Strayed(why::session_name(self.world, *session)),
            Ending::Filtered(output) => {
                let rule = last.map(|at| self.rule(at, *output)).unwrap_or_default();
                End::Filtered(format!("{host}: {rule}"))
            }
            Ending::Unreachable => End::Unreachable(host),
            Ending::Blackhole => End::Blackholed(host),
            Ending::Silence(nic) => End::Unanswered(segment(*nic)),
            Ending::Loop => End::Loop(host),
        }
    }
}

/// The hosts whose tables know the connection once the question has passed: those on its way, and the
/// host that asked.
pub(crate) fn knowing(flow: &Flow, seen: &ComesTo) -> Vec<Position> {
    seen.tracked.iter().copied().chain(flow.asker()).collect()
}

/// The answers to a flow, from wherever it arrived.
pub(crate) fn back<'a>(
    world: &'a World<'a>,
    questions: &'a Questions,
    flow: &Flow,
    (seen, known_to): (&ComesTo, &'a [Position]),
) -> Followed<'a> {
    let destination = &questions.destinations.all[flow.back];
    let source = questions.destinations.all[flow.to].address;
    let sent = Sent { source, content: flow.answer(), known_to };
    Followed::from(world, destination, (sent, &returns(world, seen)))
}
