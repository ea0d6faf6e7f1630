//! Random routes that like boundaries: near every constant, one thing wrong at a time.

#![expect(clippy::cast_possible_truncation, reason = "numbers are small, or meant to be cut")]

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use policy::standard::{BOGONS_V4, BOGONS_V6};
use policy::{Community, Destination, Family, Filter, Large, Origin, Path, Route, Segment, Source};

use crate::sample::{self, OWN};

/// Reproducible chance (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        *list.get(self.below(list.len())).expect("a list with something in it")
    }
}

/// What a filter likes to see, so that most routes get far into it.
pub(crate) struct Profile {
    /// The neighbour's ASN.
    pub(crate) asn: u32,
    /// Whether it is a session inside our AS.
    pub(crate) internal: bool,
    pub(crate) family: Family,
    imports: bool,
    home: Vec<IpNet>,
}

impl Profile {
    /// By the filter's name.
    pub(crate) fn of(filter: &Filter) -> Self {
        let name = filter.name.as_str();
        let outside = ["verixi", "belgiumix", "hivane", "member", "ispng"];
        let imports = name.starts_with("import") && outside.iter().any(|word| name.contains(word));
        let asn = match name {
            _ if !imports => OWN,
            _ if name.contains("belgiumix") => 40,
            _ if name.contains("ispng") => 64512,
            _ => 39,
        };
        let home: &[&str] = match (filter.family, name) {
            (Family::V4, _) if name.contains("ispng") => &["80.67.181.128/25"],
            (Family::V6, _) if name.contains("ispng") => &["2001:913:1fff::/48"],
            (Family::V4, _) => &["44.0.0.0/12", "45.1.0.0/16", "44.1.0.0/16", "80.67.180.0/23"],
            (Family::V6, _) => {
                &["2a00:44::/32", "2a00:45::/32", "2a00:44:1::/44", "2001:913:1000::/36"]
            }
        };
        let home = home.iter().map(|text| sample::net(text)).collect();
        Self { asn, internal: !imports, family: filter.family, imports, home }
    }

    /// Of a filter that takes anything.
    pub(crate) fn plain(family: Family) -> Self {
        Self { asn: OWN, internal: true, family, imports: false, home: Vec::new() }
    }
}

/// Routes with as many prefixes.
pub(crate) fn many(dice: &mut Dice, profile: &Profile, source: Source, count: usize) -> Vec<Route> {
    let bases = bases(profile.family);
    let mut seen = BTreeSet::new();
    let mut routes = Vec::new();
    while routes.len() + 1 < count {
        let net = match profile.home.as_slice() {
            [] => prefix(dice, profile.family, &bases),
            _ if dice.percent(50) => prefix(dice, profile.family, &bases),
            home => usual(dice, profile.family, home),
        };
        if seen.insert(net) {
            routes.push(one(dice, profile, source, net));
        }
    }
    // The last is one that BIRD shows for sure.
    let last = match profile.family {
        Family::V4 => sample::net("46.99.99.0/24"),
        Family::V6 => sample::net("2a00:46:99::/48"),
    };
    routes.push(one(dice, profile, source, last));
    routes
}

/// Every prefix that some condition names.
pub(crate) fn bases(family: Family) -> Vec<IpNet> {
    let (bogons, others): (&[&str], &[&str]) = match family {
        Family::V4 => (
            BOGONS_V4,
            &[
                "44.0.0.0/10",
                "45.1.0.0/16",
                "44.1.0.0/16",
                "80.67.181.128/25",
                "1.0.0.0/8",
                "10.20.0.0/16",
                "185.0.0.0/12",
                "80.67.180.0/24",
                "80.67.191.0/25",
            ],
        ),
        Family::V6 => (
            BOGONS_V6,
            &[
                "2a00:44::/32",
                "2a00:45::/32",
                "2a00:44:1::/48",
                "2001:913:1fff::/48",
                "2400::/12",
                "fd00:20::/32",
                "4000::/3",
                "1000::/4",
                "2001:913:1100::/48",
            ],
        ),
    };
    let network = sample::network();
    let declared = network.own_prefixes.iter().chain(&network.exchange_lans).copied();
    let declared = declared.filter(|net| Family::of(net) == family);
    let texts = others.iter().chain(others).chain(others).chain(bogons);
    texts.map(|text| sample::net(text)).chain(declared).collect()
}

