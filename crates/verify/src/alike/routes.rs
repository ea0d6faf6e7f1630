//! What of all routes decides, whatever their prefixes and the addresses of those who tell them are.

use super::{Ranked, order};
use crate::plane::routes::{
    Attributes, Injection, Inner, Leads, Needs, RouteId, Routes, Session, SessionNumber,
};
use crate::plane::{NicNumber, Router};
use model::Id;
use model::kinds::Neighbor;
use policy::Destination as Packets;
use policy::standard::Place;

/// All routes of a family, prefixes in the order of their routes.
#[derive(PartialEq)]
pub(super) struct Shape<'p> {
    sessions: Vec<Declared>,
    prefixes: Vec<Prefix<'p>>,
    inner: Vec<Between<'p>>,
    attributes: &'p [Attributes],
    /// By route: whether it says to drop packets.
    drops: Vec<bool>,
    router_ids: &'p [u32],
    tells: &'p [[Option<RouteId>; 4]],
    places: &'p [Option<Place>],
    told_outside: &'p [Vec<bool>],
}

/// A session: neighbour, position, our router, theirs if it is ours, our interface.
type Declared = (Id<Neighbor>, usize, Router, Option<Router>, Option<NicNumber>);

/// A session between routers of ours, in one direction, and what passes.
type Between<'p> = (SessionNumber, [Router; 2], (NicNumber, NicNumber), &'p [Option<RouteId>]);

/// Who may have a prefix.
#[derive(PartialEq)]
struct Prefix<'p> {
    injections: Vec<Injected<'p>>,
    active: &'p [Router],
    /// Between equal routes, the address of who tells it decides.
    tellers: Vec<Ranked>,
}

/// A route at a router: its number, its preference, whether it was heard, and on what it stands.
type Injected<'p> =
    (Router, RouteId, u16, bool, (Option<NicNumber>, Option<SessionNumber>), &'p [Router], Leads);

impl<'p> Shape<'p> {
    pub(super) fn of(routes: &'p Routes, ranks: &[usize]) -> Self {
        let Routes { sessions, inner, attributes, router_ids, tells, places, told_outside, .. } =
            routes;
        let declared = |one: &Session| (one.neighbor, one.at, one.router, one.remote, one.nic);
        let between =
            |one: &'p Inner| (one.session, [one.from, one.to], one.nics, one.passes.as_slice());
        let drops = routes.routes.iter().map(|route| route.destination == Packets::Blackhole);
        Self {
            sessions: sessions.iter().map(declared).collect(),
            prefixes: ranks.iter().map(|prefix| Prefix::of(routes, *prefix)).collect(),
            inner: inner.iter().map(between).collect(),
            attributes,
            drops: drops.collect(),
            router_ids,
            tells,
            places,
            told_outside,
        }
    }
}

impl<'p> Prefix<'p> {
    fn of(routes: &'p Routes, prefix: usize) -> Self {
        let injections = &routes.injections[prefix];
        let heard = injections.iter().map(|one| (one.router, one.address));
        let passed = routes.inner.iter().map(|one| (one.to, Some(one.address)));
        let tellers: Vec<_> = heard.chain(passed).collect();
        Self {
            injections: injections.iter().map(injected).collect(),
            active: &routes.active[prefix],
            tellers: order(&tellers),
        }
    }
}

fn injected(one: &Injection) -> Injected<'_> {
    let Injection { router, route, preference, address, needs, leads } = one;
    let Needs { nic, session, one_of } = needs;
    (*router, *route, *preference, address.is_some(), (*nic, *session), one_of, *leads)
}

/// The prefixes in the order of their first routes: no two have one in common.
pub(super) fn ranked(routes: &Routes) -> Vec<usize> {
    let first = |prefix: &usize| routes.injections[*prefix].iter().map(|one| one.route).min();
    let mut all: Vec<usize> = (0..routes.prefixes.len()).collect();
    all.sort_by_cached_key(first);
    all
}
