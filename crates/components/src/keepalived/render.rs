//! From the VIPs of a host to keepalived's configuration.

use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use model::ask::Family;
use model::kinds::{Host, Vip};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::collections::BTreeMap;

const PATH: &str = "/etc/keepalived/keepalived.conf";
const DROP_IN: &str = "/etc/systemd/system/keepalived.service.d/ketupa.conf";

/// What the template of `keepalived.conf` asks for.
#[derive(Debug, Serialize)]
struct Context {
    router: String,
    /// Whether it runs BIRD, and what the loss of it takes from the priority.
    routes: bool,
    bird_loss: u8,
    groups: Vec<Group>,
    instances: Vec<Instance>,
}

/// Instances that are masters together or not at all.
#[derive(Debug, Serialize)]
struct Group {
    name: String,
    instances: Vec<String>,
    tracked: Vec<Tracked>,
    /// The connection table moves with the addresses: a firewall's script is told.
    tells_conntrackd: bool,
}

/// One virtual router of one family.
#[derive(Debug, Serialize)]
struct Instance {
    name: String,
    interface: String,
    vmac: String,
    vrid: u8,
    priority: u8,
    /// In seconds, with two decimals: `VRRPv3` counts in hundredths.
    advert_s: String,
    addresses: Vec<String>,
    /// Empty in a group: there the group tracks for all of its instances.
    tracked: Vec<Tracked>,
    grouped: bool,
}

/// An interface whose loss lowers the priority.
#[derive(Debug, Clone, Serialize)]
struct Tracked {
    interface: String,
    loss: u8,
}

/// Everything for one host.
pub(super) fn tree(
    isp: &Isp,
    host: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let context = context(isp, host);
    let text = templates.render("keepalived/keepalived.conf", &context)?;
    let drop_in = templates.render("keepalived/unit.conf", &context)?;
    let check = Check {
        component: "keepalived".into(),
        // keepalived 2.2.7 ends its test of a file with scripts by SIGTERM to all of its process group.
        command: ["/usr/bin/env", "--ignore-signal=TERM", "/usr/sbin/keepalived", "-t", "-f", PATH]
            .map(str::to_owned)
            .to_vec(),
        covers: vec![PATH.into()],
    };
    let unit = Unit {
        on_change: OnChange::Reload,
        reads: vec![PATH.into(), DROP_IN.into()],
        // The interfaces must exist before it starts; the connection table before it is told.
        after: ["networking.service", "nftables.service", "conntrackd.service"]
            .map(str::to_owned)
            .to_vec(),
        cuts_off: true,
    };
    Ok(HostTree {
        files: BTreeMap::from([
            (PATH.into(), File::public(text)),
            (DROP_IN.into(), File::public(drop_in)),
        ]),
        packages: ["keepalived".to_owned()].into(),
        units: BTreeMap::from([("keepalived.service".into(), unit)]),
        checks: vec![check],
        probes: isp.vips_of(host).flat_map(probes).collect(),
        ..HostTree::default()
    })
}

/// keepalived makes the virtual interfaces at its start, whoever is the master.
fn probes(vip: &Vip) -> Vec<Probe> {
    let families = Family::BOTH.into_iter().filter(|family| vip.address(*family).is_some());
    let probe = |family| {
        let interface = vip.interface(family);
        Probe {
            name: format!("keepalived made {interface} for VIP {}", vip.name()),
            command: ["/usr/sbin/ip", "link", "show", "dev", &interface]
                .map(str::to_owned)
                .to_vec(),
            within_s: 10,
        }
    };
    families.map(probe).collect()
}

fn context(isp: &Isp, host: Id<Host>) -> Context {
    let instances = isp.vips_of(host).flat_map(|vip| {
        Family::BOTH.into_iter().filter_map(move |family| instance(isp, host, vip, family))
    });
    Context {
        router: isp.hosts[host].name().to_owned(),
        routes: isp.hosts[host].role.routes(),
        bird_loss: model::vrrp::BIRD_LOSS,
        groups: groups(isp, host),
        instances: instances.collect(),
    }
}

/// The groups of a host's VIPs, by name.
fn groups(isp: &Isp, host: Id<Host>) -> Vec<Group> {
    let mut members: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for vip in isp.vips_of(host) {
        let Some(group) = &vip.group else { continue };
        let families = Family::BOTH.into_iter().filter(|family| vip.address(*family).is_some());
        members.entry(group).or_default().extend(families.map(|family| instance_name(vip, family)));
    }
    let tells_conntrackd = isp.sync_link(host).is_some();
    let group = |(name, instances): (&str, Vec<String>)| Group {
        name: name.to_owned(),
        instances,
        tracked: tracked(isp, host),
        tells_conntrackd,
    };
    members.into_iter().map(group).collect()
}

fn instance(isp: &Isp, host: Id<Host>, vip: &Vip, family: Family) -> Option<Instance> {
    let address = vip.address(family)?;
    let link_local = (family == Family::V6).then(|| vip.link_local().to_string());
    let interface = isp.hosts[host].nic_on(vip.segment)?.name.clone();
    // keepalived refuses an instance that tracks the interface that it is on: it does so anyway.
    let others = |tracked: &Tracked| tracked.interface != interface;
    let tracked = tracked(isp, host).into_iter().filter(|_| vip.group.is_none()).filter(others);
    let tracked = tracked.collect();
    Some(Instance {
        name: instance_name(vip, family),
        vmac: vip.interface(family),
        vrid: vip.vrid,
        priority: vip.priority(host)?,
        advert_s: format!("{}.{:02}", vip.advert_ms / 1000, vip.advert_ms % 1000 / 10),
        // A host prefix: with the segment's length there would be a second route to the segment.
        addresses: link_local.into_iter().chain([net(address)]).collect(),
        grouped: vip.group.is_some(),
        tracked,
        interface,
    })
}

fn net(address: std::net::IpAddr) -> String {
    ipnet::IpNet::from(address).to_string()
}

fn instance_name(vip: &Vip, family: Family) -> String {
    format!("{}-ipv{}", vip.name(), family.digit())
}

fn tracked(isp: &Isp, host: Id<Host>) -> Vec<Tracked> {
    let nics = isp.tracked_by(host).into_iter();
    nics.map(|(nic, loss)| Tracked { interface: nic.name.clone(), loss }).collect()
}
