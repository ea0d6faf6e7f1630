//! Asks a rehearsal for what a counterexample of a proof says, and sets both side by side.

mod route;
mod way;

use crate::follow::{Kernel, Kernels};
use crate::outside::INTERNET_ADDRESSES;
use model::Isp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use twin::Twin;
use verify::{Counterexample, Violation};

/// One thing that the proof says, and what the daemons do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// What is compared: `who answers for 192.0.2.9`.
    pub what: String,
    /// What the proof says.
    pub predicted: String,
    /// What was seen.
    pub seen: String,
    /// Whether that is the same.
    pub agrees: bool,
}

/// Compares everything that shows a violation with what is seen in the rehearsal, in which the failure
/// has happened already.
///
/// # Errors
/// Where a host cannot be asked.
pub fn compare(twin: &Twin, isp: &Isp, violation: &Violation) -> Result<Vec<Compared>, String> {
    let shown = &violation.shown;
    let kernels = Kernels::of(twin)?;
    let replay = Replay { twin, isp, kernels, shown };
    let mut all = Vec::new();
    all.extend(replay.owners(violation));
    if let Some(flow) = &shown.flow {
        let end = shown.end.as_ref().filter(|_| shown.back.is_empty());
        let what = format!("the way from {} to {}", flow.from, flow.to);
        all.push(replay.way(what, (&shown.hops, end), flow.destination));
        if !shown.back.is_empty() {
            let what = format!("the way back to {}", flow.from);
            all.push(replay.way(what, (&shown.back, shown.end.as_ref()), flow.source));
        }
        all.extend(replay.packets()?);
    } else if let Some(route) = &shown.route {
        all.push(replay.route(route)?);
    } else {
        all.extend(replay.default_routes(violation));
    }
    Ok(all)
}

struct Replay<'a> {
    twin: &'a Twin,
    isp: &'a Isp,
    kernels: Kernels<'a>,
    shown: &'a Counterexample,
}

impl Replay<'_> {
    /// Who has the virtual address now, in each family.
    fn owners(&self, violation: &Violation) -> Vec<Compared> {
        if self.shown.answerers.is_empty() {
            return Vec::new();
        }
        let keys = violation.finding.about.iter().filter_map(|key| key.strip_prefix("vip."));
        let vips = keys.filter_map(|name| self.isp.vips.find(name)).map(|id| &self.isp.vips[id]);
        let addresses = vips.flat_map(|vip| {
            model::ask::Family::BOTH.into_iter().filter_map(|family| vip.address(family))
        });
        let addresses: BTreeSet<IpAddr> = addresses.collect();
        let mut predicted = self.shown.answerers.clone();
        predicted.sort();
        addresses
            .into_iter()
            .map(|address| {
                let seen = self.kernels.owners(address);
                Compared {
                    what: format!("who answers for {address}"),
                    agrees: seen == predicted,
                    predicted: predicted.join(", "),
                    seen: listed(&seen),
                }
            })
            .collect()
    }

    /// A router without a way out.
    fn default_routes(&self, violation: &Violation) -> Vec<Compared> {
        let keys = violation.finding.about.iter().filter_map(|key| key.strip_prefix("host."));
        if violation.finding.code != "V-DEFAULT" {
            return Vec::new();
        }
        keys.map(|host| {
            let addresses = INTERNET_ADDRESSES.iter().filter_map(|text| text.parse().ok());
            let lost: Vec<String> = addresses
                .filter(|to: &IpAddr| self.kernels.route(host, *to) == Kernel::Unreachable)
                .map(|to| to.to_string())
                .collect();
            Compared {
                what: format!("the route of {host} to the Internet"),
                predicted: "none".to_owned(),
                agrees: !lost.is_empty(),
                seen: if lost.is_empty() {
                    "there is one".into()
                } else {
                    format!("none to {}", lost.join(", "))
                },
            }
        })
        .collect()
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
