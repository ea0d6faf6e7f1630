//! Routers: what each needs to take part, and what the network needs of them together.

use crate::addresses::keyed;
use crate::tell::{twice, wrong, wrong_in};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Relation, Role, Segment, SegmentKind, StaticRoute};
use model::{Finding, Id, Isp, Named as _};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Edges, cores and access routers: those that run OSPF and internal BGP.
fn routers(isp: &Isp) -> impl Iterator<Item = (Id<Host>, &Host)> {
    isp.hosts.iter().filter(|(_, host)| matches!(host.role, Role::Edge | Role::Core | Role::Access))
}

fn has_kind(isp: &Isp, host: &Host, kind: SegmentKind) -> bool {
    host.nic.iter().any(|nic| isp.segments[nic.segment].kind == kind)
}

/// N1-ROUTER-ID.
pub(crate) fn router_ids(isp: &Isp) -> Vec<Finding> {
    let speaking = isp.hosts.values().filter(|host| host.role.routes());
    let ids = speaking.filter_map(|host| Some((host.router_id()?, host)));
    let key = |host: &Host| if host.router_id.is_some() { "router_id" } else { "loopback4" };
    let told = |(id, first, again): (_, &Host, &Host)| {
        let says = format!("{} and {} have the same router id {id}", first.at.key, again.at.key);
        wrong_in(&again.at, key(again), says)
            .also(first.at.field(key(first)), "first here")
            .about(first.at.key.clone())
            .hint("remove `router_id`: it follows from the loopback, of which each router has its own")
    };
    twice(ids).into_iter().map(told).collect()
}

/// N1-LOOPBACK.
pub(crate) fn loopbacks(isp: &Isp) -> Vec<Finding> {
    let speaks6 = !isp.about.ipv6.is_empty();
    let mut findings = Vec::new();
    for host in isp.hosts.values().filter(|host| host.role.routes()) {
        for family in Family::BOTH {
            let needed = family == Family::V4 || speaks6;
            if needed && host.loopback(family).is_none() {
                let digit = family.digit();
                let says = format!("{} has no IPv{digit} loopback", host.at.key);
                let finding = wrong(host.at.place, says).about(host.at.key.clone());
                findings.push(finding.hint(format!(
                    "add `loopback{digit} = …`: a free address of the loopbacks' block"
                )));
            }
        }
    }
    findings
}

/// N1-BACKBONE.
pub(crate) fn backbones(isp: &Isp) -> Vec<Finding> {
    // A single router has nobody to talk to.
    if routers(isp).nth(1).is_none() {
        return Vec::new();
    }
    let cut = routers(isp).filter(|(_, host)| !has_kind(isp, host, SegmentKind::Backbone));
    let told = |host: &Host| {
        let says = format!("{} has no interface on a backbone", host.at.key);
        wrong_in(&host.at, "nic", says).hint("add an interface on a segment of kind \"backbone\"")
    };
    cut.map(|(_, host)| told(host)).collect()
}

/// N1-SINGLE-EDGE: one router between us and the Internet.
pub(crate) fn single_edge(isp: &Isp) -> Vec<Finding> {
    let ways = isp.sessions().filter(|(neighbor, _)| neighbor.relation == Relation::Transit);
    let edges: BTreeSet<Id<Host>> = ways.map(|(_, session)| session.host).collect();
    let mut edges = edges.into_iter();
    let (Some(only), None) = (edges.next(), edges.next()) else { return Vec::new() };
    let host = &isp.hosts[only];
    let says = format!("every transit is on {}: without it we are cut off", host.at.key);
    vec![wrong_in(&host.at, "role", says).hint("let a transit session end on a second edge too")]
}

/// N1-SINGLE-BACKBONE.
pub(crate) fn single_backbone(isp: &Isp) -> Vec<Finding> {
    let mut all = isp.segments.values().filter(|segment| segment.kind == SegmentKind::Backbone);
    let (Some(only), None) = (all.next(), all.next()) else { return Vec::new() };
    let says = format!(
        "{} is the only backbone: if its switch fails, routers lose each other",
        only.at.key
    );
    let finding = wrong_in(&only.at, "kind", says);
    vec![finding.hint("add a second segment of kind \"backbone\" on another switch")]
}

/// N6-MANAGEMENT.
pub(crate) fn management(isp: &Isp) -> Vec<Finding> {
    let lost = routers(isp).filter(|(_, host)| !has_kind(isp, host, SegmentKind::Management));
    let told = |host: &Host| {
        let says = format!("{} has no interface on a management segment", host.at.key);
        let hint = "add one: it is how the router is reached when routing is broken";
        wrong_in(&host.at, "nic", says).hint(hint)
    };
    lost.map(|(_, host)| told(host)).collect()
}

