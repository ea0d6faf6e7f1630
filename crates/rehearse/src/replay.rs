//! Asks a rehearsal for what a counterexample of a proof says, and sets both side by side.

use crate::follow::{Kernel, Kernels, Seen, Trail};
use crate::outside::{INTERNET_ADDRESSES, routers};
use crate::probe::{self, Heard};
use crate::{Announcement, announce, ask};
use model::{Isp, Named as _};
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use twin::Twin;
use verify::{Counterexample, End, Hop, Violation};

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

    /// One way, hop by hop: each kernel is asked where it sends such packets.
    fn way(&self, what: String, (hops, end): (&[Hop], Option<&End>), to: IpAddr) -> Compared {
        if hops.is_empty() {
            return self.nobody(what);
        }
        let names: Vec<&str> = hops.iter().map(|hop| hop.host.as_str()).collect();
        let trails = names.first().map(|first| self.kernels.trails(first, to)).unwrap_or_default();
        let told: BTreeSet<String> = trails.iter().map(|trail| self.in_words(trail)).collect();
        let mut told: Vec<String> = told.into_iter().collect();
        let agrees = trails.iter().any(|trail| self.same(trail, (&names, end)));
        let more = told.len().saturating_sub(4);
        told.truncate(4);
        let mut seen = told.join("; or ");
        if more > 0 {
            seen = format!("{seen}; or {more} more");
        }
        let end = end.map_or_else(String::new, |end| format!(", {}", end_in_words(end)));
        Compared { what, predicted: format!("{}{end}", names.join(" > ")), seen, agrees }
    }

    /// A flow that nobody is left to send: what carries it is off.
    fn nobody(&self, what: String) -> Compared {
        let elements = self.shown.failure.elements().iter();
        let hosts = elements.filter_map(|element| match element {
            verify::Element::Host(id) => Some(self.isp.hosts[*id].name()),
            verify::Element::Link(..)
            | verify::Element::Segment(_)
            | verify::Element::Session(..)
            | verify::Element::Daemon(..)
            | verify::Element::Site(_) => None,
        });
        let (off, on): (Vec<&str>, Vec<&str>) =
            hosts.partition(|host| self.twin.pid(host).is_err());
        let predicted = "nobody is left to take it".to_owned();
        let agrees = on.is_empty() && !off.is_empty();
        Compared { what, predicted, seen: format!("without power: {}", off.join(", ")), agrees }
    }

    fn ours(&self, host: &str) -> bool {
        self.isp.hosts.find(host).is_some()
    }

    /// A trail as far as it is among our own hosts, and the outsider that it leaves to.
    fn inside<'t>(&self, trail: &'t Trail) -> (&'t [String], Option<&'t String>) {
        let first = trail.hosts.iter().position(|host| !self.ours(host));
        let (ours, rest) = trail.hosts.split_at(first.unwrap_or(trail.hosts.len()));
        (ours, rest.first())
    }

    fn in_words(&self, trail: &Trail) -> String {
        match self.inside(trail) {
            (ours, Some(out)) => format!("{}, leaves to {out}", ours.join(" > ")),
            (_, None) => trail.to_string(),
        }
    }

    /// Whether a trail is what was predicted.
    fn same(&self, trail: &Trail, (names, end): (&[&str], Option<&End>)) -> bool {
        let (ours, out) = self.inside(trail);
        let on = |segment: &str, host: &str, nic: &str| self.is_on(segment, (host, nic));
        let alike = ours.iter().map(String::as_str).eq(names.iter().copied());
        match (end, &trail.end, out) {
            // Filters are no business of a route: what counts is that it comes as far as the filter.
            (None | Some(End::Filtered(_)), _, _) => {
                ours.iter().map(String::as_str).take(names.len()).eq(names.iter().copied())
            }
            (Some(End::Left(session)), _, Some(out)) => alike && self.plays(out, session),
            (Some(End::Delivered(what)), Seen::OnLink(host, nic), None) => {
                alike && on(what, host, nic)
            }
            // A pool's members have no machines here: their host says that nobody is online.
            (Some(End::Delivered(_)), Seen::Arrives(_) | Seen::Refused(_), None)
            | (Some(End::Unreachable(_)), Seen::Refused(_), None)
            | (Some(End::Blackholed(_)), Seen::Dropped(_), None)
            | (Some(End::Loop(_)), Seen::Circle(_), None) => alike,
            (
                Some(End::Unanswered(what)),
                Seen::Silence(host, nic) | Seen::OnLink(host, nic),
                None,
            ) => alike && on(what, host, nic),
            (Some(_), _, _) => false,
        }
    }

    /// Whether a container is the other end of a session.
    fn plays(&self, container: &str, session: &str) -> bool {
        let (neighbor, _) = session.split_once('/').unwrap_or((session, ""));
        let neighbor = self.isp.neighbors.find(neighbor).map(|id| &self.isp.neighbors[id]);
        neighbor.is_some_and(|neighbor| {
            routers(self.isp, neighbor).iter().any(|(name, _)| name == container)
        })
    }

    fn is_on(&self, segment: &str, (host, nic): (&str, &str)) -> bool {
        let port = self.twin.lab().hosts.iter().find(|one| one.name == host);
        let port = port.and_then(|one| one.ports.iter().find(|port| port.interface == nic));
        port.is_some_and(|port| Some(port.segment.as_str()) == segment.strip_prefix("segment."))
    }

    /// The same by a real packet, from a machine that stands where the flow starts.
    fn packets(&self) -> Result<Option<Compared>, String> {
        let (Some(flow), Some(end)) = (&self.shown.flow, &self.shown.end) else { return Ok(None) };
        let Some(heard) = probe::send(self.twin, self.isp, flow)? else { return Ok(None) };
        let arrives = matches!(end, End::Delivered(_) | End::Left(_));
        let somebody = !self.kernels.owners(flow.destination).is_empty();
        // Nobody can answer where there is no machine; then only silence can be expected.
        let wanted = arrives && somebody;
        let predicted = if wanted { "an answer comes back" } else { "no answer comes back" };
        let Heard { words, answered, refused } = heard;
        let agrees = answered == wanted || (refused && !arrives);
        let (from, to) = (flow.source, flow.destination);
        let what = format!("a packet from {from} to {to}");
        Ok(Some(Compared { what, predicted: predicted.to_owned(), seen: words, agrees }))
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

    /// A route that goes where it must not, or that two protocols carry.
    fn route(&self, text: &str) -> Result<Compared, String> {
        let net = text.split_whitespace().next().unwrap_or_default();
        match (&self.shown.end, told_by(text)) {
            (Some(End::Left(to)), Some(from)) => self.leak((text, net), (from, to)),
            (_, _) => Ok(self.two_protocols(text, net)),
        }
    }

    fn two_protocols(&self, text: &str, net: &str) -> Compared {
        let mut both = Vec::new();
        for host in self.isp.hosts.values().filter(|host| host.role.routes()) {
            let Ok(shown) = ask::output(self.twin, host.name(), &["birdc", "show", "route", net])
            else {
                continue;
            };
            let tellers: Vec<&str> = shown
                .lines()
                .filter_map(|line| line.split_once('[')?.1.split_whitespace().next())
                .collect();
            let ospf = tellers.iter().any(|teller| teller.starts_with("ospf"));
            if ospf && tellers.iter().any(|teller| !teller.starts_with("ospf")) {
                both.push(host.name().to_owned());
            }
        }
        Compared {
            what: format!("who carries {net}"),
            predicted: text.to_owned(),
            agrees: !both.is_empty(),
            seen: format!("both on {}", listed(&both)),
        }
    }

    /// Lets one neighbour announce the route, and looks whether another hears it.
    fn leak(
        &self,
        (text, net): (&str, &str),
        (from, to): (&str, &str),
    ) -> Result<Compared, String> {
        let (teller, hearer) = (self.container(from), self.container(to));
        let (Some(teller), Some(hearer)) = (teller, hearer) else {
            return Err(format!("nobody plays {from} or {to}"));
        };
        let prefix = net.parse().map_err(|error| format!("{net}: {error}"))?;
        let route = Announcement { prefix, path: path(text), communities: communities(text) };
        announce(self.twin, &teller, &[route])?;
        let mut heard = None;
        for _ in 0..20 {
            std::thread::sleep(std::time::Duration::from_millis(500));
            heard = self.hears(&hearer, net);
            if heard.is_some() {
                break;
            }
        }
        announce(self.twin, &teller, &[])?;
        Ok(Compared {
            what: format!("whether {to} hears {net} from {from}"),
            predicted: format!("it does: {text}"),
            agrees: heard.is_some(),
            seen: heard.unwrap_or_else(|| "it does not".to_owned()),
        })
    }

    /// A route of ours that a container heard, with its path.
    fn hears(&self, container: &str, net: &str) -> Option<String> {
        let asn = self.isp.about.asn.0;
        // `birdc` fails where there is no such route.
        let shown = ask::output(self.twin, container, &["birdc", "show", "route", net, "all"]);
        let shown = shown.unwrap_or_default();
        let mut paths = shown.lines().filter_map(|line| line.trim().strip_prefix("BGP.as_path: "));
        let ours = |path: &&str| path.split_whitespace().next() == Some(asn.to_string().as_str());
        paths.find(ours).map(|path| format!("it does, path {path}"))
    }

    fn container(&self, session: &str) -> Option<String> {
        let (neighbor, name) = session.split_once('/').unwrap_or((session, ""));
        let neighbor = &self.isp.neighbors[self.isp.neighbors.find(neighbor)?];
        let played = routers(self.isp, neighbor);
        let found = played.into_iter().find(|(_, all)| all.iter().any(|one| one.name == name));
        found.map(|(container, _)| container)
    }
}

