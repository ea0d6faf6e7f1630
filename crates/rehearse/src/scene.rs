//! What stands on the stage: containers, cables and what each holds. A pure function of ISP and tree.

use crate::{content, elsewhere, outside, watch};
use component::{HostTree, Tree};
use model::kinds::{Host, Segment};
use model::{Id, Isp, Named as _};
use std::collections::BTreeMap;
use twin::{HostSpec, Lab, Port};

/// Everything that a rehearsal consists of.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Containers and cables.
    pub lab: Lab,
    /// What each container shall hold: our hosts as rendered, the others made here.
    pub trees: BTreeMap<String, HostTree>,
    /// What is played by a stand-in and therefore not tested, a sentence each.
    pub stand_ins: Vec<String>,
}

/// Sets the stage for an ISP whose hosts shall hold `tree`.
pub fn scene(name: &str, isp: &Isp, tree: &Tree) -> Scene {
    let mut trees = tree.hosts.clone();
    let mut stand_ins = Vec::new();
    for (id, host) in isp.hosts.iter() {
        if let Some(tree) = trees.get_mut(host.name()) {
            stand_ins.extend(content::leave_out(isp, id, tree));
            stand_ins.extend(content::add(isp, id, tree));
        }
    }
    let away = elsewhere::elsewhere(isp, &trees);
    stand_ins.extend(watch::prepare(isp, &away, &mut trees));
    let mut hosts: Vec<HostSpec> = isp
        .hosts
        .iter()
        .filter(|(_, host)| trees.contains_key(host.name()))
        .map(|(id, host)| {
            let elsewhere = away.contains_key(&id).then(|| vec![elsewhere::port(host)]);
            let ports = elsewhere.unwrap_or_else(|| ports(isp, host));
            HostSpec { name: host.name().to_owned(), ports }
        })
        .collect();
    let outside = outside::networks(isp, &away);
    let mut segments: Vec<String> =
        isp.segments.values().map(|segment| segment.name().to_owned()).collect();
    segments.extend(outside.segments);
    for container in outside.containers {
        hosts.push(container.spec);
        trees.insert(container.name, container.tree);
    }
    Scene { lab: Lab { name: name.to_owned(), hosts, segments }, trees, stand_ins }
}

/// The interfaces of one of our hosts.
fn ports(isp: &Isp, host: &Host) -> Vec<Port> {
    let segment = |id: Id<Segment>| isp.segments[id].name().to_owned();
    let port = |nic: &model::kinds::Nic| Port {
        interface: nic.name.clone(),
        segment: segment(nic.segment),
        mac: nic.mac.to_string(),
    };
    host.nic.iter().map(port).collect()
}
