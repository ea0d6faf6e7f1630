//! What holds for any route, of any filter of the house.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use policy::{
    Community, Destination, Family, Filter, Large, Origin, Path, Route, Segment, Source, bird, run,
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::{collection, option, sample as pick};

use crate::sample::{self, OWN};

fn net() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<u32>(), 0_u8..=32).prop_map(|(bits, length)| {
        IpNet::V4(Ipv4Net::new(Ipv4Addr::from(bits), length).expect("a length"))
    });
    let v6 = (any::<u128>(), 0_u8..=128).prop_map(|(bits, length)| {
        IpNet::V6(Ipv6Net::new(Ipv6Addr::from(bits), length).expect("a length"))
    });
    let known = [
        "44.1.0.0/16",
        "80.67.180.0/23",
        "80.67.181.128/25",
        "0.0.0.0/0",
        "44.0.0.1/32",
        "2a00:44::/32",
        "2001:913:1000::/36",
        "2001:913:1fff::/48",
        "::/0",
        "2a00:44::1/128",
    ];
    prop_oneof![v4, v6, pick::select(known.to_vec()).prop_map(sample::net)]
}

fn asn() -> impl Strategy<Value = u32> {
    prop_oneof![pick::select(&[39, 40, 100, 64512, OWN, 0, 174][..]), any::<u32>()]
}

fn path() -> impl Strategy<Value = Path> {
    let sequence = collection::vec(asn(), 0..70).prop_map(Segment::Sequence);
    let set = collection::vec(asn(), 1..4).prop_map(Segment::Set);
    collection::vec(prop_oneof![3 => sequence, 1 => set], 0..3).prop_map(Path::new)
}

fn communities() -> impl Strategy<Value = Vec<Community>> {
    let known = [Community::BLACKHOLE, Community::GRACEFUL_SHUTDOWN, Community(2914, 5)];
    let other = (any::<u16>(), any::<u16>()).prop_map(|(a, b)| Community(a, b));
    collection::vec(prop_oneof![pick::select(known.to_vec()), other], 0..110)
}

fn large() -> impl Strategy<Value = Vec<Large>> {
    let own = (any::<u32>(), any::<u32>()).prop_map(|(b, c)| Large(OWN, b, c));
    let mark = pick::select(&[Large(OWN, 0, 20), Large(OWN, 0, 30), Large(OWN, 0, 40)][..]);
    let other = (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(a, b, c)| Large(a, b, c));
    collection::vec(prop_oneof![own, mark, other], 0..110)
}

/// Any route: at random, and near what the sample's filters know.
pub(crate) fn route() -> impl Strategy<Value = Route> {
    let lists = (path(), communities(), large());
    let numbers = (option::of(any::<u32>()), option::of(any::<u32>()), any::<u8>());
    (net(), lists, numbers).prop_map(|(net, (path, communities, large), (pref, med, word))| {
        let family = Family::of(&net);
        let source = if word & 0b1 == 0 { Source::Bgp } else { Source::Static };
        Route {
            path,
            communities,
            large,
            local_pref: pref,
            med,
            origin: Some(if word & 0b10 == 0 { Origin::Igp } else { Origin::Egp }),
            next_hop: (word & 0b1100 != 0).then(|| sample::neighbor(family).addr()),
            ..Route::bare(net, source)
        }
    })
}

/// Every filter of the sample, of both families.
pub(crate) fn all() -> Vec<Filter> {
    [sample::filters(Family::V4), sample::filters(Family::V6)].concat()
}

fn of_outside(filter: &Filter, direction: &str) -> bool {
    let outside = ["verixi", "belgiumix", "hivane", "member", "ispng", "view"];
    filter.name.starts_with(direction) && outside.iter().any(|word| filter.name.contains(word))
}

