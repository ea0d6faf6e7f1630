//! What our own routers tell each other, and how our own routes get their marks.
//!
//! Edges tell core and access everything that they learnt, with themselves as next hop. Edges tell
//! each other only what is our own or a member's, and blackholes: no full table. Core and access
//! tell their LANs and statics to everybody inside.

use std::ops::Not as _;

use super::checks::{default_route, shared};
use super::{Network, Place};
use crate::reason::Reason;
use crate::route::{Community, Family, Source};
use crate::set::{LargeSet, PrefixPattern, PrefixSet};
use crate::tree::{Action, Condition, Filter, Statement};

/// What a router in `from` tells a router in `to`.
pub fn internal_export(from: Place, to: Place, network: &Network, family: Family) -> Filter {
    let name = format!("export_{}_to_{}_{}", word(from), word(to), family.suffix());
    let about = format!("What {} tells {} by iBGP.", phrase(from), phrase(to));
    Filter { name, about, family, body: told(from, to, network, family), otherwise: None }
}

/// What a router in `to` takes from a router in `from`.
pub fn internal_import(from: Place, to: Place, network: &Network, family: Family) -> Filter {
    let name = format!("import_{}_from_{}_{}", word(to), word(from), family.suffix());
    let about = format!("What {} takes from {} by iBGP.", phrase(to), phrase(from));
    let mut body = told(from, to, network, family);
    body.push(blackhole(network));
    Filter { name, about, family, body, otherwise: None }
}

const fn word(place: Place) -> &'static str {
    match place {
        Place::Edge => "edge",
        Place::Inside => "inside",
    }
}

const fn phrase(place: Place) -> &'static str {
    match place {
        Place::Edge => "an edge",
        Place::Inside => "core or access",
    }
}

/// The same fence on both sides: what may not be told is not believed either.
fn told(from: Place, to: Place, network: &Network, family: Family) -> Vec<Statement> {
    let marks = network.marks();
    let every = LargeSet::several(&[marks.outside(), marks.own(), marks.inside()]);
    let unmarked = Statement::refuse(Condition::Large(every).not(), Reason::UNMARKED);
    let outside = Statement::refuse(
        Condition::Any(vec![Condition::large(marks.outside()), default_route(family)]),
        Reason::NOT_BETWEEN,
    );
    let blackhole = Condition::community(Community::BLACKHOLE);
    match (from, to) {
        (Place::Edge, Place::Inside) => vec![unmarked],
        (Place::Edge, Place::Edge) => {
            let inside = Condition::large(marks.inside()).and(blackhole.not());
            vec![
                Statement::note("B1: our own, members' and blackholes; no full table."),
                unmarked,
                outside,
                Statement::refuse(inside, Reason::NOT_BETWEEN),
            ]
        }
        (Place::Inside, Place::Edge | Place::Inside) => {
            let ours = Condition::Net(declared(network, family));
            vec![
                Statement::note("B1: our own LANs and statics."),
                unmarked,
                outside,
                Statement::refuse(ours.not(), Reason::NOT_DECLARED),
            ]
        }
    }
}

/// Our space and what else was declared to exist inside.
fn declared(network: &Network, family: Family) -> PrefixSet {
    let own = network.own_prefixes.iter().copied().map(PrefixPattern::or_longer);
    let all: Vec<_> = own.chain(network.inside_prefixes.iter().copied()).collect();
    PrefixSet::named(&format!("inside_{}", family.suffix()), family, &all)
}

/// Every router drops for itself (RFC 5635).
fn blackhole(network: &Network) -> Statement {
    let marked =
        Condition::community(Community::BLACKHOLE).and(Condition::large(network.marks().inside()));
    let then = vec![
        Statement::Do(Action::SetLocalPref(network.local_preference.blackhole)),
        Statement::Do(Action::Blackhole),
    ];
    let about = "Drops the packets of a blackhole that another router of ours let in.";
    shared("drop_blackhole", about, vec![Statement::when(marked, then)])
}

/// The import filter of the protocols that make our own routes: static, direct, learnt from the
/// kernel. What is announced gets the mark of our own (E4), a default route none, the rest of what
/// is declared stays inside.
pub fn originate(network: &Network, family: Family) -> Filter {
    let marks = network.marks();
    let foreign = Condition::Source(vec![Source::Bgp]);
    let announced = Condition::Net(network.announced(family));
    let body = vec![
        Statement::refuse(foreign, Reason::NOT_DECLARED),
        Statement::refuse(Condition::Net(declared(network, family)).not(), Reason::NOT_DECLARED),
        Statement::If {
            when: announced,
            then: vec![Statement::Do(Action::AddLarge(marks.own()))],
            otherwise: vec![Statement::Do(Action::AddLarge(marks.inside()))],
        },
        Statement::Do(Action::SetLocalPref(network.local_preference.own)),
    ];
    let name = format!("originate_{}", family.suffix());
    let about = "What we make ourselves: aggregates to announce, LANs and lines to keep inside.";
    Filter { name, about: about.to_owned(), family, body, otherwise: None }
}
