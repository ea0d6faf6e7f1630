//! Conditions in BIRD's words.

use ipnet::IpNet;

use super::{Names, asn_text, large_text, list, pattern_text, upper};
use crate::route::{Family, Origin, Source};
use crate::set::{AsnSet, CommunityPattern, CommunitySet, LargePattern, LargeSet, PrefixSet};
use crate::tree::{Condition, PathCondition, RoaOrigin, RoaState, RoaTable};

/// How tightly the printed text holds together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    One,
    And,
    Or,
}

/// A condition as it stands after `if`.
pub(super) fn text(condition: &Condition, names: &Names, family: Option<Family>) -> String {
    tied(condition, names, family).0
}

fn tied(condition: &Condition, names: &Names, family: Option<Family>) -> (String, Tie) {
    match condition {
        Condition::Not(inner) => negated(inner, names, family),
        Condition::All(all) => joined(all, Tie::And, names, family),
        Condition::Any(any) => joined(any, Tie::Or, names, family),
        Condition::Net(set) => guarded(&net("~", set), set.family(), family),
        Condition::Roa { table, origin, state } => {
            guarded(&roa("=", table, *origin, *state), table.family, family)
        }
        Condition::NextHop(nets) => next_hop(nets),
        Condition::Length(low, high) => length(*low, *high, family),
        Condition::Path(PathCondition::Aggregated) => (
            "bgp_path.last_nonaggregated = 0 || bgp_path.last != bgp_path.last_nonaggregated"
                .to_owned(),
            Tie::Or,
        ),
        Condition::Always
        | Condition::Family(_)
        | Condition::Path(_)
        | Condition::Origin(_)
        | Condition::LocalPref(_)
        | Condition::Med(_)
        | Condition::Community(_)
        | Condition::Large(_)
        | Condition::CommunitiesAtLeast(_)
        | Condition::LargeAtLeast(_)
        | Condition::Source(_)
        | Condition::Unreachable => (simple(condition, names, family), Tie::One),
    }
}

fn simple(condition: &Condition, names: &Names, family: Option<Family>) -> String {
    match condition {
        Condition::Family(wanted) => match family {
            Some(known) => (known == *wanted).to_string(),
            None => format!("net.type = {}", net_type(*wanted)),
        },
        Condition::Path(question) => path(question),
        Condition::Origin(origin) => format!("bgp_origin = {}", origin_text(*origin)),
        Condition::LocalPref(value) => format!("bgp_local_pref = {value}"),
        Condition::Med(value) => format!("bgp_med = {value}"),
        Condition::Community(set) => communities(set, names),
        Condition::Large(set) => larges(set, names),
        Condition::CommunitiesAtLeast(count) => format!("bgp_community.len >= {count}"),
        Condition::LargeAtLeast(count) => format!("bgp_large_community.len >= {count}"),
        Condition::Source(kinds) => sources(kinds),
        Condition::Unreachable => "dest = RTD_UNREACHABLE".to_owned(),
        Condition::Always
        | Condition::Not(_)
        | Condition::All(_)
        | Condition::Any(_)
        | Condition::Net(_)
        | Condition::Length(..)
        | Condition::NextHop(_)
        | Condition::Roa { .. } => "true".to_owned(),
    }
}

/// `!=` and `!~` where BIRD has them, `!(…)` elsewhere.
fn negated(inner: &Condition, names: &Names, family: Option<Family>) -> (String, Tie) {
    let simple = match inner {
        Condition::Net(set) if family == Some(set.family()) => Some(net("!~", set)),
        Condition::Path(PathCondition::First(_) | PathCondition::Empty)
        | Condition::Origin(_)
        | Condition::Med(_)
        | Condition::LocalPref(_) => Some(swapped(inner, " = ", " != ", names)),
        Condition::Path(PathCondition::Within(set)) if !set.ranges().is_empty() => {
            Some(swapped(inner, " = ", " != ", names))
        }
        Condition::Path(PathCondition::Contains(set) | PathCondition::Origin(set))
            if !set.ranges().is_empty() =>
        {
            Some(swapped(inner, " ~ ", " !~ ", names))
        }
        Condition::Community(set) if !set.patterns().is_empty() => {
            Some(swapped(inner, " ~ ", " !~ ", names))
        }
        Condition::Large(set) if !set.patterns().is_empty() => {
            Some(swapped(inner, " ~ ", " !~ ", names))
        }
        Condition::NextHop(nets) => match nets.as_slice() {
            [only] if only.prefix_len() == only.max_prefix_len() => {
                Some(swapped(inner, " = ", " != ", names))
            }
            _ => None,
        },
        Condition::Length(low, high) if 0 < *low && low <= high => {
            let text = format!("net.len < {low} || net.len > {high}");
            let inside = family.is_none_or(|family| *high < family.bits());
            return if inside { (text, Tie::Or) } else { (format!("net.len < {low}"), Tie::One) };
        }
        Condition::Always
        | Condition::Not(_)
        | Condition::All(_)
        | Condition::Any(_)
        | Condition::Family(_)
        | Condition::Net(_)
        | Condition::Length(..)
        | Condition::Path(_)
        | Condition::Community(_)
        | Condition::Large(_)
        | Condition::CommunitiesAtLeast(_)
        | Condition::LargeAtLeast(_)
        | Condition::Source(_)
        | Condition::Unreachable
        | Condition::Roa { .. } => None,
    };
    (simple.unwrap_or_else(|| format!("!({})", text(inner, names, family))), Tie::One)
}

