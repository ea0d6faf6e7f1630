//! Rules that translate nothing: a packet is sent, and looked at where it leaves.

use super::{Compared, Replay, listed};
use crate::outside::INTERNET_ADDRESSES;
use crate::probe::{self, Heard};
use model::Named as _;
use model::ask::Family;
use model::kinds::Nat;
use model::value::Port;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Stdio};
use verify::Flow;

/// How many seconds packets are listened for, and how many are enough.
const SECONDS: &str = "8";
const PACKETS: &str = "4";

impl Replay<'_> {
    /// With which source packets leave the machines that shall translate them, and whether they are
    /// answered. Nothing where no machine stands among the sources.
    pub(super) fn untranslated(&self) -> Result<Vec<Compared>, String> {
        let mut all = Vec::new();
        for name in self.about("nat.") {
            let Some(nat) = self.isp.nats.find(name).map(|id| &self.isp.nats[id]) else { continue };
            if let Some((client, source)) = self.client(nat) {
                all.extend(self.sent(nat, client, source)?);
            }
        }
        Ok(all)
    }

    /// A machine whose source shall be translated, and that has power.
    fn client(&self, nat: &Nat) -> Option<(&str, Ipv4Addr)> {
        let mut hosts = self.isp.hosts.values().filter(|host| !host.role.forwards());
        hosts.find_map(|host| {
            let mut addresses = host.nic.iter().filter_map(|nic| nic.address(Family::V4));
            let source = addresses.find_map(|address| match address {
                IpAddr::V4(own) if nat.from.iter().any(|net| net.contains(&own)) => Some(own),
                IpAddr::V4(_) | IpAddr::V6(_) => None,
            });
            source.filter(|_| self.twin.pid(host.name()).is_ok()).map(|own| (host.name(), own))
        })
    }

    fn sent(&self, nat: &Nat, client: &str, source: Ipv4Addr) -> Result<Vec<Compared>, String> {
        let goal = INTERNET_ADDRESSES[0];
        let hosts = nat.hosts.iter().map(|id| self.isp.hosts[*id].name());
        let hosts = hosts.filter(|host| self.twin.pid(host).is_ok());
        let ears: Vec<(&str, Child)> = hosts
            .map(|host| Ok((host, self.listen(host, goal)?)))
            .collect::<Result<_, String>>()?;
        let heard = probe::send(self.twin, self.isp, &ping(client, source, goal)?)?;
        let mut left = BTreeSet::new();
        for (host, ear) in ears {
            left.extend(sources(ear)?.into_iter().map(|source| (source, host)));
        }
        let told: Vec<String> =
            left.iter().map(|(source, host)| format!("{source} on {host}")).collect();
        let untouched = |(seen, _): &(String, &str)| *seen == source.to_string();
        let source = Compared {
            what: format!("the source of a packet from {client} to {goal} after {}", nat.at.key),
            predicted: format!("{source}, as it was sent, and not {}", nat.to),
            agrees: !left.is_empty() && left.iter().all(untouched),
            seen: listed(&told),
        };
        Ok(std::iter::once(source).chain(heard.map(|heard| answer(client, heard))).collect())
    }

    /// Listens on a host for what leaves it towards an address; returns when it can hear.
    fn listen(&self, host: &str, goal: &str) -> Result<Child, String> {
        let look = ["tcpdump", "-l", "-n", "-t", "-i", "any", "-Q", "out", "-c", PACKETS];
        let words = [&["timeout", SECONDS], &look[..], &["dst", "host", goal]].concat();
        let mut command = self.twin.command(host, &words).map_err(|error| error.chain())?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut ear = command.spawn().map_err(|error| format!("{host}: tcpdump: {error}"))?;
        let lines = ear.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
        let ready = lines.map_while(Result::ok).any(|line| line.contains("listening on"));
        if ready { Ok(ear) } else { Err(format!("{host}: tcpdump does not listen")) }
    }
}

/// A packet from a machine to the Internet.
fn ping(client: &str, source: Ipv4Addr, goal: &str) -> Result<Flow, String> {
    Ok(Flow {
        family: Family::V4,
        from: format!("host.{client}"),
        source: source.into(),
        to: "internet".to_owned(),
        destination: goal.parse().map_err(|error| format!("{goal}: {error}"))?,
        port: Some(Port::Icmp),
    })
}

/// Nobody can answer a private address.
fn answer(client: &str, heard: Heard) -> Compared {
    Compared {
        what: format!("whether {client} is answered"),
        predicted: "no answer comes back".to_owned(),
        agrees: !heard.answered,
        seen: heard.words,
    }
}

/// The sources of what was heard.
fn sources(ear: Child) -> Result<BTreeSet<String>, String> {
    let heard = ear.wait_with_output().map_err(|error| format!("tcpdump: {error}"))?;
    let text = String::from_utf8_lossy(&heard.stdout).into_owned();
    Ok(text.lines().filter_map(source).map(str::to_owned).collect())
}

/// The source in `bb-a  Out IP 10.20.0.10 > 9.9.9.9: ICMP echo request, ...`.
fn source(line: &str) -> Option<&str> {
    line.split_once(" > ")?.0.split_whitespace().next_back()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_source_is_read_from_what_tcpdump_prints() {
        let line = "bb-a  Out IP 10.20.0.10 > 9.9.9.9: ICMP echo request, id 7, seq 1, length 40";
        assert_eq!(super::source(line), Some("10.20.0.10"));
        assert_eq!(super::source("1 packet captured"), None);
    }
}
