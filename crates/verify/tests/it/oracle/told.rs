//! What neighbours tell us and what our filters make of it, worked out from the model a second time:
//! no filter of ours is run. It knows as much as generated providers need.

use ipnet::IpNet;
use model::Isp;
use model::ask::Family;
use model::kinds::{Neighbor, Policy, PolicyRule, Relation};
use std::collections::BTreeMap;

/// A route that passed the import filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) prefix: IpNet,
    pub(super) preference: u32,
    /// Whether it is a customer's, which edges tell each other.
    pub(super) member: bool,
    /// ASNs behind the neighbour's own.
    pub(super) behind: usize,
}

/// What we take from a neighbour in a family.
pub(super) fn taken(isp: &Isp, neighbor: &Neighbor, family: Family) -> Vec<Told> {
    let told = told(isp, neighbor).into_iter();
    let own = told.filter(|(prefix, _)| Family::of_net(*prefix) == family);
    own.filter_map(|(prefix, behind)| take(isp, neighbor, prefix, behind)).collect()
}

/// What a neighbour tells, with how many ASNs are behind its own: what is declared that it announces,
/// and a transit also what peers and members of exchanges announce, because they buy transit too, and
/// what other transits announce.
fn told(isp: &Isp, neighbor: &Neighbor) -> BTreeMap<IpNet, usize> {
    let own = |neighbor: &Neighbor| {
        let customer = neighbor.relation == Relation::Customer;
        let listed = neighbor.prefixes.iter().filter(|_| customer);
        listed.chain(&neighbor.twin.announces).map(IpNet::trunc).collect::<Vec<_>>()
    };
    let mut all = BTreeMap::new();
    if neighbor.relation == Relation::Transit {
        let others = isp.neighbors.values().filter(|other| other.name != neighbor.name);
        let others = others.filter(|other| other.relation != Relation::Customer);
        // The rest of the Internet lies between.
        all.extend(others.flat_map(own).map(|prefix| (prefix, 2)));
        let defaults = ["0.0.0.0/0", "::/0"].iter().filter(|_| neighbor.default_route);
        all.extend(defaults.filter_map(|default| Some((default.parse().ok()?, 0))));
    }
    all.extend(own(neighbor).into_iter().map(|prefix| (prefix, 0)));
    all
}

fn take(isp: &Isp, neighbor: &Neighbor, prefix: IpNet, behind: usize) -> Option<Told> {
    let policy = isp.policy_for(neighbor);
    if !fits(isp, neighbor, &policy, prefix) {
        return None;
    }
    let preferences = &policy.local_pref;
    let mut preference = match neighbor.relation {
        Relation::Transit => preferences.transit,
        Relation::RouteServer => preferences.route_server,
        Relation::Peer => preferences.peer,
        Relation::Customer => preferences.customer,
    };
    for rule in policy.import.iter().filter(|rule| meets(rule, neighbor, prefix)) {
        if rule.reject.is_some() {
            return None;
        }
        preference = rule.local_pref.unwrap_or(preference);
    }
    if neighbor.drain {
        preference = 0;
    }
    let member = neighbor.relation == Relation::Customer;
    Some(Told { prefix, preference, member, behind })
}

fn fits(isp: &Isp, neighbor: &Neighbor, policy: &Policy, prefix: IpNet) -> bool {
    if prefix.prefix_len() == 0 {
        return neighbor.default_route;
    }
    let lengths = match prefix {
        IpNet::V4(_) => 8..=policy.longest4,
        IpNet::V6(_) => 12..=policy.longest6,
    };
    let listed = || neighbor.prefixes.iter().any(|own| own.contains(&prefix));
    let in_cone = match neighbor.relation {
        Relation::Customer => listed(),
        Relation::Transit | Relation::Peer | Relation::RouteServer => {
            neighbor.prefixes.is_empty() || listed()
        }
    };
    lengths.contains(&prefix.prefix_len()) && in_cone && !isp.is_ours(prefix)
}

fn meets(rule: &PolicyRule, neighbor: &Neighbor, prefix: IpNet) -> bool {
    let prefixes =
        rule.prefixes.is_empty() || rule.prefixes.iter().any(|own| own.contains(&prefix));
    let path = rule.path.is_empty() || rule.path.contains(&neighbor.asn);
    prefixes && path && rule.communities.is_empty()
}
