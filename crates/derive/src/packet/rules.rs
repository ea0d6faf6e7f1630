//! What a host's packet filter means: chains, matches and verdicts as plain data, no text.
//!
//! The prover judges packets by the same values that the text is written from.

use ipnet::IpNet;
use model::ask::Family;
use std::net::Ipv4Addr;

/// The filter of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// Every chain; those with a hook first.
    pub chains: Vec<Chain>,
}

/// A chain of rules: the first that decides ends the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Where packets enter it; none for a chain that others jump to.
    pub hook: Option<Hook>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// Where in the kernel packets meet a chain, and what happens to those that no rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Whatever arrives, before connections are tracked; the rest goes on.
    Arriving,
    /// Whatever the host sends itself, before connections are tracked; the rest goes on.
    Sending,
    /// What is for the host itself; the rest is dropped.
    Input,
    /// What passes the host; the rest is dropped.
    ForwardDrop,
    /// What passes the host; the rest goes on.
    ForwardAccept,
    /// The first packet of each tracked connection as it leaves: its addresses may be translated.
    Leaving,
}

/// One rule: where every match holds and the limit is not reached, the action happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The conditions, all of which must hold.
    pub matches: Vec<Match>,
    /// At most so many packets a second; further ones do not match.
    pub per_second: Option<u32>,
    /// What happens.
    pub action: Action,
    /// The object of the model that the rule comes from: it names the counter.
    pub comment: String,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes on to the next hook.
    Accept,
    /// It is thrown away.
    Drop,
    /// It is thrown away and its sender told.
    Reject,
    /// Its connection is not tracked; the walk goes on.
    Untrack,
    /// Its connection gets this source; nothing happens where connections are not tracked.
    Translate(Ipv4Addr),
    /// It is shown to whoever listens on the log group, with this prefix; the walk goes on.
    Log(String),
    /// It walks another chain and comes back if that does not decide.
    Jump(String),
    /// It walks another chain and does not come back to this one.
    Goto(String),
    /// It walks the chain that stands beside the interface it came in by.
    ByInput(Vec<(String, String)>),
    /// It walks the chain that stands beside the interface it leaves by.
    ByOutput(Vec<(String, String)>),
}

/// A condition on a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is of a family.
    Family(Family),
    /// It came in by one of these interfaces.
    In(Vec<String>),
    /// It leaves by one of these interfaces.
    Out(Vec<String>),
    /// Its source is in one of these prefixes of one family.
    Source(Addresses),
    /// It is of the addresses' family, and its source is in none of them.
    SourceOutside(Addresses),
    /// Its destination is in one of these prefixes of one family.
    Destination(Addresses),
    /// It is of this protocol.
    Protocol(Protocol),
    /// It goes to one of these ports, each a first and a last one.
    To(Transport, Vec<(u16, u16)>),
    /// It comes from one of these ports.
    From(Transport, Vec<(u16, u16)>),
    /// It is TCP and does not open a connection: anything but a bare SYN.
    Underway,
    /// It is an ICMP message of a family, of one of these types.
    Icmp(Family, &'static [&'static str]),
    /// No router has touched it: its hop limit is still 255 (RFC 5082).
    Fresh(Family),
    /// What connection tracking says of it is one of these.
    State(&'static [State]),
}

/// Prefixes of one family, sorted, none inside another. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The set's name, where several rules share it.
    pub name: Option<&'static str>,
    /// The family of all of them.
    pub family: Family,
    /// The prefixes.
    pub prefixes: Vec<IpNet>,
}

/// A protocol without ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Group membership of IPv4 (2).
    Igmp,
    /// Tunnels (47).
    Gre,
    /// The payload of `IPsec` (50).
    Esp,
    /// OSPF (89).
    Ospf,
    /// VRRP (112).
    Vrrp,
}

/// A protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP (6).
    Tcp,
    /// UDP (17).
    Udp,
}

/// What connection tracking says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its connection was seen in both directions, or it is the answer.
    Established,
    /// It belongs to a connection that an established one announced, or is an error of one.
    Related,
    /// It belongs to no connection and opens none.
    Invalid,
}

impl Ruleset {
    /// The chain of a name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    /// The chains that a hook's packets enter.
    pub fn at(&self, hook: impl Fn(Hook) -> bool) -> impl Iterator<Item = &Chain> {
        self.chains.iter().filter(move |chain| chain.hook.is_some_and(&hook))
    }
}

impl Chain {
    /// A chain that packets enter at a hook.
    pub(super) fn hooked(name: &str, hook: Hook, rules: Vec<Rule>) -> Self {
        Self { name: name.to_owned(), hook: Some(hook), rules }
    }

    /// A chain that others jump to.
    pub(super) fn named(name: impl Into<String>, rules: Vec<Rule>) -> Self {
        Self { name: name.into(), hook: None, rules }
    }
}

impl Rule {
    /// A rule without conditions, for an object of the model.
    pub(super) fn new(comment: impl Into<String>, action: Action) -> Self {
        Self { matches: Vec::new(), per_second: None, action, comment: comment.into() }
    }

    /// A rule that lets packets through.
    pub(super) fn accept(comment: impl Into<String>) -> Self {
        Self::new(comment, Action::Accept)
    }

    /// The same rule under one more condition.
    pub(super) fn when(mut self, condition: Match) -> Self {
        self.matches.push(condition);
        self
    }

    /// The same rule for at most so many packets a second.
    pub(super) fn at_most(mut self, per_second: u32) -> Self {
        self.per_second = Some(per_second);
        self
    }
}

impl Match {
    /// To one TCP port.
    pub(super) fn tcp(port: u16) -> Self {
        Self::To(Transport::Tcp, vec![(port, port)])
    }

    /// To one UDP port.
    pub(super) fn udp(port: u16) -> Self {
        Self::To(Transport::Udp, vec![(port, port)])
    }
}

impl Addresses {
    /// The prefixes of a family among some; none if there is none.
    pub(super) fn of(
        family: Family,
        prefixes: impl IntoIterator<Item = impl Into<IpNet>>,
    ) -> Option<Self> {
        let prefixes = prefixes.into_iter().map(Into::into);
        let own: Vec<IpNet> = prefixes.filter(|one| Family::of_net(*one) == family).collect();
        let prefixes = IpNet::aggregate(&own);
        (!prefixes.is_empty()).then_some(Self { name: None, family, prefixes })
    }

    /// The same under a name that several rules share.
    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}
