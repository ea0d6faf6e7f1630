//! From what is declared to the parameters of the house's routing policy.

use ipnet::IpNet;
use model::Isp;
use model::ask::Family;
use model::kinds::{
    Host, Neighbor, Policy, PolicyRule, Relation, RoaMode, SegmentKind, Session, View,
};
use model::value::Community;
use model::{Id, Named as _};
use policy::standard::{
    self, BlackholeReach, DefaultRoute, LocalPreference, Network, Requests, Service,
};
use policy::{
    Action, AsnSet, Condition, Large, PathCondition, PrefixPattern, PrefixSet, Reason, RoaTable,
    Rule,
};

/// The policy's word for a family.
pub fn family(family: Family) -> policy::Family {
    match family {
        Family::V4 => policy::Family::V4,
        Family::V6 => policy::Family::V6,
    }
}

/// The policy's word for a relation.
pub fn relation(relation: Relation) -> standard::Relation {
    match relation {
        Relation::Transit => standard::Relation::Transit,
        Relation::Peer => standard::Relation::Peer,
        Relation::RouteServer => standard::Relation::RouteServer,
        Relation::Customer => standard::Relation::Customer,
    }
}

/// A name as BIRD takes it: it knows no `-`.
pub fn symbol(name: &str) -> String {
    name.replace('-', "_")
}

/// The prefixes that a neighbour may announce: those declared for it, and the pools of its router
/// where that is one of ours.
pub fn cone(isp: &Isp, neighbor: &Neighbor) -> Vec<IpNet> {
    let remotes = neighbor.session.iter().filter_map(|session| session.remote);
    let pools = remotes.flat_map(|host| isp.pools_of(host)).flat_map(|pool| &pool.prefixes);
    let mut all: Vec<IpNet> = neighbor.prefixes.iter().chain(pools).copied().collect();
    all.sort();
    all.dedup();
    all
}

/// What the whole network has in common, as one policy sees it.
pub fn network(isp: &Isp, policy: &Policy, origins: Origins) -> Network {
    let usual = Network::new(isp.about.asn.0, isp.about.prefixes().collect());
    let customers = || isp.neighbors_of(Relation::Customer);
    let exchanges = isp.segments.values().filter(|s| s.kind == SegmentKind::Exchange);
    let lans = exchanges.flat_map(|s| Family::BOTH.into_iter().filter_map(|f| s.prefix(f)));
    let tier1 = match policy.tier1.as_slice() {
        [] => usual.tier1.clone(),
        declared => declared.iter().map(|asn| asn.0).collect(),
    };
    let known = |asn: &u32| isp.neighbors.values().any(|neighbor| neighbor.asn.0 == *asn);
    let asked = customers().filter(|customer| customer.may_blackhole).count() > 0
        && isp.neighbors_of(Relation::Transit).any(|transit| transit.blackhole.is_some());
    let wanted = origins == Origins::Validated && policy.rpki == RoaMode::Reject;
    let table = |f: Family| RoaTable { name: format!("kt_roa{}", f.digit()), family: family(f) };
    let private = customers().map(|n| n.asn).filter(|asn| asn.is_private());
    Network {
        inside_prefixes: inside(isp),
        exchange_lans: sorted(lans.collect()),
        tier1: tier1.into_iter().filter(|asn| !known(asn)).collect(),
        private_asns: sorted(private.map(|asn| asn.0).collect()),
        roa_tables: Family::BOTH.into_iter().filter(|_| wanted).map(table).collect(),
        local_preference: preferences(policy),
        path_limit: u32::from(policy.max_path),
        longest: (policy.longest4, policy.longest6),
        blackhole: if asked { BlackholeReach::Transits } else { BlackholeReach::Here },
        ..usual
    }
}

/// Whether a router knows validated route origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    /// It asks RTR caches.
    Validated,
    /// It does not.
    Unknown,
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

fn preferences(policy: &Policy) -> LocalPreference {
    let declared = policy.local_pref;
    LocalPreference {
        transit: declared.transit,
        route_server: declared.route_server,
        peer: declared.peer,
        customer: declared.customer,
        own: declared.own,
        blackhole: declared.blackhole,
    }
}

/// What exists inside besides our own space: LANs and lines of ours, customers' prefixes.
fn inside(isp: &Isp) -> Vec<PrefixPattern> {
    let ours = isp.hosts.iter().filter(|(_, host)| host.asn(isp) == isp.about.asn);
    let ours = ours.flat_map(|(id, _)| isp.announced_by(id)).map(PrefixPattern::exact);
    let customers = isp.neighbors_of(Relation::Customer).flat_map(|n| cone(isp, n));
    let all = ours.chain(customers.map(PrefixPattern::or_longer));
    sorted(all.filter(|pattern| !isp.is_ours(pattern.net())).collect())
}

