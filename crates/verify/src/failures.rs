//! What can fail, and which sets of it differ: many failures look the same to packets.

use crate::element::{Daemon, Element, Failure};
use crate::plane::Plane;
use crate::plane::up::Up;
use model::Isp;
use model::kinds::{MachineKind, SegmentKind};
use std::collections::BTreeMap;

/// Everything that can fail by itself.
pub(crate) fn elements(isp: &Isp) -> Vec<Element> {
    let mut all = Vec::new();
    for (id, host) in isp.hosts.iter() {
        all.push(Element::Host(id));
        if host.kind != MachineKind::Rented {
            all.extend((0..host.nic.len()).map(|at| Element::Link(id, at)));
        }
        if host.role.routes() {
            all.push(Element::Daemon(id, Daemon::Routing));
        }
        if isp.vips_of(id).next().is_some() {
            all.push(Element::Daemon(id, Daemon::Vrrp));
        }
    }
    all.extend(isp.segments.iter().map(|(id, _)| Element::Segment(id)));
    for (id, neighbor) in isp.neighbors.iter() {
        all.extend((0..neighbor.session.len()).map(|at| Element::Session(id, at)));
    }
    all.extend(isp.sites.iter().map(|(id, _)| Element::Site(id)));
    all
}

/// One state to simulate, for all the failures that lead to it.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// The failures that look like this; the first is the smallest.
    pub(crate) failures: Vec<Failure>,
    /// As how many failures it is judged.
    pub(crate) counts: usize,
}

/// Every state that up to `most` failures lead to, told apart by what packets can see of it; those of
/// fewer failures first.
pub(crate) fn scenarios(planes: &[Plane<'_>], elements: &[Element], most: u8) -> Vec<Scenario> {
    let mut seen = Seen::new(planes);
    seen.add(Failure::none());
    if most >= 1 {
        for element in elements {
            seen.add(Failure::of([*element]));
        }
    }
    if most >= 2 {
        // Two elements that look alike make the same pairs.
        let distinct: Vec<Element> = seen.first_of_each();
        for (at, one) in distinct.iter().enumerate() {
            for other in distinct.iter().skip(at + 1) {
                seen.add(Failure::of([*one, *other]));
            }
        }
    }
    seen.scenarios
}

/// The states seen so far.
struct Seen<'a> {
    planes: &'a [Plane<'a>],
    relevant: Vec<Relevant>,
    known: BTreeMap<Vec<u64>, usize>,
    scenarios: Vec<Scenario>,
}

/// The hosts and interfaces of a plane whose loss packets notice.
struct Relevant {
    hosts: Vec<usize>,
    nics: Vec<usize>,
}

impl<'a> Seen<'a> {
    fn new(planes: &'a [Plane<'a>]) -> Self {
        let relevant = planes.iter().map(Relevant::of).collect();
        Self { planes, relevant, known: BTreeMap::new(), scenarios: Vec::new() }
    }

    fn add(&mut self, failure: Failure) {
        let up: Vec<Up> = self.planes.iter().map(|plane| Up::without(plane, &failure)).collect();
        let all = up.iter().zip(&self.relevant);
        let key: Vec<u64> = all.flat_map(|(up, relevant)| relevant.key(up)).collect();
        let next = self.scenarios.len();
        let at = *self.known.entry(key).or_insert(next);
        if let Some(scenario) = self.scenarios.get_mut(at) {
            scenario.failures.push(failure);
        } else {
            let counts = failure.elements().len();
            self.scenarios.push(Scenario { failures: vec![failure], counts });
        }
    }

    /// One element for each state that a single failure leads to, but for the state without any.
    fn first_of_each(&self) -> Vec<Element> {
        let single = self.scenarios.iter().skip(1);
        single
            .filter_map(|scenario| scenario.failures.first()?.elements().first().copied())
            .collect()
    }
}

impl Relevant {
    fn of(plane: &Plane<'_>) -> Self {
        let candidate = |host: usize| {
            plane.vips.iter().flat_map(|vip| &vip.candidates).any(|one| one.host == host)
        };
        let hosts = plane.isp.hosts.iter().map(|(id, host)| (id.index(), host));
        let named = |host: usize| plane.named_hosts.contains(&host);
        let hosts: Vec<usize> = hosts
            .filter(|(at, host)| host.role.forwards() || candidate(*at) || named(*at))
            .map(|(at, _)| at)
            .collect();
        let nics = hosts.iter().flat_map(|host| plane.nics_of(*host));
        // Management is apart, and the firewalls' talk moves no packet.
        let seen = |nic: &usize| {
            !matches!(
                plane.nics[*nic].kind,
                SegmentKind::Management | SegmentKind::Sync | SegmentKind::OutOfBand
            )
        };
        Self { nics: nics.filter(seen).collect(), hosts }
    }

    fn key(&self, up: &Up) -> Vec<u64> {
        let hosts =
            self.hosts.iter().flat_map(|host| [up.hosts[*host], up.routing[*host], up.vrrp[*host]]);
        let bits = hosts
            .chain(self.nics.iter().map(|nic| up.nics[*nic]))
            .chain(up.sessions.iter().copied());
        let mut words = Vec::new();
        let mut word = 0u64;
        for (at, bit) in bits.enumerate() {
            word |= u64::from(bit) << (at % 64);
            if at % 64 == 63 {
                words.push(std::mem::take(&mut word));
            }
        }
        words.push(word);
        words
    }
}
