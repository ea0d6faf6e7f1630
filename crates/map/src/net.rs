//! From the model to what is drawn: boxes, buses and the links between them, without places.

use crate::card;
use crate::shape::Shape;
use model::ask::Family;
use model::kinds::{Host, Neighbor, Relation, Role, Segment, SegmentKind, Session};
use model::{Id, Isp, Named as _};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A machine or another network, drawn as a box.
pub(crate) struct Node {
    /// Boxes that nothing else orders stand in this order: by role, then by name.
    pub(crate) rank: (u8, String),
    /// Where it stands; other networks above the sites stand nowhere.
    pub(crate) site: Option<usize>,
    pub(crate) links: Vec<Link>,
    /// The box with its upper left corner at the origin.
    pub(crate) shape: Shape,
    /// Small words for the segments that it touches without a line.
    pub(crate) tags: Vec<Shape>,
    /// Whether it starts the layers: a border router.
    pub(crate) edge: bool,
    /// Whether it belongs above everything: another network on a transit or exchange segment.
    pub(crate) top: bool,
}

/// Where a box touches a segment: a network interface or a BGP session.
pub(crate) struct Link {
    pub(crate) segment: usize,
    pub(crate) key: String,
    pub(crate) look: &'static str,
    /// What stands beside the line: the end of the address.
    pub(crate) label: String,
    pub(crate) title: String,
}

/// A segment, drawn as a bus.
pub(crate) struct Bus {
    pub(crate) kind: SegmentKind,
    pub(crate) shape: Shape,
    /// The boxes with a link to it, by index.
    pub(crate) nodes: Vec<usize>,
}

/// Everything that is drawn.
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) buses: Vec<Bus>,
}

/// What is drawn of an ISP.
pub(crate) fn net(isp: &Isp) -> Net {
    let mut nodes: Vec<Node> = isp.hosts.iter().map(|(id, host)| machine(isp, id, host)).collect();
    let outside = isp.neighbors.values().filter(|neighbor| !is_ours(neighbor));
    nodes.extend(outside.map(|neighbor| other_network(isp, neighbor)));
    let mut buses: Vec<Bus> = isp
        .segments
        .iter()
        .map(|(id, segment)| Bus {
            kind: segment.kind,
            shape: card::band(isp, id, segment),
            nodes: Vec::new(),
        })
        .collect();
    for (index, node) in nodes.iter().enumerate() {
        for link in &node.links {
            if let Some(bus) = buses.get_mut(link.segment) {
                bus.nodes.push(index);
            }
        }
    }
    for bus in &mut buses {
        bus.nodes.dedup();
    }
    Net { nodes, buses }
}

/// Whether a neighbour's routers are all ours: it is then drawn on them.
pub(crate) fn is_ours(neighbor: &Neighbor) -> bool {
    !neighbor.session.is_empty() && neighbor.session.iter().all(|s| s.remote.is_some())
}

fn machine(isp: &Isp, id: Id<Host>, host: &Host) -> Node {
    let mut links: Vec<Link> = host.nic.iter().map(|nic| interface(isp, host, nic)).collect();
    let remote = |s: &&Session| s.remote == Some(id);
    for neighbor in isp.neighbors.values() {
        links.extend(neighbor.session.iter().filter(remote).filter_map(|s| bgp(isp, neighbor, s)));
    }
    Node {
        rank: (order(host.role), host.name.clone()),
        site: Some(host.site.index()),
        links,
        shape: card::host(isp, id, host),
        tags: Vec::new(),
        edge: host.role == Role::Edge,
        top: false,
    }
}

/// The order of the roles from left to right.
fn order(role: Role) -> u8 {
    match role {
        Role::Edge => 0,
        Role::Core => 1,
        Role::Access => 2,
        Role::Vpn => 3,
        Role::Firewall => 4,
        Role::Proxy => 5,
        Role::Validator => 6,
        Role::Server => 7,
        Role::Client => 8,
        Role::OutOfBand => 9,
        Role::Hypervisor => 10,
    }
}

