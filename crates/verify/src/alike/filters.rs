//! Whether filters do the same to the packets of two families, each rule seen by the packets of one.

use crate::plane::Plane;
use crate::questions::Questions;
use derive::packet::rules::{Action, Addresses, Chain, Match, Protocol, Rule};
use model::ask::Family;
use std::net::IpAddr;

/// Whether every filter of two families of one network does the same to all that is sent.
pub(super) fn same(planes: [&Plane<'_>; 2], questions: [&Questions; 2]) -> bool {
    let [one, other] = planes.map(|plane| &plane.gates);
    let [ends, other_ends] = [0, 1].map(|at| Ends::of(planes[at].family, questions[at]));
    let met = |chain: &Chain| ends.met(chain).eq(other_ends.met(chain));
    let mut chains = one.rulesets().iter().flatten().flat_map(|ruleset| &ruleset.chains);
    one.alike(other) && chains.all(met)
}

/// The ends of all packets of a family.
struct Ends {
    family: Family,
    /// Sorted, each with its number.
    all: Vec<(IpAddr, usize)>,
}

/// A rule as the packets of a family see it: what it asks of them, and what it does.
#[derive(PartialEq)]
struct Met<'r> {
    asks: Vec<Asks<'r>>,
    does: &'r Action,
}

/// A condition on the packets of a family.
#[derive(PartialEq)]
enum Asks<'r> {
    /// To be of the family.
    Family,
    /// To come from one of these ends.
    From(Vec<usize>),
    /// To come from none of these.
    NotFrom(Vec<usize>),
    /// To go to one of these.
    To(Vec<usize>),
    /// To be a message of ours of one of these types.
    Icmp(Vec<&'r str>),
    /// Something that has nothing to do with the family.
    Else(&'r Match),
}

/// What flows ask and answer by ICMP.
const ECHO: [&str; 2] = ["echo-request", "echo-reply"];

impl Ends {
    fn of(family: Family, questions: &Questions) -> Self {
        let numbered = questions.destinations.all.iter().enumerate();
        let mut all: Vec<_> = numbered.map(|(number, one)| (one.address, number)).collect();
        all.sort_unstable();
        Self { family, all }
    }

    /// The rules of a chain that decide about any packet.
    fn met<'r>(&self, chain: &'r Chain) -> impl Iterator<Item = Met<'r>> {
        chain.rules.iter().filter_map(|rule| self.rule(rule))
    }

    /// A rule as packets meet it; none where no packet can.
    fn rule<'r>(&self, rule: &'r Rule) -> Option<Met<'r>> {
        match rule.action {
            Action::Untrack | Action::Translate(_) | Action::Log(_) => return None,
            Action::Accept
            | Action::Drop
            | Action::Reject
            | Action::Jump(_)
            | Action::Goto(_)
            | Action::ByInput(_)
            | Action::ByOutput(_) => {}
        }
        let mut asks = Vec::new();
        for condition in &rule.matches {
            let more = self.asks(condition)?;
            if more != Asks::Family {
                asks.push(more);
            }
        }
        Some(Met { asks, does: &rule.action })
    }

    /// What a condition asks of packets; none where no packet meets it.
    fn asks<'r>(&self, condition: &'r Match) -> Option<Asks<'r>> {
        let some = |ends: Vec<usize>| (!ends.is_empty()).then_some(ends);
        match condition {
            Match::Family(family) if *family == self.family => Some(Asks::Family),
            Match::Source(all) if all.family == self.family => {
                some(self.inside(all)).map(Asks::From)
            }
            Match::SourceOutside(all) if all.family == self.family => {
                Some(Asks::NotFrom(self.inside(all)))
            }
            Match::Destination(all) if all.family == self.family => {
                some(self.inside(all)).map(Asks::To)
            }
            Match::Icmp(family, types) if *family == self.family => {
                let own = types.iter().copied().filter(|word| ECHO.contains(word));
                let own: Vec<&str> = own.collect();
                (!own.is_empty()).then_some(Asks::Icmp(own))
            }
            // What flows send has come by routers, and is none of these protocols.
            Match::Fresh(_)
            | Match::Protocol(Protocol::Igmp | Protocol::Ospf)
            | Match::Family(_)
            | Match::Source(_)
            | Match::SourceOutside(_)
            | Match::Destination(_)
            | Match::Icmp(..) => None,
            Match::In(_)
            | Match::Out(_)
            | Match::Protocol(Protocol::Gre | Protocol::Esp | Protocol::Vrrp)
            | Match::To(..)
            | Match::From(..)
            | Match::Underway
            | Match::State(_) => Some(Asks::Else(condition)),
        }
    }

    /// The ends that some prefixes hold.
    fn inside(&self, all: &Addresses) -> Vec<usize> {
        let mut inside = Vec::new();
        for prefix in &all.prefixes {
            let (first, last) = (prefix.network(), prefix.broadcast());
            let from = self.all.partition_point(|(address, _)| *address < first);
            let held = self.all[from..].iter().take_while(|(address, _)| *address <= last);
            inside.extend(held.map(|(_, number)| *number));
        }
        inside.sort_unstable();
        inside
    }
}
