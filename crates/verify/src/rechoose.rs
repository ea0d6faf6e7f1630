//! Which routers choose another route in a state in which less is up, and what: everything that
//! nothing lost can touch is as it was.

use crate::bgp::{Choice, Choosing, From, PrefixNumber, Speaking};
use crate::bits::Bits;
use crate::heard::Told;
use crate::igp::Living;
use crate::plane::routes::Injection;
use crate::plane::up::Up;
use crate::plane::{Link, Plane, Router};
use crate::world::World;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state that another was worked out from, and what is different there.
#[derive(Debug, Clone)]
pub(crate) struct Since<'a> {
    pub(crate) base: Arc<World<'a>>,
    /// The links that OSPF lost.
    pub(crate) lost: Vec<(Router, Link)>,
    /// The routers of which BIRD runs no more.
    dead: Bits,
    /// Whether routers are cut off from each other that were not.
    cuts: bool,
    /// Whether the sessions between routers of ours are as they were.
    inner: bool,
    suspects: Suspects,
}

/// The prefixes of which somebody may tell something else.
#[derive(Debug, Clone)]
enum Suspects {
    All,
    Some(Bits),
}

impl<'a> Since<'a> {
    /// What is different from a state in which more was up; and the parts of the network now.
    pub(crate) fn new(base: &Arc<World<'a>>, up: &Up) -> (Self, Arc<[u32]>) {
        let plane = base.plane;
        let (before, now) = (Living { plane, up: &base.up }, Living { plane, up });
        let lost = now.lost(&before);
        let died = |router: &usize| {
            let host = plane.routers[*router].index();
            up.routing[host] != base.up.routing[host]
        };
        let routers = plane.routers.len();
        let dead = Bits::of(routers, (0..routers).filter(died));
        let (parts, cuts) = if lost.is_empty() {
            (Arc::clone(&base.parts), false)
        } else {
            let parts: Arc<[u32]> = now.parts(|_, _| true).into();
            let cuts = splits(&base.parts, &parts);
            (parts, cuts)
        };
        let inner = inner_alike(plane, &base.up, up);
        let suspects = Suspects::All;
        let mut since = Self { base: Arc::clone(base), lost, dead, cuts, inner, suspects };
        since.suspects = since.suspected(up);
        (since, parts)
    }

    /// The prefixes of which a route needs what is gone; all of them where somebody is cut off.
    fn suspected(&self, up: &Up) -> Suspects {
        let plane = self.base.plane;
        let routes = &plane.routes;
        if self.cuts || (!self.lost.is_empty() && !routes.inner.is_empty()) || !self.inner {
            return Suspects::All;
        }
        let before = &self.base.up;
        let nics = (0..plane.nics.len()).filter(|nic| up.nics[*nic] != before.nics[*nic]);
        let sessions = 0..routes.sessions.len();
        let sessions = sessions.filter(|one| up.sessions[*one] != before.sessions[*one]);
        let needing = &routes.needing;
        let all = nics.flat_map(|nic| &needing.nics[nic]);
        let all = all.chain(sessions.flat_map(|session| &needing.sessions[session]));
        let all = all.chain(self.dead.iter().flat_map(|router| &needing.routers[router])).copied();
        let wild = (0..routes.prefixes.len()).filter(|prefix| self.base.oscillates(*prefix));
        Suspects::Some(Bits::of(routes.prefixes.len(), all.chain(wild)))
    }

    /// Whether somebody may tell something else of a prefix.
    pub(crate) fn suspects(&self, prefix: PrefixNumber) -> bool {
        match &self.suspects {
            Suspects::All => true,
            Suspects::Some(some) => some.has(prefix),
        }
    }