/// One session with the outside, of one family.
pub fn session(
    isp: &Isp,
    (neighbor, session): (&Neighbor, &Session),
    of: Family,
) -> standard::Session {
    let policy = isp.policy_for(neighbor);
    let name = symbol(&format!("{}-{}", neighbor.name(), session.name));
    let prepend = (neighbor.prepend > 0).then(|| Rule {
        about: "Prepended as declared: traffic shall rather come in elsewhere.".to_owned(),
        when: Condition::Always,
        then: vec![Action::Prepend { asn: isp.about.asn.0, times: neighbor.prepend }],
    });
    let exports = rules(&policy, &policy.export, (isp, of)).into_iter().chain(prepend);
    standard::Session {
        prefixes: listed(isp, neighbor, &policy),
        default_route: if neighbor.default_route {
            DefaultRoute::Take
        } else {
            DefaultRoute::Refuse
        },
        view: match neighbor.told() {
            View::Full => standard::View::Full,
            View::Default => standard::View::Default,
            View::FullAndDefault => standard::View::FullAndDefault,
            View::Own => standard::View::Own,
        },
        requests: if neighbor.may_blackhole { Requests::Honoured } else { Requests::Ignored },
        blackhole_community: match neighbor.blackhole {
            Some(Community::Standard(asn, value)) => Some(policy::Community(asn, value)),
            Some(Community::Large(_)) | None => None,
        },
        service: if neighbor.drain { Service::Draining } else { Service::Normal },
        import_rules: rules(&policy, &policy.import, (isp, of)),
        export_rules: exports.collect(),
        ..standard::Session::new(
            &name,
            neighbor.asn.0,
            family(of),
            next_hops(isp, (neighbor, session), of),
        )
    }
}

/// A route server speaks for the whole LAN of its exchange, everybody else for itself.
fn next_hops(isp: &Isp, (neighbor, session): (&Neighbor, &Session), of: Family) -> Vec<IpNet> {
    let lan = session.nic(isp, of).and_then(|nic| isp.segments[nic.segment].prefix(of));
    match (neighbor.relation, lan) {
        (Relation::RouteServer, Some(lan)) => vec![lan],
        _ => session.address(of).map(IpNet::from).into_iter().collect(),
    }
}

/// The declared prefixes with their parts, up to the longest that the policy takes.
fn listed(isp: &Isp, neighbor: &Neighbor, policy: &Policy) -> Option<Vec<PrefixPattern>> {
    let longest = |net: &IpNet| match net {
        IpNet::V4(_) => policy.longest4.max(net.prefix_len()),
        IpNet::V6(_) => policy.longest6.max(net.prefix_len()),
    };
    let pattern = |net: IpNet| PrefixPattern::lengths(net, net.prefix_len(), longest(&net));
    let cone = cone(isp, neighbor);
    let believed = cone.is_empty() && neighbor.relation != Relation::Customer;
    (!believed).then(|| cone.into_iter().map(pattern).collect())
}

/// The operator's own rules. One that names prefixes of the other family only says nothing here.
fn rules(policy: &Policy, declared: &[PolicyRule], (isp, of): (&Isp, Family)) -> Vec<Rule> {
    let numbered = (1..).zip(declared);
    let spoken = numbered.filter(|(_, rule)| {
        rule.prefixes.is_empty() || rule.prefixes.iter().any(|net| Family::of_net(*net) == of)
    });
    let rule = |(number, rule): (usize, &PolicyRule)| Rule {
        about: match &rule.reject {
            Some(reason) => format!("Policy {}, rule {number}: {reason}", policy.name()),
            None => format!("Policy {}, rule {number}.", policy.name()),
        },
        when: condition(rule, of),
        then: actions(rule, isp),
    };
    spoken.map(rule).collect()
}

fn condition(rule: &PolicyRule, of: Family) -> Condition {
    let mut all = Vec::new();
    if !rule.prefixes.is_empty() {
        let patterns: Vec<_> =
            rule.prefixes.iter().copied().map(PrefixPattern::or_longer).collect();
        all.push(Condition::Net(PrefixSet::inline(family(of), &patterns)));
    }
    if !rule.communities.is_empty() {
        let carried = |community: &Community| match community {
            Community::Standard(a, b) => Condition::community(policy::Community(*a, *b)),
            Community::Large(l) => Condition::large(Large(l.0, l.1, l.2)),
        };
        all.push(Condition::Any(rule.communities.iter().map(carried).collect()));
    }
    if !rule.path.is_empty() {
        let asns: Vec<u32> = rule.path.iter().map(|asn| asn.0).collect();
        all.push(Condition::Path(PathCondition::Contains(AsnSet::inline(&asns))));
    }
    if all.is_empty() { Condition::Always } else { Condition::All(all) }
}

fn actions(rule: &PolicyRule, isp: &Isp) -> Vec<Action> {
    let add = |community: &Community| match community {
        Community::Standard(a, b) => Action::AddCommunity(policy::Community(*a, *b)),
        Community::Large(l) => Action::AddLarge(Large(l.0, l.1, l.2)),
    };
    let preference = rule.local_pref.map(Action::SetLocalPref);
    let prepend = rule.prepend.map(|times| Action::Prepend { asn: isp.about.asn.0, times });
    let reject = rule.reject.iter().map(|_| Action::Reject(Reason::OPERATOR));
    let changes = preference.into_iter().chain(rule.add.iter().map(add)).chain(prepend);
    changes.chain(reject).collect()
}

/// Whether a host is a router of our own AS.
pub fn is_ours(isp: &Isp, host: Id<Host>) -> bool {
    isp.hosts[host].asn(isp) == isp.about.asn
}
