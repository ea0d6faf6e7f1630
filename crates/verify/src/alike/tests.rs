//! One family is judged for both only where that says what judging both says.

use super::{Alike, order};
use crate::fault::{About, Fault};
use crate::prove::{Options, planes, prove, prove_each};
use crate::questions::Questions;
use ipnet::IpNet;
use model::Isp;
use testkit::zoo::{Edges, Graph};

/// Whether one family is judged for both.
fn alike(isp: &Isp) -> bool {
    let planes = planes(isp, 1);
    let [one, other] = planes.as_slice() else { return false };
    let asked = [one, other].map(|plane| Questions::of(plane, 2));
    Alike::of([one, other], [&asked[0], &asked[1]]).is_some()
}

/// Two families that are alike say the same, judged once or twice.
fn same(isp: &Isp, failures: u8, about: &str) {
    let options = Options { failures, threads: 2 };
    let [once, twice] = [prove(isp, options), prove_each(isp, options)];
    let [once, twice] = [once, twice].map(|report| format!("{report:#?}"));
    assert!(once == twice, "{about}: judged once {once}\n\njudged twice {twice}");
}

/// Whether the families of a provider are alike when something in it is said otherwise.
fn with(changes: &[(&str, &str)], about: &str) -> bool {
    let mut text = testkit::random::isp(1, 5);
    for (old, new) in changes {
        assert!(text.contains(old), "{about}: {old} is not there");
        text = text.replace(old, new);
    }
    alike(&testkit::isp_from(&text))
}

#[test]
fn one_family_is_judged_for_both_and_says_the_same() {
    let random = |seed: u64| {
        let isp = testkit::isp_from(&testkit::random::isp(seed, 4 + seed as usize % 9));
        let alike = alike(&isp);
        if alike {
            same(&isp, if seed == 0 { 2 } else { 1 }, &format!("seed {seed}"));
        }
        alike
    };
    // In the others, a filter for routes names prefixes of one family only.
    assert_eq!((0..10).filter(|seed| random(*seed)).collect::<Vec<_>>(), [0, 1, 7, 8, 9]);
    assert!(!alike(&testkit::isp(&testkit::example("neutrinet"))));
}

#[test]
fn a_graph_is_alike_until_a_gateway_is_nobody() {
    let ring = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 3)];
    let ring = Graph::new(6, &ring).isp(Edges::Among);
    let (own, other) = ("gateway6 = \"2001:913:0:8001::1\"", "gateway6 = \"2001:913:0:8001::2\"");
    assert!(ring.contains(own));
    assert!(alike(&testkit::isp_from(&ring)));
    assert!(!alike(&testkit::isp_from(&ring.replace(own, other))));
}

#[test]
fn a_prefix_of_one_family_is_told_as_that_of_the_other() {
    let ring = Graph::new(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]).isp(Edges::Among);
    let isp = testkit::isp_from(&ring);
    let planes = planes(&isp, 1);
    let asked = [0, 1].map(|at| Questions::of(&planes[at], 0));
    let alike = Alike::of([&planes[0], &planes[1]], [&asked[0], &asked[1]]).unwrap();
    let [four, six] = [0, 1].map(|at| &planes[at].routes.prefixes);
    let mut moved = 0;
    for class in 0..testkit::zoo::CLASSES {
        let of = |nets: &[IpNet], net: String| nets.binary_search(&net.parse().unwrap()).unwrap();
        let one = of(four, format!("20.0.{class}.0/24"));
        let other = of(six, format!("2600:{class:x}::/32"));
        let fault =
            |prefix| Fault { code: "V-OSCILLATES", about: About::Prefix(prefix), flow: None };
        assert_eq!(alike.other(&fault(one)), fault(other), "class {class}");
        moved += usize::from(one != other);
    }
    assert!(moved > 0, "their order is the same by chance");
}

#[test]
fn what_is_different_for_one_family_is_seen() {
    assert!(with(&[], "nothing"));
    for (about, old, new) in [
        (
            "a rule to one address",
            "destination = [\"vip.proxy\"]",
            "destination = [\"80.64.241.4\"]",
        ),
        (
            "a rule from some",
            "[[rules.web.rule]]\nports",
            "[[rules.web.rule]]\nsource = [\"23.1.0.0/16\", \"2620:2::/32\"]\nports",
        ),
        ("an address on a LAN", ", ipv6 = \"2001:913:0:8000::5\"", ""),
        ("an address on a backbone", ", ipv6 = \"2001:913:0:2004::1\"", ""),
        ("a loopback", "loopback6 = \"2001:913:0:ff::3\"\n", ""),
        ("a session", "ipv6 = \"2001:913:0:1001::1\"\n", ""),
        ("a VIP of routers", "ipv6 = \"2001:913:0:8000::1\"\n", ""),
        ("a VIP of firewalls", "ipv6  = \"2001:913:0:f1::4\"\n", ""),
        ("a service", "ipv6  = \"2001:913:0:f2::4\"\n", ""),
        ("a route", ", \"2001:913:0:f2::/64\"]", "]"),
        ("an announcement", ", \"2600:3::/32\"]", "]"),
        (
            "a preference",
            "[\"20.1.0.0/16\", \"2600:1::/32\"]\nlocal_pref",
            "[\"20.1.0.0/16\"]\nlocal_pref",
        ),
        ("who is greater", "2001:913:0:1000:", "2001:913:0:1009:"),
        (
            "an invariant",
            "[backup.all]",
            "[invariant.one]\nkind = \"reach\"\nto = [\"80.64.241.4\"]\n[backup.all]",
        ),
    ] {
        let policy = ("policy = \"p0\"", "policy = \"p2\"");
        let also = (
            "[policy.p0]",
            "[policy.p2]\n[[policy.p2.import]]\nprefixes = [\"20.1.0.0/16\", \"2600:1::/32\"]\nlocal_pref = 170\n[policy.p0]",
        );
        assert!(!with(&[also, policy, (old, new)], about), "{about}");
    }
}

#[test]
fn what_no_packet_and_no_router_meets_does_not_count() {
    for (about, old, new) in [
        (
            "a rule to nobody",
            "destination = [\"vip.proxy\"]",
            "destination = [\"vip.proxy\", \"80.64.241.9\"]",
        ),
        ("management", "ipv4 = \"10.130.0.5\" }", "ipv4 = \"10.130.0.77\" }"),
        ("another address", "2001:913:0:1000:", "2001:913:0:fff:"),
    ] {
        assert!(with(&[(old, new)], about), "{about}");
    }
}

#[test]
fn an_order_says_who_is_greater_and_who_is_equal() {
    assert_eq!(order(&[5, 3, 5]), order(&[9, 1, 9]));
    assert_ne!(order(&[5, 3, 5]), order(&[9, 1, 8]));
    assert_ne!(order(&[5, 3, 5]), order(&[1, 9, 1]));
}
