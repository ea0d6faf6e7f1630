//! A set of routes: what is known of each part of them, as they came and as they are now.

use ipnet::IpNet;

use super::Space;
use super::bits::Bits;
use super::classes::Tags;
use crate::route::{Destination, Family, Origin, Source};
use crate::set::AsnSet;
use crate::tree::{Action, Condition, PathCondition, RoaOrigin};

/// A set of routes that went the same way through policy: what they have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// The kinds of prefixes. No policy changes a prefix.
    pub(super) nets: Bits,
    pub(super) communities: Tags,
    pub(super) large: Tags,
    pub(super) asns: Tags,
    pub(super) first: First,
    pub(super) local_pref: Number,
    pub(super) med: Number,
    pub(super) origin: Number,
    pub(super) source: Mask,
    pub(super) destination: Mask,
    /// Answers to questions that are not taken apart any further.
    pub(super) facts: Vec<Fact>,
    /// What origin validation may say.
    pub(super) roas: Vec<RoaFact>,
    pub(super) versions: Versions,
}

/// How often each part was changed: an answer holds for one state of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) path: u16,
    pub(super) communities: u16,
    pub(super) large: u16,
    pub(super) hop: u16,
}

/// The answer to a question about one state of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) asked: Asked,
    pub(super) version: u16,
    pub(super) holds: bool,
}

/// A question that is not taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whether the origin is one of these.
    Origin(AsnSet),
    /// Whether the path is longer.
    Longer(u32),
    /// Whether the path is aggregated.
    Aggregated,
    /// Whether the path is empty.
    Empty,
    /// Whether the path begins so, after ASNs were taken out.
    First(u32),
    /// Whether there are so many standard communities.
    Communities(u32),
    /// Whether there are so many large communities.
    Large(u32),
    /// Whether the next hop is in one of these.
    NextHop(Vec<IpNet>),
}

impl Asked {
    /// The same question, to be asked of one route.
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self::Origin(set) => Condition::Path(PathCondition::Origin(set.clone())),
            Self::Longer(length) => Condition::Path(PathCondition::Longer(*length)),
            Self::Aggregated => Condition::Path(PathCondition::Aggregated),
            Self::Empty => Condition::Path(PathCondition::Empty),
            Self::First(asn) => Condition::Path(PathCondition::First(*asn)),
            Self::Communities(count) => Condition::CommunitiesAtLeast(*count),
            Self::Large(count) => Condition::LargeAtLeast(*count),
            Self::NextHop(nets) => Condition::NextHop(nets.clone()),
        }
    }
}

/// What origin validation may say, as a mask of the three states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoaFact {
    pub(super) table: String,
    pub(super) origin: RoaOrigin,
    pub(super) version: u16,
    pub(super) states: u8,
}

/// The first ASN of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// As it came: this one.
    Came(u32),
    /// As it came: none of these.
    Not(Vec<u32>),
    /// We put it there; it came with another, of which this is known.
    Put(u32, Box<Self>),
    /// ASNs were taken out: nobody knows. It came with this.
    Lost(Box<Self>),
}

/// A number, or none: as it came, and as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) is: Option<u32>,
    pub(super) is_not: Vec<u32>,
    pub(super) now: Option<u32>,
}

/// One of a few things: as it came, and as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mask {
    pub(super) came: u8,
    pub(super) now: Option<u8>,
}

/// Every source, in the order of their bits.
pub(super) const SOURCES: [Source; 6] =
    [Source::Bgp, Source::Static, Source::Device, Source::Kernel, Source::Ospf, Source::Babel];

/// Every destination, in the order of their bits.
pub(super) const DESTINATIONS: [Destination; 3] =
    [Destination::AsLearnt, Destination::Unreachable, Destination::Blackhole];

/// The bits of what BGP itself makes of a route: forwarded, or unreachable.
const LEARNT: u8 = 0b011;

/// The bit of one thing among all.
pub(super) fn bit<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().zip(0..).filter(|(each, _)| *each == one).map(|(_, at)| 1_u8 << at).sum()
}

/// The number by which an origin code is known here.
pub(super) const fn code(origin: Origin) -> u32 {
    match origin {
        Origin::Igp => 0,
        Origin::Egp => 1,
        Origin::Incomplete => 2,
    }
}

impl Number {
    const fn unknown() -> Self {
        Self { is: None, is_not: Vec::new(), now: None }
    }
}

impl Mask {
    const fn of(all: usize) -> Self {
        Self { came: (1 << all) - 1, now: None }
    }

    pub(super) fn possible(self) -> u8 {
        self.now.unwrap_or(self.came)
    }

    /// With only some of what is possible; none if that is nothing.
    pub(super) fn limited(self, to: u8) -> Option<Self> {
        let left = self.possible() & to;
        let limited = match self.now {
            Some(_) => Self { now: Some(left), ..self },
            None => Self { came: left, ..self },
        };
        (left != 0).then_some(limited)
    }
}

impl First {
    /// What is known of it as it came.
    pub(super) fn came(&self) -> &Self {
        match self {
            Self::Came(_) | Self::Not(_) => self,
            Self::Put(_, came) | Self::Lost(came) => came.came(),
        }
    }
}

