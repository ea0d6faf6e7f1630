//! Which routers choose another route in a state in which less is up, and what: everything that
//! nothing lost can touch is as it was.

use crate::bgp::{self, Choices, Choosing, From, PrefixNumber, Speaking};
use crate::bits::Bits;
use crate::igp::{FAR, Paths};
use crate::moved::Moved;
use crate::patched::Patched;
use crate::plane::routes::Injection;
use crate::plane::up::Up;
use crate::plane::{Plane, Router};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is different from a state in which more was up.
pub(crate) struct Since<'a> {
    pub(crate) before: &'a Up,
    pub(crate) moved: &'a Moved,
    /// The routers of which BIRD runs no more.
    dead: Bits,
    /// Whether routers are cut off from each other that were not.
    cuts: bool,
    /// Whether the sessions between routers of ours are as they were.
    inner: bool,
    /// The prefixes of which somebody may tell something else.
    suspects: BTreeSet<PrefixNumber>,
}

/// By router: the prefixes that others take from it by internal BGP, and who they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Takers(Vec<Vec<(PrefixNumber, Bits)>>);

/// Notes that a router, one of so many, takes a prefix; prefixes come in order.
fn take(known: &mut Vec<(PrefixNumber, Bits)>, prefix: PrefixNumber, of: (usize, usize)) {
    let (router, routers) = of;
    match known.last_mut().filter(|(last, _)| *last == prefix) {
        Some((_, all)) => all.add(router),
        None => known.push((prefix, Bits::of(routers, [router]))),
    }
}

impl Takers {
    /// Who takes what from whom in a state.
    pub(crate) fn of(plane: &Plane<'_>, choices: &Patched<Arc<Choices>>) -> Self {
        let routers = plane.routers.len();
        let mut takers: Vec<Vec<(PrefixNumber, Bits)>> = vec![Vec::new(); routers];
        for (prefix, choices) in choices.iter().enumerate() {
            let all = choices.of.iter().enumerate();
            let told = all.flat_map(|(router, from)| from.iter().map(move |from| (router, from)));
            for (router, from) in told {
                if let From::Internal(teller) = from {
                    take(&mut takers[usize::from(*teller)], prefix, (router, routers));
                }
            }
        }
        Self(takers)
    }

    /// By prefix: who took it from somebody who is further away now.
    fn further(&self, moved: &Moved, prefixes: usize, routers: usize) -> Vec<Option<Bits>> {
        let mut further = vec![None; prefixes];
        for (teller, moves) in moved.all() {
            for (prefix, all) in &self.0[usize::from(teller)] {
                if all.meets(&moves.far) {
                    let own = further[*prefix].get_or_insert_with(|| Bits::none(routers));
                    own.join_common(all, &moves.far);
                }
            }
        }
        further
    }
}

impl<'a> Since<'a> {
    /// What is different now.
    pub(crate) fn new(plane: &Plane<'_>, before: &'a Up, up: &Up, moved: &'a Moved) -> Self {
        let died = |router: &usize| {
            let host = plane.routers[*router].index();
            up.routing[host] != before.routing[host]
        };
        let routers = plane.routers.len();
        let dead = Bits::of(routers, (0..routers).filter(died));
        let inner = inner_alike(plane, before, up);
        let (cuts, suspects) = (moved.cuts(), BTreeSet::new());
        let mut since = Self { before, moved, dead, cuts, inner, suspects };
        since.suspects = since.suspected(plane, up);
        since
    }

    /// The prefixes of which a route needs what is gone; all of them where somebody is cut off.
    fn suspected(&self, plane: &Plane<'_>, up: &Up) -> BTreeSet<PrefixNumber> {
        let routes = &plane.routes;
        let any = self.moved.all().next().is_some();
        if self.cuts || (any && !routes.inner.is_empty()) || !self.inner {
            return (0..routes.prefixes.len()).collect();
        }
        let nics = (0..plane.nics.len()).filter(|nic| up.nics[*nic] != self.before.nics[*nic]);
        let sessions = 0..routes.sessions.len();
        let sessions = sessions.filter(|one| up.sessions[*one] != self.before.sessions[*one]);
        let needing = &routes.needing;
        let all = nics.flat_map(|nic| &needing.nics[nic]);
        let all = all.chain(sessions.flat_map(|session| &needing.sessions[session]));
        all.chain(self.dead.iter().flat_map(|router| &needing.routers[router])).copied().collect()
    }
}

/// Whether the sessions between routers of ours are as they were.
fn inner_alike(plane: &Plane<'_>, before: &Up, up: &Up) -> bool {
    plane.routes.inner.iter().all(|one| {
        up.sessions[one.session] == before.sessions[one.session]
            && up.nics[one.nics.0] == before.nics[one.nics.0]
            && up.nics[one.nics.1] == before.nics[one.nics.1]
    })
}

