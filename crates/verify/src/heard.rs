//! What OSPF and BGP find in a state: worked out when somebody asks, and only as far as it is not as in
//! the state that this one was worked out from.

use crate::bgp::{Choice, Choices, Choosing, Speaking};
use crate::igp::{self, Living, Towards};
use crate::plane::{Member, NicNumber, Router};
use crate::world::World;
use std::borrow::Cow;
use std::sync::Arc;

/// What routers hear of a prefix.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// What they heard in the state before.
    Same(Arc<Speaking>),
    /// Something else.
    Anew(Arc<Speaking>),
    /// Something else, and all have chosen.
    Chosen(Arc<Choices>),
}

impl Told {
    pub(crate) fn anew(speaking: Speaking) -> Self {
        Self::Anew(Arc::new(speaking))
    }

    pub(crate) fn chosen(choices: Choices) -> Self {
        Self::Chosen(Arc::new(choices))
    }
}

impl World<'_> {
    fn living(&self) -> Living<'_> {
        Living { plane: self.plane, up: &self.up }
    }

    /// The distances towards a router: from all routers, then from all segments.
    pub(crate) fn towards(&self, to: Router) -> &Towards {
        self.towards[usize::from(to)].get_or_init(|| match &self.since {
            Some(since) => self.living().without(to, since.base.towards(to), &since.lost),
            None => self.living().towards(to),
        })
    }

    /// The cost from one router to another; [`FAR`] if there is no way.
    pub(crate) fn distance(&self, from: Router, to: Router) -> u32 {
        self.towards(to)[usize::from(from)]
    }

    /// Whether OSPF finds a way from one router to another.
    pub(crate) fn reaches(&self, from: Router, to: Router) -> bool {
        self.parts[usize::from(from)] == self.parts[usize::from(to)]
    }

    /// The next hops from one router to another: our interface and the neighbour on its segment.
    pub(crate) fn next_hops(
        &self,
        from: Router,
        to: Router,
    ) -> impl Iterator<Item = (NicNumber, &Member)> {
        igp::next_hops(self.living(), self.towards(to), from)
    }

    /// What routers hear of a prefix.
    pub(crate) fn told(&self, prefix: usize) -> &Told {
        let choosing = Choosing { world: self, prefix };
        self.told[prefix].get_or_init(|| match &self.since {
            Some(since) => since.told(&choosing),
            None => Told::chosen(choosing.all()),
        })
    }

    /// What a router takes of the routes to a prefix.
    pub(crate) fn chosen(&self, prefix: usize, router: Router) -> Cow<'_, Choice> {
        let choosing = Choosing { world: self, prefix };
        match (self.told(prefix), &self.since) {
            (Told::Chosen(choices), _) => Cow::Borrowed(&choices.of[usize::from(router)]),
            (Told::Same(_), Some(since)) => since.chosen(&choosing, router),
            (Told::Anew(speaking), _) | (Told::Same(speaking), None) => {
                Cow::Owned(choosing.choice(router, speaking))
            }
        }
    }

    /// Who tells others of a prefix, and what.
    pub(crate) fn speaking(&self, prefix: usize) -> &Arc<Speaking> {
        match self.told(prefix) {
            Told::Chosen(choices) => &choices.speaking,
            Told::Anew(speaking) | Told::Same(speaking) => speaking,
        }
    }

    /// Whether the choice of a prefix never comes to rest.
    pub(crate) fn oscillates(&self, prefix: usize) -> bool {
        match self.told(prefix) {
            Told::Chosen(choices) => choices.oscillates,
            Told::Anew(_) | Told::Same(_) => false,
        }
    }
}
