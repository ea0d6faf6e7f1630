//! A filter on all routes at once says the same as on each of them.

use policy::standard::{self, Network, Parameters, Relation};
use policy::symbolic::{End, Space, Unclear};
use policy::{
    Action, AsnSet, Community, Condition, Destination, Family, Filter, Large, LargeSet, Path,
    PathCondition, PrefixPattern, PrefixSet, Reason, Route, Source, Statement, run,
};
use proptest::prelude::{Strategy, any, prop_assert, prop_oneof, proptest};
use proptest::strategy::ValueTree as _;
use proptest::{collection, sample as pick};

use crate::properties::{all, route};
use crate::sample::{self, OWN, net};

fn walked(filter: &Filter) -> (Space, Vec<End>) {
    let space = Space::new(filter.family, &[filter], &[]);
    let ends = space.walk(filter, space.every()).expect("the sample's filters are simple enough");
    (space, ends)
}

/// Whether a way with the verdict of the run covers the route.
fn is_covered(filter: &Filter, (space, ends): &(Space, Vec<End>), route: &Route) -> bool {
    let roas = sample::roas();
    let verdict = run(filter, route, &roas);
    let mut now = verdict.route.clone();
    if let Some(reason) = verdict.reason {
        let mark = Large(roas.own_asn, policy::REASON_FUNCTION, reason.number);
        if !route.large.contains(&mark) {
            now.large.retain(|large| *large != mark);
        }
    }
    ends.iter()
        .any(|end| end.refused == verdict.reason && space.covers(&end.routes, (route, &now), &roas))
}

/// Conditions of every kind, and what contradicts them.
fn condition() -> impl Strategy<Value = Condition> {
    let family = Family::V4;
    let nets = pick::select(vec!["44.0.0.0/8", "44.1.0.0/16", "80.67.180.0/23", "0.0.0.0/0"]);
    let pattern = (nets, 0_u8..=32, 0_u8..=32)
        .prop_map(|(text, a, b)| PrefixPattern::lengths(net(text), a.min(b), a.max(b)));
    let patterns = collection::vec(pattern, 1..3);
    let asns = collection::vec(pick::select(vec![39_u32, 100, 64512, 0]), 1..3);
    let leaf = prop_oneof![
        patterns.prop_map(move |list| Condition::Net(PrefixSet::inline(family, &list))),
        (0_u8..33, 0_u8..33).prop_map(|(a, b)| Condition::Length(a.min(b), a.max(b))),
        asns.prop_flat_map(|list| {
            let set = AsnSet::inline(&list);
            pick::select(vec![
                PathCondition::Contains(set.clone()),
                PathCondition::Within(set.clone()),
                PathCondition::Origin(set),
                PathCondition::First(list.first().copied().unwrap_or_default()),
                PathCondition::Empty,
                PathCondition::Aggregated,
                PathCondition::Longer(3),
            ])
        })
        .prop_map(Condition::Path),
        pick::select(vec![
            Condition::community(Community::BLACKHOLE),
            Condition::large(Large(OWN, 0, 20)),
            Condition::Large(LargeSet::several(&[Large(OWN, 0, 20), Large(OWN, 0, 30)])),
            Condition::LargeAtLeast(1),
            Condition::CommunitiesAtLeast(2),
            Condition::LocalPref(100),
            Condition::Med(0),
            Condition::Source(vec![Source::Bgp]),
            Condition::Unreachable,
        ]),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| !one),
            collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            collection::vec(inner, 0..3).prop_map(Condition::Any),
        ]
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let action = pick::select(vec![
        Action::SetLocalPref(100),
        Action::SetMed(0),
        Action::AddCommunity(Community::BLACKHOLE),
        Action::ClearCommunities,
        Action::AddLarge(Large(OWN, 0, 20)),
        Action::DeleteLarge(LargeSet::new(&[policy::LargePattern::Asn(OWN)])),
        Action::Prepend { asn: 39, times: 2 },
        Action::Prepend { asn: 39, times: 0 },
        Action::DeletePath(AsnSet::inline(&[64512, 39])),
        Action::Blackhole,
        Action::Accept,
        Action::Reject(Reason::OPERATOR),
    ]);
    let simple = action.prop_map(Statement::Do).boxed();
    let body = collection::vec(simple.clone(), 0..3);
    let when = (condition(), body.clone(), body)
        .prop_map(|(when, then, otherwise)| Statement::If { when, then, otherwise });
    prop_oneof![simple, when]
}

