//! Random filters: the language itself, beyond what the house's policy says in it.

#![expect(clippy::cast_possible_truncation, reason = "our ASN has 16 bit here")]

use std::sync::Arc;

use policy::{
    Action, AsnRange, AsnSet, Community, CommunityPattern, CommunitySet, Condition, Family, Filter,
    Function, Large, LargePattern, LargeSet, Origin, PathCondition, PrefixPattern, PrefixSet,
    REASONS, Reason, RoaOrigin, RoaState, RoaTable, Source, Statement,
};

use super::routes::{Dice, bases, hops};
use crate::sample::OWN;

/// A filter that asks and does anything that can be asked and done.
pub(crate) fn random(dice: &mut Dice, family: Family, number: usize) -> Filter {
    let mut author = Author { dice, name: format!("random_{}_{number}", family.suffix()), made: 0 };
    let body = author.block(3, Some(family));
    let otherwise = author.dice.of(&[None, None, Some(Reason::OPERATOR)]);
    let about = "Anything, to try the language.".to_owned();
    Filter { name: author.name, about, family, body, otherwise }
}

/// What chance seldom meets: questions about the other family, where both may come.
pub(crate) fn corners(family: Family) -> Filter {
    let mut body = Vec::new();
    for (name, of) in [("kt_roa4", Family::V4), ("kt_roa6", Family::V6)] {
        for (value, state) in
            [RoaState::Valid, RoaState::Invalid, RoaState::Unknown].iter().enumerate()
        {
            let table = RoaTable { name: name.to_owned(), family: of };
            let asked = Condition::Roa { table, origin: RoaOrigin::Path, state: *state };
            let seen = Large(1, u32::from(of.bits()), value as u32);
            body.push(Statement::when(asked.clone(), vec![Statement::Do(Action::AddLarge(seen))]));
            let not = Large(2, u32::from(of.bits()), value as u32);
            body.push(Statement::when(!asked, vec![Statement::Do(Action::AddLarge(not))]));
        }
        let whole = PrefixSet::inline(of, &[PrefixPattern::or_longer(of.whole())]);
        let seen = Statement::Do(Action::AddLarge(Large(3, u32::from(of.bits()), 0)));
        let not = Statement::Do(Action::AddLarge(Large(3, u32::from(of.bits()), 1)));
        let (when, then, otherwise) = (Condition::Net(whole), vec![seen], vec![not]);
        body.push(Statement::If { when, then, otherwise });
    }
    let (name, about) = ("corners".to_owned(), "For both families.".to_owned());
    let call = Statement::Call(Arc::new(Function { name, about, family: None, body }));
    Filter {
        name: format!("corners_{}", family.suffix()),
        about: "Asks about the other family.".to_owned(),
        family,
        body: vec![call],
        otherwise: None,
    }
}

struct Author<'a> {
    dice: &'a mut Dice,
    name: String,
    made: usize,
}

