//! Questions of people to the simulated network: where a packet goes, who answers for an address,
//! what a failure changes.

use crate::answer::{Answerer, Answerers, Change, Paths, Way, WhatIf};
use crate::columns;
use crate::destination::unnamed;
use crate::element::{Element, Failure};
use crate::failures;
use crate::flows::{self, Flow, Origin};
use crate::path::{self, Followed};
use crate::plane::{Plane, Position};
use crate::prove::planes;
use crate::questions::Questions;
use crate::report::{End, Hop, Report};
use crate::tell;
use crate::world::World;
use ipnet::IpNet;
use model::ask::Family;
use model::value::Port;
use model::{Isp, Named as _};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The packet that is asked about, in words: a host, a segment, a pool, a VIP, a neighbour
/// (`verixi/edge-01` for one session), `internet`, or an address.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where it starts.
    pub from: &'a str,
    /// Where it shall go.
    pub to: &'a str,
    /// Its protocol and port; none for HTTPS.
    pub port: Option<Port>,
}

/// Where a packet goes when something failed: one answer for each family that it can have.
///
/// # Errors
/// A sentence that says which end is not known.
pub fn path(isp: &Isp, asked: &Asked<'_>, failure: &Failure) -> Result<Vec<Paths>, String> {
    let mut all = Vec::new();
    for plane in &planes(isp, 1) {
        let world = World::of(plane, failure);
        for (origin, source, from) in starts(plane, asked.from) {
            let Some((address, to)) = goal(plane, asked.to, source) else { continue };
            let mut questions = Questions::default();
            let back = questions.destinations.number(plane, source, || from.clone());
            let to = questions.destinations.number(plane, address, || to);
            let port = Some(asked.port.unwrap_or(Port::Tcp(443, 443)));
            let flow = Flow { origin, source, to, back, port };
            questions.origins.push(from);
            all.push(followed(&world, &questions, &flow, failure));
        }
    }
    if all.is_empty() { Err(unknown(isp, asked)) } else { Ok(all) }
}

fn followed(world: &World<'_>, questions: &Questions, flow: &Flow, failure: &Failure) -> Paths {
    let there = Followed::of(world, questions, flow);
    let seen = columns::summary(world.plane, &there.walks);
    let known = path::knowing(flow, &seen);
    let back = path::back(world, questions, flow, (&seen, &known));
    let ways = |followed: &Followed<'_>| -> Vec<Way> {
        followed.all().into_iter().map(|(hops, end)| Way { hops, end }).collect()
    };
    let shown = tell::in_words(world.plane, questions, (0, flow));
    Paths { failure: failure.clone(), flow: shown, ways: ways(&there), back: ways(&back) }
}

/// What stands for the start of a packet: origin, source, name.
fn starts(plane: &Plane<'_>, word: &str) -> Vec<(Origin, IpAddr, String)> {
    let isp = plane.isp;
    let (kind, name) = word.split_once('.').unwrap_or(("", word));
    let is = |wanted: &str| kind == wanted || kind.is_empty();
    if let Ok(address) = word.parse::<IpAddr>() {
        return from_address(plane, address).into_iter().collect();
    }
    if let Some(id) = isp.hosts.find(name).filter(|_| is("host")) {
        let address = isp.hosts[id].main_address(isp, plane.family);
        let host = |address| (Origin::Host(id.index()), address, format!("host.{name}"));
        return address.map(host).into_iter().collect();
    }
    if let Some(id) = isp.segments.find(name).filter(|_| is("segment")) {
        let address = isp.segments[id].prefix(plane.family).and_then(|net| unnamed(plane, net));
        let lan = |address| (Origin::Lan(id.index()), address, format!("segment.{name}"));
        return address.map(lan).into_iter().collect();
    }
    if let Some(id) = isp.pools.find(name).filter(|_| is("pool")) {
        let nets = isp.pools[id].prefixes.iter();
        let mut nets = nets.filter(|net| Family::of_net(**net) == plane.family);
        let host = isp.pools[id].hosts.first().map(|id| id.index());
        let address = nets.find_map(|net| unnamed(plane, *net));
        let both = host.zip(address);
        return both
            .map(|(host, address)| (Origin::Pool(host), address, format!("pool.{name}")))
            .into_iter()
            .collect();
    }
    crate::questions::strangers(plane)
        .into_iter()
        .filter(|(_, _, own)| {
            let own = own.trim_start_matches("neighbor.");
            own == name || own.split('/').next() == Some(name) || word == "internet"
        })
        .collect()
}