/// The choices that differ from those of a state in which more was up, by prefix.
pub(crate) fn after(
    plane: &Plane<'_>,
    since: &Since<'_>,
    (up, paths): (&Up, &Paths),
    (choices, takers): (&Patched<Arc<Choices>>, &Takers),
) -> Vec<(PrefixNumber, Arc<Choices>)> {
    let further = takers.further(since.moved, choices.len(), plane.routers.len());
    let mut all = Vec::new();
    for (prefix, further) in further.into_iter().enumerate() {
        let suspect = since.suspects.contains(&prefix);
        if further.is_none() && !suspect && since.dead.is_empty() {
            continue;
        }
        let choosing = Choosing { plane, up, paths, prefix };
        let known = &choices[prefix];
        let anew = further.unwrap_or_else(|| Bits::none(plane.routers.len()));
        let chosen = choosing.again(since, known, (anew, suspect));
        all.extend(chosen.map(|chosen| (prefix, Arc::new(chosen))));
    }
    all
}

impl Choosing<'_> {
    /// The choices for a prefix where these routers are further from who told them, at least; none if
    /// all are the same.
    fn again(
        &self,
        since: &Since<'_>,
        known: &Choices,
        (further, suspect): (Bits, bool),
    ) -> Option<Choices> {
        let afresh = || Some(bgp::choose(self.plane, self.up, self.paths, self.prefix));
        let mut anew = further;
        anew.join(&since.dead);
        if known.oscillates {
            return afresh();
        }
        let unsure = suspect.then(|| self.unsure(since, &known.speaking));
        let Some(unsure) = unsure.filter(|unsure| !unsure.is_empty()) else {
            let speaking = Arc::clone(&known.speaking);
            return (!anew.is_empty()).then(|| self.some_anew(known, &anew, speaking));
        };
        if !self.plane.routes.inner.is_empty() {
            return afresh();
        }
        let Some(speaking) = self.speaking_after(&known.speaking, &unsure) else {
            return afresh();
        };
        anew.join(&unsure);
        self.told_otherwise(known, &speaking, &mut anew);
        Some(self.some_anew(known, &anew, Arc::new(speaking)))
    }

    /// Adds the routers that somebody tells something else than before.
    fn told_otherwise(&self, known: &Choices, speaking: &Speaking, anew: &mut Bits) {
        for router in self.plane.routes.active[self.prefix].iter().copied() {
            if speaking.says(router) == known.speaking.says(router) {
                continue;
            }
            let hears = |other: &usize| {
                self.paths.distance(*other as Router, router) != FAR
                    || known.of[*other].contains(&From::Internal(router))
            };
            (0..self.plane.routers.len()).filter(hears).for_each(|other| anew.add(other));
        }
    }

    /// Of those who may speak for a prefix, the ones for whom something is different: what they have of
    /// their own, or whom they hear. How near they are to each other does not decide who speaks, unless
    /// they tell further networks what they heard.
    fn unsure(&self, since: &Since<'_>, known: &Speaking) -> Bits {
        let routes = &self.plane.routes;
        let lone = routes.inner.is_empty();
        if !lone && !since.inner {
            return known.active.clone();
        }
        let mut unsure = Bits::none(self.plane.routers.len());
        unsure.join_common(&since.dead, &known.active);
        for router in routes.active[self.prefix].iter().filter(|_| since.cuts || !lone) {
            if let Some(moves) = since.moved.towards(*router) {
                let others = if lone { &moves.cut } else { &moves.far };
                unsure.join_common(others, &known.active);
                if others.meets(&known.active) {
                    unsure.add(usize::from(*router));
                }
            }
        }
        let injections = routes.injections[self.prefix].iter();
        let changed = injections.filter(|one| !self.needs_alike(since, one));
        changed.for_each(|one| unsure.add(usize::from(one.router)));
        unsure
    }

    /// Whether what a route needs is as it was in another state.
    fn needs_alike(&self, since: &Since<'_>, one: &Injection) -> bool {
        let (now, then) = (self.up, since.before);
        let cut = |far: &Router| {
            let moves = since.moved.towards(*far).filter(|_| since.cuts);
            moves.is_some_and(|moves| moves.cut.has(usize::from(one.router)))
        };
        one.needs.nic.is_none_or(|nic| now.nics[nic] == then.nics[nic])
            && one.needs.session.is_none_or(|number| now.sessions[number] == then.sessions[number])
            && !one.needs.one_of.iter().any(cut)
    }
}
