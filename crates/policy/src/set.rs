//! Sets that conditions match against: prefixes, ASNs, communities. BIRD knows the same forms.

use std::cmp::Reverse;

use ipnet::IpNet;

use crate::route::{Community, Family, Large};

/// A prefix with the lengths that it stands for: BIRD's `10.0.0.0/8{16,24}`, `+` and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrefixPattern {
    net: IpNet,
    low: u8,
    high: u8,
}

impl PrefixPattern {
    /// This prefix only.
    pub fn exact(net: IpNet) -> Self {
        Self::lengths(net, net.prefix_len(), net.prefix_len())
    }

    /// This prefix and all inside it: `+`.
    pub fn or_longer(net: IpNet) -> Self {
        Self::lengths(net, net.prefix_len(), Family::of(&net).bits())
    }

    /// This prefix and all that cover it: `-`.
    pub fn or_shorter(net: IpNet) -> Self {
        Self::lengths(net, 0, net.prefix_len())
    }

    /// What agrees with this prefix in the bits that both have, with a length in `low..=high`.
    pub fn lengths(net: IpNet, low: u8, high: u8) -> Self {
        let bits = Family::of(&net).bits();
        Self { net: net.trunc(), low: low.min(bits), high: high.min(bits) }
    }

    /// The prefix without the lengths.
    pub const fn net(&self) -> IpNet {
        self.net
    }

    /// The shortest and the longest length.
    pub const fn span(&self) -> (u8, u8) {
        (self.low, self.high)
    }

    /// Whether a prefix matches.
    pub fn matches(&self, net: &IpNet) -> bool {
        let length = net.prefix_len();
        let agrees = self.net.contains(net) || net.contains(&self.net);
        agrees && self.low <= length && length <= self.high
    }
}

/// A set of prefix patterns of one family. Named sets become a `define`, others stand in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixSet {
    /// The constant's name, without the prefix that the printer adds.
    pub name: Option<String>,
    family: Family,
    patterns: Vec<PrefixPattern>,
}

impl PrefixSet {
    /// A set that is printed as a constant. Patterns of the other family are left out.
    pub fn named(name: &str, family: Family, patterns: &[PrefixPattern]) -> Self {
        Self { name: Some(name.to_owned()), ..Self::inline(family, patterns) }
    }

    /// A set that is printed where it is used. Patterns of the other family are left out.
    pub fn inline(family: Family, patterns: &[PrefixPattern]) -> Self {
        let mut patterns = patterns.to_vec();
        patterns
            .retain(|pattern| Family::of(&pattern.net) == family && pattern.low <= pattern.high);
        patterns.sort();
        patterns.dedup();
        Self { name: None, family, patterns }
    }

    /// The family of all its patterns.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The patterns, in order.
    pub fn patterns(&self) -> &[PrefixPattern] {
        &self.patterns
    }

    /// Whether a prefix is in the set. Nothing is in an empty set.
    pub fn contains(&self, net: &IpNet) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(net))
    }
}

/// ASNs from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsnRange {
    /// The first.
    pub low: u32,
    /// The last.
    pub high: u32,
}

/// A set of ASNs. Named sets become a `define`, others stand in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsnSet {
    /// The constant's name, without the prefix that the printer adds.
    pub name: Option<String>,
    ranges: Vec<AsnRange>,
}

impl AsnSet {
    /// A set that is printed as a constant.
    pub fn named(name: &str, ranges: &[AsnRange]) -> Self {
        Self { name: Some(name.to_owned()), ..Self::ranged(ranges) }
    }

    /// A set of single ASNs that is printed where it is used.
    pub fn inline(asns: &[u32]) -> Self {
        let single = |asn: &u32| AsnRange { low: *asn, high: *asn };
        Self::ranged(&asns.iter().map(single).collect::<Vec<_>>())
    }

    fn ranged(ranges: &[AsnRange]) -> Self {
        let bounds = |range: &AsnRange| (range.low, range.high);
        let joined = |(low, high)| AsnRange { low, high };
        Self { name: None, ranges: apart(ranges, bounds, joined) }
    }

    /// The ranges, in order and apart.
    pub fn ranges(&self) -> &[AsnRange] {
        &self.ranges
    }

    /// Whether an ASN is in the set. Nothing is in an empty set.
    pub fn contains(&self, asn: u32) -> bool {
        self.ranges.iter().any(|range| range.low <= asn && asn <= range.high)
    }
}

/// A pattern over standard communities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommunityPattern {
    /// One community.
    Exactly(Community),
    /// `(asn, low..high)`.
    Span(u16, u16, u16),
    /// `(asn, *)`.
    Asn(u16),
}

