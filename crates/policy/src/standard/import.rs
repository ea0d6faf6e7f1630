//! What we take from neighbours outside our AS: rules I2 to I19 in their order.

use std::ops::Not as _;

use super::checks::{
    default_route, forget_blackhole, global_lengths, honour_graceful_shutdown, is_private,
    limit_communities, refuse_bad_paths, refuse_bogon_prefixes, refuse_tier1, rpki_invalid,
    strip_own,
};
use super::{
    BlackholeReach, DefaultRoute, Network, Parameters, Relation, Requests, Service, Session,
};
use crate::reason::Reason;
use crate::route::{Community, Family};
use crate::set::{AsnSet, PrefixPattern, PrefixSet};
use crate::tree::{Action, Condition, Filter, PathCondition, RoaOrigin, Rule, Statement};

/// The import filter of one session with the outside.
pub fn import(relation: Relation, parameters: &Parameters) -> Filter {
    let Parameters { network, session } = parameters;
    let mut body = vec![Statement::note("I2: nobody else speaks in our name."), strip_own(network)];
    body.extend(sender(relation, session));
    body.extend(path(relation, parameters));
    body.extend(blackhole(relation, parameters));
    body.extend(prefix(relation, parameters));
    body.extend(registered(relation, session));
    body.extend(validated(relation, parameters));
    body.extend(marks(relation, network));
    body.extend(session.import_rules.iter().flat_map(Rule::statements));
    body.extend([
        Statement::note("I19: last, so that nothing sets the preference again."),
        honour_graceful_shutdown(),
    ]);
    if session.service == Service::Draining {
        body.push(Statement::note("Works are ahead: any other way is better."));
        body.push(Statement::Do(Action::SetLocalPref(0)));
    }
    Filter {
        name: format!("import_{}_{}", session.name, session.family.suffix()),
        about: format!("What {} (AS{}, {}) tells us.", session.name, session.asn, relation.word()),
        family: session.family,
        body,
        otherwise: None,
    }
}

/// I3, I4: the route comes from the neighbour and leads to it.
fn sender(relation: Relation, session: &Session) -> Vec<Statement> {
    let wrong_path = match relation {
        Relation::RouteServer => Condition::Path(PathCondition::Empty),
        Relation::Transit | Relation::Peer | Relation::Customer => {
            Condition::Path(PathCondition::First(session.asn)).not()
        }
    };
    let wrong_hop = Condition::NextHop(session.next_hops.clone()).not();
    vec![
        Statement::refuse(wrong_path, Reason::FIRST_AS),
        Statement::refuse(wrong_hop, Reason::NEXT_HOP),
    ]
}

/// I11 to I13, I16, and the ASNs of I15: before the blackhole branch, which accepts.
fn path(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    let mut body =
        vec![Statement::note("I11 to I13: the path."), refuse_bad_paths(parameters, relation)];
    let leaks = match relation {
        Relation::Transit => None,
        Relation::RouteServer | Relation::Peer | Relation::Customer => refuse_tier1(network),
    };
    if let Some(leaks) = leaks {
        body.extend([Statement::note("I16: leaks."), leaks]);
    }
    if let Some(asns) = &session.asns {
        let set = AsnSet::named(&format!("asns_{}", session.name), asns);
        let within = Condition::Path(PathCondition::Within(set));
        body.push(Statement::refuse(within.not(), Reason::NOT_IN_CONE));
    }
    body
}

/// What the neighbour may announce. A customer without a list may announce nothing.
fn cone(relation: Relation, session: &Session) -> Option<PrefixSet> {
    let listed = match (&session.prefixes, relation) {
        (Some(prefixes), _) => prefixes.as_slice(),
        (None, Relation::Customer) => &[],
        (None, Relation::Transit | Relation::RouteServer | Relation::Peer) => return None,
    };
    let name = format!("prefixes_{}_{}", session.name, session.family.suffix());
    Some(PrefixSet::named(&name, session.family, listed))
}

