//! What we tell neighbours outside our AS: rules E1 to E4.

use std::ops::Not as _;

use super::checks::{
    bogon_prefix, default_route, forget_blackhole, global_lengths, of_family, rpki_invalid,
    strip_own,
};
use super::{Network, Parameters, Relation, Service, Session, View};
use crate::reason::Reason;
use crate::route::{Community, Family, Source};
use crate::set::{AsnSet, LargeSet};
use crate::tree::{Action, Condition, Filter, RoaOrigin, Rule, Statement};

/// The export filter of one session with the outside.
pub fn export(relation: Relation, parameters: &Parameters) -> Filter {
    let Parameters { network, session } = parameters;
    let mut body = vec![
        Statement::note("E4: a router that is cut off from the others does not speak for them."),
        Statement::refuse(lost(), Reason::LOST),
    ];
    body.extend(blackhole(relation, parameters));
    body.extend(allowed(relation, parameters));
    body.extend([Statement::note("E3: what is ours to know stays here."), strip_own(network)]);
    body.extend(strip_private(network));
    body.extend(session.export_rules.iter().flat_map(Rule::statements));
    if session.service == Service::Draining {
        body.push(Statement::note("Works are ahead (RFC 8326)."));
        body.push(Statement::Do(Action::AddCommunity(Community::GRACEFUL_SHUTDOWN)));
    }
    Filter {
        name: format!("export_{}_{}", session.name, session.family.suffix()),
        about: format!("What we tell {} (AS{}, {}).", session.name, session.asn, relation.word()),
        family: session.family,
        body,
        otherwise: None,
    }
}

/// Learnt by BGP, and its next hop is out of reach. Our own aggregates lead nowhere on purpose.
fn lost() -> Condition {
    Condition::Source(vec![Source::Bgp]).and(Condition::Unreachable)
}

/// A blackhole goes only to transits that gave a community for it. Whatever still carries
/// the blackhole community here was checked when it came in.
fn blackhole(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    let carried = Condition::community(Community::BLACKHOLE);
    let (Relation::Transit, Some(community)) = (relation, session.blackhole_community) else {
        return vec![Statement::refuse(carried, Reason::BLACKHOLE_OUT)];
    };
    let bits = session.family.bits();
    let ours = Condition::Length(bits, bits).and(Condition::large(network.marks().inside()));
    let mut then = vec![Statement::refuse(ours.not(), Reason::BLACKHOLE_OUT), strip_own(network)];
    then.extend(strip_private(network));
    then.extend([
        Statement::Do(forget_blackhole()),
        Statement::Do(Action::AddCommunity(community)),
        Statement::Do(Action::Accept),
    ]);
    vec![
        Statement::note("The transit drops the packets for us when it sees its own community."),
        Statement::when(carried, then),
    ]
}

/// E1 and E2: who may hear what.
fn allowed(relation: Relation, parameters: &Parameters) -> Vec<Statement> {
    let Parameters { network, session } = parameters;
    let family = session.family;
    match relation {
        Relation::Transit | Relation::RouteServer | Relation::Peer => {
            let mut body = vec![Statement::refuse(not_ours(network), Reason::NOT_OURS)];
            body.extend([
                Statement::note("E2: nothing that the global table does not want."),
                refuse_unclean(network, family),
            ]);
            body
        }
        Relation::Customer => to_customer(network, session),
    }
}

/// Carries the mark of our own, and not the mark of what stays inside or came from outside.
fn not_ours(network: &Network) -> Condition {
    let marks = network.marks();
    let others = LargeSet::several(&[marks.outside(), marks.inside()]);
    Condition::Any(vec![Condition::large(marks.own()).not(), Condition::Large(others)])
}

fn refuse_unclean(network: &Network, family: Family) -> Statement {
    let (low, high) = global_lengths(family);
    let parts =
        Condition::Net(network.own(family)).and(Condition::Net(network.announced(family)).not());
    let mut body = vec![
        Statement::refuse(
            Condition::Any(vec![default_route(family), bogon_prefix(family)]),
            Reason::BOGON_OUT,
        ),
        Statement::refuse(parts, Reason::MORE_SPECIFIC),
        Statement::refuse(Condition::Length(low, high).not(), Reason::MORE_SPECIFIC),
    ];
    body.extend(refuse_invalid(network, family));
    let about = "Refuses what the global table does not want from us.";
    of_family("refuse_unclean", about, family, body)
}

/// A route without public ASN goes out with ours as its origin.
fn refuse_invalid(network: &Network, family: Family) -> Option<Statement> {
    use crate::tree::PathCondition::{Contains, Empty};

    let ours = Condition::Any(vec![
        Condition::Path(Empty),
        Condition::Path(Contains(AsnSet::inline(&network.private_asns))),
    ]);
    let own = rpki_invalid(network, family, RoaOrigin::Asn(network.own_asn))?;
    let theirs = rpki_invalid(network, family, RoaOrigin::Path)?;
    Some(Statement::If {
        when: ours,
        then: vec![Statement::refuse(own, Reason::INVALID_OUT)],
        otherwise: vec![Statement::refuse(theirs, Reason::INVALID_OUT)],
    })
}

fn to_customer(network: &Network, session: &Session) -> Vec<Statement> {
    let marks = network.marks();
    let default = default_route(session.family);
    let inside = Statement::refuse(Condition::large(marks.inside()), Reason::NOT_ASKED);
    let known = match session.view {
        View::Full | View::FullAndDefault => LargeSet::several(&[marks.outside(), marks.own()]),
        View::Own | View::Default => LargeSet::one(marks.own()),
    };
    let unknown = Statement::refuse(Condition::Large(known).not(), Reason::NOT_ASKED);
    let asked = match session.view {
        View::Full | View::Own => {
            vec![Statement::refuse(default, Reason::NOT_ASKED), inside, unknown]
        }
        View::FullAndDefault => vec![Statement::when(default.not(), vec![inside, unknown])],
        View::Default => vec![Statement::refuse(default.not(), Reason::NOT_ASKED)],
    };
    std::iter::once(Statement::note("E1: what this customer asked to hear.")).chain(asked).collect()
}

/// E3: private ASNs of customers are ours to hide; so are our communities, and theirs are not.
fn strip_private(network: &Network) -> Option<Statement> {
    if network.private_asns.is_empty() {
        return None;
    }
    Some(Statement::Do(Action::DeletePath(AsnSet::inline(&network.private_asns))))
}