fn swapped(condition: &Condition, from: &str, to: &str, names: &Names) -> String {
    text(condition, names, None).replacen(from, to, 1)
}

fn joined(parts: &[Condition], tie: Tie, names: &Names, family: Option<Family>) -> (String, Tie) {
    let word = if tie == Tie::And { " && " } else { " || " };
    let part = |condition: &Condition| match tied(condition, names, family) {
        (text, inner) if inner == Tie::One || inner == tie => text,
        (text, _) => format!("({text})"),
    };
    match parts {
        [] => ((tie == Tie::And).to_string(), Tie::One),
        [only] => tied(only, names, family),
        _ => (parts.iter().map(part).collect::<Vec<_>>().join(word), tie),
    }
}

/// Where both families may come, the question is asked of its own only: BIRD calls a route of the
/// other family unknown to a table of ROAs, which says nothing about it.
fn guarded(text: &str, of: Family, family: Option<Family>) -> (String, Tie) {
    match family {
        Some(family) if family == of => (text.to_owned(), Tie::One),
        Some(_) => ("false".to_owned(), Tie::One),
        None => (format!("net.type = {} && {text}", net_type(of)), Tie::And),
    }
}

const fn net_type(family: Family) -> &'static str {
    match family {
        Family::V4 => "NET_IP4",
        Family::V6 => "NET_IP6",
    }
}

fn net(verb: &str, set: &PrefixSet) -> String {
    match (set.patterns(), &set.name) {
        ([], _) => (verb == "!~").to_string(),
        ([only], None) if only.span() == (only.net().prefix_len(), only.net().prefix_len()) => {
            format!("net {} {}", if verb == "~" { "=" } else { "!=" }, only.net())
        }
        (_, Some(name)) => format!("net {verb} {}", upper(name)),
        (patterns, None) => {
            format!("net {verb} {}", list(&patterns.iter().map(pattern_text).collect::<Vec<_>>()))
        }
    }
}

fn length(low: u8, high: u8, family: Option<Family>) -> (String, Tie) {
    let bits = family.map_or(128, Family::bits);
    match (low, high) {
        (low, high) if low == high => (format!("net.len = {low}"), Tie::One),
        (low, high) if low > high => ("false".to_owned(), Tie::One),
        (0, high) => (format!("net.len <= {high}"), Tie::One),
        (low, high) if high >= bits => (format!("net.len >= {low}"), Tie::One),
        (low, high) => (format!("net.len >= {low} && net.len <= {high}"), Tie::And),
    }
}

fn path(question: &PathCondition) -> String {
    match question {
        PathCondition::Contains(set) => among("bgp_path", set),
        PathCondition::First(asn) => format!("bgp_path.first = {asn}"),
        PathCondition::Origin(set) => among("bgp_path.last_nonaggregated", set),
        PathCondition::Within(set) => match set.ranges() {
            [] => "bgp_path.len = 0".to_owned(),
            _ => format!("filter(bgp_path, {}) = bgp_path", asn_set(set)),
        },
        PathCondition::Longer(length) => format!("bgp_path.len > {length}"),
        PathCondition::Empty => "bgp_path.len = 0".to_owned(),
        PathCondition::Aggregated => "true".to_owned(),
    }
}

fn among(what: &str, set: &AsnSet) -> String {
    match set.ranges() {
        [] => "false".to_owned(),
        _ => format!("{what} ~ {}", asn_set(set)),
    }
}