/// I5: customers may have single addresses inside their prefixes dropped (RFC 7999).
fn blackhole(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    let asked = (relation, session.requests, cone(relation, session));
    let (Relation::Customer, Requests::Honoured, Some(cone)) = asked else {
        let note = "I5: no blackhole is made at this neighbour's wish.";
        return vec![Statement::note(note), Statement::Do(forget_blackhole())];
    };
    let inside: Vec<_> =
        cone.patterns().iter().map(|p| PrefixPattern::or_longer(p.net())).collect();
    let name = format!("cone_{}_{}", session.name, session.family.suffix());
    let inside = Condition::Net(PrefixSet::named(&name, session.family, &inside));
    let bits = session.family.bits();
    let allowed = Condition::Length(bits, bits).and(inside);
    let mut then = vec![
        Statement::refuse(allowed.not(), Reason::BLACKHOLE),
        Statement::Do(Action::AddLarge(network.marks().inside())),
    ];
    if network.blackhole == BlackholeReach::Here {
        then.push(Statement::Do(Action::AddCommunity(Community::NO_EXPORT)));
    }
    then.extend([
        Statement::Do(Action::SetLocalPref(network.local_preference.blackhole)),
        Statement::Do(Action::Blackhole),
        Statement::Do(Action::Accept),
    ]);
    vec![
        Statement::note("I5: single addresses inside the cone, dropped here."),
        Statement::when(Condition::community(Community::BLACKHOLE), then),
    ]
}

/// I6 to I10: the prefix by itself.
fn prefix(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    let family = session.family;
    let own = network.own(family);
    let foreign = match (relation, cone(relation, session)) {
        (Relation::Customer, Some(cone)) if touches(&own, &cone) => {
            Condition::Net(own.clone()).and(Condition::Net(cone).not())
        }
        _ => Condition::Net(own.clone()),
    };
    let (low, _) = global_lengths(family);
    let high = match family {
        Family::V4 => network.longest.0,
        Family::V6 => network.longest.1,
    };
    let length = match relation {
        // A member's part of our own space is announced inside our aggregate.
        Relation::Customer => Condition::Length(low, high).not().and(Condition::Net(own).not()),
        Relation::Transit | Relation::RouteServer | Relation::Peer => {
            Condition::Length(low, high).not()
        }
    };
    let checks = vec![
        Statement::refuse(foreign, Reason::OWN_PREFIX),
        refuse_bogon_prefixes(network, family),
        Statement::refuse(length, Reason::LENGTH),
    ];
    let mut body = vec![Statement::note("I6 to I10: the prefix.")];
    match session.default_route {
        DefaultRoute::Refuse => {
            body.push(Statement::refuse(default_route(family), Reason::DEFAULT_ROUTE));
            body.extend(checks);
        }
        DefaultRoute::Take => body.push(Statement::when(default_route(family).not(), checks)),
    }
    body
}

/// Whether two sets may have a prefix in common.
fn touches(one: &PrefixSet, other: &PrefixSet) -> bool {
    let meets = |a: &PrefixPattern, b: &PrefixPattern| {
        a.net().contains(&b.net()) || b.net().contains(&a.net())
    };
    one.patterns().iter().any(|a| other.patterns().iter().any(|b| meets(a, b)))
}

/// I15: only what the neighbour registered.
fn registered(relation: Relation, session: &Session) -> Vec<Statement> {
    let Some(cone) = cone(relation, session) else { return Vec::new() };
    let outside = match session.default_route {
        DefaultRoute::Refuse => Condition::Net(cone).not(),
        DefaultRoute::Take => default_route(session.family).not().and(Condition::Net(cone).not()),
    };
    vec![Statement::refuse(outside, Reason::NOT_REGISTERED)]
}

/// I14.
fn validated(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    // ROAs for the prefix of a member with a private ASN name ours: the private one does not leave.
    let hidden = relation == Relation::Customer && is_private(session.asn);
    let origin = if hidden { RoaOrigin::Asn(network.own_asn) } else { RoaOrigin::Path };
    match rpki_invalid(network, session.family, origin) {
        Some(invalid) => vec![Statement::refuse(invalid, Reason::RPKI_INVALID)],
        None => Vec::new(),
    }
}

/// I17 and I18: what we remember of the route.
fn marks(relation: Relation, network: &Network) -> Vec<Statement> {
    let preference = network.local_preference;
    let (mark, value) = match relation {
        Relation::Transit => (network.marks().outside(), preference.transit),
        Relation::RouteServer => (network.marks().outside(), preference.route_server),
        Relation::Peer => (network.marks().outside(), preference.peer),
        Relation::Customer => (network.marks().own(), preference.customer),
    };
    vec![
        Statement::note("I18: noise."),
        limit_communities(network),
        Statement::note("I17: what we remember of it."),
        Statement::Do(Action::AddLarge(mark)),
        Statement::Do(Action::SetLocalPref(value)),
        Statement::Do(Action::SetMed(0)),
    ]
}
