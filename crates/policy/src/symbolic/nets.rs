//! All prefixes of a family, told apart only as far as the policy tells them apart.
//!
//! A pattern asks which constants cover a prefix, which constants it covers, and how long it is. A
//! prefix that covers a constant is a beginning of it: all those are looked at. Every other one hangs
//! below the longest constant that covers it, and differs from its neighbours there only in its
//! length: one for each length at which a pattern begins or ends is looked at. So nothing is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::bits::Bits;
use crate::route::Family;
use crate::set::{PrefixPattern, PrefixSet};

/// A question that the policy asks about prefixes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// Whether one of the patterns matches.
    Patterns(Vec<PrefixPattern>),
    /// Whether the length is in between.
    Length(u8, u8),
}

impl Question {
    pub(super) fn of(set: &PrefixSet) -> Self {
        Self::Patterns(set.patterns().to_vec())
    }

    fn holds(&self, net: &IpNet) -> bool {
        match self {
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.matches(net)),
            Self::Length(low, high) => (*low..=*high).contains(&net.prefix_len()),
        }
    }
}

/// The kinds of prefixes that the policy tells apart, with one example of each.
#[derive(Clone, Debug)]
pub(super) struct Nets {
    examples: Vec<IpNet>,
    questions: Vec<(Question, Bits)>,
}

impl Nets {
    pub(super) fn new(family: Family, questions: BTreeSet<Question>) -> Self {
        let questions: Vec<Question> = questions.into_iter().collect();
        let mut kinds: BTreeMap<Bits, IpNet> = BTreeMap::new();
        for net in candidates(family, &questions) {
            let answers = questions.iter().enumerate().filter(|(_, asked)| asked.holds(&net));
            let answers = Bits::of(questions.len(), answers.map(|(at, _)| at));
            let usual = kinds.entry(answers).or_insert(net);
            if oddness(&net) < oddness(usual) {
                *usual = net;
            }
        }
        let mut kinds: Vec<(IpNet, Bits)> = kinds.into_iter().map(|(a, n)| (n, a)).collect();
        kinds.sort_by_key(|(net, _)| oddness(net));
        let yes = |at: usize| {
            let found = kinds.iter().enumerate().filter(|(_, (_, answers))| answers.has(at));
            Bits::of(kinds.len(), found.map(|(kind, _)| kind))
        };
        let questions =
            questions.into_iter().enumerate().map(|(at, asked)| (asked, yes(at))).collect();
        Self { examples: kinds.into_iter().map(|(net, _)| net).collect(), questions }
    }

    /// All prefixes.
    pub(super) fn all(&self) -> Bits {
        Bits::of(self.examples.len(), 0..self.examples.len())
    }

    /// For which the answer is yes; nothing is known of a question that was not named.
    pub(super) fn yes(&self, question: &Question) -> Option<&Bits> {
        let at = self.questions.binary_search_by(|(known, _)| known.cmp(question)).ok()?;
        self.questions.get(at).map(|(_, yes)| yes)
    }

    /// One prefix of a set, as usual a one as there is.
    pub(super) fn example(&self, among: &Bits) -> Option<IpNet> {
        among.iter().next().and_then(|kind| self.examples.get(kind)).copied()
    }

    /// The kind of any prefix at all.
    pub(super) fn kind(&self, net: &IpNet) -> Option<usize> {
        let alike = |kind: &usize| {
            self.questions.iter().all(|(asked, yes)| asked.holds(net) == yes.has(*kind))
        };
        (0..self.examples.len()).find(alike)
    }
}

/// How far a prefix is from what people are used to see.
fn oddness(net: &IpNet) -> (u8, IpNet) {
    let usual = match net {
        IpNet::V4(_) => 24,
        IpNet::V6(_) => 48,
    };
    (net.prefix_len().abs_diff(usual), *net)
}

fn candidates(family: Family, questions: &[Question]) -> BTreeSet<IpNet> {
    let whole = family.whole();
    let mut nets = BTreeSet::from([whole]);
    let mut lengths = BTreeSet::new();
    for question in questions {
        match question {
            Question::Length(low, high) => lengths.extend([*low, high.saturating_add(1)]),
            Question::Patterns(patterns) => {
                nets.extend(patterns.iter().map(PrefixPattern::net));
                let ends = patterns.iter().map(PrefixPattern::span);
                lengths.extend(ends.flat_map(|(low, high)| [low, high.saturating_add(1)]));
            }
        }
    }
    let constants = Constants::new(&nets);
    let mut found = BTreeSet::new();
    for net in &nets {
        let shorter = (0..=net.prefix_len()).filter_map(|length| cut(net, length));
        found.extend(shorter);
        let Some(free) = constants.free_below(net) else { continue };
        let longer = lengths.iter().filter(|length| **length > free.prefix_len());
        found.insert(free);
        found.extend(longer.filter_map(|length| cut(&free, *length)));
    }
    found
}

/// The prefix with this address and length.
fn cut(net: &IpNet, length: u8) -> Option<IpNet> {
    IpNet::new(net.addr(), length).ok().map(|net| net.trunc())
}

/// The constants by their first address, then by length.
struct Constants(Vec<(u128, u8)>);

impl Constants {
    fn new(nets: &BTreeSet<IpNet>) -> Self {
        let mut all: Vec<_> =
            nets.iter().map(|net| (number(net.network()), net.prefix_len())).collect();
        all.sort_unstable();
        Self(all)
    }

    /// Whether a constant is this prefix, or a part of it.
    fn within(&self, net: &IpNet) -> bool {
        let low = (number(net.network()), net.prefix_len());
        let high = number(net.broadcast());
        let at = self.0.partition_point(|constant| *constant < low);
        self.0.get(at).is_some_and(|(first, _)| *first <= high)
    }

    /// The largest part of a prefix that has no constant in it.
    fn free_below(&self, net: &IpNet) -> Option<IpNet> {
        let mut taken = vec![*net];
        while !taken.is_empty() {
            let halves: Vec<IpNet> = taken.iter().flat_map(halves).collect();
            if let Some(free) = halves.iter().find(|half| !self.within(half)) {
                return Some(*free);
            }
            taken = halves;
        }
        None
    }
}

fn halves(net: &IpNet) -> Vec<IpNet> {
    let length = net.prefix_len().saturating_add(1);
    net.subnets(length).map(|halves| halves.take(2).collect()).unwrap_or_default()
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(Ipv4Addr::to_bits(v4)),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6),
    }
}
