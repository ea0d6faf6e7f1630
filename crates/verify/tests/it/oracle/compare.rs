//! Many generated providers under many failures, one method against the other.

use super::{ask, differences, ours};
use model::Isp;
use model::ask::Family;
use model::kinds::{Role, SegmentKind};
use std::ops::Range;
use verify::Failure;
use verify::element::{Daemon, Element};

/// Asks both about the providers of these seeds, whole and under every single failure that touches
/// routing, and under pairs of them. Says where they differ, with the seed and the failure.
pub(crate) fn compare(seeds: Range<u64>) -> Vec<String> {
    let mut all = Vec::new();
    for seed in seeds {
        let isp = testkit::isp_from(&testkit::random::isp(seed, size(seed)));
        let failures = failures(&isp);
        for family in Family::BOTH {
            for (failure, ours) in failures.iter().zip(ours(&isp, family, &failures)) {
                let what = format!("seed {seed}, {family:?}, without `{}`", failure.text(&isp));
                match ask(&isp, family, failure) {
                    Ok(theirs) => {
                        let differ = differences(&ours, &theirs).into_iter();
                        all.extend(differ.map(|differ| format!("{what}: {differ}")));
                    }
                    Err(error) => all.push(format!("{what}: bgpsim fails: {error}")),
                }
            }
        }
    }
    all
}

/// How many routers the provider of a seed has.
pub(crate) fn size(seed: u64) -> usize {
    4 + usize::try_from(seed % 9).unwrap_or_default()
}

/// No failure, every single one that touches routing, and each of them with the one a third further
/// on in the list: all pairs would take minutes.
pub(crate) fn failures(isp: &Isp) -> Vec<Failure> {
    let elements = elements(isp);
    let mut all = vec![Failure::none()];
    all.extend(elements.iter().map(|element| Failure::of([*element])));
    let third = elements.len() / 3;
    let pairs = elements.iter().zip(elements.iter().cycle().skip(third));
    all.extend(pairs.map(|(one, other)| Failure::of([*one, *other])));
    all
}

/// What routing may notice: LANs, management and who only uses the network are left out.
fn elements(isp: &Isp) -> Vec<Element> {
    let moves = |kind: SegmentKind| kind == SegmentKind::Backbone || kind.is_external();
    let segments = isp.segments.iter().filter(|(_, segment)| moves(segment.kind));
    let mut all: Vec<Element> = segments.map(|(id, _)| Element::Segment(id)).collect();
    for (id, host) in isp.hosts.iter().filter(|(_, host)| host.role.routes()) {
        all.extend([Element::Host(id), Element::Daemon(id, Daemon::Routing)]);
        let nics = host.nic.iter().enumerate();
        let nics = nics.filter(|(_, nic)| moves(isp.segments[nic.segment].kind));
        all.extend(nics.map(|(at, _)| Element::Link(id, at)));
    }
    let hypervisors = isp.with_role(Role::Hypervisor).map(|(id, _)| Element::Host(id));
    all.extend(hypervisors.chain(isp.sites.iter().map(|(id, _)| Element::Site(id))));
    for (id, neighbor) in isp.neighbors.iter() {
        all.extend((0..neighbor.session.len()).map(|at| Element::Session(id, at)));
    }
    all
}
