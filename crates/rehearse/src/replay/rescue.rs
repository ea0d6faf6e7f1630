//! The way to management when nothing else works: from the world outside, over the machine that is
//! there for it.

use super::{Compared, Replay};
use crate::outside::{INTERNET, INTERNET_ADDRESSES};
use crate::{ask, probe};
use model::Named as _;
use model::ask::Family;
use model::kinds::{Host, Segment};
use model::value::Port;
use model::{Id, Isp};
use std::net::IpAddr;
use verify::{Element, Failure, Flow, Violation};

/// When management is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// With nothing broken: if nobody came in then, it would say nothing that nobody does later.
    Whole,
    /// With every router dead.
    Dead,
}

/// The management segments that a violation is about.
fn segments<'a>(
    isp: &'a Isp,
    violation: &Violation,
) -> impl Iterator<Item = (Id<Segment>, &'a Segment)> {
    let keys = violation.finding.about.iter().filter_map(|key| key.strip_prefix("segment."));
    let ids: Vec<Id<Segment>> = keys.filter_map(|name| isp.segments.find(name)).collect();
    ids.into_iter().map(|id| (id, &isp.segments[id]))
}

/// The routers and firewalls whose consoles are on a segment.
fn routers(isp: &Isp, segment: Id<Segment>) -> impl Iterator<Item = (Id<Host>, &Host)> {
    let routes = move |host: &Host| host.role.forwards() && host.nic_on(segment).is_some();
    isp.hosts.iter().filter(move |(_, host)| routes(host))
}

/// What is broken to show it, and how people say that: routers that carry nothing more, and whose
/// consoles are alive, because it is about the way to them. So is what carries the machine that
/// shall rescue, if it is a router's neighbour on one hypervisor.
pub(crate) fn breaks(isp: &Isp, violation: &Violation) -> (Failure, String) {
    let mut elements = Vec::new();
    let mut said = Vec::new();
    for (segment, about) in segments(isp, violation) {
        let mut names = Vec::new();
        for (id, host) in routers(isp, segment) {
            let links = host.nic.iter().enumerate().filter(|(_, nic)| nic.segment != segment);
            elements.extend(links.map(|(at, _)| Element::Link(id, at)));
            names.push(host.name());
        }
        let (all, names) = (about.name(), names.join(", "));
        said.push(format!("every interface but that on {all} of {names}"));
    }
    for host in rescuers(isp, violation) {
        elements.extend(host.on.map(Element::Host));
        said.extend(host.on.map(|below| format!("host.{}", isp.hosts[below].name())));
    }
    (Failure::of(elements), said.join(", "))
}

/// The machines over which one shall come to management.
fn rescuers<'a>(isp: &'a Isp, violation: &Violation) -> Vec<&'a Host> {
    let keys = violation.finding.about.iter().filter_map(|key| key.strip_prefix("host."));
    keys.filter_map(|name| isp.hosts.find(name)).map(|id| &isp.hosts[id]).collect()
}

impl Replay<'_> {
    /// Whether one comes to the consoles over each machine that is there for it, in two steps: to the
    /// machine, and from there on. Nothing where a machine has no address in the world outside.
    pub(super) fn rescue(&self, when: When) -> Result<Vec<Compared>, String> {
        let mut all = Vec::new();
        for (id, segment) in segments(self.isp, self.violation) {
            for host in rescuers(self.isp, self.violation) {
                let Some(flow) = self.way_in(id, host) else { continue };
                all.extend(self.comes_in(host, &flow, when)?);
                all.push(self.consoles((id, segment), host, when));
            }
        }
        Ok(all)
    }

    /// From the world outside to the address by which a machine is reached from there.
    fn way_in(&self, management: Id<Segment>, host: &Host) -> Option<Flow> {
        let nics = || host.nic.iter().filter(|nic| nic.segment != management);
        let address = |family| nics().find_map(|nic| nic.address(family));
        let ours = |address: &IpAddr| self.isp.is_ours((*address).into());
        Family::BOTH.into_iter().zip(INTERNET_ADDRESSES).find_map(|(family, source)| {
            Some(Flow {
                family,
                from: INTERNET.to_owned(),
                source: source.parse().ok()?,
                to: host.at.key.clone(),
                destination: address(family).filter(ours)?,
                port: Some(Port::Icmp),
            })
        })
    }

    fn comes_in(&self, host: &Host, flow: &Flow, when: When) -> Result<Option<Compared>, String> {
        let Some(heard) = probe::send(self.twin, self.isp, flow)? else { return Ok(None) };
        let (name, address) = (host.name(), flow.destination);
        let (what, predicted) = match when {
            When::Whole => ("with nothing broken, ", "it answers"),
            When::Dead => ("", "no answer comes back"),
        };
        Ok(Some(Compared {
            what: format!("{what}{name} at {address}, asked by somebody outside"),
            predicted: predicted.to_owned(),
            agrees: heard.answered == (when == When::Whole),
            seen: heard.words,
        }))
    }

    /// How many consoles answer the machine beside them: all, always. It is the way to it that is cut.
    fn consoles(
        &self,
        (id, segment): (Id<Segment>, &Segment),
        host: &Host,
        when: When,
    ) -> Compared {
        let addresses = routers(self.isp, id).filter_map(|(_, router)| {
            let nic = router.nic_on(id)?;
            Family::BOTH.into_iter().find_map(|family| nic.address(family))
        });
        let addresses: Vec<String> = addresses.map(|address| address.to_string()).collect();
        let answers = |address: &&String| {
            let words = ["ping", "-n", "-c", "1", "-W", "1", address.as_str()];
            ask::output(self.twin, host.name(), &words).is_ok()
        };
        let (all, answering) = (addresses.len(), addresses.iter().filter(answers).count());
        let what = match when {
            When::Whole => "with nothing broken, ",
            When::Dead => "",
        };
        Compared {
            what: format!(
                "{what}the {all} routers on {}, asked by {}",
                segment.name(),
                host.name()
            ),
            predicted: format!("{all} answer"),
            seen: format!("{answering} answer"),
            agrees: answering == all && all > 0,
        }
    }
}
