//! What a change can touch: of two versions of a network, the flows for which something is different
//! that could decide their way. Everything else was judged when the old version was proved.

use crate::destination::Destination;
use crate::flows::{Flow, Origin};
use crate::plane::gate::Gates;
use crate::plane::{Plane, Position};
use crate::questions::{Asked, Questions};
use crate::walk::HOPS;
use derive::packet::judge::Packet;
use derive::packet::rules::State;
use ipnet::IpNet;
use model::kinds::{Accept, Invariant};
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What is different between two versions of one family.
pub(crate) enum Touched<'p> {
    /// Hosts, links, sessions or addresses: anything may be.
    Everything,
    /// Only these.
    Some {
        /// The filters of the old version.
        old: &'p Gates,
        /// Prefixes whose routes differ.
        nets: BTreeSet<IpNet>,
        /// Hosts whose packet filter differs.
        filters: BTreeSet<Position>,
        /// What the old version was asked, too.
        asked: BTreeSet<Known>,
        /// Invariants that are new or say something else, by position.
        fresh: BTreeSet<usize>,
    },
}

/// What was asked: from where to where, and by which of the new version's invariants; none for what
/// always holds. Not of which port: what stands for others of its kind moves with the filters.
type Known = (Origin, IpAddr, IpAddr, Option<usize>);

/// Compares two versions of one family, of which the new one is asked these questions.
pub(crate) fn touched<'p>(
    old: &'p Plane<'_>,
    new: &Plane<'_>,
    questions: &Questions,
) -> Touched<'p> {
    let alike = shape(old) == shape(new) && new.gates.hear_alike(&old.gates);
    if !alike || accepts_less(old.isp, new.isp) {
        return Touched::Everything;
    }
    let (before, after) = (routes(old), routes(new));
    let nets = before.keys().chain(after.keys()).filter(|net| before.get(net) != after.get(net));
    let hosts = 0..new.isp.hosts.len();
    let before = Questions::of(old, questions.most);
    Touched::Some {
        old: &old.gates,
        nets: nets.copied().collect(),
        filters: hosts.filter(|host| !new.gates.same(&old.gates, *host)).collect(),
        asked: asked(old, new, &before),
        fresh: fresh((old.isp, &before), (new.isp, questions)),
    }
}

/// What the old version was asked that the new one may be asked again.
fn asked(old: &Plane<'_>, new: &Plane<'_>, questions: &Questions) -> BTreeSet<Known> {
    let numbers = new.isp.invariants.values().enumerate();
    let numbers: BTreeMap<String, usize> = numbers.map(|(at, one)| (words(one), at)).collect();
    let invariants = old.isp.invariants.values();
    let moved: Vec<Option<usize>> =
        invariants.map(|one| numbers.get(&words(one)).copied()).collect();
    let mut known = BTreeSet::new();
    for (flow, asked) in questions.flows.iter().zip(&questions.asked) {
        let to = questions.destinations.all[flow.to].address;
        let numbers = asked.iter().filter_map(|asked| match asked {
            Asked::Always => Some(None),
            Asked::Invariant(at) => moved[*at].map(Some),
        });
        known.extend(numbers.map(|number| (flow.origin, flow.source, to, number)));
    }
    known
}

/// The invariants that are new, say something else or mean other virtual addresses, by position.
fn fresh((old, before): (&Isp, &Questions), (new, after): (&Isp, &Questions)) -> BTreeSet<usize> {
    let said: BTreeMap<String, &Vec<usize>> = old
        .invariants
        .values()
        .map(words)
        .zip(before.invariants.iter().map(|one| &one.owned))
        .collect();
    let invariants = new.invariants.values().zip(&after.invariants).enumerate();
    let differs = |one: &Invariant, owned| said.get(&words(one)) != Some(&owned);
    let fresh = invariants.filter(|(_, (one, wanted))| differs(one, &wanted.owned));
    fresh.map(|(at, _)| at).collect()
}

/// Whether something was accepted that is not any more: it was found, and set apart.
fn accepts_less(old: &Isp, new: &Isp) -> bool {
    let words = |one: &Accept| format!("{} {:?} {:?}", one.property, one.on, one.without);
    let left: BTreeSet<String> = new.accepts.values().map(words).collect();
    old.accepts.values().any(|one| !left.contains(&words(one)))
}

/// Everything that decides which hosts can exchange packets at all.
fn shape(plane: &Plane<'_>) -> String {
    let hosts: Vec<_> =
        plane.isp.hosts.values().map(|host| (host.name(), host.role, host.on, host.site)).collect();
    let segments = plane.isp.segments.values();
    let segments: Vec<_> =
        segments.map(|one| (one.name(), one.site, one.kind, one.ipv4, one.ipv6)).collect();
    let nats: Vec<_> = plane.isp.nats.values().map(|nat| (&nat.hosts, &nat.from)).collect();
    let vips: Vec<_> = plane.isp.vips.values().map(model::Named::name).collect();
    let sessions: Vec<_> = plane
        .routes
        .sessions
        .iter()
        .map(|one| (one.neighbor, one.at, one.router, one.remote, one.nic, one.address))
        .collect();
    // Whether they lead to the rest of the Internet, and whose an address is.
    let neighbors = plane.isp.neighbors.values();
    let neighbors: Vec<_> =
        neighbors.map(|one| (one.relation, &one.prefixes, &one.twin.announces)).collect();
    let pools: Vec<_> = plane.isp.pools.values().map(|pool| &pool.prefixes).collect();
    let own = (&plane.isp.about.ipv4, &plane.isp.about.ipv6, pools);
    format!(
        "{hosts:?} {segments:?} {nats:?} {vips:?} {:?} {:?} {:?} {:?} {sessions:?} {neighbors:?} {own:?}",
        plane.nics, plane.vips, plane.gateways, plane.igp
    )
}