/// A set of ASNs, by name or in place.
pub(super) fn asn_set(set: &AsnSet) -> String {
    match &set.name {
        Some(name) => upper(name),
        None => list(&asn_items(set)),
    }
}

/// The items of a set of ASNs.
pub(super) fn asn_items(set: &AsnSet) -> Vec<String> {
    let item = |range: &crate::set::AsnRange| {
        if range.low == range.high {
            range.low.to_string()
        } else {
            format!("{}..{}", range.low, range.high)
        }
    };
    set.ranges().iter().map(item).collect()
}

/// An origin code in BIRD's words.
pub(super) const fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Igp => "ORIGIN_IGP",
        Origin::Egp => "ORIGIN_EGP",
        Origin::Incomplete => "ORIGIN_INCOMPLETE",
    }
}

fn communities(set: &CommunitySet, names: &Names) -> String {
    match set.patterns() {
        [] => "false".to_owned(),
        [CommunityPattern::Exactly(community)] => format!("{community} ~ bgp_community"),
        _ => format!("bgp_community ~ {}", community_set(set, names)),
    }
}

/// A set of standard communities in place.
pub(super) fn community_set(set: &CommunitySet, names: &Names) -> String {
    let item = |pattern: &CommunityPattern| match pattern {
        CommunityPattern::Exactly(community) => community.to_string(),
        CommunityPattern::Span(asn, low, high) => format!("({asn}, {low}..{high})"),
        CommunityPattern::Asn(asn) => format!("({}, *)", asn_text(u32::from(*asn), names)),
    };
    list(&set.patterns().iter().map(item).collect::<Vec<_>>())
}

fn larges(set: &LargeSet, names: &Names) -> String {
    match set.patterns() {
        [] => "false".to_owned(),
        [LargePattern::Exactly(large)] => {
            format!("{} ~ bgp_large_community", large_text(*large, names))
        }
        _ => format!("bgp_large_community ~ {}", large_set(set, names)),
    }
}

/// A set of large communities in place.
pub(super) fn large_set(set: &LargeSet, names: &Names) -> String {
    let item = |pattern: &LargePattern| match pattern {
        LargePattern::Exactly(large) => large_text(*large, names),
        LargePattern::Span(asn, function, low, high) => {
            format!("({}, {function}, {low}..{high})", asn_text(*asn, names))
        }
        LargePattern::Function(asn, function) => {
            format!("({}, {function}, *)", asn_text(*asn, names))
        }
        LargePattern::Asn(asn) => format!("({}, *, *)", asn_text(*asn, names)),
    };
    list(&set.patterns().iter().map(item).collect::<Vec<_>>())
}

fn next_hop(nets: &[IpNet]) -> (String, Tie) {
    let one = |net: &IpNet| {
        if net.prefix_len() == net.max_prefix_len() {
            (format!("bgp_next_hop = {}", net.addr()), Tie::One)
        } else {
            (format!("defined(bgp_next_hop) && bgp_next_hop ~ {}", net.trunc()), Tie::And)
        }
    };
    match nets {
        [] => ("false".to_owned(), Tie::One),
        [only] => one(only),
        _ => {
            let part = |net: &IpNet| match one(net) {
                (text, Tie::One) => text,
                (text, Tie::And | Tie::Or) => format!("({text})"),
            };
            (nets.iter().map(part).collect::<Vec<_>>().join(" || "), Tie::Or)
        }
    }
}

fn sources(kinds: &[Source]) -> String {
    let words = kinds.iter().map(|kind| match kind {
        Source::Bgp => "RTS_BGP",
        Source::Static => "RTS_STATIC",
        Source::Device => "RTS_DEVICE",
        Source::Kernel => "RTS_INHERIT",
        Source::Ospf => "RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2",
        Source::Babel => "RTS_BABEL",
    });
    match kinds {
        [] => "false".to_owned(),
        _ => format!("source ~ {}", list(&words.map(str::to_owned).collect::<Vec<_>>())),
    }
}

fn roa(verb: &str, table: &RoaTable, origin: RoaOrigin, state: RoaState) -> String {
    let origin = match origin {
        RoaOrigin::Path => "bgp_path.last_nonaggregated".to_owned(),
        RoaOrigin::Asn(asn) => asn.to_string(),
    };
    let state = match state {
        RoaState::Valid => "ROA_VALID",
        RoaState::Invalid => "ROA_INVALID",
        RoaState::Unknown => "ROA_UNKNOWN",
    };
    format!("roa_check({}, net, {origin}) {verb} {state}", table.name)
}