fn filter() -> impl Strategy<Value = Filter> {
    (collection::vec(statement(), 1..6), any::<bool>()).prop_map(|(body, open)| Filter {
        name: "any".to_owned(),
        about: String::new(),
        family: Family::V4,
        body,
        otherwise: (!open).then_some(Reason::LENGTH),
    })
}

/// A route of IPv4 near the constants of [`condition`].
fn near() -> impl Strategy<Value = Route> {
    let nets = vec!["44.0.0.0/7", "44.1.2.0/24", "45.0.0.0/8", "80.67.180.0/24", "0.0.0.0/0"];
    let asns = collection::vec(pick::select(vec![39_u32, 100, 64512, 7]), 0..6);
    let marks = [Large(OWN, 0, 20), Large(OWN, 0, 30), Large(7, 7, 7)];
    let larges = collection::vec(pick::select(marks.to_vec()), 0..3);
    (route(), pick::select(nets), asns, larges, 0..3_u8).prop_map(
        |(any, text, asns, large, end)| {
            let destination = match end {
                0 => Destination::AsLearnt,
                1 => Destination::Unreachable,
                _ => Destination::Blackhole,
            };
            let communities = any.communities.into_iter().take(3).collect();
            let path = Path::sequence(&asns);
            Route { net: net(text), large, path, communities, destination, ..any }
        },
    )
}

#[test]
fn every_run_of_the_standard_filters_is_on_one_of_the_ways() {
    let known: Vec<_> = all().into_iter().map(|filter| (walked(&filter), filter)).collect();
    let config = proptest::test_runner::Config::with_cases(200);
    proptest!(config, |(route in route())| {
        for (walked, filter) in known.iter().filter(|(_, f)| f.family == Family::of(&route.net)) {
            prop_assert!(is_covered(filter, walked, &route), "{}", filter.name);
        }
    });
}

proptest! {
    #[test]
    fn every_run_of_any_filter_is_on_one_of_the_ways(filter in filter(), route in near()) {
        prop_assert!(is_covered(&filter, &walked(&filter), &route));
    }
}

#[test]
fn an_example_usually_goes_the_way_that_it_is_of() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut asked, mut right) = (0, 0);
    for _ in 0..300 {
        let filter = filter().new_tree(&mut runner).expect("a filter").current();
        let (space, ends) = walked(&filter);
        for end in &ends {
            let Some(example) = space.example(&end.routes, 39, OWN) else { continue };
            asked += 1;
            right += u32::from(run(&filter, &example.route, &example.roas).reason == end.refused);
        }
    }
    assert!(right * 10 >= asked * 8, "{right} of {asked}");
}

#[test]
fn every_way_through_the_standard_filters_has_an_example() {
    for filter in all() {
        let (space, ends) = walked(&filter);
        for end in ends.iter().filter(|end| end.refused.is_none()) {
            let example = space.example(&end.routes, 39, OWN).expect("a prefix is left");
            let verdict = run(&filter, &example.route, &example.roas);
            assert_eq!(verdict.reason, None, "{}: {:?}", filter.name, example.route);
        }
    }
}

fn of_steps(body: Vec<Statement>) -> Filter {
    let (name, about) = ("steps".to_owned(), String::new());
    Filter { name, about, family: Family::V4, body, otherwise: None }
}