fn prefix(dice: &mut Dice, family: Family, bases: &[IpNet]) -> IpNet {
    let base = dice.of(bases);
    let bits = family.bits();
    let near = base.prefix_len();
    let edges: &[u8] = match family {
        Family::V4 => &[0, 7, 8, 9, 20, 21, 23, 24, 25, 31, 32, 32],
        Family::V6 => &[0, 3, 15, 16, 17, 40, 41, 47, 48, 49, 127, 128, 128],
    };
    let length = match dice.below(10) {
        0..=2 => near,
        3 => near.saturating_sub(1),
        4 => (near + 1).min(bits),
        5..=7 => dice.of(edges),
        _ => near + dice.below(usize::from(bits - near) + 1) as u8,
    };
    scatter(dice, base, length)
}

/// A prefix inside one of a few, of a usual length or nearly so.
fn usual(dice: &mut Dice, family: Family, home: &[IpNet]) -> IpNet {
    let base = dice.of(home);
    let near = base.prefix_len();
    let longest = if family == Family::V4 { 24 } else { 48 };
    let length = match dice.below(10) {
        0 => near,
        1 => longest.max(near) + 1,
        2 => longest.max(near) + 2,
        3 | 4 => family.bits(),
        _ => near + dice.below(usize::from(longest.saturating_sub(near)) + 1) as u8,
    };
    scatter(dice, base, length)
}

/// A prefix of this length inside another, or around it.
fn scatter(dice: &mut Dice, base: IpNet, length: u8) -> IpNet {
    let near = base.prefix_len();
    let noise = u128::from(dice.next()) << 64 | u128::from(dice.next());
    match base.addr() {
        IpAddr::V4(address) => {
            let free = u32::MAX.checked_shr(u32::from(near)).unwrap_or(0);
            net(IpAddr::from((u32::from(address) | (noise as u32 & free)).to_be_bytes()), length)
        }
        IpAddr::V6(address) => {
            let free = u128::MAX.checked_shr(u32::from(near)).unwrap_or(0);
            net(IpAddr::from((u128::from(address) | (noise & free)).to_be_bytes()), length)
        }
    }
}

fn net(address: IpAddr, length: u8) -> IpNet {
    IpNet::new(address, length).expect("a length of the family").trunc()
}

fn one(dice: &mut Dice, profile: &Profile, source: Source, net: IpNet) -> Route {
    let default = net.prefix_len() == 0;
    let by_bgp = source == Source::Bgp;
    let mut route = Route::bare(net, source);
    route.path = if default { good_path(profile) } else { path(dice, profile, source) };
    route.communities = communities(dice, net);
    route.large = large(dice, profile);
    if !by_bgp {
        route.communities = unique(route.communities);
        route.large = unique(route.large);
    }
    route.origin = Some(dice.of(&[Origin::Igp, Origin::Igp, Origin::Egp, Origin::Incomplete]));
    route.med = dice.of(&[None, None, Some(0), Some(5)]);
    route.local_pref = Some(100);
    if profile.internal {
        route.local_pref = Some(dice.of(&[0, 100, 120, 900]));
    }
    route.next_hop = Some(next_hop(dice, profile.family));
    let near = |hop: &IpAddr| sample::lan(profile.family).contains(hop);
    let reached = by_bgp && route.next_hop.as_ref().is_some_and(near);
    route.destination = if reached { Destination::AsLearnt } else { Destination::Unreachable };
    if !by_bgp && dice.percent(30) {
        route.next_hop = None;
        route.local_pref = None;
        route.origin = None;
    }
    route
}

fn good_path(profile: &Profile) -> Path {
    Path::sequence(if profile.imports { std::slice::from_ref(&profile.asn) } else { &[] })
}

const GOOD: &[u32] = &[39, 39, 100, 100, 101];
const ODD: &[u32] = &[
    0,
    174,
    175,
    1299,
    3356,
    200,
    OWN,
    23455,
    23456,
    23457,
    64495,
    64496,
    64511,
    64512,
    64513,
    64514,
    65534,
    65535,
    65536,
    65551,
    65552,
    131_071,
    131_072,
    4_199_999_999,
    4_200_000_000,
    4_294_967_294,
    4_294_967_295,
];

