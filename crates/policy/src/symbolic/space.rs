//! What the policy names, from which follows what it can tell apart.

use std::collections::BTreeSet;

use super::Space;
use super::classes::Classes;
use super::nets::{Nets, Question};
use crate::route::{Community, Family, Large};
use crate::set::{AsnSet, CommunityPattern, CommunitySet, LargePattern, LargeSet};
use crate::tree::{Action, Condition, Filter, PathCondition, Statement};

type Ranges = Vec<(u128, u128)>;

/// The numbers of a standard community set.
pub(super) fn communities(set: &CommunitySet) -> Ranges {
    let range = |pattern: &CommunityPattern| match *pattern {
        CommunityPattern::Exactly(one) => one_community(one),
        CommunityPattern::Span(asn, low, high) => {
            (one_community(Community(asn, low)).0, one_community(Community(asn, high)).1)
        }
        CommunityPattern::Asn(asn) => {
            (one_community(Community(asn, 0)).0, one_community(Community(asn, u16::MAX)).1)
        }
    };
    set.patterns().iter().map(range).collect()
}

/// The number of one standard community, as a range.
pub(super) fn one_community(community: Community) -> (u128, u128) {
    let number = u128::from(community.0) << 16 | u128::from(community.1);
    (number, number)
}

/// The numbers of a large community set.
pub(super) fn larges(set: &LargeSet) -> Ranges {
    let between = |low: Large, high: Large| (one_large(low).0, one_large(high).1);
    let range = |pattern: &LargePattern| match *pattern {
        LargePattern::Exactly(one) => one_large(one),
        LargePattern::Span(a, b, low, high) => between(Large(a, b, low), Large(a, b, high)),
        LargePattern::Function(a, b) => between(Large(a, b, 0), Large(a, b, u32::MAX)),
        LargePattern::Asn(a) => between(Large(a, 0, 0), Large(a, u32::MAX, u32::MAX)),
    };
    set.patterns().iter().map(range).collect()
}

/// The number of one large community, as a range.
pub(super) fn one_large(large: Large) -> (u128, u128) {
    let number = u128::from(large.0) << 64 | u128::from(large.1) << 32 | u128::from(large.2);
    (number, number)
}

/// The numbers of a set of ASNs.
pub(super) fn asns(set: &AsnSet) -> Ranges {
    set.ranges().iter().map(|range| (u128::from(range.low), u128::from(range.high))).collect()
}

/// Collects what is named.
#[derive(Default)]
struct Named {
    nets: BTreeSet<Question>,
    communities: Ranges,
    large: Ranges,
    asns: Ranges,
}

impl Space {
    /// A space in which some filters, and some questions, are understood: those of this family.
    pub fn new(family: Family, filters: &[&Filter], questions: &[Condition]) -> Self {
        let mut named = Named::default();
        for filter in filters {
            named.statements(&filter.body);
        }
        named.conditions(questions);
        // What BGP itself heeds is always told apart.
        named.communities.extend(Self::HEEDED.map(one_community));
        Self {
            family,
            nets: Nets::new(family, named.nets),
            communities: Classes::new(&named.communities, u128::from(u32::MAX)),
            large: Classes::new(&named.large, (1 << 96) - 1),
            asns: Classes::new(&named.asns, u128::from(u32::MAX)),
        }
    }
}

impl Named {
    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            match statement {
                Statement::Note(_) => {}
                Statement::Do(action) => self.action(action),
                Statement::If { when, then, otherwise } => {
                    self.condition(when);
                    self.statements(then);
                    self.statements(otherwise);
                }
                Statement::Call(function) => self.statements(&function.body),
            }
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::AddCommunity(one) => self.communities.push(one_community(*one)),
            Action::DeleteCommunities(set) => self.communities.extend(communities(set)),
            Action::AddLarge(one) => self.large.push(one_large(*one)),
            Action::DeleteLarge(set) => self.large.extend(larges(set)),
            Action::Prepend { asn, .. } => self.asns.push((u128::from(*asn), u128::from(*asn))),
            Action::DeletePath(set) => self.asns.extend(asns(set)),
            Action::SetLocalPref(_)
            | Action::SetMed(_)
            | Action::SetOrigin(_)
            | Action::ClearCommunities
            | Action::ClearLarge
            | Action::Blackhole
            | Action::Accept
            | Action::Reject(_) => {}
        }
    }

    fn conditions(&mut self, all: &[Condition]) {
        for one in all {
            self.condition(one);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Not(inner) => self.condition(inner),
            Condition::All(all) | Condition::Any(all) => {
                self.conditions(all);
            }
            Condition::Net(set) => {
                self.nets.insert(Question::of(set));
            }
            Condition::Length(low, high) => {
                self.nets.insert(Question::Length(*low, *high));
            }
            Condition::Path(question) => self.path(question),
            Condition::Community(set) => self.communities.extend(communities(set)),
            Condition::Large(set) => self.large.extend(larges(set)),
            Condition::Always
            | Condition::Family(_)
            | Condition::Origin(_)
            | Condition::LocalPref(_)
            | Condition::Med(_)
            | Condition::CommunitiesAtLeast(_)
            | Condition::LargeAtLeast(_)
            | Condition::NextHop(_)
            | Condition::Source(_)
            | Condition::Unreachable
            | Condition::Roa { .. } => {}
        }
    }

    fn path(&mut self, question: &PathCondition) {
        match question {
            PathCondition::Contains(set)
            | PathCondition::Within(set)
            | PathCondition::Origin(set) => self.asns.extend(asns(set)),
            PathCondition::First(asn) => self.asns.push((u128::from(*asn), u128::from(*asn))),
            PathCondition::Longer(_) | PathCondition::Empty | PathCondition::Aggregated => {}
        }
    }
}
