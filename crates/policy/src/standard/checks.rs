//! Checks that many filters share, one function each.

use std::ops::Not as _;
use std::sync::Arc;

use ipnet::IpNet;

use super::lists::{BOGON_ASNS, BOGONS_V4, BOGONS_V6};
use super::{Network, Parameters, Relation};
use crate::reason::Reason;
use crate::route::{Community, Family};
use crate::set::{
    AsnRange, AsnSet, CommunityPattern, CommunitySet, LargePattern, LargeSet, PrefixPattern,
    PrefixSet,
};
use crate::tree::{Action, Condition, Function, PathCondition, RoaOrigin, RoaState, Statement};

pub(super) fn shared(name: &str, about: &str, body: Vec<Statement>) -> Statement {
    function(name, about, None, body)
}

pub(super) fn of_family(
    name: &str,
    about: &str,
    family: Family,
    body: Vec<Statement>,
) -> Statement {
    function(&format!("{name}_{}", family.suffix()), about, Some(family), body)
}

fn function(name: &str, about: &str, family: Option<Family>, body: Vec<Statement>) -> Statement {
    let (name, about) = (name.to_owned(), about.to_owned());
    Statement::Call(Arc::new(Function { name, about, family, body }))
}

/// I2, E3: nobody else may speak in our name, and our marks are nobody else's business.
pub(super) fn strip_own(network: &Network) -> Statement {
    let large = Action::DeleteLarge(LargeSet::new(&[LargePattern::Asn(network.own_asn)]));
    let mut body = vec![Statement::Do(large)];
    if let Ok(asn) = u16::try_from(network.own_asn) {
        let set = CommunitySet::new(&[CommunityPattern::Asn(asn)]);
        body.push(Statement::Do(Action::DeleteCommunities(set)));
    }
    shared("strip_own", "Takes away the communities in our own name.", body)
}

/// I8, and E2 on the way out.
pub(super) fn bogon_prefix(family: Family) -> Condition {
    let longer = |list: &[&str]| {
        let nets = list.iter().filter_map(|text| text.parse::<IpNet>().ok());
        nets.map(PrefixPattern::or_longer).collect::<Vec<_>>()
    };
    match family {
        Family::V4 => Condition::Net(PrefixSet::named("bogons_v4", family, &longer(BOGONS_V4))),
        Family::V6 => {
            let global = PrefixSet::named("global_v6", family, &longer(&["2000::/3"]));
            let bogons = PrefixSet::named("bogons_v6", family, &longer(BOGONS_V6));
            Condition::Any(vec![Condition::Net(global).not(), Condition::Net(bogons)])
        }
    }
}

/// I6: the default route.
pub(super) fn default_route(family: Family) -> Condition {
    Condition::Net(PrefixSet::inline(family, &[PrefixPattern::exact(family.whole())]))
}

/// I10: the shortest and the longest length in the global table.
pub(super) const fn global_lengths(family: Family) -> (u8, u8) {
    match family {
        Family::V4 => (8, 24),
        Family::V6 => (16, 48),
    }
}

/// I8 and I9, for every neighbour.
pub(super) fn refuse_bogon_prefixes(network: &Network, family: Family) -> Statement {
    let mut body = vec![Statement::refuse(bogon_prefix(family), Reason::BOGON_PREFIX)];
    let lans = network.exchange_lans.iter().copied().map(PrefixPattern::or_longer);
    let name = format!("exchange_lans_{}", family.suffix());
    let lans = PrefixSet::named(&name, family, &lans.collect::<Vec<_>>());
    if !lans.patterns().is_empty() {
        body.push(Statement::refuse(Condition::Net(lans), Reason::EXCHANGE_LAN));
    }
    let about = "Refuses space that is not in the global table, and the LANs of exchanges.";
    of_family("refuse_bogon_prefixes", about, family, body)
}

/// I11 to I13.
pub(super) fn refuse_bad_paths(parameters: &Parameters, relation: Relation) -> Statement {
    let network = &parameters.network;
    let private = relation == Relation::Customer && is_private(parameters.session.asn);
    let longer = Condition::Path(PathCondition::Longer(network.path_limit));
    let set = Condition::Path(PathCondition::Aggregated);
    let ends = vec![
        Statement::refuse(longer, Reason::PATH_LENGTH),
        Statement::refuse(set, Reason::AS_SET),
    ];
    if private {
        let about =
            "Refuses paths that are too long or aggregated. For customers with a private ASN.";
        return shared("refuse_bad_private_paths", about, ends);
    }
    let bogon = AsnSet::named("bogon_asns", BOGON_ASNS);
    let mut body =
        vec![Statement::refuse(Condition::Path(PathCondition::Contains(bogon)), Reason::BOGON_ASN)];
    body.extend(ends);
    let about = "Refuses paths with impossible ASNs, too long ones and aggregated ones.";
    shared("refuse_bad_paths", about, body)
}

/// Whether an ASN is for private use (RFC 6996).
pub(super) const fn is_private(asn: u32) -> bool {
    matches!(asn, 64512..=65534 | 4_200_000_000..=4_294_967_294)
}

/// I14 and E2. Unknown routes pass; nothing is ever marked with the state.
pub(super) fn rpki_invalid(
    network: &Network,
    family: Family,
    origin: RoaOrigin,
) -> Option<Condition> {
    let table = network.roa_tables.iter().find(|table| table.family == family)?.clone();
    Some(Condition::Roa { table, origin, state: RoaState::Invalid })
}

/// I16: transit networks behind somebody who is not our transit.
pub(super) fn refuse_tier1(network: &Network) -> Option<Statement> {
    let single = |asn: &u32| AsnRange { low: *asn, high: *asn };
    let ranges: Vec<AsnRange> = network.tier1.iter().map(single).collect();
    let set = Condition::Path(PathCondition::Contains(AsnSet::named("tier1_asns", &ranges)));
    let body = vec![Statement::refuse(set, Reason::TIER1)];
    let about = "Refuses leaks: large transit networks behind one who is not our transit.";
    (!network.tier1.is_empty()).then(|| shared("refuse_tier1", about, body))
}

/// I18: too many communities are noise, or an attempt to hurt.
pub(super) fn limit_communities(network: &Network) -> Statement {
    let limit = network.community_limit;
    let body = vec![
        Statement::when(
            Condition::CommunitiesAtLeast(limit),
            vec![Statement::Do(Action::ClearCommunities)],
        ),
        Statement::when(Condition::LargeAtLeast(limit), vec![Statement::Do(Action::ClearLarge)]),
    ];
    shared("limit_communities", "Takes away the communities of routes with too many.", body)
}

/// I19: comes last, so that nothing sets the preference again (RFC 8326 section 4).
pub(super) fn honour_graceful_shutdown() -> Statement {
    let asked = Condition::community(Community::GRACEFUL_SHUTDOWN);
    let body = vec![Statement::when(asked, vec![Statement::Do(Action::SetLocalPref(0))])];
    let about = "Prefers any other way when the neighbour is about to stop (RFC 8326).";
    shared("honour_graceful_shutdown", about, body)
}

/// The blackhole community in the mouth of one who may not ask for it means nothing (RFC 7999).
pub(super) fn forget_blackhole() -> Action {
    Action::DeleteCommunities(CommunitySet::one(Community::BLACKHOLE))
}
