//! Why a packet that does not arrive need not be lost, and where answers start.

use crate::bgp::{From, PrefixNumber};
use crate::destination::Destination;
use crate::flows::{Flow, Origin};
use crate::plane::Position;
use crate::plane::Router;
use crate::plane::routes::{Leads, SessionNumber};
use crate::questions::Questions;
use crate::seen::ComesTo;
use crate::walk::{At, Ending};
use crate::world::World;
use model::kinds::Role;

/// Where the answers to a flow start: where it arrived.
pub(crate) fn returns(world: &World<'_>, seen: &ComesTo) -> Vec<At> {
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
            Ending::Strayed(_)
            | Ending::Filtered(_)
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
pub(crate) fn lost(
    world: &World<'_>,
    flow: &Flow,
    destination: &Destination,
    seen: &ComesTo,
) -> Option<(&'static str, Position)> {
    // A neighbour sends us only what we told it that we have.
    if let Origin::Outside(session) = flow.origin
        && attracted(world, session, destination).is_none()
    {
        return None;
    }
    seen.ends.iter().find_map(|(host, ending)| {
        let host = *host;
        match ending {
            Ending::Loop => Some(("V-LOOP", host)),
            // A default route is no better than none.
            Ending::Unreachable | Ending::Strayed(_) => unreachable(world, flow, destination, host),
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

/// A prefix that holds the destination and that a neighbour hears of, if there is one.
pub(crate) fn attracted(
    world: &World<'_>,
    session: SessionNumber,
    destination: &Destination,
) -> Option<PrefixNumber> {
    let routes = &world.plane.routes;
    let router = routes.sessions[session].router;
    let mut prefixes = destination.steps.iter().filter_map(|step| step.prefix);
    prefixes.find(|prefix| {
        let route = || world.chosen(*prefix, router).route;
        world.session_is_up(session)
            && route().is_some_and(|route| routes.tells_neighbor(session, route))
    })
}

/// The session and the prefix by which the network behind a session knows where to send what is for an
/// address of ours: we tell it, or we tell a transit, which tells everybody.
pub(crate) fn heard(
    world: &World<'_>,
    (session, transits): (SessionNumber, &[SessionNumber]),
    destination: &Destination,
) -> Option<(SessionNumber, PrefixNumber)> {
    let mut all = std::iter::once(&session).chain(transits);
    all.find_map(|one| Some((*one, attracted(world, *one, destination)?)))
}

/// What other networks must have heard of from us for a flow and its answer, and by which sessions it is
/// asked: the destination of what comes from them, the source of what has left to them.
pub(crate) fn told<'q>(
    questions: &'q Questions,
    flow: &Flow,
    seen: &ComesTo,
) -> (&'q Destination, Vec<SessionNumber>) {
    let ends = &questions.destinations.all;
    let (about, mut sessions) = if let Origin::Outside(session) = flow.origin {
        (&ends[flow.to], vec![session])
    } else {
        let left = |ending: &Ending| match ending {
            Ending::Left(session) => Some(*session),
            Ending::Delivered
            | Ending::Member(_)
            | Ending::Strayed(_)
            | Ending::Filtered(_)
            | Ending::Unreachable
            | Ending::Blackhole
            | Ending::Silence(_)
            | Ending::Loop => None,
        };
        (&ends[flow.back], seen.ends.iter().filter_map(|(_, ending)| left(ending)).collect())
    };
    sessions.retain(|_| about.whose.is_told());
    (about, sessions)
}

/// Whether some other network would have to send to what it has not heard of.
pub(crate) fn unheard(
    world: &World<'_>,
    questions: &Questions,
    flow: &Flow,
    seen: &ComesTo,
) -> bool {
    let (about, sessions) = told(questions, flow, seen);
    let silent = |one: &SessionNumber| heard(world, (*one, &questions.transits), about).is_none();
    sessions.iter().any(silent)
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
    let reaches = |other: Router| other != router && world.reaches(router, other);
    // What is no more specific than the route that says unreachable would not be followed anyway.
    let own = |prefix: usize| world.chosen(prefix, router).route.is_some();
    let prefixes = destination.steps.iter().filter_map(|step| step.prefix);
    let known = prefixes.take_while(|prefix| !own(*prefix)).any(|prefix| {
        plane.routes.injections[prefix].iter().any(|one| {
            one.leads != Leads::Unreachable
                && reaches(one.router)
                && world
                    .chosen(prefix, one.router)
                    .of
                    .iter()
                    .any(|from| matches!(from, From::Own(_)))
        })
    });
    if known {
        return Some(("V-BLACKHOLE", host));
    }
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
            let chosen = world.chosen(prefix, router);
            let own = match chosen.of.first() {
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