/// N6-MANAGEMENT-LEAK: a route of the data plane that leads into management.
pub(crate) fn management_leaks(isp: &Isp) -> Vec<Finding> {
    let kept = isp.segments.values().filter(|segment| segment.kind == SegmentKind::Management);
    let kept: Vec<(&Segment, IpNet)> = kept
        .flat_map(|segment| {
            Family::BOTH.into_iter().filter_map(move |f| Some((segment, segment.prefix(f)?)))
        })
        .collect();
    let mut findings = Vec::new();
    for route in isp.routes.values() {
        let leads = |(_, net): &&(&Segment, IpNet)| {
            route.prefixes.iter().any(|prefix| prefix.contains(net) || net.contains(prefix))
        };
        for (segment, net) in kept.iter().filter(leads) {
            let says = format!("{} leads to {net} of {}", route.at.key, segment.at.key);
            let finding =
                wrong_in(&route.at, "prefixes", says).also(segment.at.place, "management");
            let hint = "management has a routing table of its own: take it out of the route";
            findings.push(finding.about(segment.at.key.clone()).hint(hint));
        }
    }
    findings
}

/// N9-OOB: management that works only while the router that is being mended does.
pub(crate) fn out_of_band(isp: &Isp) -> Vec<Finding> {
    let managed =
        isp.segments.iter().filter(|(_, segment)| segment.kind == SegmentKind::Management);
    managed.filter_map(|(id, segment)| no_way_in(isp, id, segment)).collect()
}

fn no_way_in(isp: &Isp, id: Id<Segment>, segment: &Segment) -> Option<Finding> {
    let on: Vec<&Host> = isp.hosts.values().filter(|host| host.nic_on(id).is_some()).collect();
    let is_router = |host: &&&Host| matches!(host.role, Role::Edge | Role::Core | Role::Access);
    let router = on.iter().find(is_router)?;
    if on.iter().any(|host| host.role == Role::OutOfBand) {
        return None;
    }
    let gateways: Vec<IpAddr> =
        Family::BOTH.into_iter().filter_map(|f| segment.gateway(f)).collect();
    let own = on
        .iter()
        .filter(is_router)
        .find(|host| host.addresses().iter().any(|a| gateways.contains(a)));
    let says = match own {
        Some(own) => format!(
            "{} is reached through {}, which it is there to mend",
            segment.at.key, own.at.key
        ),
        // A gateway that is no host of ours stands beside the routers.
        None if !gateways.is_empty() => return None,
        None => format!("{} has no way in when the routers are down", segment.at.key),
    };
    let finding = wrong(segment.at.place, says).also(router.at.place, "a router on it");
    let hint = "put a host with `role = \"out-of-band\"` on the segment";
    Some(finding.about(segment.at.key.clone()).hint(hint))
}

/// N1-ROUTE-VIA: a static route that its router cannot use.
pub(crate) fn static_routes(isp: &Isp) -> Vec<Finding> {
    isp.routes
        .values()
        .flat_map(|route| on_hosts(isp, route).into_iter().chain(families(isp, route)))
        .collect()
}

fn on_hosts(isp: &Isp, route: &StaticRoute) -> Vec<Finding> {
    let vip = &isp.vips[route.via];
    let mut findings = Vec::new();
    for id in &route.hosts {
        let host = &isp.hosts[*id];
        let says = if vip.hosts.contains(id) {
            let (route, host, vip) = (&route.at.key, host.name(), &vip.at.key);
            format!("{route} sends {host} to {vip}, which {host} may hold itself")
        } else if host.nic_on(vip.segment).is_none() {
            let segment = isp.segments[vip.segment].name();
            format!(
                "{} is held by {}, which has no interface on {segment}",
                route.at.key, host.at.key
            )
        } else {
            continue;
        };
        let finding = wrong_in(&route.at, "hosts", says).also(vip.at.place, "the next hop");
        let hint = "list the routers that share a segment with the next hop";
        findings.push(finding.about(host.at.key.clone()).hint(hint));
    }
    findings
}

fn families(isp: &Isp, route: &StaticRoute) -> Vec<Finding> {
    let vip = &isp.vips[route.via];
    let lost =
        route.prefixes.iter().filter(|prefix| vip.address(Family::of_net(**prefix)).is_none());
    let told = |prefix: &IpNet| {
        let digit = Family::of_net(*prefix).digit();
        let says = format!(
            "{} leads {prefix} to {}, which has no IPv{digit} address",
            route.at.key, vip.at.key
        );
        let finding = wrong_in(&route.at, "prefixes", says).also(vip.at.place, "the next hop");
        finding.about(vip.at.key.clone()).hint(format!("add `ipv{digit} = …` to the VIP"))
    };
    lost.map(told).collect()
}