    /// What routers hear of a prefix now.
    pub(crate) fn told(&self, choosing: &Choosing<'_, 'a>) -> Told {
        let prefix = choosing.prefix;
        let known = self.base.speaking(prefix);
        let same = || Told::Same(Arc::clone(known));
        if !self.suspects(prefix) {
            return same();
        }
        // What others are worked out from is asked over and over; what comes of a pair is asked little.
        let afresh = || match &self.base.since {
            Some(_) => choosing.few().map_or_else(Told::chosen, Told::anew),
            None => Told::chosen(choosing.all()),
        };
        if self.base.oscillates(prefix) {
            return afresh();
        }
        let unsure = choosing.unsure(self, known);
        if unsure.is_empty() {
            return same();
        }
        if !choosing.world.plane.routes.inner.is_empty() {
            return afresh();
        }
        let speaking = choosing.speaking_after(known, &unsure);
        speaking.map_or_else(afresh, Told::anew)
    }

    /// What a router takes of a prefix of which all say what they said: what it took, unless somebody
    /// who told it is further away. Others only got further, too.
    pub(crate) fn chosen(&self, choosing: &Choosing<'_, 'a>, router: Router) -> Cow<'_, Choice> {
        let known = self.base.chosen(choosing.prefix, router);
        let near = |from: &From| match from {
            From::Internal(teller) => {
                let far = choosing.world.distance(router, *teller);
                far == self.base.distance(router, *teller)
            }
            From::Own(_) | From::Inner(_) => true,
        };
        if !self.dead.has(usize::from(router)) && known.of.iter().all(near) {
            return known;
        }
        Cow::Owned(choosing.choice(router, self.base.speaking(choosing.prefix)))
    }
}

/// Whether routers that were in one part of the network are in several now; those that are alone may
/// be dead, and are in none.
pub(crate) fn splits(before: &[u32], now: &[u32]) -> bool {
    let mut parts: BTreeMap<u32, u32> = BTreeMap::new();
    before.iter().zip(now).any(|(then, now)| parts.entry(*then).or_insert(*now) != now)
}

/// Whether the sessions between routers of ours are as they were.
fn inner_alike(plane: &Plane<'_>, before: &Up, up: &Up) -> bool {
    plane.routes.inner.iter().all(|one| {
        up.sessions[one.session] == before.sessions[one.session]
            && up.nics[one.nics.0] == before.nics[one.nics.0]
            && up.nics[one.nics.1] == before.nics[one.nics.1]
    })
}

impl Choosing<'_, '_> {
    /// Of those who may speak for a prefix, the ones for whom something is different: what they have of
    /// their own, or whom they hear. How near they are to each other does not decide who speaks, unless
    /// they tell further networks what they heard.
    fn unsure(&self, since: &Since<'_>, known: &Speaking) -> Bits {
        let (world, base) = (self.world, &since.base);
        let routes = &world.plane.routes;
        let lone = routes.inner.is_empty();
        if !lone && !since.inner {
            return known.active.clone();
        }
        let mut unsure = Bits::none(world.plane.routers.len());
        unsure.join_common(&since.dead, &known.active);
        let active = || routes.active[self.prefix].iter().copied();
        for router in active().filter(|_| since.cuts || !lone) {
            let differs = |other: &Router| {
                let cut = base.reaches(*other, router) && !world.reaches(*other, router);
                cut || (!lone && base.distance(*other, router) != world.distance(*other, router))
            };
            for other in active().filter(differs) {
                unsure.add(usize::from(other));
                unsure.add(usize::from(router));
            }
        }
        let injections = routes.injections[self.prefix].iter();
        let changed = injections.filter(|one| !self.needs_alike(since, one));
        changed.for_each(|one| unsure.add(usize::from(one.router)));
        unsure
    }

    /// Whether what a route needs is as it was in another state.
    fn needs_alike(&self, since: &Since<'_>, one: &Injection) -> bool {
        let (now, then) = (&self.world.up, &since.base.up);
        let cut = |far: &Router| {
            let reached = since.base.reaches(one.router, *far);
            since.cuts && reached && !self.world.reaches(one.router, *far)
        };
        one.needs.nic.is_none_or(|nic| now.nics[nic] == then.nics[nic])
            && one.needs.session.is_none_or(|number| now.sessions[number] == then.sessions[number])
            && !one.needs.one_of.iter().any(cut)
    }
}
