//! Who answers for virtual addresses, and which ways packets take.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::Isp;
use model::ask::Family;
use rehearse::follow::{Kernels, Seen, Trail};
use verify::report::End;
use verify::{Failure, ask};

use super::Flows;
use super::routes::neighbor_of;
use crate::stage::Living;

/// The virtual addresses that others have than predicted.
pub(super) fn holders(network: &Living, failure: &Failure, kernels: &Kernels<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for vip in network.isp.vips.values() {
        for address in Family::BOTH.into_iter().filter_map(|family| vip.address(family)) {
            let answerers = ask::who_answers(&network.isp, address, failure).hosts;
            let mut predicted: Vec<String> = answerers.into_iter().map(|one| one.host).collect();
            predicted.sort();
            let seen = kernels.owners(address);
            if seen != predicted {
                lines.push(format!("{address}: predicted {predicted:?}, seen {seen:?}"));
            }
        }
    }
    lines
}

/// A way through our hosts, and its end in words that prediction and kernels share.
type Way = (Vec<String>, String);

/// The flows that go another way than predicted, or end otherwise.
pub(super) fn ways(
    network: &Living,
    flows: &Flows,
    failure: &Failure,
    kernels: &Kernels<'_>,
) -> Vec<String> {
    let isp = &network.isp;
    let mut lines = Vec::new();
    for (from, to) in flows {
        let asked = ask::Asked { from, to, port: None };
        for found in ask::path(isp, &asked, failure).unwrap() {
            let told = found.ways.iter().map(|way| {
                let hosts: Vec<String> = way.hops.iter().map(|hop| hop.host.clone()).collect();
                (hosts, end(&way.end))
            });
            let told: BTreeSet<Way> = told.collect();
            let starts: BTreeSet<&String> =
                told.iter().filter_map(|(hosts, _)| hosts.first()).collect();
            let trails =
                starts.into_iter().flat_map(|start| kernels.trails(start, found.flow.destination));
            let goal = found.flow.destination;
            let seen: BTreeSet<Way> = trails.map(|trail| shared(isp, &trail, goal)).collect();
            if !same(&told, &seen) {
                let family = found.flow.family.digit();
                lines.push(format!(
                    "{from} to {to} (IPv{family}): predicted {told:?}, seen {seen:?}"
                ));
            }
        }
    }
    lines
}

/// Kernels know nothing of filters: up to where one drops the packet, the way must be there.
fn same(told: &BTreeSet<Way>, seen: &BTreeSet<Way>) -> bool {
    let (dropped, whole): (Vec<&Way>, Vec<&Way>) =
        told.iter().partition(|(_, end)| end == FILTERED);
    let begins = |(seen, _): &Way, (told, _): &Way| seen.starts_with(told);
    let known = |way: &&Way| whole.contains(way) || dropped.iter().any(|one| begins(way, one));
    whole.iter().all(|way| seen.contains(*way))
        && dropped.iter().all(|one| seen.iter().any(|way| begins(way, one)))
        && seen.iter().all(|way| known(&way))
}

const FILTERED: &str = "filtered";

/// How a predicted way ends, in words that kernels share.
pub(super) fn end(end: &End) -> String {
    match end {
        End::Delivered(whom) if whom.starts_with("segment.") => "on the segment".to_owned(),
        End::Delivered(_) => "arrives".to_owned(),
        End::Left(session) | End::Strayed(session) => {
            let neighbor = session.split_once('/').map_or(session.as_str(), |(name, _)| name);
            format!("leaves to {neighbor}")
        }
        End::Filtered(_) => FILTERED.to_owned(),
        End::Unreachable(_) => "no route".to_owned(),
        End::Blackholed(_) => "dropped by a route".to_owned(),
        End::Unanswered(_) => "nobody answers".to_owned(),
        End::Loop(_) => "circle".to_owned(),
    }
}

/// What a trail through kernels to an address is in the words of the prediction.
fn shared(isp: &Isp, trail: &Trail, goal: IpAddr) -> Way {
    let ours = trail.hosts.iter().take_while(|host| isp.hosts.find(host).is_some());
    let ours: Vec<String> = ours.cloned().collect();
    if let Some(other) = trail.hosts.get(ours.len()) {
        return (ours, format!("leaves to {}", neighbor_of(isp, other)));
    }
    let end = match &trail.end {
        Seen::Arrives(_) => "arrives",
        // It would be there if anybody held it.
        Seen::OnLink(..) if is_named(isp, goal) => "nobody answers",
        Seen::OnLink(..) => "on the segment",
        Seen::Silence(..) => "nobody answers",
        Seen::Refused(_) => "no route",
        Seen::Dropped(_) => "dropped by a route",
        Seen::Circle(_) => "circle",
    };
    (ours, end.to_owned())
}

/// Whether an address is one that a host or a VIP is declared to have.
fn is_named(isp: &Isp, address: IpAddr) -> bool {
    let family = Family::of(address);
    isp.vips.values().any(|vip| vip.address(family) == Some(address))
        || isp.hosts.values().any(|host| host.addresses().contains(&address))
}
