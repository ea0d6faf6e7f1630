//! Filters of the house let nothing leak; with one of their fences gone, something does.

use super::ask::Wrong;
use super::check;
use super::confirm::Steps;
use super::doors::{Door, Doors, Role};
use super::judge::{Found, Proof, judge};
use ipnet::IpNet;
use policy::standard::{self, BlackholeReach, Network, Parameters, Place, Relation, Session};
use policy::symbolic::Example;
use policy::{
    Action, Community, Condition, Family, Large, LargeSet, Path, PrefixPattern, Reason, RoaTable,
    Roas, Route, Rule, Segment, Source, Statement,
};
use proptest::prelude::{Strategy, any, prop_assert, proptest};
use proptest::test_runner::Config;
use proptest::{collection, sample as pick};

const OWN: u32 = 204_059;

fn net(text: &str) -> IpNet {
    text.parse().expect("prefixes in tests are well formed")
}

fn network() -> Network {
    let table = |name: &str, family| RoaTable { name: name.to_owned(), family };
    Network {
        exchange_lans: vec![net("185.1.4.0/23"), net("2001:7f8:1::/64")],
        private_asns: vec![64512],
        roa_tables: vec![table("kt_roa4", Family::V4), table("kt_roa6", Family::V6)],
        blackhole: BlackholeReach::Transits,
        ..Network::new(OWN, vec![net("80.67.180.0/23"), net("2001:913:1000::/36")])
    }
}

fn door(network: &Network, (router, relation): (usize, Relation), session: Session) -> Door {
    let parameters = Parameters { network: network.clone(), session };
    let session = &parameters.session;
    Door {
        name: session.name.clone(),
        router,
        relation,
        asn: session.asn,
        import: standard::import(relation, &parameters),
        export: standard::export(relation, &parameters),
        cone: session.prefixes.clone(),
        boundless: false,
        drops: session.blackhole_community,
        role: Role::Lateral,
    }
}

/// Two edges with every kind of neighbour, and a core with a member behind it.
fn doors_of(network: &Network, family: Family, changed: impl Fn(&mut Session)) -> Doors {
    let mut doors = Doors::new(network, family);
    let (hop, cone) = match family {
        Family::V4 => (net("185.1.4.7/32"), net("44.0.0.0/10")),
        Family::V6 => (net("2001:7f8:1::7/128"), net("2a00:44::/32")),
    };
    let longest = if family == Family::V4 { 24 } else { 48 };
    let mut add = |name: &str, at: (usize, Relation), asn: u32| {
        let mut session = Session::new(name, asn, family, vec![hop]);
        if at.1 == Relation::Transit {
            session.blackhole_community = Some(Community(6696, 666));
        }
        if at.1 == Relation::Customer {
            session.prefixes = Some(vec![PrefixPattern::lengths(cone, cone.prefix_len(), longest)]);
        }
        changed(&mut session);
        doors.all.push(door(network, at, session));
    };
    add("verixi_edge_01", (0, Relation::Transit), 6696);
    add("verixi_edge_02", (1, Relation::Transit), 6696);
    add("bnix_rs1", (0, Relation::RouteServer), 5406);
    add("hurricane", (1, Relation::Peer), 6939);
    add("friend", (0, Relation::Customer), 39);
    add("member", (2, Relation::Customer), 64512);
    let place = |router: usize| if router == 2 { Place::Inside } else { Place::Edge };
    for (from, to) in [(0, 1), (1, 0), (0, 2), (1, 2), (2, 0), (2, 1)] {
        let (near, far) = (place(from), place(to));
        doors.told.insert((from, to), doors.inside.len());
        doors.inside.push((
            standard::internal_export(near, far, network, family),
            standard::internal_import(near, far, network, family),
        ));
    }
    doors
}

fn doors(family: Family) -> Doors {
    doors_of(&network(), family, |_| {})
}

/// What is wrong, by which session, confirmed or not.
fn told(doors: &Doors) -> Vec<String> {
    let name = |at: Option<usize>| at.map_or("", |at| doors.all[at].name.as_str());
    let one = |found: &Found| {
        let sure = match &found.proof {
            Proof::Route(shown) => shown.came.net.to_string(),
            Proof::Unconfirmed => "unconfirmed".to_owned(),
            Proof::Unclear(_) => "unclear".to_owned(),
        };
        format!("{:?} {} > {}: {sure}", found.wrong, name(found.from), name(found.to))
    };
    judge(doors).iter().map(one).collect()
}

/// Takes a statement away wherever it is at the top.
fn without(body: &mut Vec<Statement>, gone: impl Fn(&Statement) -> bool) {
    let before = body.len();
    body.retain(|statement| !gone(statement));
    assert!(body.len() < before, "there is no such statement");
}

fn refuses(statement: &Statement, reason: Reason) -> bool {
    let Statement::If { then, .. } = statement else { return false };
    then.first() == Some(&Statement::Do(Action::Reject(reason)))
}

#[test]
fn the_filters_of_the_house_leak_nothing() {
    for family in [Family::V4, Family::V6] {
        assert_eq!(told(&doors(family)), Vec::<String>::new());
    }
}