/// N1-ROUTE-HOST: static routes and pools on hosts that tell nobody of them.
pub(crate) fn announcers(isp: &Isp) -> Vec<Finding> {
    let routes = isp.routes.values().map(|route| (&route.at, &route.hosts));
    let pools = isp.pools.values().map(|pool| (&pool.at, &pool.hosts));
    let mut findings = Vec::new();
    for (at, hosts) in routes.chain(pools) {
        for host in hosts.iter().map(|id| &isp.hosts[*id]).filter(|host| !host.role.routes()) {
            let says = format!("{} is on {}, which tells no router of it", at.key, host.at.key);
            let finding = wrong_in(at, "hosts", says).also(host.at.field("role"), "its role");
            findings.push(
                finding
                    .about(host.at.key.clone())
                    .hint("list hosts that route: edge, core, access or vpn"),
            );
        }
    }
    findings
}

/// N1-GATEWAY: a host that can reach only its own segment.
pub(crate) fn gateways(isp: &Isp) -> Vec<Finding> {
    let told_by_bgp: BTreeSet<Id<Host>> =
        isp.sessions().filter_map(|(_, session)| session.remote).collect();
    let mut findings = Vec::new();
    for (id, host) in
        isp.hosts.iter().filter(|(id, host)| needs_gateway(host) && !told_by_bgp.contains(id))
    {
        for family in Family::BOTH {
            let data = |nic: &&model::kinds::Nic| {
                let kind = isp.segments[nic.segment].kind;
                !matches!(kind, SegmentKind::Management | SegmentKind::Sync)
                    && nic.address(family).is_some()
            };
            let Some(nic) = host.nic.iter().find(data) else { continue };
            if isp.gateway_of(id, family).is_some() {
                continue;
            }
            let (digit, segment) = (family.digit(), &isp.segments[nic.segment]);
            let says = format!("{} has no IPv{digit} default gateway", host.at.key);
            let finding =
                wrong_in(&nic.at, "segment", says).also(segment.at.place, "no VIP, no gateway");
            let hint = format!(
                "declare a VIP of its routers on {}, or `{} = …` there",
                segment.name(),
                keyed("gateway", family)
            );
            findings.push(finding.about(segment.at.key.clone()).hint(hint));
        }
    }
    findings
}

fn needs_gateway(host: &Host) -> bool {
    match host.role {
        Role::Edge | Role::Core | Role::Access => false,
        Role::Vpn
        | Role::Firewall
        | Role::Proxy
        | Role::Validator
        | Role::Server
        | Role::Hypervisor
        | Role::OutOfBand
        | Role::Client => true,
    }
}

/// N1-GATEWAY-PREFIX: a declared gateway that is not on its segment.
pub(crate) fn stray_gateways(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for segment in isp.segments.values() {
        for family in Family::BOTH {
            let Some(gateway) = segment.gateway(family) else { continue };
            if segment.prefix(family).is_some_and(|prefix| prefix.contains(&gateway)) {
                continue;
            }
            let says = format!("the gateway {gateway} is not in {}", segment.at.key);
            let finding = wrong_in(&segment.at, keyed("gateway", family), says);
            findings.push(finding.hint("take the address of a router on the segment"));
        }
    }
    findings
}

/// N1-GATEWAY-TWICE: a declared gateway beside the VIP of routers.
pub(crate) fn two_gateways(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for vip in isp.vips.values() {
        let segment = &isp.segments[vip.segment];
        if !vip.hosts.iter().all(|id| isp.hosts[*id].role.forwards()) {
            continue;
        }
        for family in Family::BOTH {
            let (Some(vip_is), Some(gateway)) = (vip.address(family), segment.gateway(family))
            else {
                continue;
            };
            if vip_is == gateway {
                continue;
            }
            let says = format!(
                "{} declares the gateway {gateway}, but its hosts use {}",
                segment.at.key, vip.at.key
            );
            let finding = wrong_in(&segment.at, keyed("gateway", family), says);
            let finding = finding.also(vip.at.field(keyed("ip", family)), "used");
            findings.push(
                finding
                    .about(vip.at.key.clone())
                    .hint("remove the gateway: the VIP outlives a router"),
            );
        }
    }
    findings
}