fn interface(isp: &Isp, host: &Host, nic: &model::kinds::Nic) -> Link {
    let segment = &isp.segments[nic.segment];
    let addresses = Family::BOTH.into_iter().filter_map(|family| nic.address(family));
    Link {
        segment: nic.segment.index(),
        key: format!("nic.{}/{}", host.name, nic.name),
        look: look(segment.kind),
        label: Family::BOTH
            .into_iter()
            .find_map(|family| nic.address(family))
            .map_or_else(String::new, |address| ending(segment, address)),
        title: card::lines(
            format!("{} {} on {}", host.name, nic.name, segment.name),
            addresses.map(|address| address.to_string()),
        ),
    }
}

/// The class of a segment's kind.
pub(crate) fn look(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Backbone => "backbone",
        SegmentKind::Transit => "transit",
        SegmentKind::Exchange => "exchange",
        SegmentKind::Lan => "lan",
        SegmentKind::Management => "management",
        SegmentKind::Sync => "sync",
        SegmentKind::OutOfBand => "oob",
    }
}

/// The part of an address that its segment does not say already: `.11` in 10.255.1.0/24.
fn ending(segment: &Segment, address: IpAddr) -> String {
    let length = segment.prefix(Family::of(address)).map_or(0, |prefix| prefix.prefix_len());
    match address {
        IpAddr::V4(v4) => {
            let kept = usize::from(length / 8).min(3);
            let own = v4.octets().into_iter().skip(kept);
            own.fold(String::new(), |ending, octet| ending + "." + &octet.to_string())
        }
        IpAddr::V6(v6) => {
            let [.., last] = v6.segments();
            format!("::{last:x}")
        }
    }
}

/// A session as a line from the neighbour to the segment that both share.
fn bgp(isp: &Isp, neighbor: &Neighbor, session: &Session) -> Option<Link> {
    let nic = Family::BOTH.into_iter().find_map(|family| session.nic(isp, family))?;
    let segment = &isp.segments[nic.segment];
    let router = isp.hosts[session.host].name();
    let address = Family::BOTH.into_iter().find_map(|family| session.address(family));
    let label = match session.remote {
        Some(_) => router.to_owned(),
        None => address.map_or_else(String::new, |address| ending(segment, address)),
    };
    let addresses = Family::BOTH.into_iter().filter_map(|family| {
        Some(format!("{} with our {}", session.address(family)?, session.local(isp, family)?))
    });
    let title = format!("BGP session {}/{} on {router}", neighbor.name, session.name);
    Some(Link {
        segment: nic.segment.index(),
        key: format!("session.{}/{}", neighbor.name, session.name),
        look: "bgp",
        label,
        title: card::lines(title, addresses),
    })
}

fn other_network(isp: &Isp, neighbor: &Neighbor) -> Node {
    let links: Vec<Link> = neighbor.session.iter().filter_map(|s| bgp(isp, neighbor, s)).collect();
    let kinds: BTreeMap<usize, bool> =
        isp.segments.iter().map(|(id, segment)| (id.index(), segment.kind.is_external())).collect();
    let outer = |link: &Link| kinds.get(&link.segment) == Some(&true);
    let top = links.is_empty() || links.iter().any(outer);
    let first = neighbor.session.first();
    Node {
        rank: (11 + relation(neighbor.relation), neighbor.name.clone()),
        site: first.filter(|_| !top).map(|session| isp.hosts[session.host].site.index()),
        links,
        shape: card::neighbor(neighbor),
        tags: Vec::new(),
        edge: false,
        top,
    }
}

fn relation(relation: Relation) -> u8 {
    match relation {
        Relation::Transit => 0,
        Relation::RouteServer => 1,
        Relation::Peer => 2,
        Relation::Customer => 3,
    }
}
