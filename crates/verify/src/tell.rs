//! From a fault to what people read: the sentence, the place in the files, the path that shows it.

use crate::columns;
use crate::element::Failure;
use crate::fault::{About, Fault};
use crate::flows::{Flow as Sent, Origin};
use crate::lost;
use crate::path::{self, Followed};
use crate::plane::Plane;
use crate::plane::up::Up;
use crate::prove::Ready;
use crate::questions::Questions;
use crate::report::{Counterexample, End, Flow, Violation};
use crate::world::World;
use model::ask::Family;
use model::kinds::InvariantKind;
use model::source::Place;
use model::value::Port;
use model::{Finding, Named as _};

/// A fault as a violation, with what shows it worked out again.
pub(crate) fn violation(
    ready: &Ready<'_>,
    family: usize,
    fault: &Fault,
    (failure, others): (Failure, Vec<Failure>),
) -> Violation {
    let (whole, questions) = (&ready.wholes[family], &ready.questions[family]);
    let plane = whole.plane;
    let world = World::after(whole, Up::without(plane, &failure));
    let subject = subject(&world, fault);
    let mut shown = Counterexample { failure, ..Counterexample::default() };
    let mut about = subject.keys.clone();
    if let Some(number) = fault.flow {
        let flow = &questions.flows[number];
        show(&world, questions, (number, flow), fault, &mut shown);
        about.extend(shown.flow.iter().flat_map(|flow| [flow.from.clone(), flow.to.clone()]));
    }
    if let About::Vip(vip) | About::Owner(_, vip) = fault.about {
        let names = world.masters[vip].iter().map(|host| plane.host(*host).name().to_owned());
        shown.answerers = names.collect();
        shown.addresses = plane.vips[vip].address.into_iter().collect();
    }
    let says = if let About::Vip(vip) = fault.about
        && fault.code == "V-NOBODY"
    {
        nobody(&world, vip, &subject)
    } else {
        says(fault, &subject, &shown)
    };
    let says = says + &unheard(&world, questions, fault).unwrap_or_default();
    let mut finding = Finding::error(fault.code, subject.place, says);
    finding.about = about;
    finding.hint =
        crate::property::Property::of(fault.code).map(crate::property::Property::way_out);
    if fault.code == "V-BLACKHOLE" && filtered(&shown) {
        finding.hint = Some(FILTERED.to_owned());
    }
    finding.also = also(&shown);
    // Until it is named: what sets it apart from the same in the other family.
    let id = match plane.family {
        Family::V4 => String::new(),
        Family::V6 => "IPv6".to_owned(),
    };
    Violation { id, finding, shown, others }
}

/// One way out where a router's filter drops what it should pass on.
const FILTERED: &str = "Routers drop sources that cannot be true where they are seen. Number the source from our own \
                        prefixes, list it with the customer whose it is, or translate it on a firewall.";

/// Whether a filter is where the packet ends.
fn filtered(shown: &Counterexample) -> bool {
    matches!(shown.end, Some(End::Filtered(_)))
}

/// What a fault is about: in words, as keys, and where it is declared.
struct Subject {
    name: String,
    keys: Vec<String>,
    place: Place,
}

