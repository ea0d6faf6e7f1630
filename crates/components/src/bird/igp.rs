//! OSPF on the backbones, and BFD under it and under the sessions that want it.

use super::own::about_segment;
use super::parameters::is_ours;
use component::tree::secret_mark;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, SegmentKind};
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

/// Whether a router takes part in OSPF: it is of our AS and has an interface in a backbone.
pub(super) fn runs(isp: &Isp, id: Id<Host>) -> bool {
    is_ours(isp, id) && !links(isp, id, |kind| kind == SegmentKind::Backbone).is_empty()
}

/// OSPF, if it runs here.
pub(super) fn igp(isp: &Isp, id: Id<Host>) -> Option<Igp> {
    let host = &isp.hosts[id];
    let igp = Igp {
        password: isp.about.ospf_password.as_ref().map(|secret| secret_mark(&secret.0)),
        loopbacks: Family::BOTH.into_iter().filter_map(|of| loopback(host, of)).collect(),
        backbones: links(isp, id, |kind| kind == SegmentKind::Backbone),
        stubs: links(isp, id, SegmentKind::is_external),
    };
    runs(isp, id).then_some(igp)
}

fn loopback(host: &Host, family: Family) -> Option<Loopback> {
    let prefix = IpNet::from(host.loopback(family)?);
    Some(Loopback { digit: family.digit(), prefix })
}

/// BFD, if something is watched here.
pub(super) fn bfd(isp: &Isp, id: Id<Host>) -> Option<Bfd> {
    let backbones = links(isp, id, |kind| kind == SegmentKind::Backbone);
    let mut nics: BTreeSet<String> = backbones.into_iter().map(|link| link.nic).collect();
    nics.retain(|_| is_ours(isp, id));
    let mut multihop = false;
    for side in super::outside::sides(isp, id).into_iter().filter(|side| side.session.bfd) {
        multihop |= side.nic.is_none();
        nics.extend(side.nic.map(|nic| nic.name.clone()));
    }
    (multihop || !nics.is_empty()).then_some(Bfd { nics, multihop })
}

fn links(isp: &Isp, id: Id<Host>, of: impl Fn(SegmentKind) -> bool) -> Vec<Link> {
    let nics = isp.hosts[id].nic.iter().filter(|nic| of(isp.segments[nic.segment].kind));
    let link = |nic: &model::kinds::Nic| Link {
        nic: nic.name.clone(),
        cost: nic.cost.unwrap_or(isp.segments[nic.segment].cost),
        comment: about_segment(isp, nic.segment),
    };
    nics.map(link).collect()
}
