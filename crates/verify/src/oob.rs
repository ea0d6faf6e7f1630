//! V-OOB: with every router, firewall and service segment dead, the team still comes to each console.

use crate::fixed::violation;
use crate::report::{Counterexample, Hop, Violation};
use model::ask::Family;
use model::kinds::{Host, Role, Segment, SegmentKind};
use model::{Finding, Id, Isp, Named as _};
use std::net::IpAddr;

/// Every management segment that is not reached when all else is dead.
pub(crate) fn violations(isp: &Isp) -> Vec<Violation> {
    let managed = isp.segments.iter().filter(|(_, one)| one.kind == SegmentKind::Management);
    managed.filter_map(|(id, segment)| cut_off(isp, id, segment)).collect()
}

/// A host that shall be rescued, and is none that rescues.
fn rescued(host: &Host) -> bool {
    let role = matches!(
        host.role,
        Role::Edge | Role::Core | Role::Access | Role::Vpn | Role::Firewall | Role::Hypervisor
    );
    host.managed && role
}

fn cut_off(isp: &Isp, id: Id<Segment>, segment: &Segment) -> Option<Violation> {
    let on = || isp.hosts.iter().filter(|(_, host)| host.nic_on(id).is_some());
    let consoles: Vec<&Host> = on().map(|(_, host)| host).filter(|host| rescued(host)).collect();
    let first = consoles.first()?;
    // A gateway that is nobody's of ours stands beside the routers, and is another's to keep alive.
    let beside = Family::BOTH.into_iter().filter_map(|family| segment.gateway(family));
    if beside.into_iter().any(|address| owner(isp, address).is_none()) {
        return None;
    }
    let rescuers: Vec<(Id<Host>, &Host)> =
        on().filter(|(_, host)| host.role == Role::OutOfBand).collect();
    let mut reasons = Vec::new();
    for (rescuer, _) in &rescuers {
        reasons.push(depends(isp, *rescuer)?);
    }
    let (says, at) = match (rescuers.first(), reasons.first()) {
        (Some((_, host)), Some((why, _))) => {
            (format!("when all routers are dead, nobody comes to {}: {why}", segment.at.key), host)
        }
        _ => (
            format!(
                "when all routers are dead, nobody comes to {}: no host there has an uplink of its own",
                segment.at.key
            ),
            first,
        ),
    };
    let mut finding = Finding::error("V-OOB", at.at.place, says)
        .also(segment.at.place, format!("the consoles of {} are here", names(&consoles)))
        .about(segment.at.key.clone());
    for (_, host) in &rescuers {
        finding = finding.about(host.at.key.clone());
    }
    let hops = reasons.into_iter().next().map(|(_, hops)| hops).unwrap_or_default();
    Some(violation(finding, Counterexample { hops, ..Counterexample::default() }))
}

fn names(hosts: &[&Host]) -> String {
    let shown: Vec<&str> = hosts.iter().take(3).map(|host| host.name()).collect();
    match hosts.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Why a host does not come in from outside by itself, with the way that it takes; none if it does.
fn depends(isp: &Isp, id: Id<Host>) -> Option<(String, Vec<Hop>)> {
    let host = &isp.hosts[id];
    let name = host.name();
    let hop = |host: &str, output: Option<&str>, by: String, place| Hop {
        host: host.to_owned(),
        input: output.is_none().then(|| "?".to_owned()),
        output: output.map(str::to_owned),
        by,
        place,
    };
    if let Some(below) = host.on {
        let below = &isp.hosts[below];
        let why = format!("{name} is a machine on {}, which it is there to rescue", below.name());
        return Some((why, Vec::new()));
    }
    if Family::BOTH.into_iter().any(|family| own_uplink(isp, id, family)) {
        return None;
    }
    let out = Family::BOTH.into_iter().find_map(|family| {
        let gateway = isp.gateway_of(id, family)?;
        let segment = isp
            .segments
            .values()
            .find(|segment| segment.prefix(family).is_some_and(|prefix| prefix.contains(&gateway)));
        Some((gateway, segment?))
    });
    let Some((gateway, segment)) = out else {
        return Some((format!("{name} has no uplink"), Vec::new()));
    };
    let nic = host.nic.iter().find(|nic| isp.segments[nic.segment].name() == segment.name());
    let nic = nic.map_or("?", |nic| nic.name.as_str());
    let mut hops =
        vec![hop(name, Some(nic), format!("default route to {gateway}"), Some(host.at.place))];
    let by = match owner(isp, gateway) {
        Some((by, place)) => {
            hops.push(Hop {
                input: Some(segment.name().to_owned()),
                ..hop(&by, None, format!("has {gateway}; dead"), Some(place))
            });
            format!("its way out is {gateway} of {by}, which it is there to rescue")
        }
        None => format!("its way out is {}, which is not kind out-of-band", segment.at.key),
    };
    Some((format!("{name} has no uplink of its own, {by}"), hops))
}

/// Whether a host leaves by an out-of-band segment whose gateway is no machine of ours.
fn own_uplink(isp: &Isp, id: Id<Host>, family: Family) -> bool {
    let Some(gateway) = isp.gateway_of(id, family) else { return false };
    let mut nics = isp.hosts[id].nic.iter().map(|nic| &isp.segments[nic.segment]);
    owner(isp, gateway).is_none()
        && nics.any(|segment| {
            segment.kind == SegmentKind::OutOfBand && segment.gateway(family) == Some(gateway)
        })
}

/// Whose address it is, and where that is declared.
fn owner(isp: &Isp, address: IpAddr) -> Option<(String, model::source::Place)> {
    let holds = |vip: &&model::kinds::Vip| vip.address(Family::of(address)) == Some(address);
    if let Some(vip) = isp.vips.values().find(holds) {
        let hosts: Vec<&str> = vip.hosts.iter().map(|id| isp.hosts[*id].name()).collect();
        return Some((hosts.join(" and "), vip.at.place));
    }
    let host = isp.hosts.values().find(|host| host.addresses().contains(&address))?;
    Some((host.name().to_owned(), host.at.place))
}
