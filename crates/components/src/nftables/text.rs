//! Writes typed rules in nft's language.

use derive::packet::rules::{Action, Addresses, Match, Protocol, Rule, State, Transport};
use ipnet::IpNet;
use model::ask::Family;

/// nft keeps at most so many bytes of a comment.
const COMMENT_BYTES: usize = 127;

/// One rule on one line: conditions, limit, counter, action, comment.
pub(super) fn rule(rule: &Rule) -> String {
    let mut words: Vec<String> = rule.matches.iter().map(condition).collect();
    if let Some(packets) = rule.per_second {
        words.push(format!("limit rate {packets}/second burst {} packets", packets * 2));
    }
    // A rule that only sends packets on would count them a second time.
    if !matches!(rule.action, Action::ByInput(_) | Action::ByOutput(_)) {
        words.push("counter".to_owned());
    }
    words.push(action(&rule.action));
    words.push(format!("comment \"{}\"", comment(&rule.comment)));
    words.join(" ")
}

fn action(action: &Action) -> String {
    match action {
        Action::Accept => "accept".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Reject => "reject with icmpx type admin-prohibited".to_owned(),
        Action::Untrack => "notrack".to_owned(),
        Action::Translate(to) => format!("snat ip to {to}"),
        Action::Log(prefix) => format!("log prefix \"{} \" group 1", comment(prefix)),
        Action::Jump(chain) => format!("jump {chain}"),
        Action::Goto(chain) => format!("goto {chain}"),
        Action::ByInput(chains) => format!("iifname vmap {}", verdicts(chains)),
        Action::ByOutput(chains) => format!("oifname vmap {}", verdicts(chains)),
    }
}

fn verdicts(chains: &[(String, String)]) -> String {
    list(chains.iter().map(|(interface, chain)| format!("\"{interface}\" : jump {chain}")))
}

fn condition(condition: &Match) -> String {
    match condition {
        Match::Family(family) => format!("meta nfproto ipv{}", family.digit()),
        Match::In(names) => format!("iifname {}", interfaces(names)),
        Match::Out(names) => format!("oifname {}", interfaces(names)),
        Match::Source(all) => format!("{} saddr {}", header(all.family), addresses(all)),
        Match::SourceOutside(all) => format!("{} saddr != {}", header(all.family), addresses(all)),
        Match::Destination(all) => format!("{} daddr {}", header(all.family), addresses(all)),
        Match::Protocol(protocol) => format!("meta l4proto {}", number(*protocol)),
        Match::To(transport, ports) => format!("{} dport {}", word(*transport), numbers(ports)),
        Match::From(transport, ports) => format!("{} sport {}", word(*transport), numbers(ports)),
        Match::Underway => "tcp flags & (fin | syn | rst | ack) != syn".to_owned(),
        Match::Icmp(family, types) => icmp(*family, types),
        Match::Fresh(Family::V4) => "ip ttl 255".to_owned(),
        Match::Fresh(Family::V6) => "ip6 hoplimit 255".to_owned(),
        Match::State(states) => {
            let names: Vec<&str> = states.iter().map(|state| state_word(*state)).collect();
            format!("ct state {}", names.join(","))
        }
    }
}

fn icmp(family: Family, types: &[&str]) -> String {
    let header = match family {
        Family::V4 => "icmp",
        Family::V6 => "icmpv6",
    };
    format!("{header} type {}", some(types.iter().map(|&one| one.to_owned()).collect()))
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Established => "established",
        State::Related => "related",
        State::Invalid => "invalid",
    }
}

fn number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Igmp => 2,
        Protocol::Gre => 47,
        Protocol::Esp => 50,
        Protocol::Ospf => 89,
        Protocol::Vrrp => 112,
    }
}

fn word(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn header(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

fn interfaces(names: &[String]) -> String {
    some(names.iter().map(|name| format!("\"{name}\"")).collect())
}

fn numbers(ports: &[(u16, u16)]) -> String {
    let port = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    some(ports.iter().map(port).collect())
}

fn addresses(all: &Addresses) -> String {
    match set_name(all) {
        Some(name) => format!("@{name}"),
        None => some(all.prefixes.iter().map(|one| prefix(*one)).collect()),
    }
}

/// The name of a shared set, with its family.
pub(super) fn set_name(all: &Addresses) -> Option<String> {
    all.name.map(|name| format!("{name}{}", all.family.digit()))
}

/// A prefix; a single address without its length.
pub(super) fn prefix(prefix: IpNet) -> String {
    if prefix.prefix_len() == prefix.max_prefix_len() {
        return prefix.addr().to_string();
    }
    prefix.to_string()
}

/// One item as it is, several as an anonymous set.
fn some(items: Vec<String>) -> String {
    match items.as_slice() {
        [one] => one.clone(),
        _ => list(items),
    }
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("{{ {} }}", items.join(", "))
}

/// What nft takes between quotes.
fn comment(text: &str) -> String {
    let fine = text.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { '\'' } else { c });
    let mut left = COMMENT_BYTES;
    fine.take_while(|c| {
        let fits = c.len_utf8() <= left;
        left = left.saturating_sub(c.len_utf8());
        fits
    })
    .collect()
}
