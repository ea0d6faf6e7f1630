//! Who may answer for a virtual address: the set of possible masters.
//!
//! A host is a possible master unless it hears a better one (RFC 5798 section 6.4). Whoever hears
//! nobody answers: that is how two come to answer for one address.

use crate::plane::up::Up;
use crate::plane::{Candidate, NicNumber, Plane, Position, Vip};
use model::kinds::SegmentKind;
use model::vrrp::BIRD_LOSS;
use std::net::IpAddr;

/// For each VIP, the hosts that may hold it.
pub(crate) type Masters = Vec<Vec<Position>>;

/// The possible masters of every VIP.
pub(crate) fn masters(plane: &Plane<'_>, up: &Up) -> Masters {
    plane.vips.iter().map(|vip| of(plane, up, vip)).collect()
}

fn of(plane: &Plane<'_>, up: &Up, vip: &Vip) -> Vec<Position> {
    let alive = |candidate: &Candidate| takes_part(plane, up, vip, candidate);
    let beaten = |position: usize, own: &Candidate| {
        vip.candidates.iter().enumerate().any(|(other_at, other)| {
            other_at != position
                && alive(other)
                && own.hears.get(other_at).copied().unwrap_or(false)
                && rank(plane, up, other) > rank(plane, up, own)
        })
    };
    let all = vip.candidates.iter().enumerate();
    all.filter(|(at, own)| alive(own) && !beaten(*at, own)).map(|(_, own)| own.host).collect()
}

/// What is wrong with who answers, by property and VIP: more than one host may, or none does and one could.
pub(crate) fn faults<'a>(
    plane: &'a Plane<'_>,
    up: &'a Up,
    masters: &'a Masters,
) -> impl Iterator<Item = (&'static str, usize)> + 'a {
    let vips = plane.vips.iter().zip(masters).enumerate();
    let vips = vips.filter(|(_, (vip, _))| vip.address.is_some());
    vips.filter_map(|(at, (vip, masters))| match masters.as_slice() {
        [] => silent(plane, up, vip).next().map(|_| ("V-NOBODY", at)),
        [_] => None,
        [_, _, ..] => Some(("V-OWNER", at)),
    })
}

/// The hosts that could serve those who use a virtual address, and do not take it: they live, their
/// keepalived too, they have a link to its segment and somewhere to send what comes.
pub(crate) fn silent<'a>(
    plane: &'a Plane<'_>,
    up: &'a Up,
    vip: &'a Vip,
) -> impl Iterator<Item = Position> + 'a {
    let able = |own: &&Candidate| up.vrrp[own.host] && up.nics[own.nic] && serves(plane, up, own);
    let silent = move |own: &&Candidate| able(own) && !takes_part(plane, up, vip, own);
    vip.candidates.iter().filter(silent).map(|own| own.host)
}

/// Whether it would be of use where it is: a machine that forwards packets needs another link, to more
/// than management or its other half. A firewall that lost its outside is right to be silent inside.
fn serves(plane: &Plane<'_>, up: &Up, own: &Candidate) -> bool {
    let onward = |nic: NicNumber| {
        let carries = match plane.nics[nic].kind {
            SegmentKind::Backbone
            | SegmentKind::Transit
            | SegmentKind::Exchange
            | SegmentKind::Lan => true,
            SegmentKind::Management | SegmentKind::Sync | SegmentKind::OutOfBand => false,
        };
        carries && up.nics[nic] && nic != own.nic
    };
    !plane.host(own.host).role.forwards() || plane.nics_of(own.host).any(onward)
}

/// Whether keepalived runs, and every interface of the VIPs that move with this one has its link:
/// a group fails as a whole.
fn takes_part(plane: &Plane<'_>, up: &Up, vip: &Vip, candidate: &Candidate) -> bool {
    let linked = |vip: &Vip| {
        let own = vip.candidates.iter().find(|other| other.host == candidate.host);
        own.is_none_or(|own| up.nics[own.nic])
    };
    let together = |other: &&Vip| vip.group.is_some() && other.group == vip.group;
    up.vrrp[candidate.host] && linked(vip) && plane.vips.iter().filter(together).all(linked)
}

/// The priority that it advertises; the higher address decides between equals.
fn rank(plane: &Plane<'_>, up: &Up, candidate: &Candidate) -> (u8, Option<IpAddr>) {
    let deaf = plane.host(candidate.host).role.routes() && !up.routing[candidate.host];
    let bird = if deaf { BIRD_LOSS } else { 0 };
    let down = candidate.tracked.iter().filter(|(nic, _)| !up.nics[*nic]);
    let loss = down.fold(bird, |sum, (_, loss)| sum.saturating_add(*loss));
    (candidate.priority.saturating_sub(loss).max(1), candidate.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{Element, Failure};

    /// The hosts that could answer for `vip.services` and do not, without something.
    fn silent_without(text: &str, words: &[&str]) -> Vec<String> {
        let isp = testkit::isp_from(text);
        let broken = words.iter().map(|word| Element::parse(&isp, word).unwrap());
        let planes = crate::prove::planes(&isp, 1);
        let up = Up::without(&planes[0], &Failure::of(broken));
        let vip = isp.vips.find("services").unwrap().index();
        let silent = silent(&planes[0], &up, &planes[0].vips[vip]);
        silent.map(|host| model::Named::name(planes[0].host(host)).to_owned()).collect()
    }

    #[test]
    fn a_host_counts_as_silent_where_it_lives_is_linked_and_could_send_on() {
        let firewalls = include_str!("../tests/cases/V-NOBODY/isp.toml");
        let silent = |words: &[&str]| silent_without(firewalls, words);
        assert_eq!(silent(&[]), [""; 0]);
        assert_eq!(silent(&["segment.guests"]), ["fw-1", "fw-2"]);
        assert_eq!(silent(&["host.fw-1", "link.fw-2/guests"]), ["fw-2"]);
        assert_eq!(silent(&["segment.guests", "daemon.fw-1/keepalived"]), ["fw-2"]);
        assert_eq!(silent(&["segment.guests", "link.fw-1/services"]), ["fw-2"]);
        assert_eq!(silent(&["host.fw-1", "host.fw-2"]), [""; 0]);
        // There is nowhere to send what comes, unless the machine is where it goes to.
        assert_eq!(silent(&["segment.guests", "segment.fw"]), [""; 0]);
        let servers = firewalls.replace("role = \"firewall\"", "role = \"server\"");
        assert_eq!(silent_without(&servers, &["segment.guests", "segment.fw"]), ["fw-1", "fw-2"]);
    }
}