/// The session in `NET from SESSION, path ...`.
fn told_by(text: &str) -> Option<&str> {
    text.split_once(" from ")?.1.split(',').next().map(str::trim)
}

/// The AS numbers behind the neighbour, which adds its own.
fn path(text: &str) -> Vec<u32> {
    let path = text.split_once(", path ").map_or("", |(_, rest)| rest);
    let path = path.split(',').next().unwrap_or_default();
    path.split_whitespace().skip(1).filter_map(|asn| asn.parse().ok()).collect()
}

fn communities(text: &str) -> Vec<model::value::Community> {
    let all = text.split_once(", communities ").map_or("", |(_, rest)| rest);
    all.split_whitespace().filter_map(|one| one.parse().ok()).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn end_in_words(end: &End) -> String {
    match end {
        End::Delivered(what) => format!("arrives at {what}"),
        End::Left(what) => format!("leaves over {what}"),
        End::Filtered(what) => format!("dropped by the filter of {what}"),
        End::Unreachable(what) => format!("no route at {what}"),
        End::Blackholed(what) => format!("dropped by a route of {what}"),
        End::Unanswered(what) => format!("nobody answers on {what}"),
        End::Loop(what) => format!("goes in a circle at {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaked_route_is_read_from_how_it_is_written() {
        let text = "193.190.0.0/15 from verixi/edge-01, path 6696 2611, communities 1:2 3:4:5";
        assert_eq!(told_by(text), Some("verixi/edge-01"));
        assert_eq!(path(text), [2611]);
        assert_eq!(communities(text).len(), 2);
        assert_eq!(told_by("10.0.0.0/8 by OSPF and by BGP"), None);
    }
}