#[test]
fn without_its_fence_a_transit_hears_of_a_peer() {
    let mut doors = doors(Family::V4);
    without(&mut doors.all[0].export.body, |s| refuses(s, Reason::NOT_OURS));
    let expected =
        ["NotOurs  > verixi_edge_01: 32.0.0.0/24", "Leak bnix_rs1 > verixi_edge_01: 32.0.0.0/24"];
    assert_eq!(told(&doors), expected);
}

#[test]
fn what_is_not_marked_when_it_comes_in_is_told_and_leaks_nowhere() {
    let mut doors = doors(Family::V6);
    let mark = Statement::Do(Action::AddLarge(network().marks().outside()));
    without(&mut doors.all[3].import.body, |statement| *statement == mark);
    assert_eq!(told(&doors), ["Unmarked hurricane > : 2001:7f8:1::/48"]);
}

#[test]
fn a_mark_of_our_own_on_a_peers_route_leaks_on_its_router_and_on_others() {
    let mut doors = doors(Family::V4);
    let (outside, own) = (network().marks().outside(), network().marks().own());
    for statement in &mut doors.all[3].import.body {
        if *statement == Statement::Do(Action::AddLarge(outside)) {
            *statement = Statement::Do(Action::AddLarge(own));
        }
    }
    let expected = [
        "Mismarked hurricane > : 32.0.0.0/24",
        "Unmarked hurricane > : 32.0.0.0/24",
        "Leak hurricane > verixi_edge_02: 32.0.0.0/24",
        "Leak hurricane > verixi_edge_01: 32.0.0.0/24",
        "Leak hurricane > bnix_rs1: 32.0.0.0/24",
    ];
    assert_eq!(told(&doors), expected);
}

#[test]
fn an_edge_that_tells_the_other_everything_leaks_nothing_while_marks_are_kept() {
    let mut doors = doors(Family::V4);
    for (told, taken) in &mut doors.inside {
        told.body.clear();
        taken.body.clear();
    }
    assert_eq!(told(&doors), Vec::<String>::new());
}

#[test]
fn a_customer_without_the_fence_of_its_cone_is_told() {
    let mut doors = doors(Family::V4);
    without(&mut doors.all[4].import.body, |s| refuses(s, Reason::NOT_REGISTERED));
    assert_eq!(told(&doors), ["Cone friend > : 128.0.0.0/24"]);
}

#[test]
fn a_default_route_and_a_blackhole_leave_where_nothing_is_refused() {
    let mut doors = doors(Family::V6);
    doors.all[2].export.body.clear();
    let expected = [
        "NotOurs  > bnix_rs1: 2001::/48",
        "Bogon  > bnix_rs1: 2001::/48",
        "Blackhole  > bnix_rs1: 2001::/48",
        "Leak verixi_edge_01 > bnix_rs1: 2001:7f8:1::/48",
    ];
    assert_eq!(told(&doors), expected);
}

/// A rule that the operator wrote for what comes in from a peer.
fn with_rule(add: &[Action], longest: u8) -> Doors {
    let network = Network { longest: (longest, 48), ..network() };
    doors_of(&network, Family::V4, |session| {
        if session.asn == 6939 {
            let about = "Policy neutral, rule 1.".to_owned();
            session.import_rules =
                vec![Rule { about, when: Condition::Always, then: add.to_vec() }];
        }
    })
}

#[test]
fn a_rule_that_marks_a_peers_route_as_ours_is_told() {
    let own = Action::AddLarge(network().marks().own());
    assert_eq!(told(&with_rule(&[own], 24)), ["Mismarked hurricane > : 32.0.0.0/24"]);
}

#[test]
fn a_rule_that_makes_blackholes_of_a_peers_routes_leaks_them_only_where_it_takes_addresses() {
    let inside = Action::AddLarge(Large(OWN, 0, 40));
    let rule = [inside, Action::AddCommunity(Community::BLACKHOLE)];
    assert_eq!(told(&with_rule(&rule, 24)), Vec::<String>::new());
    assert_eq!(told(&with_rule(&rule, 32)), ["Leak hurricane > verixi_edge_02: 32.0.0.0/32"]);
}

#[test]
fn what_is_too_complicated_is_told_as_such() {
    let mut doors = doors(Family::V4);
    let step = |number: u32| {
        let when = Condition::large(Large(7, 7, number));
        Statement::when(when, vec![Statement::Do(Action::AddLarge(Large(8, 8, number)))])
    };
    doors.all[1].import.body.splice(0..0, (0..40).map(step));
    assert_eq!(told(&doors), ["Leak verixi_edge_02 > : unclear"]);
}

