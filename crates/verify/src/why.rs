//! What decided at a host, in words: the route and where it came from, as `birdc` would say it.

use crate::bgp::From;
use crate::destination::Destination;
use crate::plane::routes::Leads;
use crate::plane::{NicNumber, Position, Router};
use crate::world::World;
use model::Named as _;
use model::source::Place;

/// Why a host does with packets to a destination what it does.
pub(crate) fn why(world: &World<'_>, host: Position, destination: &Destination) -> String {
    if world.holds(host, destination.address) {
        return format!("has {}", destination.address);
    }
    for step in &destination.steps {
        let attached = step.segment.and_then(|segment| {
            let nic = world.plane.nic_on(host, segment)?;
            // Management has a table of its own.
            let near = world.connected(nic) && !world.plane.nics[nic].apart;
            near.then_some(segment)
        });
        if let Some(segment) = attached {
            let segment = &world.plane.isp.segments[world.plane.segment_ids[segment]];
            return format!("{} is on segment {}", step.net, segment.name());
        }
        let router = world.plane.router_of[host].filter(|_| world.up.routing[host]);
        let Some(router) = router else { continue };
        if let Some(prefix) = step.prefix
            && let Some(route) = world.chosen(prefix, router).route
        {
            return format!("{} {}", step.net, route_in_words(world, prefix, router, route));
        }
        if world.ospf(router, &step.infrastructure).is_some() {
            return format!("{} by OSPF", step.net);
        }
    }
    if world.plane.router_of[host].is_some()
        && !world.up.routing[host]
        && let Some((step, _)) = world.kept(host, destination)
    {
        return format!("{}, kept by the kernel from before", step.net);
    }
    match &world.plane.gateways[host] {
        Some(gateway) => format!("default route to {}", gateway.address),
        None => format!("no route to {}", destination.address),
    }
}

/// A router's best route to a prefix, and where it came from.
pub(crate) fn route_in_words(
    world: &World<'_>,
    prefix: usize,
    router: Router,
    route: u32,
) -> String {
    let plane = world.plane;
    let about = &plane.routes.routes[route as usize];
    let attributes = || {
        let path: Vec<String> = about.path.asns().map(|asn| asn.to_string()).collect();
        let path =
            if path.is_empty() { "ours".to_owned() } else { format!("path {}", path.join(" ")) };
        format!("local preference {}, {path}", about.local_pref.unwrap_or(0))
    };
    let chosen = world.chosen(prefix, router);
    let tellers: Vec<String> = chosen
        .of
        .iter()
        .map(|from| match from {
            From::Own(number) => {
                match plane.routes.injections[prefix][usize::from(*number)].leads {
                    Leads::Attached(nic) => format!("its LAN on {}", plane.nic_name(nic)),
                    Leads::Via(vip, _) => format!(
                        "static route via vip.{}",
                        plane.isp.vips.values().nth(vip).map_or("?", |vip| vip.name())
                    ),
                    Leads::Pool => "its pool".to_owned(),
                    Leads::Unreachable => "static, unreachable".to_owned(),
                    Leads::Out(session) => session_name(world, session),
                }
            }
            From::Inner(session) => session_name(world, *session),
            From::Internal(teller) => {
                let id = plane.routers[usize::from(*teller)];
                format!("internal BGP from {}", plane.isp.hosts[id].name())
            }
        })
        .collect();
    format!("by {} ({})", tellers.join(" and "), attributes())
}

/// A session as people write it: `verixi/edge-01`.
pub(crate) fn session_name(world: &World<'_>, session: usize) -> String {
    let about = &world.plane.routes.sessions[session];
    let neighbor = &world.plane.isp.neighbors[about.neighbor];
    let name = neighbor.session.get(about.at).map_or("?", |session| session.name.as_str());
    format!("{}/{name}", neighbor.name())
}

/// Where what decided at a host is declared.
pub(crate) fn place(world: &World<'_>, host: Position, destination: &Destination) -> Option<Place> {
    let plane = world.plane;
    let router = plane.router_of[host];
    for step in &destination.steps {
        let near = |nic: NicNumber| !plane.nics[nic].apart;
        let on = step.segment.filter(|one| plane.nic_on(host, *one).is_some_and(near));
        if let Some(segment) = on {
            return Some(plane.isp.segments[plane.segment_ids[segment]].at.place);
        }
        let (Some(router), Some(prefix)) = (router, step.prefix) else { continue };
        let chosen = world.chosen(prefix, router);
        return match chosen.of.first()? {
            From::Own(number) => {
                match plane.routes.injections[prefix][usize::from(*number)].leads {
                    Leads::Out(session) => Some(session_place(world, session)),
                    Leads::Attached(_) | Leads::Via(..) | Leads::Pool | Leads::Unreachable => None,
                }
            }
            From::Inner(session) => Some(session_place(world, *session)),
            From::Internal(teller) => {
                Some(plane.isp.hosts[plane.routers[usize::from(*teller)]].at.place)
            }
        };
    }
    None
}

fn session_place(world: &World<'_>, session: usize) -> Place {
    let about = &world.plane.routes.sessions[session];
    let neighbor = &world.plane.isp.neighbors[about.neighbor];
    neighbor.session.get(about.at).map_or(neighbor.at.place, |session| session.at.place)
}
