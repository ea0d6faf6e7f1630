//! V-CONTROL: packets by which our machines keep the network together, and that a filter of ours drops.

use crate::fixed::violation;
use crate::plane::gate::{Arriving, EPHEMERAL, on_link};
use crate::plane::{NicNumber, Plane, Position};
use crate::report::{Counterexample, End, Hop, Violation};
use derive::packet::judge::Content;
use derive::packet::rules::Protocol;
use model::kinds::SegmentKind;
use model::source::Place;
use model::{Finding, Named as _};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A packet that one host must take from another.
struct Talk {
    protocol: &'static str,
    /// What of the model it keeps alive: `vip.patata`, `session.verixi/edge-01`.
    about: String,
    from: String,
    to: Position,
    input: NicNumber,
    said: Arriving,
}

/// What a filter drops, by protocol and rule.
pub(crate) fn violations(planes: &[Plane<'_>]) -> Vec<Violation> {
    let mut dropped: BTreeMap<(&'static str, String), Vec<Talk>> = BTreeMap::new();
    let all =
        planes.iter().flat_map(|plane| talks(plane).into_iter().map(move |talk| (plane, talk)));
    for (plane, talk) in all {
        let ruling = plane.gates.takes(plane, (talk.to, talk.input), talk.said);
        if !ruling.passes {
            let rule = ruling.by.unwrap_or_else(|| "the end of its chain".to_owned());
            dropped.entry((talk.protocol, rule)).or_default().push(talk);
        }
    }
    // Hosts and interfaces have the same numbers in both families.
    let Some(plane) = planes.first() else { return Vec::new() };
    dropped.into_iter().filter_map(|(key, talks)| told(plane, key, &talks)).collect()
}

fn told(plane: &Plane<'_>, (protocol, rule): (&str, String), talks: &[Talk]) -> Option<Violation> {
    let first = talks.first()?;
    let receiver = plane.host(first.to);
    let place = declared(plane, &rule);
    let mut abouts: Vec<String> = talks.iter().map(|talk| talk.about.clone()).collect();
    let mut hosts: Vec<&str> = talks.iter().map(|talk| plane.host(talk.to).name()).collect();
    abouts.dedup();
    hosts.sort_unstable();
    hosts.dedup();
    abouts.sort_unstable();
    abouts.dedup();
    let says = format!("{protocol} of {} is dropped by {}: rule {rule}", few(&abouts), few(&hosts));
    let mut finding = Finding::error("V-CONTROL", place.unwrap_or(receiver.at.place), says);
    finding.about = abouts;
    if place.is_some() {
        finding = finding.also(receiver.at.place, "it drops it here");
    }
    let hop = |host: &str, (input, output): (Option<&str>, Option<&str>), by: String| Hop {
        host: host.to_owned(),
        input: input.map(str::to_owned),
        output: output.map(str::to_owned),
        by,
        place: None,
    };
    let segment = plane.segment_ids[plane.nics[first.input].segment];
    let segment = plane.isp.segments[segment].name();
    let input = plane.nic_name(first.input);
    let hops = vec![
        hop(&first.from, (None, Some(segment)), format!("sends {protocol}")),
        hop(receiver.name(), (Some(input), None), format!("filter: {rule}")),
    ];
    let end = Some(End::Filtered(format!("{}: {rule}", receiver.name())));
    Some(violation(finding, Counterexample { hops, end, ..Counterexample::default() }))
}

fn few(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(4).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Where a rule of a declared group stands: `no-strangers.1`.
fn declared(plane: &Plane<'_>, rule: &str) -> Option<Place> {
    let (group, number) = rule.rsplit_once('.')?;
    let id = plane.isp.rules.find(group)?;
    let at = number.parse::<usize>().ok()?.checked_sub(1)?;
    Some(plane.isp.rules[id].rule.get(at)?.at.place)
}

/// Everything that must be heard.
fn talks(plane: &Plane<'_>) -> Vec<Talk> {
    let mut all = sessions(plane);
    all.extend(internal(plane));
    all.extend(backbones(plane));
    all.extend(validators(plane));
    all.extend(vrrp(plane));
    all
}

const BGP: u16 = 179;
const BFD: u16 = 3784;

fn opens(port: u16) -> Content<'static> {
    Content::Tcp { from: EPHEMERAL, to: port, opens: true }
}

/// Declared sessions, as each end of ours hears the other.
fn sessions(plane: &Plane<'_>) -> Vec<Talk> {
    let mut all = Vec::new();
    let mut hear = |(about, from): (String, String), nic: NicNumber, source: IpAddr, bfd| {
        let to = plane.nics[nic].host;
        let Some(destination) = plane.nics[nic].address else { return };
        let bfd = [("BFD", Content::Udp { from: EPHEMERAL, to: BFD })].into_iter().filter(|_| bfd);
        for (protocol, content) in [("BGP", opens(BGP))].into_iter().chain(bfd) {
            let (about, from) = (about.clone(), from.clone());
            let said = Arriving { source, destination, content, hops: 255 };
            all.push(Talk { protocol, about, from, to, input: nic, said });
        }
    };
    for session in &plane.routes.sessions {
        let neighbor = &plane.isp.neighbors[session.neighbor];
        let declared = &neighbor.session[session.at];
        let about = format!("session.{}/{}", neighbor.name(), declared.name);
        let Some(near) = session.nic else { continue };
        let far =
            session.remote.map(|remote| plane.isp.hosts[plane.routers[usize::from(remote)]].name());
        let from = far.unwrap_or(neighbor.name()).to_owned();
        hear((about.clone(), from), near, session.address, declared.bfd);
    }
    for inner in &plane.routes.inner {
        let session = &plane.routes.sessions[inner.session];
        let neighbor = &plane.isp.neighbors[session.neighbor];
        let declared = &neighbor.session[session.at];
        let about = format!("session.{}/{}", neighbor.name(), declared.name);
        let from = plane.isp.hosts[plane.routers[usize::from(inner.from)]].name().to_owned();
        if Some(inner.nics.1) != session.nic {
            hear((about, from), inner.nics.1, inner.address, declared.bfd);
        }
    }
    all
}

/// Internal BGP, loopback to loopback, over any backbone.
fn internal(plane: &Plane<'_>) -> Vec<Talk> {
    let mut all = Vec::new();
    for (router, id) in plane.routers.iter().enumerate() {
        let host = &plane.isp.hosts[*id];
        let links = plane.igp.links[router].first();
        let (Some(link), Some(destination)) = (links, host.loopback(plane.family)) else {
            continue;
        };
        for (_, peer) in plane.isp.internal_peers(*id) {
            let Some(source) = peer.loopback(plane.family) else { continue };
            all.push(Talk {
                protocol: "internal BGP",
                about: format!("host.{}", host.name()),
                from: peer.name().to_owned(),
                to: id.index(),
                input: link.nic,
                said: Arriving { source, destination, content: opens(BGP), hops: 60 },
            });
        }
    }
    all
}

/// OSPF and BFD of the neighbours on each backbone.
fn backbones(plane: &Plane<'_>) -> Vec<Talk> {
    let mut all = Vec::new();
    let routers = |nic: &&NicNumber| plane.router_of[plane.nics[**nic].host].is_some();
    for (segment, nics) in plane.on_segment.iter().enumerate() {
        let declared = &plane.isp.segments[plane.segment_ids[segment]];
        if declared.kind != SegmentKind::Backbone {
            continue;
        }
        for near in nics.iter().filter(routers) {
            for far in nics.iter().filter(routers).filter(|far| *far != near) {
                let (Some(destination), sender @ Some(_)) =
                    (plane.nics[*near].address, plane.nics[*far].address)
                else {
                    continue;
                };
                let Some(ospf) = on_link(plane.family, sender, Protocol::Ospf) else { continue };
                let content = Content::Udp { from: EPHEMERAL, to: BFD };
                let bfd = Arriving { destination, content, hops: 255, ..ospf };
                all.extend([("OSPF", ospf), ("BFD", bfd)].map(|(protocol, said)| Talk {
                    protocol,
                    about: declared.at.key.clone(),
                    from: plane.host(plane.nics[*far].host).name().to_owned(),
                    to: plane.nics[*near].host,
                    input: *near,
                    said,
                }));
            }
        }
    }
    all
}

/// What routers ask the validators.
fn validators(plane: &Plane<'_>) -> Vec<Talk> {
    let isp = plane.isp;
    let mut all = Vec::new();
    for (id, port) in isp.rtr_servers() {
        let server = &isp.hosts[id];
        let addressed = |nic: &NicNumber| plane.nics[*nic].address.is_some();
        let Some(input) = plane.nics_of(id.index()).find(addressed) else { continue };
        let Some(destination) = server.main_address(isp, plane.family) else { continue };
        for (router, host) in isp.hosts.iter().filter(|(router, _)| isp.validates(*router)) {
            let Some(source) = isp.hosts[router].main_address(isp, plane.family) else { continue };
            all.push(Talk {
                protocol: "RPKI-to-router",
                about: server.at.key.clone(),
                from: host.name().to_owned(),
                to: id.index(),
                input,
                said: Arriving { source, destination, content: opens(port), hops: 60 },
            });
        }
    }
    all
}

/// What the candidates of a virtual address tell each other.
fn vrrp(plane: &Plane<'_>) -> Vec<Talk> {
    let mut all = Vec::new();
    for (vip, about) in plane.vips.iter().zip(plane.isp.vips.values()) {
        for near in vip.candidates.iter().filter(|_| vip.address.is_some()) {
            for far in vip.candidates.iter().filter(|far| far.host != near.host) {
                let Some(sender) = far.address else { continue };
                let said = on_link(plane.family, Some(sender), Protocol::Vrrp);
                let Some(said) = said else { continue };
                all.push(Talk {
                    protocol: "VRRP",
                    about: about.at.key.clone(),
                    from: plane.host(far.host).name().to_owned(),
                    to: near.host,
                    input: near.nic,
                    said,
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::violations;
    use crate::plane::Plane;
    use model::ask::Family;

    /// What is dropped in the example where rules with these words in their comment are gone.
    fn without(words: &str) -> Vec<(String, Vec<String>)> {
        let isp = testkit::isp(&testkit::example("neutrinet"));
        let planes = Family::BOTH.map(|family| {
            let mut plane = Plane::of(&isp, family);
            plane.gates.forget(|comment| comment.contains(words));
            plane
        });
        let told = violations(&planes).into_iter();
        told.map(|one| (one.finding.says, one.finding.about)).collect()
    }

    #[test]
    fn every_conversation_that_is_dropped_is_told_with_what_it_keeps_alive() {
        assert_eq!(without("no such rule"), Vec::new());
        for (words, protocol, about) in [
            ("verixi.edge-01 bgp", "BGP", "session.verixi/edge-01"),
            ("ispng.core-01 bgp", "BGP", "session.ispng/core-01"),
            ("internal bgp", "internal BGP", "host.bra-01"),
            ("backbone-a ospf", "OSPF", "segment.backbone-a"),
            ("backbone-b bfd ipv", "BFD", "segment.backbone-b"),
            ("rtr ipv6", "RPKI-to-router", "host.rpki-01"),
            ("vip.patata vrrp", "VRRP", "vip.patata"),
        ] {
            let told = without(words);
            let known = |(says, of): &(String, Vec<String>)| {
                says.starts_with(&format!("{protocol} of ")) && of.iter().any(|key| key == about)
            };
            assert!(told.iter().any(known), "{words}: {told:?}");
            assert!(told.iter().all(|(says, _)| says.starts_with(protocol)), "{words}: {told:?}");
        }
    }
}
