//! What is asked about routes, as conditions of policy.

use super::doors::{Door, Doors};
use ipnet::IpNet;
use policy::standard::{BOGONS_V4, BOGONS_V6, Relation};
use policy::symbolic::Space;
use policy::{
    AsnSet, Community, CommunityPattern, CommunitySet, Condition, Family, LargeSet, PathCondition,
    PrefixPattern, PrefixSet,
};
use std::ops::Not as _;

/// Something that no route may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wrong {
    /// It came from one who is not a customer and goes to another such.
    Leak,
    /// It goes to one who is not a customer and is not ours or a customer's.
    NotOurs,
    /// It goes to one who is not a customer and is a default route or a bogon.
    Bogon,
    /// It asks for a blackhole, and goes to one who did not offer that, or for more than an address.
    Blackhole,
    /// It came without a mark that says where from.
    Unmarked,
    /// It came from one who is not a customer, and is marked as ours.
    Mismarked,
    /// It came from one who may not announce it.
    Cone,
}

impl Doors {
    /// Asks for a blackhole.
    fn blackhole() -> Condition {
        Condition::community(Community::BLACKHOLE)
    }

    /// What BGP itself keeps from other networks.
    pub(super) fn kept() -> Condition {
        let heeded = Space::HEEDED.map(CommunityPattern::Exactly);
        Condition::Community(CommunitySet::new(&heeded))
    }

    /// What BGP itself keeps from everybody.
    pub(super) fn untold() -> Condition {
        Condition::community(Community::NO_ADVERTISE)
    }

    /// What BGP itself takes for a loop.
    pub(super) fn looped(&self) -> Condition {
        Condition::Path(PathCondition::Contains(AsnSet::inline(&[self.own_asn])))
    }

    /// What may not be in a table that a session tells from, if the session lets it through.
    pub(super) fn at_export(&self, door: &Door) -> Vec<(Wrong, Condition)> {
        let marks = self.marks;
        let others = LargeSet::several(&[marks.outside(), marks.inside()]);
        let foreign =
            Condition::Any(vec![Condition::large(marks.own()).not(), Condition::Large(others)]);
        let bits = self.family.bits();
        let allowed = Condition::Length(bits, bits).and(Condition::large(marks.inside()));
        let blackhole = match door.drops.filter(|_| door.relation == Relation::Transit) {
            Some(_) => Self::blackhole().and(allowed.not()),
            None => Self::blackhole(),
        };
        vec![
            (Wrong::NotOurs, foreign.and_not(Self::blackhole())),
            (Wrong::Bogon, self.bogon().and_not(Self::blackhole())),
            (Wrong::Blackhole, blackhole),
        ]
    }

    /// What a session may not let in.
    pub(super) fn at_import(&self, door: &Door) -> Vec<(Wrong, Condition)> {
        let marks = self.marks;
        let (marked, mut asked) = match door.relation {
            Relation::Customer => (LargeSet::several(&[marks.own(), marks.inside()]), Vec::new()),
            Relation::Transit | Relation::RouteServer | Relation::Peer => (
                LargeSet::one(marks.outside()),
                vec![(Wrong::Mismarked, Condition::large(marks.own()))],
            ),
        };
        asked.push((Wrong::Unmarked, Condition::Large(marked).not()));
        if let Some(cone) = &door.cone {
            let set = |patterns: &[PrefixPattern]| {
                Condition::Net(PrefixSet::inline(self.family, patterns))
            };
            let longer: Vec<_> =
                cone.iter().map(|pattern| PrefixPattern::or_longer(pattern.net())).collect();
            let blackhole = set(&longer).and(Self::blackhole());
            asked.push((Wrong::Cone, Condition::Any(vec![set(cone), blackhole]).not()));
        }
        asked
    }

    /// Space that nobody wants to hear of from us.
    fn bogon(&self) -> Condition {
        let listed = match self.family {
            Family::V4 => BOGONS_V4,
            Family::V6 => BOGONS_V6,
        };
        let nets = listed.iter().filter_map(|text| text.parse::<IpNet>().ok());
        let whole = PrefixPattern::exact(self.family.whole());
        let patterns: Vec<_> = nets.map(PrefixPattern::or_longer).chain([whole]).collect();
        Condition::Net(PrefixSet::inline(self.family, &patterns))
    }

    /// Everything that is asked of a session.
    pub(super) fn questions(&self, door: &Door) -> Vec<Condition> {
        let all = self.at_import(door).into_iter().chain(self.at_export(door));
        let common = [Self::kept(), Self::untold(), self.looped()];
        all.map(|(_, condition)| condition).chain(common).collect()
    }
}

/// A condition without another.
trait Without {
    /// This, and not that.
    fn and_not(self, other: Condition) -> Condition;
}

impl Without for Condition {
    fn and_not(self, other: Condition) -> Condition {
        self.and(other.not())
    }
}
