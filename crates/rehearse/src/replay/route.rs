//! Routes that go where they must not, and prefixes that two protocols carry.

use super::{Compared, Replay, listed};
use crate::outside::routers;
use crate::{Announcement, announce, ask};
use model::Named as _;
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
