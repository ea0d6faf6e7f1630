//! What a ruleset does to one packet: the kernel's answer, from the typed rules. Limits are taken
//! as not reached.

use super::rules::{
    Action, Addresses, Chain, Hook, Match, Protocol, Rule, Ruleset, State, Transport,
};
use model::ask::Family;
use std::net::IpAddr;

/// A packet as a host's filter sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The interface it came in by; none for what the host sends itself.
    pub input: Option<&'a str>,
    /// The interface it leaves by; none for what is for the host itself.
    pub output: Option<&'a str>,
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// What is in it.
    pub content: Content<'a>,
    /// Its hop limit as it arrives.
    pub hops: u8,
    /// What connection tracking says; none for new connections and where nothing is tracked.
    pub state: Option<State>,
}

/// What is in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// TCP from a port to a port; whether it opens a connection.
    Tcp {
        /// Source port.
        from: u16,
        /// Destination port.
        to: u16,
        /// Whether it is a bare SYN.
        opens: bool,
    },
    /// UDP from a port to a port.
    Udp {
        /// Source port.
        from: u16,
        /// Destination port.
        to: u16,
    },
    /// An ICMP message of the packet's family, by nft's word for its type.
    Icmp(&'a str),
    /// A protocol without ports.
    Other(Protocol),
}

/// What happens to a packet, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Whether it is let through.
    pub passes: bool,
    /// The comment of the rule that decided; none where a chain's end did.
    pub by: Option<String>,
}

/// Chains that jump deeper than this are a fault: the kernel refuses them too.
const DEEPEST: u8 = 16;

/// What a host's filter does to a packet: through every hook that it meets.
pub fn judge(ruleset: &Ruleset, packet: &Packet<'_>) -> Ruling {
    let (source, destination) = (Some(packet.source), Some(packet.destination));
    let Ok(ruling) = Judging { ruleset, packet, source, destination }.ruling() else {
        // Only an unknown end leaves a question open.
        return Ruling { passes: false, by: None };
    };
    ruling
}

/// Which of a packet's ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// It may come from anywhere.
    AnySource,
    /// It may come from anywhere and go anywhere, in its family.
    Any,
}

/// Whether a host's filter lets packets like this one pass whatever their ends are; none where that
/// depends on them.
pub fn judge_any(ruleset: &Ruleset, packet: &Packet<'_>, ends: Ends) -> Option<bool> {
    let destination = Some(packet.destination).filter(|_| ends == Ends::AnySource);
    let judging = Judging { ruleset, packet, source: None, destination };
    judging.ruling().ok().map(|ruling| ruling.passes)
}

/// A packet at a filter; its ends may be any.
struct Judging<'a> {
    ruleset: &'a Ruleset,
    packet: &'a Packet<'a>,
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
}

/// What is asked depends on an end that is not known.
struct Unsure;

fn arriving(hook: Hook) -> bool {
    hook == Hook::Arriving
}
fn sending(hook: Hook) -> bool {
    hook == Hook::Sending
}
fn input(hook: Hook) -> bool {
    hook == Hook::Input
}
fn forward(hook: Hook) -> bool {
    matches!(hook, Hook::ForwardAccept | Hook::ForwardDrop)
}

