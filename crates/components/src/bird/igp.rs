//! OSPF on the backbones, and BFD under it and under the sessions that want it.

use super::own::about_segment;
use component::tree::secret_mark;
use derive::routing;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Nic};
use model::{Id, Isp};
use serde::Serialize;
use std::collections::BTreeSet;

/// What `igp.conf` says.
#[derive(Debug, Serialize)]
pub(super) struct Igp {
    password: Option<String>,
    loopbacks: Vec<Loopback>,
    backbones: Vec<Link>,
    /// Links to other networks: told, but nobody speaks OSPF there.
    stubs: Vec<Link>,
}

/// The router's own address in one family.
#[derive(Debug, Serialize)]
struct Loopback {
    digit: u8,
    prefix: IpNet,
}

/// An interface in OSPF.
#[derive(Debug, Serialize)]
struct Link {
    nic: String,
    cost: u16,
    comment: String,
}

/// What BFD watches.
#[derive(Debug, Serialize)]
pub(super) struct Bfd {
    nics: BTreeSet<String>,
    multihop: bool,
}

/// OSPF, if it runs here.
pub(super) fn igp(isp: &Isp, id: Id<Host>) -> Option<Igp> {
    let ospf = routing::ospf(isp, id)?;
    let host = &isp.hosts[id];
    Some(Igp {
        password: isp.about.ospf_password.as_ref().map(|secret| secret_mark(&secret.0)),
        loopbacks: Family::BOTH.into_iter().filter_map(|of| loopback(host, of)).collect(),
        backbones: links(isp, ospf.backbones),
        stubs: links(isp, ospf.stubs),
    })
}

fn loopback(host: &Host, family: Family) -> Option<Loopback> {
    let prefix = IpNet::from(host.loopback(family)?);
    Some(Loopback { digit: family.digit(), prefix })
}

/// BFD, if something is watched here.
pub(super) fn bfd(isp: &Isp, id: Id<Host>) -> Option<Bfd> {
    let backbones = routing::ospf(isp, id).into_iter().flat_map(|ospf| ospf.backbones);
    let mut nics: BTreeSet<String> = backbones.map(|(nic, _)| nic.name.clone()).collect();
    let mut multihop = false;
    for side in routing::sides(isp, id).into_iter().filter(|side| side.session.bfd) {
        multihop |= side.nic.is_none();
        nics.extend(side.nic.map(|nic| nic.name.clone()));
    }
    (multihop || !nics.is_empty()).then_some(Bfd { nics, multihop })
}

fn links(isp: &Isp, nics: Vec<(&Nic, u16)>) -> Vec<Link> {
    let link = |(nic, cost): (&Nic, u16)| Link {
        nic: nic.name.clone(),
        cost,
        comment: about_segment(isp, nic.segment),
    };
    nics.into_iter().map(link).collect()
}