impl Author<'_> {
    fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{}_{}", self.name, self.made)
    }

    fn block(&mut self, depth: usize, family: Option<Family>) -> Vec<Statement> {
        (0..=self.dice.below(5)).map(|_| self.statement(depth, family)).collect()
    }

    fn statement(&mut self, depth: usize, family: Option<Family>) -> Statement {
        match self.dice.below(if depth == 0 { 6 } else { 12 }) {
            0 => Statement::note("A note."),
            1..=5 => Statement::Do(self.change()),
            6 => {
                let family = self.dice.of(&[None, Some(Family::V4), Some(Family::V6)]);
                let (name, about) = (self.fresh(), "A part.".to_owned());
                let body = self.block(depth - 1, family);
                Statement::Call(Arc::new(Function { name, about, family, body }))
            }
            7 => {
                let reason = self.dice.of(REASONS);
                Statement::refuse(self.rare(family), reason)
            }
            8 => Statement::when(self.rare(family), vec![Statement::Do(Action::Accept)]),
            _ => Statement::If {
                when: self.condition(3, family),
                then: self.block(depth - 1, family),
                otherwise: if self.dice.percent(50) {
                    self.block(depth - 1, family)
                } else {
                    Vec::new()
                },
            },
        }
    }

    fn rare(&mut self, family: Option<Family>) -> Condition {
        self.condition(2, family).and(self.condition(1, family)).and(self.condition(0, family))
    }

    fn change(&mut self) -> Action {
        match self.dice.below(13) {
            0 => Action::SetLocalPref(self.dice.of(&[0, 120, u32::MAX])),
            1 => Action::SetMed(self.dice.of(&[0, 5, u32::MAX])),
            2 => Action::SetOrigin(self.origin()),
            3 | 4 => Action::AddCommunity(self.community()),
            5 => Action::DeleteCommunities(self.communities()),
            6 => Action::ClearCommunities,
            7 | 8 => Action::AddLarge(self.large()),
            9 => Action::DeleteLarge(self.larges()),
            10 => Action::ClearLarge,
            11 => {
                Action::Prepend { asn: self.dice.of(&[OWN, 39]), times: self.dice.of(&[0, 1, 3]) }
            }
            _ if self.dice.percent(60) => Action::DeletePath(self.asns()),
            _ => Action::Blackhole,
        }
    }

    fn condition(&mut self, depth: usize, family: Option<Family>) -> Condition {
        match self.dice.below(if depth == 0 { 18 } else { 24 }) {
            0 => Condition::Family(self.dice.of(&[Family::V4, Family::V6])),
            1 | 2 => Condition::Net(self.prefixes(family)),
            3 => {
                let (low, high) = self.dice.of(&[(0, 24), (24, 24), (25, 32), (8, 24), (48, 128)]);
                Condition::Length(low, high)
            }
            4..=7 => Condition::Path(self.path()),
            8 => Condition::Origin(self.origin()),
            9 => Condition::LocalPref(self.dice.of(&[0, 100, 120])),
            10 => Condition::Med(self.dice.of(&[0, 5])),
            11 => Condition::Community(self.communities()),
            12 => Condition::Large(self.larges()),
            13 => self.count(),
            14 => Condition::NextHop(hops(self.dice)),
            15 => Condition::Source(self.sources()),
            16 => self.roa(),
            17 => Condition::Unreachable,
            18 | 19 => !self.condition(depth - 1, family),
            20 | 21 => Condition::All(self.several(depth, family)),
            22 => Condition::Any(self.several(depth, family)),
            _ => Condition::Always,
        }
    }

    fn several(&mut self, depth: usize, family: Option<Family>) -> Vec<Condition> {
        (0..self.dice.below(4)).map(|_| self.condition(depth - 1, family)).collect()
    }

    fn count(&mut self) -> Condition {
        let count = self.dice.of(&[0, 1, 2, 99, 100]);
        self.dice.of(&[Condition::CommunitiesAtLeast, Condition::LargeAtLeast])(count)
    }

    fn sources(&mut self) -> Vec<Source> {
        let lists: [&[Source]; 4] = [
            &[],
            &[Source::Bgp, Source::Ospf],
            &[Source::Static],
            &[Source::Device, Source::Kernel, Source::Babel],
        ];
        self.dice.of(&lists).to_vec()
    }

    fn path(&mut self) -> PathCondition {
        match self.dice.below(7) {
            0 => PathCondition::Contains(self.asns()),
            1 => PathCondition::First(self.dice.of(&[39, 0, 100])),
            2 => PathCondition::Origin(self.asns()),
            3 => PathCondition::Within(self.asns()),
            4 => PathCondition::Longer(self.dice.of(&[0, 1, 2, 3, 63, 64])),
            5 => PathCondition::Empty,
            _ => PathCondition::Aggregated,
        }
    }

    fn asns(&mut self) -> AsnSet {
        let lists: [&[(u32, u32)]; 6] = [
            &[],
            &[(39, 39)],
            &[(0, 0), (39, 101)],
            &[(64512, 65534), (100, 100), (65535, 65535)],
            &[(100, 4_294_967_295)],
            &[(0, 4_294_967_295)],
        ];
        let list = self.dice.of(&lists).iter();
        let ranges: Vec<_> = list.map(|(low, high)| AsnRange { low: *low, high: *high }).collect();
        if self.dice.percent(70) {
            return AsnSet::named(&self.fresh(), &ranges);
        }
        AsnSet::inline(self.dice.of::<&[u32]>(&[&[], &[39], &[100, 39, 101, 100], &[174, 0]]))
    }

    fn prefixes(&mut self, family: Option<Family>) -> PrefixSet {
        let some = self.dice.of(&[Family::V4, Family::V6]);
        let family = family.filter(|_| self.dice.percent(90)).unwrap_or(some);
        let bases = bases(family);
        let mut patterns = Vec::new();
        for _ in 0..self.dice.below(5) {
            let net = self.dice.of(&bases);
            let near = net.prefix_len();
            patterns.push(match self.dice.below(6) {
                0 => PrefixPattern::exact(net),
                1 => PrefixPattern::or_longer(net),
                2 => PrefixPattern::or_shorter(net),
                3 => PrefixPattern::lengths(net, near + 1, family.bits()),
                4 => PrefixPattern::lengths(net, near.saturating_sub(2), near + 3),
                _ => PrefixPattern::lengths(net, 24, 24),
            });
        }
        if self.dice.percent(50) {
            return PrefixSet::named(&self.fresh(), family, &patterns);
        }
        PrefixSet::inline(family, &patterns)
    }

    fn origin(&mut self) -> Origin {
        self.dice.of(&[Origin::Igp, Origin::Egp, Origin::Incomplete])
    }

    fn community(&mut self) -> Community {
        self.dice.of(&[Community(100, 1), Community::BLACKHOLE, Community(OWN as u16, 5)])
    }

    fn communities(&mut self) -> CommunitySet {
        let pool = [
            CommunityPattern::Exactly(self.community()),
            CommunityPattern::Exactly(Community(100, 10)),
            CommunityPattern::Span(100, 10, 20),
            CommunityPattern::Span(65535, 0, 1),
            CommunityPattern::Asn(101),
            CommunityPattern::Asn(0),
        ];
        CommunitySet::new(&(0..self.dice.below(4)).map(|_| self.dice.of(&pool)).collect::<Vec<_>>())
    }

    fn large(&mut self) -> Large {
        self.dice.of(&[Large(100, 1, 1), Large(OWN, 0, 30), Large(u32::MAX, u32::MAX, u32::MAX)])
    }

    fn larges(&mut self) -> LargeSet {
        let pool = [
            LargePattern::Exactly(self.large()),
            LargePattern::Exactly(Large(OWN, 0, 20)),
            LargePattern::Span(100, 1, 5, 7),
            LargePattern::Function(OWN, 0),
            LargePattern::Asn(OWN),
            LargePattern::Asn(u32::MAX),
        ];
        LargeSet::new(&(0..self.dice.below(4)).map(|_| self.dice.of(&pool)).collect::<Vec<_>>())
    }

    fn roa(&mut self) -> Condition {
        let tables = [("kt_roa4", Family::V4), ("kt_roa6", Family::V6)];
        let (name, family) = self.dice.of(&tables);
        Condition::Roa {
            table: RoaTable { name: name.to_owned(), family },
            origin: self.dice.of(&[RoaOrigin::Path, RoaOrigin::Asn(OWN), RoaOrigin::Asn(39)]),
            state: self.dice.of(&[RoaState::Valid, RoaState::Invalid, RoaState::Unknown]),
        }
    }
}