fn passes(body: Vec<Statement>) -> bool {
    walked(&of_steps(body)).1.iter().any(|end| end.refused.is_none())
}

#[test]
fn what_was_asked_once_is_remembered() {
    let marked = || Condition::large(Large(OWN, 0, 30));
    let neither = vec![
        Statement::refuse(!marked(), Reason::NOT_OURS),
        Statement::refuse(marked(), Reason::UNMARKED),
    ];
    assert!(!passes(neither));
}

#[test]
fn what_was_taken_away_is_gone_and_what_it_came_with_is_not_forgotten() {
    let (outside, own) = (Large(OWN, 0, 20), Large(OWN, 0, 30));
    let either = || Condition::Large(LargeSet::several(&[outside, own]));
    let take = |set| Statement::Do(Action::DeleteLarge(set));
    let all = LargeSet::new(&[policy::LargePattern::Asn(OWN)]);
    assert!(passes(vec![
        Statement::refuse(!either(), Reason::NOT_OURS),
        take(all),
        Statement::refuse(either(), Reason::UNMARKED),
    ]));
    let filter =
        of_steps(vec![take(LargeSet::one(outside)), Statement::refuse(either(), Reason::UNMARKED)]);
    let marked = Route { large: vec![outside], ..Route::bare(net("44.1.2.0/24"), Source::Bgp) };
    assert!(is_covered(&filter, &walked(&filter), &marked));
}

#[test]
fn a_next_hop_may_be_lost_in_a_table_but_a_blackhole_has_none_until_it_is_told() {
    let filter = of_steps(vec![Statement::when(
        Condition::community(Community::BLACKHOLE),
        vec![Statement::Do(Action::Blackhole), Statement::Do(Action::Accept)],
    )]);
    let space = Space::new(Family::V4, &[&filter], &[]);
    let lost = |routes| space.those(routes, &Condition::Unreachable).len();
    assert_eq!(lost(space.every().learnt()), 0);
    let ends = space.walk(&filter, space.every().learnt()).expect("it is simple");
    let of = |of: fn(policy::symbolic::Routes) -> policy::symbolic::Routes| {
        ends.iter().map(|end| lost(of(end.routes.clone()))).collect::<Vec<_>>()
    };
    assert_eq!(of(policy::symbolic::Routes::in_table), [0, 1]);
    assert_eq!(of(policy::symbolic::Routes::told), [1, 1]);
}

#[test]
fn a_filter_that_the_space_does_not_know_is_not_judged() {
    let session = sample::session(Relation::Peer, Family::V4);
    let parameters = Parameters { network: sample::network(), session };
    let filter = standard::import(Relation::Peer, &parameters);
    let space = Space::new(Family::V4, &[], &[]);
    assert_eq!(space.walk(&filter, space.every()).err(), Some(Unclear::Foreign));
    let other = Space::new(Family::V6, &[&filter], &[]);
    assert_eq!(other.walk(&filter, other.every()).err(), Some(Unclear::Foreign));
}

#[test]
fn too_many_ways_are_told_and_not_forgotten() {
    let step = |number: u32| {
        let when = Condition::large(Large(7, 7, number));
        Statement::when(when, vec![Statement::Do(Action::AddLarge(Large(8, 8, number)))])
    };
    let filter = Filter {
        name: "many".to_owned(),
        about: String::new(),
        family: Family::V4,
        body: (0..40).map(step).collect(),
        otherwise: None,
    };
    let space = Space::new(Family::V4, &[&filter], &[]);
    assert_eq!(space.walk(&filter, space.every()).err(), Some(Unclear::Ways));
}

#[test]
fn the_space_of_a_network_without_constants_is_small() {
    let filter = standard::originate(&Network::new(OWN, Vec::new()), Family::V6);
    let (_, ends) = walked(&filter);
    assert!(ends.len() < 10, "{}", ends.len());
}
