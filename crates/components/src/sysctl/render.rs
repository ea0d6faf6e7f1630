//! From role, interfaces and memory of a host to its kernel settings.

use component::{File, HostTree, OnChange, TemplateError, Templates, Unit};
use model::kinds::{Host, Nic, Role, SegmentKind};
use model::{Id, Isp};
use serde::Serialize;
use std::collections::BTreeSet;

const SETTINGS: &str = "/etc/sysctl.d/60-ketupa.conf";
const DROP_IN: &str = "/etc/systemd/system/systemd-sysctl.service.d/ketupa.conf";

/// What the template asks for.
#[derive(Serialize)]
struct Context {
    /// What the host does: `forwards`, `routes`, `firewall`, `proxy`, `vips`, `vrf`.
    does: BTreeSet<&'static str>,
    conntrack_max: u64,
    conntrack_buckets: u64,
    nics: Vec<Interface>,
}

#[derive(Serialize)]
struct Interface {
    name: String,
    rp_filter: u8,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let context = context(isp, id);
    let mut tree = HostTree::default();
    let text = templates.render("sysctl/sysctl.conf", &context)?;
    tree.files.insert(SETTINGS.into(), File::public(text));
    let mut reads = vec![SETTINGS.to_owned()];
    if isp.hosts[id].role == Role::Firewall {
        let text = templates.render("sysctl/unit.conf", &context)?;
        tree.files.insert(DROP_IN.into(), File::public(text));
        reads.push(DROP_IN.into());
    }
    // A oneshot: to restart it is to write every key again, which takes nothing down.
    let unit = Unit { on_change: OnChange::Restart, reads, after: Vec::new(), cuts_off: true };
    tree.units.insert("systemd-sysctl.service".into(), unit);
    Ok(tree)
}

fn context(isp: &Isp, id: Id<Host>) -> Context {
    let host = &isp.hosts[id];
    let conntrack_max = conntrack_max(host);
    Context {
        does: does(isp, id),
        conntrack_max,
        conntrack_buckets: conntrack_max / 4,
        nics: host.nic.iter().map(|nic| interface(isp, id, nic)).collect(),
    }
}

fn does(isp: &Isp, id: Id<Host>) -> BTreeSet<&'static str> {
    let role = isp.hosts[id].role;
    let all = [
        ("forwards", role.forwards()),
        ("routes", role.routes()),
        ("firewall", role == Role::Firewall),
        ("proxy", role == Role::Proxy),
        ("vips", isp.vips_of(id).next().is_some()),
        ("vrf", isp.management_nic(id).is_some()),
    ];
    all.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect()
}

/// Connections that fit in a twelfth of the memory, at 320 bytes each with its share of the hash table.
fn conntrack_max(host: &Host) -> u64 {
    host.memory.map_or(262_144, |memory| memory.0 * 256)
}

fn interface(isp: &Isp, id: Id<Host>, nic: &Nic) -> Interface {
    Interface { name: nic.name.clone(), rp_filter: rp_filter(isp, id, nic) }
}

/// Unicast reverse path check (RFC 3704): 0 none, 1 strict, 2 loose.
fn rp_filter(isp: &Isp, id: Id<Host>, nic: &Nic) -> u8 {
    let kind = isp.segments[nic.segment].kind;
    let router = isp.hosts[id].role;
    match (router, kind) {
        // BCP 84 section 2.4: paths to other networks are asymmetric, but a route back must exist.
        (Role::Edge, SegmentKind::Transit | SegmentKind::Exchange) => 2,
        // BCP 38: who is on this LAN may only use addresses that lead back to this LAN.
        (Role::Core | Role::Access, SegmentKind::Lan) => 1,
        (Role::Edge | Role::Core | Role::Access | Role::Vpn | Role::Firewall, _) => 0,
        // A packet for a VIP comes in by VRRP's own interface, and its answer leaves by this one.
        _ if isp.vips_of(id).any(|vip| vip.segment == nic.segment) => 0,
        _ => 2,
    }
}
