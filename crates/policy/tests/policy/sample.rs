//! A small provider with every kind of neighbour, from documentation and private ranges.

use ipnet::IpNet;
use policy::standard::{
    self, BlackholeReach, DefaultRoute, Network, Parameters, Place, Relation, Service, Session,
    View,
};
use policy::{
    Action, AsnRange, Community, Condition, Family, Filter, Large, PrefixPattern, Roa, RoaTable,
    Roas, Rule,
};

/// Our ASN: one of 16 bit, so that standard communities are stripped too.
pub(crate) const OWN: u32 = 2914;

/// A prefix from its text.
pub(crate) fn net(text: &str) -> IpNet {
    text.parse().expect("prefixes in tests are well formed")
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| net(text)).collect()
}

/// The network.
pub(crate) fn network() -> Network {
    Network {
        more_specifics: nets(&["80.67.191.0/25", "80.67.180.0/24", "2001:913:1100::/48"]),
        inside_prefixes: vec![
            PrefixPattern::or_longer(net("10.20.0.0/16")),
            PrefixPattern::exact(net("0.0.0.0/0")),
            PrefixPattern::exact(net("::/0")),
            PrefixPattern::or_longer(net("fd00:20::/32")),
        ],
        exchange_lans: nets(&["185.1.4.0/23", "195.66.0.0/23", "2001:7f8:1::/64"]),
        tier1: vec![174, 1299, 3356],
        private_asns: vec![64512, 64513],
        roa_tables: vec![
            RoaTable { name: "kt_roa4".to_owned(), family: Family::V4 },
            RoaTable { name: "kt_roa6".to_owned(), family: Family::V6 },
        ],
        ..Network::new(OWN, nets(&["80.67.180.0/23", "80.67.191.0/24", "2001:913:1000::/36"]))
    }
}

/// ROAs that make some routes valid and some invalid, ours among them.
pub(crate) fn roas() -> Roas {
    let roa = |text: &str, max_length: u8, asn: u32| Roa { net: net(text), max_length, asn };
    let v4 = vec![
        roa("80.67.180.0/23", 24, OWN),
        roa("80.67.191.0/24", 24, 65_000),
        roa("44.0.0.0/9", 20, 39),
        roa("44.1.0.0/16", 24, 100),
        roa("45.0.0.0/8", 24, 0),
    ];
    let v6 = vec![
        roa("2001:913:1000::/36", 48, OWN),
        roa("2a00:44::/32", 40, 39),
        roa("2a00:44:1::/48", 48, 100),
        roa("2a00:45::/32", 48, 0),
    ];
    let tables = [("kt_roa4".to_owned(), v4), ("kt_roa6".to_owned(), v6)];
    Roas { own_asn: OWN, tables: tables.into_iter().collect() }
}

fn pick<T>(family: Family, v4: T, v6: T) -> T {
    match family {
        Family::V4 => v4,
        Family::V6 => v6,
    }
}

/// The neighbour's address in sessions of this sample.
pub(crate) fn neighbor(family: Family) -> IpNet {
    pick(family, net("185.1.4.7/32"), net("2001:7f8:1::7/128"))
}

/// The LAN of the exchange in this sample.
pub(crate) fn lan(family: Family) -> IpNet {
    pick(family, net("185.1.4.0/23"), net("2001:7f8:1::/64"))
}

fn rules() -> Vec<Rule> {
    vec![
        Rule {
            about: "No video over this session: ticket 12.".to_owned(),
            when: Condition::Large(policy::LargeSet::new(&[policy::LargePattern::Span(
                100, 1, 5, 7,
            )])),
            then: vec![Action::Reject(policy::Reason::OPERATOR)],
        },
        Rule {
            about: "Prefer the other exchange.".to_owned(),
            when: Condition::Any(vec![
                Condition::Med(0),
                Condition::Origin(policy::Origin::Egp),
                Condition::Community(policy::CommunitySet::new(&[
                    policy::CommunityPattern::Span(100, 10, 20),
                    policy::CommunityPattern::Asn(101),
                ])),
            ]),
            then: vec![
                Action::Prepend { asn: OWN, times: 2 },
                Action::AddCommunity(Community(100, 1)),
                Action::AddLarge(Large(100, 1, 1)),
                Action::SetOrigin(policy::Origin::Igp),
            ],
        },
    ]
}

/// A session with the sample's neighbour of this kind.
pub(crate) fn session(relation: Relation, family: Family) -> Session {
    let prefixes = pick(family, ["44.0.0.0/10", "45.1.0.0/16"], ["2a00:44::/32", "2a00:45::/32"]);
    let longest = pick(family, 24, 48);
    let listed =
        prefixes.map(|text| PrefixPattern::lengths(net(text), net(text).prefix_len(), longest));
    let asns =
        |list: &[u32]| Some(list.iter().map(|asn| AsnRange { low: *asn, high: *asn }).collect());
    match relation {
        Relation::Transit => Session {
            default_route: DefaultRoute::Take,
            blackhole_community: Some(Community(39, 666)),
            ..Session::new("verixi", 39, family, vec![neighbor(family)])
        },
        Relation::RouteServer => Session {
            import_rules: rules(),
            export_rules: rules(),
            ..Session::new("belgiumix-rs1", 40, family, vec![lan(family)])
        },
        Relation::Peer => Session {
            prefixes: Some(listed.to_vec()),
            asns: asns(&[39, 100, 101]),
            service: Service::Draining,
            ..Session::new("hivane", 39, family, vec![neighbor(family)])
        },
        Relation::Customer => Session {
            prefixes: Some(listed.to_vec()),
            view: View::FullAndDefault,
            ..Session::new("member", 39, family, vec![neighbor(family)])
        },
    }
}

/// A customer with a private ASN, in a part of our own space.
pub(crate) fn private_customer(family: Family) -> Session {
    let own = pick(family, net("80.67.181.128/25"), net("2001:913:1fff::/48"));
    Session {
        prefixes: Some(vec![PrefixPattern::lengths(own, own.prefix_len(), own.prefix_len() + 2)]),
        asns: Some(vec![AsnRange { low: 64512, high: 64513 }]),
        view: View::Own,
        ..Session::new("ispng", 64512, family, vec![neighbor(family)])
    }
}

const RELATIONS: [Relation; 4] =
    [Relation::Transit, Relation::RouteServer, Relation::Peer, Relation::Customer];

/// Every kind of filter that the house has, for one family.
pub(crate) fn filters(family: Family) -> Vec<Filter> {
    let mut all = Vec::new();
    for relation in RELATIONS {
        let parameters = Parameters { network: network(), session: session(relation, family) };
        all.push(standard::import(relation, &parameters));
        all.push(standard::export(relation, &parameters));
    }
    let private = Parameters {
        network: Network { blackhole: BlackholeReach::Transits, ..network() },
        session: private_customer(family),
    };
    all.push(standard::import(Relation::Customer, &private));
    all.push(standard::export(Relation::Customer, &private));
    for view in [View::Full, View::Default] {
        let name = format!("view_{}", if view == View::Full { "full" } else { "default" });
        let session = Session { view, name, ..private_customer(family) };
        all.push(standard::export(Relation::Customer, &Parameters { network: network(), session }));
    }
    let ways =
        [(Place::Edge, Place::Inside), (Place::Edge, Place::Edge), (Place::Inside, Place::Edge)];
    for (from, to) in ways {
        all.push(standard::internal_export(from, to, &network(), family));
        all.push(standard::internal_import(from, to, &network(), family));
    }
    all.push(standard::originate(&network(), family));
    all
}
