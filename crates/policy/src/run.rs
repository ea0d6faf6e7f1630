//! Runs a filter on one route, as BIRD would. Always ends, and never fails.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::reason::{REASON_FUNCTION, Reason};
use crate::route::{Destination, Family, Large, Path, Route, Verdict};
use crate::tree::{
    Action, Condition, Filter, PathCondition, RoaOrigin, RoaState, RoaTable, Statement,
};

/// A route origin authorisation: this ASN may announce this prefix down to this length (RFC 6482).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Roa {
    /// The prefix.
    pub net: IpNet,
    /// The longest length allowed.
    pub max_length: u8,
    /// Who may announce it.
    pub asn: u32,
}

/// The tables of ROAs that filters may ask, and our own ASN, which marks what is refused.
#[derive(Clone, Debug, Default)]
pub struct Roas {
    /// Our ASN.
    pub own_asn: u32,
    /// ROAs by the name of the table.
    pub tables: BTreeMap<String, Vec<Roa>>,
}

/// What a filter makes of a route.
pub fn run(filter: &Filter, route: &Route, roas: &Roas) -> Verdict {
    pass(filter, route.clone(), roas)
}

/// The same with a route that nobody needs as it was.
pub fn pass(filter: &Filter, mut route: Route, roas: &Roas) -> Verdict {
    let ended = if Family::of(&route.net) == filter.family {
        steps(&filter.body, &mut route, roas)
    } else {
        Some(Some(Reason::FAMILY))
    };
    let reason = ended.unwrap_or(filter.otherwise);
    if let Some(reason) = reason {
        add(&mut route.large, Large(roas.own_asn, REASON_FUNCTION, reason.number));
    }
    Verdict { accepted: reason.is_none(), reason, route }
}

/// How a filter ended: accepted (`None`), or refused for a reason.
type Ended = Option<Reason>;

fn steps(statements: &[Statement], route: &mut Route, roas: &Roas) -> Option<Ended> {
    statements.iter().find_map(|statement| step(statement, route, roas))
}

fn step(statement: &Statement, route: &mut Route, roas: &Roas) -> Option<Ended> {
    match statement {
        Statement::Note(_) => None,
        Statement::Do(action) => act(action, route),
        Statement::If { when, then, otherwise } => {
            steps(if holds(when, route, roas) { then } else { otherwise }, route, roas)
        }
        Statement::Call(function) => {
            let fits = function.family.is_none_or(|family| family == Family::of(&route.net));
            if fits { steps(&function.body, route, roas) } else { None }
        }
    }
}

fn act(action: &Action, route: &mut Route) -> Option<Ended> {
    match action {
        Action::SetLocalPref(value) => route.local_pref = Some(*value),
        Action::SetMed(value) => route.med = Some(*value),
        Action::SetOrigin(origin) => route.origin = Some(*origin),
        Action::AddCommunity(community) => add(&mut route.communities, *community),
        Action::DeleteCommunities(set) => route.communities.retain(|c| !set.contains(*c)),
        Action::ClearCommunities => route.communities.clear(),
        Action::AddLarge(large) => add(&mut route.large, *large),
        Action::DeleteLarge(set) => route.large.retain(|large| !set.contains(*large)),
        Action::ClearLarge => route.large.clear(),
        Action::Prepend { asn, times } => {
            route.path = std::mem::take(&mut route.path).prepended(*asn, *times);
        }
        Action::DeletePath(set) => {
            route.path = std::mem::take(&mut route.path).retained(|asn| !set.contains(asn));
        }
        Action::Blackhole => route.destination = Destination::Blackhole,
        Action::Accept => return Some(None),
        Action::Reject(reason) => return Some(Some(*reason)),
    }
    None
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Whether a condition holds for a route.
pub(crate) fn holds(condition: &Condition, route: &Route, roas: &Roas) -> bool {
    match condition {
        Condition::Always => true,
        Condition::Not(inner) => !holds(inner, route, roas),
        Condition::All(all) => all.iter().all(|inner| holds(inner, route, roas)),
        Condition::Any(any) => any.iter().any(|inner| holds(inner, route, roas)),
        Condition::Family(family) => *family == Family::of(&route.net),
        Condition::Net(set) => set.contains(&route.net),
        Condition::Length(low, high) => (*low..=*high).contains(&route.net.prefix_len()),
        Condition::Path(question) => path_holds(question, &route.path),
        Condition::Origin(origin) => route.origin == Some(*origin),
        Condition::LocalPref(value) => route.local_pref == Some(*value),
        Condition::Med(value) => route.med == Some(*value),
        Condition::Community(set) => route.communities.iter().any(|c| set.contains(*c)),
        Condition::Large(set) => route.large.iter().any(|large| set.contains(*large)),
        Condition::CommunitiesAtLeast(count) => at_least(route.communities.len(), *count),
        Condition::LargeAtLeast(count) => at_least(route.large.len(), *count),
        Condition::NextHop(nets) => {
            route.next_hop.is_some_and(|hop| nets.iter().any(|net| net.contains(&hop)))
        }
        Condition::Source(kinds) => kinds.contains(&route.source),
        Condition::Unreachable => route.destination == Destination::Unreachable,
        Condition::Roa { table, origin, state } => {
            table.family == Family::of(&route.net)
                && validate(table, *origin, route, roas) == *state
        }
    }
}

fn path_holds(question: &PathCondition, path: &Path) -> bool {
    match question {
        PathCondition::Contains(set) => path.asns().any(|asn| set.contains(asn)),
        PathCondition::First(asn) => path.first() == *asn,
        PathCondition::Origin(set) => set.contains(path.last_nonaggregated()),
        PathCondition::Within(set) => path.asns().all(|asn| set.contains(asn)),
        PathCondition::Longer(length) => at_least(path.len(), length.saturating_add(1)),
        PathCondition::Empty => path.is_empty(),
        PathCondition::Aggregated => {
            let last = path.last_nonaggregated();
            last == 0 || path.last() != last
        }
    }
}

fn at_least(length: usize, count: u32) -> bool {
    u32::try_from(length).unwrap_or(u32::MAX) >= count
}

/// RFC 6811 section 2. An origin of 0 matches no ROA (RFC 7607).
pub(crate) fn validate(
    table: &RoaTable,
    origin: RoaOrigin,
    route: &Route,
    roas: &Roas,
) -> RoaState {
    let origin = match origin {
        RoaOrigin::Path => route.path.last_nonaggregated(),
        RoaOrigin::Asn(asn) => asn,
    };
    let all = roas.tables.get(&table.name).map_or(&[][..], Vec::as_slice);
    let mut covering = all.iter().filter(|roa| roa.net.contains(&route.net)).peekable();
    if covering.peek().is_none() {
        return RoaState::Unknown;
    }
    let allows =
        |roa: &Roa| origin != 0 && roa.asn == origin && route.net.prefix_len() <= roa.max_length;
    if covering.any(allows) { RoaState::Valid } else { RoaState::Invalid }
}
