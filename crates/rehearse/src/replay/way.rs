//! Ways of packets: what each kernel says, and what becomes of a real packet.

use super::{Compared, Replay};
use crate::follow::{Seen, Trail};
use crate::outside::routers;
use crate::probe::{self, Heard};
use model::Named;
use std::collections::BTreeSet;
use std::net::IpAddr;
use verify::{End, Hop};

impl Replay<'_> {
    /// One way, hop by hop: each kernel is asked where it sends such packets.
    pub(super) fn way(
        &self,
        what: String,
        (hops, end): (&[Hop], Option<&End>),
        to: IpAddr,
    ) -> Compared {
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

    /// A flow that nobody is left to send: what carries it is off. Nor has anybody taken that over: no
    /// router of ours that is left has a way to where it would start.
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
        let start = self.shown.flow.as_ref().map(|flow| flow.source);
        let routers = self.isp.hosts.values().filter(|host| host.role.routes());
        let left = routers.map(Named::name).filter(|host| self.twin.pid(host).is_ok());
        let ways: Vec<Trail> = left
            .filter_map(|host| start.map(|start| self.kernels.trails(host, start)))
            .flatten()
            .collect();
        let lost = |trail: &Trail| {
            matches!(trail.end, Seen::Refused(_) | Seen::Dropped(_) | Seen::Silence(..))
        };
        let told: BTreeSet<String> = ways.iter().map(|trail| trail.end.to_string()).collect();
        let told: Vec<String> = told.into_iter().collect();
        Compared {
            what,
            predicted: "nobody is left to take it".to_owned(),
            agrees: on.is_empty() && !off.is_empty() && ways.iter().all(lost),
            seen: format!("without power: {}; to there: {}", off.join(", "), told.join("; or ")),
        }
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
            (Some(End::Left(session) | End::Strayed(session)), _, Some(out)) => {
                alike && self.plays(out, session)
            }
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
    pub(super) fn packets(&self) -> Result<Option<Compared>, String> {
        // Whoever asks hears nothing if the question is lost, and nothing if the answer is.
        let last = self.shown.back_end.as_ref().or(self.shown.end.as_ref());
        let (Some(flow), Some(end)) = (&self.shown.flow, last) else { return Ok(None) };
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
}

fn end_in_words(end: &End) -> String {
    match end {
        End::Delivered(what) => format!("arrives at {what}"),
        End::Left(what) | End::Strayed(what) => format!("leaves over {what}"),
        End::Filtered(what) => format!("dropped by the filter of {what}"),
        End::Unreachable(what) => format!("no route at {what}"),
        End::Blackholed(what) => format!("dropped by a route of {what}"),
        End::Unanswered(what) => format!("nobody answers on {what}"),
        End::Loop(what) => format!("goes in a circle at {what}"),
    }
}
