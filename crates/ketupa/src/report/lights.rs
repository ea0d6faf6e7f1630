//! Which shapes of the map belong to a hop or to a failed element: the keys that `map` gives them.

use model::kinds::{Host, MachineKind, Segment, Site};
use model::{Id, Isp, Named as _};
use verify::{Counterexample, Element, End, Failure, Hop};

/// The shapes of each hop of a way, in its order.
pub(super) fn lit(isp: &Isp, way: &[Hop]) -> Vec<Vec<String>> {
    way.iter().map(|hop| of_hop(isp, hop)).collect()
}

fn of_hop(isp: &Isp, hop: &Hop) -> Vec<String> {
    let Some(host) = isp.hosts.find(&hop.host).map(|id| &isp.hosts[id]) else {
        return outside(isp, &hop.host);
    };
    let mut keys = vec![format!("host.{}", host.name)];
    for name in [&hop.input, &hop.output].into_iter().flatten() {
        let Some(nic) = host.nic.iter().find(|nic| nic.name == *name) else { continue };
        keys.push(format!("nic.{}/{}", host.name, nic.name));
        keys.push(format!("segment.{}", isp.segments[nic.segment].name()));
    }
    keys
}

/// A neighbour by its name, or one of its sessions as `neighbor/session`.
fn outside(isp: &Isp, name: &str) -> Vec<String> {
    let name = name.strip_prefix("neighbor.").unwrap_or(name);
    let (neighbor, session) = name.split_once('/').unwrap_or((name, ""));
    let Some(neighbor) = isp.neighbors.find(neighbor).map(|id| &isp.neighbors[id]) else {
        return Vec::new();
    };
    let mut keys = vec![format!("neighbor.{}", neighbor.name)];
    if neighbor.session.iter().any(|one| one.name == session) {
        keys.push(format!("session.{}/{session}", neighbor.name));
    }
    keys
}

/// The shapes that are neither hops nor failed and belong to it: where it starts and ends, the
/// virtual address, the hosts that answer.
pub(super) fn ends(isp: &Isp, shown: &Counterexample) -> Vec<String> {
    let mut keys = Vec::new();
    for end in shown.flow.iter().flat_map(|flow| [&flow.from, &flow.to]) {
        match end.strip_prefix("neighbor.") {
            Some(session) => keys.extend(outside(isp, session)),
            None if end.contains('.') => keys.push(end.clone()),
            None => {}
        }
    }
    if let Some(End::Left(session) | End::Strayed(session)) = &shown.end {
        keys.extend(outside(isp, session));
    }
    keys.extend(shown.answerers.iter().map(|host| format!("host.{host}")));
    keys
}

/// The shapes that a failure takes.
pub(super) fn dead(isp: &Isp, failure: &Failure) -> Vec<String> {
    let mut keys: Vec<String> =
        failure.elements().iter().flat_map(|element| of_element(isp, *element)).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn of_element(isp: &Isp, element: Element) -> Vec<String> {
    match element {
        Element::Host(id) => machine(isp, id),
        Element::Segment(id) => segment(isp, id),
        Element::Site(id) => site(isp, id),
        Element::Link(id, at) => {
            let host = &isp.hosts[id];
            let nic = host.nic.get(at);
            nic.map(|nic| format!("nic.{}/{}", host.name, nic.name)).into_iter().collect()
        }
        Element::Session(..) => vec![element.text(isp)],
        // The machine lives on: only its frame says that something in it died.
        Element::Daemon(id, _) => vec![format!("daemon.{}", isp.hosts[id].name())],
    }
}

/// A machine, its interfaces, and the machines on it.
fn machine(isp: &Isp, id: Id<Host>) -> Vec<String> {
    let host = &isp.hosts[id];
    let mut keys = vec![format!("host.{}", host.name)];
    keys.extend(host.nic.iter().map(|nic| format!("nic.{}/{}", host.name, nic.name)));
    let sessions = isp.sessions_of(id).into_iter();
    keys.extend(sessions.map(|(neighbor, one)| format!("session.{}/{}", neighbor.name, one.name)));
    if host.kind == MachineKind::Hypervisor {
        let guests = isp.hosts.iter().filter(|(guest, on)| on.on == Some(id) && *guest != id);
        keys.extend(guests.flat_map(|(guest, _)| machine(isp, guest)));
    }
    keys
}

/// A segment and every interface on it.
fn segment(isp: &Isp, id: Id<Segment>) -> Vec<String> {
    let nics = isp.hosts.values().flat_map(|host| {
        let on = host.nic.iter().filter(|nic| nic.segment == id);
        on.map(|nic| format!("nic.{}/{}", host.name, nic.name))
    });
    [format!("segment.{}", isp.segments[id].name())].into_iter().chain(nics).collect()
}

/// A site with all that stands there.
fn site(isp: &Isp, id: Id<Site>) -> Vec<String> {
    let hosts = isp.hosts.iter().filter(|(_, host)| host.site == id);
    let hosts = hosts.flat_map(|(host, _)| machine(isp, host));
    let segments = isp.segments.iter().filter(|(_, one)| one.site == Some(id));
    let segments = segments.flat_map(|(one, _)| segment(isp, one));
    [format!("site.{}", isp.sites[id].name())].into_iter().chain(hosts).chain(segments).collect()
}