fn subject(world: &World<'_>, fault: &Fault) -> Subject {
    let isp = world.plane.isp;
    let host = |position: usize| world.plane.host(position);
    match fault.about {
        About::Host(at) => {
            let host = host(at);
            let keys = vec![format!("host.{}", host.name())];
            Subject { name: host.name().to_owned(), keys, place: host.at.place }
        }
        About::Hosts(one, other) => {
            let (one, other) = (host(one), host(other));
            let keys = vec![format!("host.{}", one.name()), format!("host.{}", other.name())];
            let name = format!("{} and {}", one.name(), other.name());
            Subject { name, keys, place: one.at.place }
        }
        About::Vip(at) => {
            let vip = isp.vips.values().nth(at);
            let name = vip.map_or("?", |vip| vip.name()).to_owned();
            let place = vip.map_or_else(Place::default, |vip| vip.at.place);
            Subject { keys: vec![format!("vip.{name}")], name, place }
        }
        About::Invariant(at, _) => {
            let invariant = isp.invariants.values().nth(at);
            let name = invariant.map_or("?", |one| one.name()).to_owned();
            let place = invariant.map_or_else(Place::default, |one| one.at.place);
            Subject { keys: vec![format!("invariant.{name}")], name, place }
        }
        About::Owner(at, vip) => {
            let about = About::Invariant(at, 0);
            let Subject { name, mut keys, place } =
                subject(world, &Fault { about, ..fault.clone() });
            keys.extend(isp.vips.values().nth(vip).map(|vip| format!("vip.{}", vip.name())));
            Subject { name, keys, place }
        }
        About::Prefix(at) => {
            let net = world.plane.routes.prefixes[at].to_string();
            let place = isp.about.at.place;
            Subject { keys: vec![net.clone()], name: net, place }
        }
    }
}

/// Follows the flow again, and keeps the way that is wrong.
fn show(
    world: &World<'_>,
    questions: &Questions,
    (number, flow): (usize, &Sent),
    fault: &Fault,
    shown: &mut Counterexample,
) {
    shown.flow = Some(in_words(world.plane, questions, (number, flow)));
    let followed = Followed::of(world, questions, flow);
    let wrong = |end: &crate::walk::Ending| !end.arrives();
    let isolate = fault.code == "V-INVARIANT" && !followed.walks.is_empty() && followed.arrives();
    let chosen = followed.way(|end| wrong(end) != isolate).or_else(|| followed.way(|_| true));
    if let Some((hops, end)) = chosen {
        shown.hops = hops;
        shown.end = Some(end);
    }
    if let About::Hosts(one, other) = fault.about
        && let Some((hops, end)) = followed.way_over(one, other)
    {
        shown.hops = hops;
        shown.end = Some(end);
    }
    if fault.code == "V-ASYMMETRIC" || (fault.code == "V-INVARIANT" && followed.arrives()) {
        let seen = columns::summary(world.plane, &followed.walks);
        let known = path::knowing(flow, &seen);
        let back = path::back(world, questions, flow, (&seen, &known));
        if let Some((hops, end)) = back.way(wrong).or_else(|| back.way(|_| true))
            && !seen.tracked.is_empty()
        {
            shown.back = hops;
            shown.back_end = Some(end);
        }
    }
}

/// A flow as people read it.
pub(crate) fn in_words(
    plane: &Plane<'_>,
    questions: &Questions,
    (number, flow): (usize, &Sent),
) -> Flow {
    Flow {
        family: plane.family,
        from: questions.origins[number].clone(),
        source: flow.source,
        to: questions.destinations.names[flow.to].clone(),
        destination: questions.destinations.all[flow.to].address,
        // A flow that names no port is followed as one of HTTPS.
        port: Some(flow.port.unwrap_or(Port::Tcp(443, 443))),
    }
}

/// The places that decided on the way, but the one of the finding itself.
fn also(shown: &Counterexample) -> Vec<(Place, String)> {
    let last = shown.hops.last().into_iter();
    last.filter_map(|hop| Some((hop.place?, format!("{}: {}", hop.host, hop.by)))).collect()
}

/// Why packets do not come that would arrive: no network that sends them knows of us.
fn unheard(world: &World<'_>, questions: &Questions, fault: &Fault) -> Option<String> {
    let (About::Invariant(at, _), Some(number)) = (fault.about, fault.flow) else { return None };
    let reach = questions.invariants[at].kind == InvariantKind::Reach;
    let flow = reach.then_some(&questions.flows[number])?;
    let followed = Followed::of(world, questions, flow);
    let seen = columns::summary(world.plane, &followed.walks);
    let about = match flow.origin {
        Origin::Outside(_) => &questions.destinations.names[flow.to],
        Origin::Lan(_) | Origin::Pool(_) | Origin::Host(_) | Origin::Vip(..) => {
            &questions.origins[number]
        }
    };
    let unheard = followed.arrives() && lost::unheard(world, questions, flow, &seen);
    unheard.then(|| format!(": neither the neighbour nor a transit hears from us of {about}"))
}

