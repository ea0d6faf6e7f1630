//! What is wrong in one state: each fault by its property and what it is about.

use crate::bgp::From;
use crate::columns::{Answer, Memory, Seen, StartsNumber};
use crate::destination::Destination;
use crate::flows::{Flow, Origin};
use crate::igp::FAR;
use crate::plane::routes::{Leads, SessionNumber};
use crate::plane::{Plane, Position, Router};
use crate::questions::{Asked, Questions};
use crate::walk::{At, Ending};
use crate::world::World;
use model::kinds::{InvariantKind, Role};
use std::collections::BTreeSet;

/// One thing that is wrong in a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The property's code.
    pub(crate) code: &'static str,
    /// What it is about, as positions: equal ones are one violation.
    pub(crate) about: About,
    /// The flow that shows it, if one does.
    pub(crate) flow: Option<usize>,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A host.
    Host(Position),
    /// Two hosts, in this order.
    Hosts(Position, Position),
    /// A VIP.
    Vip(usize),
    /// A declared invariant, and the first flow with the same origin.
    Invariant(usize, usize),
    /// A prefix.
    Prefix(usize),
    /// A session with another network.
    Session(SessionNumber),
}

/// Where a flow is looked at: the columns of all destinations, its starts, what it does.
type Place<'a> = (&'a [u32], (&'a [At], StartsNumber), &'a Seen);

/// Judges states of one plane, remembering what it saw.
pub(crate) struct Judge<'a> {
    plane: &'a Plane<'a>,
    questions: &'a Questions,
    memory: Memory<'a>,
}

impl<'a> Judge<'a> {
    /// One that knows nothing yet.
    pub(crate) fn new(plane: &'a Plane<'a>, questions: &'a Questions) -> Self {
        Self {
            plane,
            questions,
            memory: Memory::new(plane, &questions.destinations, questions.flows.len()),
        }
    }

    /// Everything that is wrong in a state that this many failures led to.
    pub(crate) fn judge(&mut self, world: &World<'a>, failures: usize) -> BTreeSet<Fault> {
        let mut faults = BTreeSet::new();
        owners(world, &mut faults);
        self.defaults(world, failures, &mut faults);
        for (prefix, choices) in world.choices.iter().enumerate() {
            if choices.oscillates {
                faults.insert(Fault {
                    code: "V-OSCILLATES",
                    about: About::Prefix(prefix),
                    flow: None,
                });
            }
        }
        self.flows(world, failures, &mut faults);
        faults
    }

    fn flows(&mut self, world: &World<'a>, failures: usize, faults: &mut BTreeSet<Fault>) {
        let questions = self.questions;
        let columns: Vec<u32> =
            (0..questions.destinations.all.len()).map(|to| self.memory.column(world, to)).collect();
        let starts: Vec<(Vec<At>, StartsNumber)> = questions
            .origins_of
            .iter()
            .map(|(origin, source)| {
                let starts = crate::flows::starts(world, *origin, *source);
                let number = self.memory.starts(&starts);
                (starts, number)
            })
            .collect();
        for (number, flow) in questions.flows.iter().enumerate() {
            if failures > usize::from(questions.most_of[number]) {
                continue;
            }
            let (from, from_number) = &starts[questions.origin_of[number]];
            let seen = self.memory.seen((number, flow), columns[flow.to], (from, *from_number));
            if questions.asked[number] == [Asked::Always] && seen.is_plain() {
                continue;
            }
            for one in &questions.asked[number] {
                if failures <= usize::from(questions.survives(*one)) {
                    let at = (&*columns, (from.as_slice(), *from_number), &*seen);
                    self.ask(world, *one, (number, flow), at, faults);
                }
            }
        }
    }