/// An address of ours as a start: the host that has it, or a machine on the segment or in the pool that
/// holds it.
fn from_address(plane: &Plane<'_>, address: IpAddr) -> Option<(Origin, IpAddr, String)> {
    if Family::of(address) != plane.family {
        return None;
    }
    let host = plane.isp.hosts.iter().find(|(_, host)| host.addresses().contains(&address));
    if let Some((id, host)) = host {
        return Some((Origin::Host(id.index()), address, format!("host.{}", host.name())));
    }
    let holds = |net: IpNet| net.contains(&address);
    let mut segments = plane.isp.segments.iter();
    let segment = segments.find(|(_, segment)| segment.prefix(plane.family).is_some_and(holds));
    let segment = segment.map(|(id, segment)| {
        (Origin::Lan(id.index()), address, format!("segment.{}", segment.name()))
    });
    let member = || {
        let pools = plane.isp.pools.values();
        let mut pools = pools.filter(|pool| pool.prefixes.iter().copied().any(holds));
        let pool = pools.next()?;
        let host = pool.hosts.first()?.index();
        Some((Origin::Pool(host), address, format!("pool.{}", pool.name())))
    };
    segment.or_else(member)
}

/// What stands for the goal of a packet.
fn goal(plane: &Plane<'_>, word: &str, source: IpAddr) -> Option<(IpAddr, String)> {
    if let Ok(address) = word.parse::<IpAddr>() {
        let fits = Family::of(address) == Family::of(source);
        return fits.then(|| (address, word.to_owned()));
    }
    if word == "internet" {
        let rest = crate::announce::rest(plane.family)?;
        return Some((flows::first(rest)?, word.to_owned()));
    }
    let (kind, name) = word.split_once('.').unwrap_or(("", word));
    let is = |wanted: &str| kind == wanted || kind.is_empty();
    if let Some(id) = plane.isp.vips.find(name).filter(|_| is("vip")) {
        return Some((plane.isp.vips[id].address(plane.family)?, format!("vip.{name}")));
    }
    if let Some(id) = plane.isp.services.find(name).filter(|_| is("service")) {
        let fronts = plane.isp.front_of(&plane.isp.services[id]).into_iter();
        let own = fronts.into_iter().find(|address| Family::of(*address) == plane.family);
        return Some((own?, format!("service.{name}")));
    }
    let wanted = format!("neighbor.{name}");
    let outside = flows::Ends::of(plane).outside.into_iter();
    let neighbor = || outside.clone().find(|(_, own)| *own == wanted);
    let start = starts(plane, word).into_iter().map(|(_, address, name)| (address, name)).next();
    start.filter(|(_, name)| !name.starts_with("neighbor.")).or_else(neighbor)
}

/// Why nothing can be said: which of the two words is at fault, and why.
fn unknown(isp: &Isp, asked: &Asked<'_>) -> String {
    let all = planes(isp, 1);
    let starts = |word: &str| all.iter().any(|plane| !starts(plane, word).is_empty());
    let goal = |word: &str| all.iter().any(|plane| goal(plane, word, anywhere(plane)).is_some());
    let Asked { from, to, .. } = *asked;
    let word = match (starts(from), goal(to)) {
        (true, true) => {
            return format!("`{from}` and `{to}` have no family of addresses in common");
        }
        (true, false) => to,
        (false, _) => from,
    };
    let name = word.strip_prefix("host.").unwrap_or(word);
    if isp.hosts.find(name).is_some() {
        return format!("host.{name} has no address that is routed");
    }
    if word == from && goal(from) {
        return format!(
            "no packet starts at `{from}`: name a host, segment, pool or neighbour, an address of \
             theirs, or `internet`"
        );
    }
    format!(
        "`{word}` is no host, segment, pool, VIP, service, neighbour or address that packets go \
         from or to; write `internet` for the rest of the world"
    )
}

