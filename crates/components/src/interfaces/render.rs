//! From a host's declared interfaces to the files of ifupdown and what applies them.

use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Nic};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::net::IpAddr;

const INTERFACES: &str = "/etc/network/interfaces";
const APPLY: &str = "/usr/local/lib/ketupa/interfaces";
const VRF: &str = "/usr/local/lib/ketupa/vrf";
const DROP_IN: &str = "/etc/systemd/system/networking.service.d/ketupa.conf";
/// The routing table of the management VRF, out of the way of the tables that people number by hand.
const VRF_TABLE: u32 = 1000;

/// What the template of `/etc/network/interfaces` asks for.
#[derive(Serialize)]
struct Context {
    loopbacks: Vec<Stanza>,
    nics: Vec<Interface>,
}

#[derive(Serialize)]
struct Interface {
    name: String,
    segment: String,
    description: Option<String>,
    mtu: Option<u16>,
    addresses: Vec<Stanza>,
    vrf: Option<Vrf>,
}

/// An address with its prefix length, as one stanza.
#[derive(Serialize)]
struct Stanza {
    /// `inet` or `inet6`.
    family: &'static str,
    address: String,
    gateway: Option<IpAddr>,
}

#[derive(Serialize)]
struct Vrf {
    device: String,
    table: u32,
    prefixes: Vec<IpNet>,
    gateways: Vec<IpAddr>,
}

#[derive(Serialize)]
struct Link {
    name: String,
    mac: String,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let host = &isp.hosts[id];
    let context = Context { loopbacks: loopbacks(host), nics: nics(isp, id) };
    let script = |text| File { mode: 0o755, ..File::public(text) };
    let mut tree = HostTree::default();
    let mut reads = vec![INTERFACES, APPLY, DROP_IN];
    let text = templates.render("interfaces/interfaces", &context)?;
    tree.files.insert(INTERFACES.into(), File::public(text));
    tree.files.insert(APPLY.into(), script(templates.render("interfaces/apply", &())?));
    let drop_in = templates.render("interfaces/networking.conf", &())?;
    tree.files.insert(DROP_IN.into(), File::public(drop_in));
    if isp.management_nic(id).is_some() {
        tree.files.insert(VRF.into(), script(templates.render("interfaces/vrf", &())?));
        reads.push(VRF);
    }
    links(host, templates, &mut tree)?;
    super::names::add(isp, id, templates, &mut tree)?;
    tree.packages.extend(["ifupdown", "iproute2"].map(str::to_owned));
    tree.units.insert("networking.service".into(), unit(&reads));
    tree.checks.push(check(&reads));
    tree.probes.push(probe());
    Ok(tree)
}

/// A reload applies the difference: an interface that did not change stays up.
fn unit(reads: &[&str]) -> Unit {
    Unit {
        on_change: OnChange::Reload,
        reads: reads.iter().map(|path| (*path).to_owned()).collect(),
        after: vec!["systemd-sysctl.service".into()],
        cuts_off: true,
    }
}

fn check(covers: &[&str]) -> Check {
    Check {
        component: "interfaces".into(),
        command: vec![APPLY.into(), "check".into()],
        covers: covers.iter().map(|path| (*path).to_owned()).collect(),
    }
}

fn probe() -> Probe {
    Probe {
        name: "every declared interface is up with its addresses".into(),
        command: vec![APPLY.into(), "settled".into()],
        within_s: 10,
    }
}

fn loopbacks(host: &Host) -> Vec<Stanza> {
    let addresses = Family::BOTH.into_iter().filter_map(|family| host.loopback(family));
    addresses.map(|address| stanza(IpNet::from(address), None)).collect()
}

fn nics(isp: &Isp, id: Id<Host>) -> Vec<Interface> {
    isp.hosts[id].nic.iter().map(|nic| interface(isp, id, nic)).collect()
}

fn interface(isp: &Isp, id: Id<Host>, nic: &Nic) -> Interface {
    let segment = &isp.segments[nic.segment];
    let stanza = |family| {
        let length = segment.prefix(family)?.prefix_len();
        let net = IpNet::new(nic.address(family)?, length).ok()?;
        let gateway = isp.gateway_of(id, family);
        let inside = gateway.filter(|via| net.contains(via) && is_uplink(isp, id, nic, family));
        Some(stanza(net, inside))
    };
    Interface {
        name: nic.name.clone(),
        segment: segment.name().to_owned(),
        description: segment.description.clone(),
        mtu: Some(segment.mtu).filter(|mtu| *mtu != 1500),
        addresses: Family::BOTH.into_iter().filter_map(stanza).collect(),
        vrf: vrf(isp, id, nic),
    }
}

/// The VRF that keeps this interface apart, if it is the router's management interface.
fn vrf(isp: &Isp, id: Id<Host>, nic: &Nic) -> Option<Vrf> {
    isp.management_nic(id).filter(|apart| apart.name == nic.name)?;
    let segment = &isp.segments[nic.segment];
    Some(Vrf {
        device: isp.management_vrf(id)?,
        table: VRF_TABLE,
        prefixes: Family::BOTH.into_iter().filter_map(|f| segment.prefix(f)).collect(),
        gateways: Family::BOTH.into_iter().filter_map(|f| segment.gateway(f)).collect(),
    })
}

/// Whether this is the first interface through which the host's gateway is reached.
fn is_uplink(isp: &Isp, id: Id<Host>, nic: &Nic, family: Family) -> bool {
    let Some(via) = isp.gateway_of(id, family) else { return false };
    let reaches = |other: &&Nic| {
        let prefix = isp.segments[other.segment].prefix(family);
        other.address(family).is_some() && prefix.is_some_and(|prefix| prefix.contains(&via))
    };
    isp.hosts[id].nic.iter().find(reaches).is_some_and(|first| first.name == nic.name)
}

fn stanza(net: IpNet, gateway: Option<IpAddr>) -> Stanza {
    let family = if net.addr().is_ipv4() { "inet" } else { "inet6" };
    Stanza { family, address: net.to_string(), gateway }
}

/// Each interface gets its declared name by its declared Ethernet address, from the next boot on.
/// A VLAN's interface has its name from the start and its Ethernet address from its parent.
fn links(host: &Host, templates: &Templates, tree: &mut HostTree) -> Result<(), TemplateError> {
    for nic in host.nic.iter().filter(|nic| !nic.name.contains('.')) {
        let link = Link { name: nic.name.clone(), mac: nic.mac.to_string() };
        let path = format!("/etc/systemd/network/60-ketupa-{}.link", nic.name);
        tree.files.insert(path, File::public(templates.render("interfaces/link", &link)?));
    }
    Ok(())
}