impl Judging<'_> {
    fn ruling(&self) -> Result<Ruling, Unsure> {
        let hooks: &[fn(Hook) -> bool] = match (self.packet.input, self.packet.output) {
            (Some(_), None) => &[arriving, input],
            (Some(_), Some(_)) => &[arriving, forward],
            (None, _) => &[sending],
        };
        let mut ruling = Ruling { passes: true, by: None };
        for chain in hooks.iter().flat_map(|hook| self.ruleset.at(*hook)) {
            ruling = self.base(chain)?;
            if !ruling.passes {
                break;
            }
        }
        Ok(ruling)
    }

    fn base(&self, chain: &Chain) -> Result<Ruling, Unsure> {
        Ok(self.walk(chain, DEEPEST)?.unwrap_or_else(|| {
            let drops = matches!(chain.hook, Some(Hook::Input | Hook::ForwardDrop));
            Ruling { passes: !drops, by: None }
        }))
    }

    /// The decision of a chain; none if it comes to its end.
    fn walk(&self, chain: &Chain, left: u8) -> Result<Option<Ruling>, Unsure> {
        let Some(left) = left.checked_sub(1) else { return Ok(None) };
        let into = |name: &str| match self.ruleset.chain(name) {
            Some(chain) => self.walk(chain, left),
            None => Ok(None),
        };
        for rule in &chain.rules {
            if !self.applies(rule)? {
                continue;
            }
            let decided = |passes| Ok(Some(Ruling { passes, by: Some(rule.comment.clone()) }));
            let beside = |chains, name| beside(chains, name).map_or(Ok(None), into);
            let ruling = match &rule.action {
                Action::Accept => decided(true),
                Action::Drop | Action::Reject => decided(false),
                Action::Untrack | Action::Translate(_) | Action::Log(_) => Ok(None),
                Action::Jump(name) => into(name),
                Action::Goto(name) => return into(name),
                Action::ByInput(chains) => beside(chains, self.packet.input),
                Action::ByOutput(chains) => beside(chains, self.packet.output),
            };
            if let Some(ruling) = ruling? {
                return Ok(Some(ruling));
            }
        }
        Ok(None)
    }

    /// Whether every condition of a rule holds. One that does not settles it, whatever the others say.
    fn applies(&self, rule: &Rule) -> Result<bool, Unsure> {
        let mut unsure = false;
        for condition in &rule.matches {
            match self.holds(condition) {
                Some(true) => {}
                Some(false) => return Ok(false),
                None => unsure = true,
            }
        }
        if unsure { Err(Unsure) } else { Ok(true) }
    }

    /// Whether a condition holds; none where that depends on an end that is not known.
    fn holds(&self, condition: &Match) -> Option<bool> {
        let packet = self.packet;
        let is = |family| Family::of(packet.destination) == family;
        Some(match condition {
            Match::Family(family) => is(*family),
            Match::In(names) => among(names, packet.input),
            Match::Out(names) => among(names, packet.output),
            Match::Source(all) => is(all.family) && inside(all, self.source?),
            Match::SourceOutside(all) => is(all.family) && !inside(all, self.source?),
            Match::Destination(all) => is(all.family) && inside(all, self.destination?),
            Match::Protocol(protocol) => packet.content == Content::Other(*protocol),
            Match::To(transport, ports) => port(packet, *transport, ports, |(_, to)| to),
            Match::From(transport, ports) => port(packet, *transport, ports, |(from, _)| from),
            Match::Underway => matches!(packet.content, Content::Tcp { opens: false, .. }),
            Match::Icmp(family, types) => {
                is(*family)
                    && matches!(packet.content, Content::Icmp(word) if types.contains(&word))
            }
            Match::Fresh(family) => is(*family) && packet.hops == 255,
            Match::State(states) => packet.state.is_some_and(|state| states.contains(&state)),
        })
    }
}

fn beside<'a>(chains: &'a [(String, String)], interface: Option<&str>) -> Option<&'a str> {
    let found = chains.iter().find(|(name, _)| Some(name.as_str()) == interface);
    found.map(|(_, chain)| chain.as_str())
}

fn among(names: &[String], interface: Option<&str>) -> bool {
    interface.is_some_and(|own| names.iter().any(|name| name == own))
}

fn inside(all: &Addresses, address: IpAddr) -> bool {
    // They are sorted, and none is inside another: only the last that begins before it can hold it.
    let after = all.prefixes.partition_point(|prefix| prefix.network() <= address);
    let last = after.checked_sub(1).and_then(|last| all.prefixes.get(last));
    last.is_some_and(|prefix| prefix.contains(&address))
}

fn port(
    packet: &Packet<'_>,
    transport: Transport,
    ports: &[(u16, u16)],
    end: fn((u16, u16)) -> u16,
) -> bool {
    let ends = match (packet.content, transport) {
        (Content::Tcp { from, to, .. }, Transport::Tcp)
        | (Content::Udp { from, to }, Transport::Udp) => (from, to),
        (Content::Tcp { .. } | Content::Udp { .. } | Content::Icmp(_) | Content::Other(_), _) => {
            return false;
        }
    };
    ports.iter().any(|(first, last)| (*first..=*last).contains(&end(ends)))
}