/// Any source of a family.
fn anywhere(plane: &Plane<'_>) -> IpAddr {
    match plane.family {
        Family::V4 => std::net::Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => std::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Who answers for an address when something failed.
pub fn who_answers(isp: &Isp, address: IpAddr, failure: &Failure) -> Answerers {
    let plane = Plane::of(isp, Family::of(address));
    let world = World::of(&plane, failure);
    let mut hosts = Vec::new();
    for (id, host) in isp.hosts.iter().filter(|(id, _)| world.up.hosts[id.index()]) {
        if host.loopback(plane.family) == Some(address) {
            hosts.push(Answerer { host: host.name().to_owned(), by: "it is its loopback".into() });
        }
        let own = plane.nics_of(id.index()).filter(|nic| plane.nics[*nic].address == Some(address));
        for nic in own.filter(|nic| world.up.nics[*nic]) {
            let by = format!("its interface {} has it", plane.nic_name(nic));
            hosts.push(Answerer { host: host.name().to_owned(), by });
        }
    }
    for (vip, masters) in isp.vips.values().zip(&world.masters) {
        let ours = vip.address(plane.family) == Some(address);
        for host in masters.iter().filter(|_| ours) {
            let by = by_vrrp(&world, vip, *host);
            hosts.push(Answerer { host: plane.host(*host).name().to_owned(), by });
        }
    }
    Answerers { failure: failure.clone(), address, hosts }
}

fn by_vrrp(world: &World<'_>, vip: &model::kinds::Vip, host: Position) -> String {
    let segment = world.plane.isp.segments[vip.segment].name();
    let priority = vip.priority(world.plane.host_ids[host]).unwrap_or(0);
    format!("VRRP master of {} on {segment}, priority {priority} when all is well", vip.name())
}

/// What a failure changes: the flows that go another way or nowhere, and what does not hold then.
pub fn what_if(isp: &Isp, failure: &Failure) -> WhatIf {
    let planes = planes(isp, 1);
    let changes = planes.iter().flat_map(|plane| {
        let questions = Questions::of(plane, 2);
        let before = World::whole(plane);
        let after = World::of(plane, failure);
        let both = (0..questions.flows.len()).filter_map(|number| {
            let was = outcome(&before, &questions, number);
            let is = outcome(&after, &questions, number);
            change(name(plane, &questions, number), Some(&was), Some(&is))
        });
        both.collect::<Vec<Change>>()
    });
    let changes: Vec<Change> = changes.collect();
    let Report { violations, accepted, .. } =
        crate::accept::sort(isp, crate::prove::at(isp, failure));
    WhatIf { failure: failure.clone(), changes, violations, accepted }
}

/// What each single failure changes: those that look alike once.
pub fn singles(isp: &Isp) -> Vec<WhatIf> {
    let planes = planes(isp, 1);
    let elements = failures::elements(isp);
    let scenarios = failures::scenarios(&planes, &elements, 1);
    let first = scenarios.into_iter().skip(1).filter_map(|one| one.failures.into_iter().next());
    let forwarding = |failure: &Failure| {
        failure.elements().iter().all(|element| match element {
            Element::Host(id) | Element::Link(id, _) => isp.hosts[*id].role.forwards(),
            Element::Segment(_) | Element::Session(..) | Element::Daemon(..) | Element::Site(_) => {
                true
            }
        })
    };
    first.filter(forwarding).map(|failure| what_if(isp, &failure)).collect()
}

/// What becomes of a flow: its end and the hosts that it passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) words: String,
    pub(crate) arrives: bool,
}

/// What becomes of a flow in a state.
pub(crate) fn outcome(world: &World<'_>, questions: &Questions, number: usize) -> Outcome {
    let flow = &questions.flows[number];
    let followed = Followed::of(world, questions, flow);
    let mut words: Vec<String> =
        followed.all().iter().map(|(hops, end)| way_in_words(hops, end)).collect();
    words.sort();
    words.dedup();
    if words.is_empty() {
        words.push("nobody takes it".to_owned());
    }
    Outcome { words: words.join("; or "), arrives: followed.arrives() }
}

/// `core-01 > edge-01, leaves over verixi/edge-01`.
fn way_in_words(hops: &[Hop], end: &End) -> String {
    let hosts: Vec<&str> = hops.iter().map(|hop| hop.host.as_str()).collect();
    let end = match end {
        End::Delivered(whom) => format!("reaches {whom}"),
        End::Left(session) => format!("leaves over {session}"),
        End::Strayed(session) => format!("strays to another network over {session}"),
        End::Filtered(rule) => format!("dropped by the filter of {rule}"),
        End::Unreachable(host) => format!("no route at {host}"),
        End::Blackholed(host) => format!("dropped by a route of {host}"),
        End::Unanswered(segment) => format!("nobody answers on {segment}"),
        End::Loop(host) => format!("goes in a circle at {host}"),
    };
    format!("{}, {end}", hosts.join(" > "))
}

/// `segment.patata to internet (IPv4)`.
pub(crate) fn name(plane: &Plane<'_>, questions: &Questions, number: usize) -> String {
    let flow = &questions.flows[number];
    let port = flow.port.map_or_else(String::new, |port| format!(", {port}"));
    let to = &questions.destinations.names[flow.to];
    format!("{} to {to}{port} (IPv{})", questions.origins[number], plane.family.digit())
}

/// The difference between two outcomes, if there is one.
pub(crate) fn change(
    what: String,
    before: Option<&Outcome>,
    after: Option<&Outcome>,
) -> Option<Change> {
    let words = |outcome: Option<&Outcome>| outcome.map(|one| one.words.clone());
    let arrives = |outcome: Option<&Outcome>| outcome.is_some_and(|one| one.arrives);
    let lost = arrives(before) && !arrives(after);
    let (was, is) = (words(before), words(after));
    (was != is).then_some(Change { what, before: was, after: is, lost })
}

/// Flows by name, with what becomes of each.
pub(crate) fn outcomes(plane: &Plane<'_>) -> BTreeMap<String, Outcome> {
    let questions = Questions::of(plane, 2);
    let world = World::whole(plane);
    let numbers = 0..questions.flows.len();
    numbers
        .map(|number| (name(plane, &questions, number), outcome(&world, &questions, number)))
        .collect()
}