impl Routes {
    /// All routes of a space's family.
    pub(super) fn every(space: &Space) -> Self {
        Self {
            nets: space.nets.all(),
            communities: Tags::unknown(&space.communities),
            large: Tags::unknown(&space.large),
            asns: Tags::unknown(&space.asns),
            first: First::Not(Vec::new()),
            local_pref: Number::unknown(),
            med: Number::unknown(),
            origin: Number::unknown(),
            source: Mask::of(SOURCES.len()),
            destination: Mask::of(DESTINATIONS.len()),
            facts: Vec::new(),
            roas: Vec::new(),
            versions: Versions::default(),
        }
    }

    /// The same routes once they are in the table: a next hop may turn out to be out of reach.
    #[must_use]
    pub fn in_table(mut self) -> Self {
        let possible = self.destination.possible();
        if possible & LEARNT != 0 {
            self.destination.now = Some(possible | LEARNT);
        }
        self
    }

    /// The same routes told to another router of ours, and in its table: by another next hop, which
    /// may be out of reach.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.source.now = Some(bit(&SOURCES, &Source::Bgp));
        self.destination.now = Some(LEARNT);
        self.versions.hop = self.versions.hop.saturating_add(1);
        self
    }

    /// The routes that came by BGP from a neighbour, not yet resolved.
    #[must_use]
    pub fn learnt(mut self) -> Self {
        self.source.came = bit(&SOURCES, &Source::Bgp);
        self.destination.came = bit(&DESTINATIONS, &Destination::AsLearnt);
        self
    }

    /// The state of the part that a question is about.
    pub(super) const fn version(&self, asked: &Asked) -> u16 {
        match asked {
            Asked::Origin(_)
            | Asked::Longer(_)
            | Asked::Aggregated
            | Asked::Empty
            | Asked::First(_) => self.versions.path,
            Asked::Communities(_) => self.versions.communities,
            Asked::Large(_) => self.versions.large,
            Asked::NextHop(_) => self.versions.hop,
        }
    }

    /// The answer to a question about the routes as they are now, if it is known.
    pub(super) fn known(&self, asked: &Asked) -> Option<bool> {
        let version = self.version(asked);
        let alike = |fact: &&Fact| fact.version == version && fact.asked == *asked;
        self.facts.iter().find(alike).map(|fact| fact.holds)
    }

    /// Does something to every route. Says whether it could be followed.
    pub(super) fn act(&mut self, action: &Action, space: &Space) -> bool {
        match action {
            Action::SetLocalPref(value) => self.local_pref.now = Some(*value),
            Action::SetMed(value) => self.med.now = Some(*value),
            Action::SetOrigin(origin) => self.origin.now = Some(code(*origin)),
            Action::Blackhole => {
                self.destination.now = Some(bit(&DESTINATIONS, &Destination::Blackhole));
            }
            Action::AddCommunity(_)
            | Action::DeleteCommunities(_)
            | Action::ClearCommunities
            | Action::AddLarge(_)
            | Action::DeleteLarge(_)
            | Action::ClearLarge => return self.mark(action, space).is_some(),
            Action::Prepend { .. } | Action::DeletePath(_) => {
                return self.lead(action, space).is_some();
            }
            Action::Accept | Action::Reject(_) => {}
        }
        true
    }

    fn mark(&mut self, action: &Action, space: &Space) -> Option<()> {
        use super::space::{communities, larges, one_community, one_large};

        let (classes, larger) = (&space.communities, &space.large);
        match action {
            Action::AddCommunity(one) => {
                self.communities.add(single(&classes.within(&[one_community(*one)])?)?);
            }
            Action::DeleteCommunities(set) => {
                self.communities.take(&classes.within(&communities(set))?);
            }
            Action::ClearCommunities => self.communities.take(&classes.all()),
            Action::AddLarge(one) => self.large.add(single(&larger.within(&[one_large(*one)])?)?),
            Action::DeleteLarge(set) => self.large.take(&larger.within(&larges(set))?),
            Action::ClearLarge => self.large.take(&larger.all()),
            Action::SetLocalPref(_)
            | Action::SetMed(_)
            | Action::SetOrigin(_)
            | Action::Blackhole
            | Action::Prepend { .. }
            | Action::DeletePath(_)
            | Action::Accept
            | Action::Reject(_) => {}
        }
        self.versions.communities = self.versions.communities.saturating_add(1);
        self.versions.large = self.versions.large.saturating_add(1);
        Some(())
    }

    fn lead(&mut self, action: &Action, space: &Space) -> Option<()> {
        let came = Box::new(self.first.came().clone());
        if let Action::Prepend { asn, times } = action
            && *times > 0
        {
            self.asns.add(single(&space.asns.within(&[(u128::from(*asn), u128::from(*asn))])?)?);
            self.first = First::Put(*asn, came);
        } else if let Action::DeletePath(set) = action {
            self.asns.take(&space.asns.within(&super::space::asns(set))?);
            self.first = First::Lost(came);
        }
        self.versions.path = self.versions.path.saturating_add(1);
        Some(())
    }
}

/// The only number of a set.
fn single(bits: &Bits) -> Option<usize> {
    let first = bits.iter().next();
    first.filter(|_| bits.len() == 1)
}

/// Whether a family is that of a space's routes.
pub(super) fn fits(family: Option<Family>, space: &Space) -> bool {
    family.is_none_or(|family| family == space.family)
}