/// By prefix: every route to it, with whom it is told to.
fn routes(plane: &Plane<'_>) -> BTreeMap<IpNet, String> {
    let routes = &plane.routes;
    let about = |prefix: usize| {
        let injections = routes.injections[prefix].iter().map(|one| {
            let told: Vec<bool> = (0..routes.sessions.len())
                .map(|session| routes.tells_neighbor(session, one.route))
                .collect();
            let inner: Vec<_> = routes
                .inner
                .iter()
                .map(|inner| inner.passes.get(one.route as usize).copied().flatten())
                .map(|passed| passed.map(|route| &routes.routes[route as usize]))
                .collect();
            let route = &routes.routes[one.route as usize];
            let inside = routes.inside(one.route).map(|told| told.map(|id| &routes.routes[id as usize]));
            // Numbers of routes shift when another one comes: their attributes count.
            let crate::plane::routes::Injection { router, preference, address, needs, leads, .. } = one;
            format!(
                "{router} {preference} {address:?} {needs:?} {leads:?} {route:?} {inside:?} {inner:?} {told:?}"
            )
        });
        injections.collect::<String>()
    };
    let carried = routes.infrastructure.iter().map(|(net, owners)| (*net, format!("{owners:?}")));
    let mut all: BTreeMap<IpNet, String> = carried.collect();
    for (prefix, net) in routes.prefixes.iter().enumerate() {
        all.entry(*net).or_default().push_str(&about(prefix));
    }
    all
}

/// What an invariant says, wherever it stands.
fn words(one: &Invariant) -> String {
    let Invariant { name, kind, from, to, ports, through, survives, .. } = one;
    format!("{name} {kind:?} {from:?} {to:?} {ports:?} {through:?} {survives}")
}

impl Touched<'_> {
    /// Whether a flow may be judged otherwise than before.
    pub(crate) fn reaches(&self, plane: &Plane<'_>, questions: &Questions, number: usize) -> bool {
        let Self::Some { old, nets, filters, asked, .. } = self else { return true };
        let flow = &questions.flows[number];
        let [to, back] = [flow.to, flow.back].map(|end| &questions.destinations.all[end]);
        let known = |about: &Asked| {
            let number = match about {
                Asked::Always => None,
                Asked::Invariant(at) => Some(*at),
            };
            asked.contains(&(flow.origin, flow.source, to.address, number))
        };
        // A prefix that is gone is no step of the new version.
        !questions.asked[number].iter().all(known)
            || [to, back].iter().any(|end| nets.iter().any(|net| net.contains(&end.address)))
            || filters.iter().any(|host| {
                may_pass(plane, *host, flow, [to, back])
                    && judged_otherwise(plane, (old, *host), (flow, to.address))
            })
    }
}

/// Whether a filter does something else to a flow or its answer than it did, between any interfaces.
fn judged_otherwise(
    plane: &Plane<'_>,
    (old, host): (&Gates, Position),
    (flow, destination): (&Flow, IpAddr),
) -> bool {
    let new = &plane.gates;
    let question = (flow.source, destination, flow.content(), None);
    let answer = |state| (destination, flow.source, flow.answer(), state);
    let packets = [question, answer(None), answer(Some(State::Established))];
    let names = || plane.nics_of(host).map(|nic| Some(plane.nic_name(nic))).chain([None]);
    let all = names().flat_map(|input| names().map(move |output| (input, output)));
    new.tracks(host) != old.tracks(host)
        || all.filter(|ends| *ends != (None, None)).any(|(input, output)| {
            packets.iter().any(|(source, destination, content, state)| {
                let (source, destination) = (*source, *destination);
                let (content, state) = (*content, *state);
                let packet =
                    Packet { input, output, source, destination, content, hops: HOPS, state };
                old.judge(host, &packet).passes != new.judge(host, &packet).passes
            })
        })
}

/// Whether a flow or its answer may meet the filter of a host.
fn may_pass(plane: &Plane<'_>, host: Position, flow: &Flow, ends: [&Destination; 2]) -> bool {
    let role = plane.host(host).role;
    if role.routes() {
        return true;
    }
    let starts_here = match flow.origin {
        Origin::Host(own) | Origin::Pool(own) | Origin::Vip(_, own) => own == host,
        Origin::Lan(segment) => plane.nic_on(host, segment).is_some() && role.forwards(),
        Origin::Outside(_) => false,
    };
    let held = |vip: &crate::plane::Vip| vip.candidates.iter().any(|one| one.host == host);
    let leads_here = |end: &Destination| {
        let own = plane.nics_of(host).any(|nic| plane.nics[nic].address == Some(end.address));
        let virtual_one =
            plane.vips.iter().any(|vip| vip.address == Some(end.address) && held(vip));
        let behind = end.steps.iter().filter_map(|step| step.prefix).any(|prefix| {
            plane.routes.injections[prefix].iter().any(|one| match one.leads {
                crate::plane::routes::Leads::Via(vip, _) => held(&plane.vips[vip]),
                crate::plane::routes::Leads::Attached(_)
                | crate::plane::routes::Leads::Pool
                | crate::plane::routes::Leads::Unreachable
                | crate::plane::routes::Leads::Out(_) => false,
            })
        });
        let segment = end.steps.iter().filter_map(|step| step.segment);
        let near = role.forwards() && segment.into_iter().any(|s| plane.nic_on(host, s).is_some());
        own || virtual_one || behind || near
    };
    starts_here || ends.iter().any(|end| leads_here(end))
}
