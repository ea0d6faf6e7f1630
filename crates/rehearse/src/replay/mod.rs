//! Asks a rehearsal for what a counterexample of a proof says, and sets both side by side.

mod dropped;
mod rescue;
mod route;
mod translation;
mod way;

use crate::follow::{Kernel, Kernels};
use crate::outside::INTERNET_ADDRESSES;
use model::Isp;
use serde::Serialize;
use std::net::IpAddr;
use twin::Twin;
use verify::{Counterexample, Failure, Violation};

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

/// What has to be broken to see a violation, and how people say that where it is no short list.
pub fn breaks(isp: &Isp, violation: &Violation) -> (Failure, Option<String>) {
    match violation.finding.code {
        "V-OOB" => {
            let (failure, said) = rescue::breaks(isp, violation);
            (failure, Some(said))
        }
        _ => (violation.shown.failure.clone(), None),
    }
}

/// What must be seen before anything is broken, or what is seen after it would show nothing.
///
/// # Errors
/// Where a host cannot be asked.
pub fn before(twin: &Twin, isp: &Isp, violation: &Violation) -> Result<Vec<Compared>, String> {
    match violation.finding.code {
        "V-OOB" => Replay::of(twin, isp, violation)?.rescue(rescue::When::Whole),
        _ => Ok(Vec::new()),
    }
}

/// Compares everything that shows a violation with what is seen in the rehearsal, in which the failure
/// has happened already.
///
/// # Errors
/// Where a host cannot be asked.
pub fn compare(twin: &Twin, isp: &Isp, violation: &Violation) -> Result<Vec<Compared>, String> {
    let replay = Replay::of(twin, isp, violation)?;
    let shown = replay.shown;
    let mut all = replay.owners();
    if let Some(flow) = &shown.flow {
        let end = shown.end.as_ref().filter(|_| shown.back.is_empty());
        let what = format!("the way from {} to {}", flow.from, flow.to);
        all.push(replay.way(what, (&shown.hops, end), flow.destination));
        if !shown.back.is_empty() {
            let what = format!("the way back to {}", flow.from);
            all.push(replay.way(what, (&shown.back, shown.back_end.as_ref()), flow.source));
        }
        all.extend(replay.packets()?);
    } else if let Some(route) = &shown.route {
        all.push(replay.route(route)?);
    } else {
        all.extend(match violation.finding.code {
            // A step of an upgrade may leave a router without a way out.
            "V-DEFAULT" | "V-UPGRADE" => replay.default_routes(),
            "V-CONTROL" => replay.dropped()?,
            "V-UNTRACKED" => replay.untranslated()?,
            "V-OOB" => replay.rescue(rescue::When::Dead)?,
            _ => Vec::new(),
        });
    }
    Ok(all)
}

struct Replay<'a> {
    twin: &'a Twin,
    isp: &'a Isp,
    kernels: Kernels<'a>,
    violation: &'a Violation,
    shown: &'a Counterexample,
}

impl<'a> Replay<'a> {
    fn of(twin: &'a Twin, isp: &'a Isp, violation: &'a Violation) -> Result<Self, String> {
        let kernels = Kernels::of(twin)?;
        Ok(Self { twin, isp, kernels, violation, shown: &violation.shown })
    }

    /// The names of a kind among what the violation is about.
    fn about(&self, kind: &str) -> impl Iterator<Item = &'a str> {
        self.violation.finding.about.iter().filter_map(move |key| key.strip_prefix(kind))
    }

    /// Who has each address now that more than one answers for, or nobody.
    fn owners(&self) -> Vec<Compared> {
        let mut predicted = self.shown.answerers.clone();
        predicted.sort();
        let compared = |address: &IpAddr| {
            let seen = self.kernels.owners(*address);
            Compared {
                what: format!("who answers for {address}"),
                agrees: seen == predicted,
                predicted: listed(&predicted),
                seen: listed(&seen),
            }
        };
        self.shown.addresses.iter().map(compared).collect()
    }

    /// A router without a way out.
    fn default_routes(&self) -> Vec<Compared> {
        let routes = self.about("host.").map(|host| {
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
        });
        routes.collect()
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