    fn ask(
        &mut self,
        world: &World<'a>,
        asked: Asked,
        (number, flow): (usize, &Flow),
        (columns, starts, seen): Place<'_>,
        faults: &mut BTreeSet<Fault>,
    ) {
        let mut tell = |code, about| {
            faults.insert(Fault { code, about, flow: Some(number) });
        };
        match asked {
            Asked::Always => {
                if starts.0.is_empty() {
                    return;
                }
                if let Some((one, other)) = seen.two_edges {
                    tell("V-EDGE-TRANSIT", About::Hosts(one, other));
                }
                let destination = &self.questions.destinations.all[flow.to];
                if let Some((code, host)) = lost(world, flow, destination, seen) {
                    tell(code, About::Host(host));
                }
                if let Some(host) = self.unanswered(world, (number, flow), (columns, starts, seen))
                {
                    faults.insert(Fault {
                        code: "V-ASYMMETRIC",
                        about: About::Host(host),
                        flow: Some(number),
                    });
                }
            }
            Asked::Invariant(invariant) => {
                let about = &self.questions.invariants[invariant];
                if !self.exists(world, flow) {
                    return;
                }
                let broken = match about.kind {
                    InvariantKind::Reach => {
                        !seen.arrives
                            || self.answer(world, (number, flow), (columns, starts, seen))
                                != Answer::Comes
                    }
                    InvariantKind::Isolate => seen.may_arrive,
                    InvariantKind::Avoid => {
                        about.through.iter().any(|host| seen.hosts.contains(host))
                    }
                    InvariantKind::Waypoint => {
                        seen.may_arrive
                            && !about.through.iter().any(|host| seen.hosts.contains(host))
                    }
                    InvariantKind::OneOwner => false,
                };
                if broken {
                    faults.insert(Fault {
                        code: "V-INVARIANT",
                        about: About::Invariant(invariant, self.questions.first_of(number)),
                        flow: Some(number),
                    });
                }
            }
        }
    }

    /// Whether both ends of a flow are still there: what is gone itself need not be reached.
    fn exists(&self, world: &World<'_>, flow: &Flow) -> bool {
        let plane = self.plane;
        let lives =
            |segment: Position| plane.on_segment[segment].iter().any(|nic| world.up.nics[*nic]);
        let there = match flow.origin {
            Origin::Lan(segment) => lives(segment),
            Origin::Host(host) => {
                world.up.hosts[host] && plane.nics_of(host).any(|nic| world.up.nics[nic])
            }
            Origin::Pool(_) => true,
            Origin::Outside(session) => world.session_is_up(session),
        };
        let to = &self.questions.destinations.all[flow.to];
        let segment = to.steps.iter().find_map(|step| step.segment);
        there && segment.is_none_or(lives)
    }

    /// The host whose table of connections does not know the answer, if there is one: the way back
    /// avoids it, or meets another one.
    fn unanswered(
        &mut self,
        world: &World<'a>,
        flow: (usize, &Flow),
        at: Place<'_>,
    ) -> Option<Position> {
        let astray = self.answer(world, flow, at) == Answer::Astray;
        at.2.tracked.first().copied().filter(|_| astray)
    }

    /// What becomes of the answer.
    fn answer(
        &mut self,
        world: &World<'a>,
        (number, flow): (usize, &Flow),
        (columns, starts, seen): Place<'_>,
    ) -> Answer {
        if seen.tracked.is_empty() || !seen.may_arrive {
            return Answer::Comes;
        }
        let returns = returns(world, seen);
        let pair = (columns[flow.to], columns[flow.back]);
        self.memory.answered((number, flow), pair, (starts.1, &returns, &seen.tracked))
    }

    /// V-DEFAULT: a router for members without a way to the Internet, after one failure at most.
    fn defaults(&self, world: &World<'_>, failures: usize, faults: &mut BTreeSet<Fault>) {
        let Some(rest) = self.questions.rest.filter(|_| failures <= 1) else { return };
        let destination = &self.questions.destinations.all[rest];
        let edges = self.questions.transits.iter().any(|session| world.session_is_up(*session));
        for id in self.plane.routers.iter().filter(|_| edges) {
            let host = id.index();
            let inside = matches!(self.plane.isp.hosts[*id].role, Role::Core | Role::Access);
            let leads =
                || !matches!(world.forward(host, destination), crate::world::Forward::Unreachable);
            if inside && world.up.routing[host] && !leads() {
                faults.insert(Fault { code: "V-DEFAULT", about: About::Host(host), flow: None });
            }
        }
    }
}

/// V-OWNER: more than one host may answer for a virtual address.
fn owners(world: &World<'_>, faults: &mut BTreeSet<Fault>) {
    for (vip, masters) in world.masters.iter().enumerate() {
        if world.plane.vips[vip].address.is_some() && masters.len() > 1 {
            faults.insert(Fault { code: "V-OWNER", about: About::Vip(vip), flow: None });
        }
    }
}