/// The example's provider with something more in its first file, and something else in another.
fn example(more: &str, (from, to): (&str, &str)) -> Vec<String> {
    let mut sources = testkit::sources(&testkit::example("neutrinet"));
    for source in &mut sources {
        source.text = source.text.replace(from, to);
        if source.path == "isp.toml" {
            source.text.push_str(more);
        }
    }
    let loaded = model::load(&sources);
    let isp = loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    let shown = |violation: &crate::Violation| {
        let text = model::finding::text(&violation.finding, &sources, model::finding::Paint::Plain);
        let hops = violation.shown.hops.iter().map(|hop| format!("{}: {}", hop.host, hop.by));
        let route = violation.shown.route.clone().unwrap_or_default();
        format!("{}\n{text}\n{route}\n{}", violation.id, hops.collect::<Vec<_>>().join("\n"))
    };
    check(&isp).iter().map(shown).collect()
}

#[test]
fn the_example_leaks_nothing() {
    assert_eq!(example("", ("", "")), Vec::<String>::new());
}

#[test]
fn a_rule_of_the_operator_that_marks_peers_routes_as_ours_is_named() {
    let rule = "[[policy.neutral.import]]\npath = [6939]\nadd = [\"204059:0:30\"]\n";
    insta::assert_snapshot!(example(rule, ("", "")).join("\n"));
}

#[test]
fn a_rule_of_the_operator_that_leaks_is_named_with_the_way_of_a_route() {
    let rule = "[[policy.neutral.import]]\ncommunities = [\"64500:666\"]\n\
                add = [\"65535:666\", \"204059:0:40\"]\n";
    let longest = ("[policy.neutral]", "[policy.neutral]\nlongest4 = 32");
    insta::assert_snapshot!(example(rule, longest).join("\n"));
}

#[test]
fn without_roles_a_leak_is_an_error() {
    let rule = "[[policy.neutral.import]]\nadd = [\"65535:666\", \"204059:0:40\"]\n";
    let mut sources = testkit::sources(&testkit::example("neutrinet"));
    for source in &mut sources {
        let silent = "[neighbor.verixi.session.edge-01]\nrole = \"none\"";
        source.text = source.text.replace("[neighbor.verixi.session.edge-01]", silent);
        source.text = source.text.replace("[policy.neutral]", "[policy.neutral]\nlongest4 = 32");
        if source.path == "isp.toml" {
            source.text.push_str(rule);
        }
    }
    let isp = model::load(&sources).isp.expect("it is well formed");
    let found = check(&isp);
    let errors = found.iter().filter(|one| one.finding.severity == model::Severity::Error);
    assert!(errors.count() > 0, "{found:?}");
}

/// What an operator may write in a rule, and worse.
fn deeds() -> impl Strategy<Value = Vec<Action>> {
    let own = |value: u32| Action::AddLarge(Large(OWN, 0, value));
    let deed = pick::select(vec![
        own(30),
        own(40),
        Action::AddCommunity(Community::BLACKHOLE),
        Action::AddCommunity(Community::NO_EXPORT),
        Action::DeleteLarge(LargeSet::one(Large(OWN, 0, 20))),
        Action::ClearLarge,
        Action::Prepend { asn: OWN, times: 1 },
        Action::Accept,
    ]);
    collection::vec(deed, 1..4)
}

fn announcement() -> impl Strategy<Value = Route> {
    let nets = vec!["44.0.0.0/24", "44.0.0.1/32", "80.67.180.0/24", "0.0.0.0/0", "10.0.0.0/24"];
    let all = vec![Community::BLACKHOLE, Community::GRACEFUL_SHUTDOWN, Community(7, 7)];
    let communities = collection::vec(pick::select(all), 0..3);
    let path = collection::vec(pick::select(vec![39_u32, 7, 174]), 0..3);
    (pick::select(nets), communities, path).prop_map(|(text, communities, path)| Route {
        communities,
        path: Path::sequence(&path),
        next_hop: Some(net("185.1.4.7/32").addr()),
        ..Route::bare(net(text), Source::Bgp)
    })
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn what_leaks_when_it_is_run_was_told_for_any_rule(
        deeds in deeds(),
        long in any::<bool>(),
        routes in collection::vec(announcement(), 20),
    ) {
        let doors = with_rule(&deeds, if long { 32 } else { 24 });
        let found = judge(&doors);
        let is_told = |from: usize, to: usize| {
            found.iter().any(|one| {
                (one.wrong, one.from) == (Wrong::Leak, Some(from))
                    && (one.to == Some(to) || one.others.contains(&to))
            })
        };
        let lateral = || doors.all.iter().enumerate().filter(|(_, door)| door.is_lateral());
        for (at, from) in lateral() {
            for (end, to) in lateral().filter(|(end, _)| *end != at) {
                for (way, route) in doors.ways(from, to).flat_map(|way| routes.iter().map(move |r| (way, r))) {
                    let front = [Segment::Sequence(vec![from.asn])];
                    let path = front.into_iter().chain(route.path.segments().iter().cloned());
                    let route = Route { path: Path::new(path.collect()), ..route.clone() };
                    let example = Example { route, roas: Roas::default() };
                    let leaks = Steps::between(&doors, (from, to), way).run(example).is_some();
                    prop_assert!(!leaks || is_told(at, end), "{} > {}", from.name, to.name);
                }
            }
        }
    }
}