/// V-NOBODY, with those who could answer.
fn nobody(world: &World<'_>, vip: usize, subject: &Subject) -> String {
    let plane = world.plane;
    let silent = crate::vrrp::silent(plane, &world.up, &plane.vips[vip]);
    let names: Vec<&str> = silent.map(|host| plane.host(host).name()).collect();
    let (names, live) = (names.join(" and "), if names.len() > 1 { "live" } else { "lives" });
    format!("nobody answers for VIP {}, although {names} {live} on its segment", subject.name)
}

fn says(fault: &Fault, subject: &Subject, shown: &Counterexample) -> String {
    let name = &subject.name;
    let flow = shown.flow.as_ref();
    let flow = flow.map_or_else(String::new, |flow| format!("{} to {}", flow.from, flow.to));
    match fault.code {
        "V-OWNER" => format!("{} answer for VIP {name} at once", shown.answerers.join(" and ")),
        "V-DEFAULT" => format!("{name} has no route to the Internet"),
        "V-OSCILLATES" => format!("routers never agree on the way to {name}"),
        "V-EDGE-TRANSIT" => format!("packets from {flow} cross two edges: {name}"),
        "V-LOOP" => format!("packets from {flow} go in a circle at {name}"),
        "V-BLACKHOLE" if filtered(shown) => {
            format!("packets from {flow} are dropped by the filter of {name}, a router")
        }
        "V-BLACKHOLE" => format!("packets from {flow} are lost at {name}, although there is a way"),
        "V-UNREACHED" => {
            format!("{name} attracts packets from {flow} and reaches nobody who could take them")
        }
        "V-STALE-DEFAULT" => {
            format!(
                "packets from {flow} follow a static default route at {name} that leads nowhere"
            )
        }
        "V-ASYMMETRIC" => {
            format!("answers from {flow} do not come back through {name}, which tracks connections")
        }
        "V-INVARIANT" if !shown.answerers.is_empty() => {
            let vip = subject.keys.last().map_or("", |key| key.trim_start_matches("vip."));
            let answerers = shown.answerers.join(" and ");
            format!("invariant {name} does not hold: {answerers} answer for VIP {vip} at once")
        }
        "V-INVARIANT" => format!("invariant {name} does not hold for {flow}"),
        _ => format!("{name}: {flow}"),
    }
}

/// Violations that differ in the family alone, or are of one cause, told once; each with its name.
pub(crate) fn joined(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.sort_by(|a, b| key(a).cmp(&key(b)));
    violations.dedup_by(|later, first| {
        let same = later.finding.code == first.finding.code
            && later.finding.place == first.finding.place
            && later.shown.failure == first.shown.failure
            && later.finding.about == first.finding.about;
        if same {
            let known: Vec<Failure> = first.others.clone();
            first.others.extend(later.others.iter().filter(|one| !known.contains(one)).cloned());
            first.shown.addresses.extend(&later.shown.addresses);
        }
        same
    });
    for violation in &mut violations {
        violation.id = identity(violation, &violation.id);
    }
    violations
}

type Order<'a> = (Option<Place>, &'a str, &'a Failure, &'a [String], &'a str);

fn key(violation: &Violation) -> Order<'_> {
    let finding = &violation.finding;
    (finding.place, finding.code, &violation.shown.failure, &finding.about, &finding.says)
}

/// The property's code and six digits that follow from what it is about (FNV-1a): the same as long as
/// the fault is. `apart` sets it apart from others that are about the same.
pub(crate) fn identity(violation: &Violation, apart: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let keys = violation.finding.about.iter().map(String::as_str);
    let keys = keys.chain((!apart.is_empty()).then_some(apart));
    for byte in keys.flat_map(|key| key.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{}-{:06x}", violation.finding.code, (hash ^ (hash >> 32)) & 0x00ff_ffff)
}