/// Where the answers to a flow start: where it arrived.
pub(crate) fn returns(world: &World<'_>, seen: &Seen) -> Vec<At> {
    let plane = world.plane;
    let mut all: Vec<At> = Vec::new();
    for (host, ending) in &seen.ends {
        match ending {
            Ending::Delivered => all.push(At { host: *host, input: None }),
            Ending::Member(nic) => {
                let segment = plane.nics[*nic].segment;
                all.extend(crate::flows::starts(
                    world,
                    Origin::Lan(segment),
                    std::net::Ipv4Addr::UNSPECIFIED.into(),
                ));
            }
            Ending::Left(session) => all.extend(crate::flows::starts(
                world,
                Origin::Outside(*session),
                std::net::Ipv4Addr::UNSPECIFIED.into(),
            )),
            Ending::Filtered(_)
            | Ending::Unreachable
            | Ending::Blackhole
            | Ending::Silence(_)
            | Ending::Loop => {}
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// A packet that is lost although it need not be: the property, and the host that loses it.
fn lost(
    world: &World<'_>,
    flow: &Flow,
    destination: &Destination,
    seen: &Seen,
) -> Option<(&'static str, Position)> {
    // A neighbour sends us only what we told it that we have.
    if let Origin::Outside(session) = flow.origin
        && !attracted(world, session, destination)
    {
        return None;
    }
    seen.ends.iter().find_map(|(host, ending)| {
        let host = *host;
        match ending {
            Ending::Loop => Some(("V-LOOP", host)),
            Ending::Unreachable => unreachable(world, flow, destination, host),
            Ending::Silence(_) => {
                let stale = stale_default(world, destination, host);
                stale.then_some(("V-STALE-DEFAULT", host))
            }
            // A firewall drops what it was told to; a router passes everything but lies.
            Ending::Filtered(_) => {
                let firewall = world.plane.gates.tracks(host);
                let router = world.plane.router_of[host].is_some();
                (router && !firewall).then_some(("V-BLACKHOLE", host))
            }
            Ending::Delivered | Ending::Member(_) | Ending::Left(_) | Ending::Blackhole => None,
        }
    })
}

/// Whether a neighbour hears of a prefix that holds the destination.
pub(crate) fn attracted(
    world: &World<'_>,
    session: SessionNumber,
    destination: &Destination,
) -> bool {
    let routes = &world.plane.routes;
    let router = usize::from(routes.sessions[session].router);
    world.session_is_up(session)
        && destination.steps.iter().filter_map(|step| step.prefix).any(|prefix| {
            let route = world.choices[prefix].route[router];
            route.is_some_and(|route| routes.tells_neighbor(session, route))
        })
}

/// No route at a host: a fault if a router that it reaches has a better one, or if it attracts what
/// it cannot pass on.
fn unreachable(
    world: &World<'_>,
    flow: &Flow,
    destination: &Destination,
    host: Position,
) -> Option<(&'static str, Position)> {
    let plane = world.plane;
    let router = plane.router_of[host]?;
    let reaches = |other: Router| {
        other != router
            && world.paths.distance(router, other) != FAR
            && world.paths.distance(other, router) != FAR
    };
    let first = destination.steps.first()?;
    // Only what is more than an aggregate counts: an aggregate leads nowhere by itself.
    let known = destination.steps.iter().filter_map(|step| step.prefix).any(|prefix| {
        plane.routes.injections[prefix].iter().any(|one| {
            one.leads != Leads::Unreachable
                && reaches(one.router)
                && world.choices[prefix].of[usize::from(one.router)]
                    .iter()
                    .any(|from| matches!(from, From::Own(_)))
        })
    });
    if known {
        return Some(("V-BLACKHOLE", host));
    }
    let _ = first;
    let inside = |other: usize| {
        let role = plane.isp.hosts[plane.routers[other]].role;
        role != Role::Edge && reaches(other as Router)
    };
    let cut_off = !(0..plane.routers.len()).any(inside);
    let attracts = matches!(flow.origin, Origin::Outside(_));
    (attracts && cut_off).then_some(("V-UNREACHED", host))
}

/// Whether a static default route leads into silence while BGP knows better.
fn stale_default(world: &World<'_>, destination: &Destination, host: Position) -> bool {
    let plane = world.plane;
    let Some(router) = plane.router_of[host] else { return false };
    destination.steps.iter().filter_map(|step| Some((step.net, step.prefix?))).any(
        |(net, prefix)| {
            let own = world.choices[prefix].of[usize::from(router)].first();
            let own = match own {
                Some(From::Own(number)) => {
                    matches!(
                        plane.routes.injections[prefix][usize::from(*number)].leads,
                        Leads::Via(..)
                    )
                }
                Some(From::Inner(_) | From::Internal(_)) | None => false,
            };
            own && net.prefix_len() == 0
        },
    )
}