proptest! {
    #[test]
    fn every_refusal_has_a_reason_that_the_route_carries(route in route()) {
        for filter in all() {
            let verdict = run(&filter, &route, &sample::roas());
            prop_assert_eq!(verdict.accepted, verdict.reason.is_none());
            if let Some(reason) = verdict.reason {
                let mark = Large(OWN, policy::REASON_FUNCTION, reason.number);
                prop_assert!(verdict.route.large.contains(&mark));
            }
            prop_assert_eq!(verdict.route.net, route.net);
        }
    }

    #[test]
    fn nobody_outside_speaks_in_our_name(route in route()) {
        let marks = sample::network().marks();
        let family = Family::of(&route.net);
        let filters = sample::filters(family);
        for filter in filters.iter().filter(|filter| of_outside(filter, "import")) {
            let verdict = run(filter, &route, &sample::roas());
            let reason = verdict.reason.map(|why| Large(OWN, policy::REASON_FUNCTION, why.number));
            let mut ours = verdict.route.large.iter().filter(|large| large.0 == OWN);
            let made = |large: &Large| {
                [marks.outside(), marks.own(), marks.inside()].contains(large)
                    || reason == Some(*large)
            };
            prop_assert!(ours.all(made));
            let private = filter.name.contains("member") || filter.name.contains("ispng");
            prop_assert!(private || !verdict.route.large.contains(&marks.own()));
            prop_assert!(verdict.route.communities.iter().all(|c| u32::from(c.0) != OWN));
        }
    }

    #[test]
    fn our_marks_and_private_asns_never_leave(route in route()) {
        for filter in all().iter().filter(|filter| of_outside(filter, "export")) {
            let verdict = run(filter, &route, &sample::roas());
            if verdict.accepted {
                prop_assert!(verdict.route.large.iter().all(|large| large.0 != OWN));
                prop_assert!(!verdict.route.path.asns().any(|asn| (64512..=64513).contains(&asn)));
                prop_assert!(!verdict.route.communities.contains(&Community::BLACKHOLE));
            }
        }
    }

    #[test]
    fn nothing_learnt_outside_goes_to_those_who_are_not_customers(route in route()) {
        let outside = sample::network().marks().outside();
        for filter in all().iter().filter(|filter| of_outside(filter, "export")) {
            let upward = ["verixi", "belgiumix", "hivane"].iter().any(|w| filter.name.contains(w));
            let leaks = route.large.contains(&outside)
                && !route.communities.contains(&Community::BLACKHOLE);
            if upward && leaks {
                prop_assert!(!run(filter, &route, &sample::roas()).accepted);
            }
        }
    }

    #[test]
    fn only_customers_get_a_blackhole(route in route()) {
        for filter in all().iter().filter(|filter| of_outside(filter, "import")) {
            let verdict = run(filter, &route, &sample::roas());
            let customer = filter.name.contains("member") || filter.name.contains("ispng");
            if verdict.accepted && verdict.route.destination == Destination::Blackhole {
                prop_assert!(customer);
                prop_assert_eq!(route.net.prefix_len(), route.net.max_prefix_len());
            }
            if verdict.accepted && !customer {
                prop_assert!(!verdict.route.communities.contains(&Community::BLACKHOLE));
            }
        }
    }
}

#[test]
fn the_same_policy_is_always_the_same_text() {
    let names = sample::network().names();
    assert_eq!(bird::print(&all(), &names), bird::print(&all(), &names));
}

#[test]
fn two_meanings_of_one_name_are_told() {
    let [first, mut second] = [all().remove(0), all().remove(0)];
    second.otherwise = Some(policy::Reason::OPERATOR);
    let clash = bird::print(&[first, second], &sample::network().names());
    assert_eq!(clash.map_err(|clash| clash.name), Err("kt_import_verixi_v4".to_owned()));
}

#[test]
fn patterns_in_a_set_are_apart() {
    use policy::LargePattern::{Asn, Exactly, Function, Span};

    let set = policy::LargeSet::new(&[
        Function(7, 1),
        Exactly(Large(7, 1, 3)),
        Span(7, 2, 9, 12),
        Span(7, 2, 5, 10),
        Asn(8),
        Span(8, 1, 1, 2),
        Asn(8),
    ]);
    assert_eq!(set.patterns(), [Function(7, 1), Span(7, 2, 5, 12), Asn(8)]);
}