impl CommunityPattern {
    /// Whether a community matches.
    pub fn matches(self, community: Community) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == community,
            Self::Span(asn, low, high) => {
                asn == community.0 && low <= community.1 && community.1 <= high
            }
            Self::Asn(asn) => asn == community.0,
        }
    }
}

/// A set of patterns over standard communities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommunitySet(Vec<CommunityPattern>);

impl CommunitySet {
    /// A set from patterns, in order and apart.
    pub fn new(patterns: &[CommunityPattern]) -> Self {
        let bounds = |pattern: &CommunityPattern| match *pattern {
            CommunityPattern::Exactly(Community(asn, value)) => ((asn, value), (asn, value)),
            CommunityPattern::Span(asn, low, high) => ((asn, low), (asn, high)),
            CommunityPattern::Asn(asn) => ((asn, 0), (asn, u16::MAX)),
        };
        let joined =
            |(low, high): ((u16, u16), (u16, u16))| CommunityPattern::Span(low.0, low.1, high.1);
        Self(apart(patterns, bounds, joined))
    }

    /// A set of one community.
    pub fn one(community: Community) -> Self {
        Self(vec![CommunityPattern::Exactly(community)])
    }

    /// The patterns, in order and apart.
    pub fn patterns(&self) -> &[CommunityPattern] {
        &self.0
    }

    /// Whether a community is in the set.
    pub fn contains(&self, community: Community) -> bool {
        self.0.iter().any(|pattern| pattern.matches(community))
    }
}

/// Patterns in order, those inside others left out and those that overlap joined. BIRD searches
/// a set as if its items were apart: where they are not, it misses some without a word.
fn apart<P: Copy, B: Copy + Ord>(
    patterns: &[P],
    bounds: impl Fn(&P) -> (B, B),
    joined: impl Fn((B, B)) -> P,
) -> Vec<P> {
    let mut sorted = patterns.to_vec();
    sorted.retain(|pattern| bounds(pattern).0 <= bounds(pattern).1);
    sorted.sort_by_key(|pattern| (bounds(pattern).0, Reverse(bounds(pattern).1)));
    let mut kept: Vec<P> = Vec::new();
    for pattern in sorted {
        let (low, high) = bounds(&pattern);
        match kept.last_mut() {
            Some(last) if high <= bounds(last).1 => {}
            Some(last) if low <= bounds(last).1 => *last = joined((bounds(last).0, high)),
            _ => kept.push(pattern),
        }
    }
    kept
}

/// A pattern over large communities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LargePattern {
    /// One community.
    Exactly(Large),
    /// `(asn, function, low..high)`.
    Span(u32, u32, u32, u32),
    /// `(asn, function, *)`.
    Function(u32, u32),
    /// `(asn, *, *)`.
    Asn(u32),
}

impl LargePattern {
    /// Whether a community matches.
    pub fn matches(self, large: Large) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == large,
            Self::Span(asn, function, low, high) => {
                (asn, function) == (large.0, large.1) && low <= large.2 && large.2 <= high
            }
            Self::Function(asn, function) => (asn, function) == (large.0, large.1),
            Self::Asn(asn) => asn == large.0,
        }
    }
}

/// A set of patterns over large communities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LargeSet(Vec<LargePattern>);

impl LargeSet {
    /// A set from patterns, in order and apart.
    pub fn new(patterns: &[LargePattern]) -> Self {
        type Bound = (u32, u32, u32);
        let bounds = |pattern: &LargePattern| match *pattern {
            LargePattern::Exactly(Large(a, b, c)) => ((a, b, c), (a, b, c)),
            LargePattern::Span(a, b, low, high) => ((a, b, low), (a, b, high)),
            LargePattern::Function(a, b) => ((a, b, 0), (a, b, u32::MAX)),
            LargePattern::Asn(a) => ((a, 0, 0), (a, u32::MAX, u32::MAX)),
        };
        let joined = |(low, high): (Bound, Bound)| LargePattern::Span(low.0, low.1, low.2, high.2);
        Self(apart(patterns, bounds, joined))
    }

    /// A set of one community.
    pub fn one(large: Large) -> Self {
        Self(vec![LargePattern::Exactly(large)])
    }

    /// A set of several communities.
    pub fn several(larges: &[Large]) -> Self {
        let patterns: Vec<_> = larges.iter().copied().map(LargePattern::Exactly).collect();
        Self::new(&patterns)
    }

    /// The patterns, in order and apart.
    pub fn patterns(&self) -> &[LargePattern] {
        &self.0
    }

    /// Whether a community is in the set.
    pub fn contains(&self, large: Large) -> bool {
        self.0.iter().any(|pattern| pattern.matches(large))
    }
}
