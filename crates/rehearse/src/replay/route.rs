//! Routes that go where they must not, and prefixes that two protocols carry.

use super::{Compared, Replay, listed};
use crate::outside::routers;
use crate::{Announcement, announce, ask};
use model::kinds::{Neighbor, Relation};
use model::{Named as _, Severity};
use std::time::Duration;
use verify::End;

impl Replay<'_> {
    /// A route that goes where it must not, or that two protocols carry.
    pub(super) fn route(&self, text: &str) -> Result<Compared, String> {
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
        let hears = || self.hears(&hearer, net);
        if soon(|| hears().is_none().then_some(())).is_none() {
            return Err(format!("{to} hears {net} from us although {from} does not announce it"));
        }
        announce(self.twin, &teller, &[self.announcement(text, net, from)?])?;
        let taken = soon(|| self.taken(net, from));
        let heard = soon(hears);
        announce(self.twin, &teller, &[])?;
        let what = format!("whether {to} hears {net} from {from}");
        Ok(self.leaked(what, text, (heard, taken)))
    }

    /// What was predicted of a leak, and what came of it: the path that was heard, and the router of
    /// ours that took the route.
    fn leaked(
        &self,
        what: String,
        text: &str,
        (heard, taken): (Option<String>, Option<&str>),
    ) -> Compared {
        let seen = match (&heard, taken) {
            (Some(path), _) => format!("it does, path {path}"),
            (None, Some(router)) => format!("it does not, although {router} takes it"),
            (None, None) => "it does not: our router does not take it".to_owned(),
        };
        if self.is_held_back() {
            let predicted = "it does not, although our router takes it: the BGP roles hold it back";
            let agrees = heard.is_none() && taken.is_some();
            return Compared { what, predicted: predicted.to_owned(), seen, agrees };
        }
        let path = path(text).iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        let agrees = heard.is_some_and(|heard| heard.ends_with(&path));
        Compared { what, predicted: format!("it does: {text}"), seen, agrees }
    }

    /// Whether the proof says that the roles of the sessions stop what the filters let through.
    fn is_held_back(&self) -> bool {
        self.violation.finding.severity == Severity::Warning
    }

    /// The route, as the router that plays a session's far end must announce it.
    fn announcement(&self, text: &str, net: &str, from: &str) -> Result<Announcement, String> {
        // A router adds its own AS number to a path, but a route server adds nothing.
        let relation = self.neighbor(from).map(|neighbor| neighbor.relation);
        let added = usize::from(relation != Some(Relation::RouteServer));
        let behind = path(text).into_iter().skip(added).collect();
        let prefix = net.parse().map_err(|error| format!("{net}: {error}"))?;
        Ok(Announcement { prefix, path: behind, communities: communities(text) })
    }

    /// Our router at a session, if it has the route.
    fn taken(&self, net: &str, from: &str) -> Option<&str> {
        let (_, name) = from.split_once('/')?;
        let session = self.neighbor(from)?.session.iter().find(|one| one.name == name)?;
        let router = self.isp.hosts[session.host].name();
        let shown = ask::output(self.twin, router, &["birdc", "show", "route", net]);
        shown.is_ok_and(|shown| shown.contains(net)).then_some(router)
    }

    /// The path of a route of ours that a container heard.
    fn hears(&self, container: &str, net: &str) -> Option<String> {
        let asn = self.isp.about.asn.0;
        // `birdc` fails where there is no such route.
        let shown = ask::output(self.twin, container, &["birdc", "show", "route", net, "all"]);
        let shown = shown.unwrap_or_default();
        let mut paths = shown.lines().filter_map(|line| line.trim().strip_prefix("BGP.as_path: "));
        let ours = |path: &&str| path.split_whitespace().next() == Some(asn.to_string().as_str());
        paths.find(ours).map(str::to_owned)
    }

    fn container(&self, session: &str) -> Option<String> {
        let neighbor = self.neighbor(session)?;
        let (_, name) = session.split_once('/')?;
        let played = routers(self.isp, neighbor);
        let found = played.into_iter().find(|(_, all)| all.iter().any(|one| one.name == name));
        found.map(|(container, _)| container)
    }

    /// Whose session it is.
    fn neighbor(&self, session: &str) -> Option<&Neighbor> {
        let (neighbor, _) = session.split_once('/')?;
        Some(&self.isp.neighbors[self.isp.neighbors.find(neighbor)?])
    }
}

/// What comes within ten seconds.
fn soon<T>(ask: impl Fn() -> Option<T>) -> Option<T> {
    (0..20).find_map(|turn| {
        std::thread::sleep(Duration::from_millis(if turn == 0 { 0 } else { 500 }));
        ask()
    })
}

/// The session in `NET from SESSION, path ...`.
fn told_by(text: &str) -> Option<&str> {
    text.split_once(" from ")?.1.split(',').next().map(str::trim)
}

/// The AS numbers of its path.
fn path(text: &str) -> Vec<u32> {
    let path = text.split_once(", path ").map_or("", |(_, rest)| rest);
    let path = path.split(',').next().unwrap_or_default();
    path.split_whitespace().filter_map(|asn| asn.parse().ok()).collect()
}

fn communities(text: &str) -> Vec<model::value::Community> {
    let all = text.split_once(", communities ").map_or("", |(_, rest)| rest);
    all.split_whitespace().filter_map(|one| one.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaked_route_is_read_from_how_it_is_written() {
        let text = "193.190.0.0/15 from verixi/edge-01, path 6696 2611, communities 1:2 3:4:5";
        assert_eq!(told_by(text), Some("verixi/edge-01"));
        assert_eq!(path(text), [6696, 2611]);
        assert_eq!(communities(text).len(), 2);
        assert_eq!(told_by("10.0.0.0/8 by OSPF and by BGP"), None);
    }
}