fn path(dice: &mut Dice, profile: &Profile, source: Source) -> Path {
    let mut asns = Vec::new();
    if profile.imports && dice.percent(95) || dice.percent(40) {
        asns.push(profile.asn);
    }
    let length = match dice.below(40) {
        0 | 1 => dice.of(&[62, 63, 64, 65]),
        2..=20 => 1,
        21..=30 => dice.below(4),
        _ => 0,
    };
    let private = profile.asn == 64512;
    for _ in 0..length {
        let odd = dice.percent(if length > 9 { 0 } else { 10 });
        let good = if private { &[64512, 64513][..] } else { GOOD };
        asns.push(dice.of(if odd { ODD } else { good }));
    }
    let sequence = Segment::Sequence(asns.clone());
    if source != Source::Bgp || dice.percent(90) {
        return Path::new(vec![sequence]);
    }
    let first = asns.first().copied().unwrap_or(39);
    let set =
        Segment::Set((0..=dice.below(3)).map(|_| dice.of(&[39, 100, 101, 174, 64512])).collect());
    match dice.below(6) {
        0 => Path::new(vec![set]),
        1 => Path::new(vec![set, sequence]),
        2 => Path::new(vec![sequence, set, Segment::Sequence(vec![first])]),
        3 => Path::new(vec![sequence, set.clone(), set]),
        _ => Path::new(vec![sequence, set]),
    }
}

fn communities(dice: &mut Dice, net: IpNet) -> Vec<Community> {
    let mut list = Vec::new();
    let single = net.prefix_len() == net.max_prefix_len();
    if dice.percent(if single { 60 } else { 4 }) {
        list.push(Community::BLACKHOLE);
    }
    if dice.percent(10) {
        list.push(Community::GRACEFUL_SHUTDOWN);
    }
    let many = match dice.below(60) {
        0 => dice.of(&[97, 98, 99, 100, 101]),
        1..=30 => dice.below(4),
        _ => 0,
    };
    let own = OWN as u16;
    let some = [
        Community(100, 1),
        Community(100, 9),
        Community(100, 10),
        Community(100, 20),
        Community(100, 21),
        Community(101, 7),
        Community(own, 5),
        Community(own, 0),
        Community(39, 666),
        Community(65535, 1),
        Community(65535, 65281),
        Community(own + 1, 5),
    ];
    for number in 0..many {
        let plain = Community(200, number as u16);
        list.push(if many > 9 { plain } else { dice.of(&some) });
    }
    list
}

fn large(dice: &mut Dice, profile: &Profile) -> Vec<Large> {
    let mut list = Vec::new();
    let (own, others) = if profile.imports { (5, 5) } else { (60, 15) };
    if dice.percent(own) {
        list.push(Large(OWN, 0, 30));
    }
    if dice.percent(others) {
        list.push(Large(OWN, 0, 20));
    }
    if dice.percent(others) {
        list.push(Large(OWN, 0, 40));
    }
    let many = match dice.below(60) {
        0 => dice.of(&[97, 98, 99, 100, 101]),
        1..=20 => dice.below(4),
        _ => 0,
    };
    let some = [
        Large(100, 1, 4),
        Large(100, 1, 5),
        Large(100, 1, 7),
        Large(100, 1, 8),
        Large(100, 1, 1),
        Large(OWN, 1101, 14),
        Large(OWN, 0, 21),
        Large(OWN, 7, 7),
        Large(OWN + 1, 0, 30),
        Large(u32::MAX, u32::MAX, u32::MAX),
    ];
    for number in 0..many {
        let plain = Large(200, 1, number as u32);
        list.push(if many > 9 { plain } else { dice.of(&some) });
    }
    list
}

/// Where next hops may lie, of both families.
pub(crate) fn hops(dice: &mut Dice) -> Vec<IpNet> {
    let all = ["185.1.4.7/32", "185.1.4.0/23", "2001:7f8:1::7/128", "2001:7f8:1::/64"];
    (0..dice.below(4)).map(|_| sample::net(dice.of(&all))).collect()
}

fn next_hop(dice: &mut Dice, family: Family) -> IpAddr {
    let texts = match family {
        Family::V4 => ["185.1.4.7", "185.1.4.8", "185.1.5.255", "185.1.6.0", "185.1.3.255"],
        Family::V6 => [
            "2001:7f8:1::7",
            "2001:7f8:1::8",
            "2001:7f8:1:0:ffff::1",
            "2001:7f8:1:1::",
            "2001:7f8::7",
        ],
    };
    let text = if dice.percent(92) { texts[0] } else { dice.of(&texts) };
    text.parse().expect("an address")
}

fn unique<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in list {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}
