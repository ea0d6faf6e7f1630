//! The store answers like a filter over all lines, whatever happened to them.

use std::collections::BTreeSet;

use logs::DAY;
use logs::logql::{Answer, Ask, Direction};
use proptest::prelude::*;

use crate::place::{Place, T0, always, append, ask, stream};

#[derive(Clone, Debug)]
enum Act {
    Append(usize, Vec<(i64, String)>),
    Again,
    Seal,
    Merge,
    Reopen,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let line = (0_i64..2000, "(get|put) /[ab]{1,2} (id=[0-9]{1,2}|-)");
    let lines = prop::collection::vec(line, 0..12);
    let act = prop_oneof![
        6 => (0_usize..3, lines).prop_map(|(n, lines)| Act::Append(n, lines)),
        1 => Just(Act::Again),
        2 => Just(Act::Seal),
        1 => Just(Act::Merge),
        1 => Just(Act::Reopen),
    ];
    prop::collection::vec(act, 1..30)
}

/// Times over two days, many of them the same.
fn time(n: i64) -> i64 {
    T0 + n * (DAY / 1000)
}

fn play(acts: &[Act], place: &Place) -> (logs::Store, BTreeSet<(i64, String, usize)>) {
    let now = T0 + 2 * DAY;
    let (mut store, mut known) = (place.open(), BTreeSet::new());
    let mut last: Option<(usize, Vec<(i64, String)>)> = None;
    for act in acts {
        match act {
            Act::Append(n, lines) => last = Some((*n, lines.clone())),
            Act::Again => {}
            Act::Seal => store.seal().expect("it is written"),
            Act::Merge => {
                // Long after: files of days that are over become one.
                while let Some(merge) = store.merge_due(now + 2 * DAY) {
                    merge.work().expect("it is written");
                    store.merge_done(&merge).expect("it is taken");
                }
            }
            Act::Reopen => {
                drop(store);
                store = place.open();
            }
        }
        if let (Act::Append(..) | Act::Again, Some((n, lines))) = (act, &last) {
            let lines: Vec<(i64, &str)> =
                lines.iter().map(|(at, line)| (time(*at), line.as_str())).collect();
            let said = append(&mut store, &stream(*n), &lines, now);
            assert_eq!(said.refused, 0, "{said:?}");
            known.extend(lines.iter().map(|(time, line)| (*time, (*line).to_owned(), *n)));
        }
    }
    assert!(store.damage().is_empty(), "{:?}", store.damage());
    (store, known)
}

fn flat(answer: Answer) -> Vec<(i64, String, usize)> {
    let Answer::Streams(streams) = answer else { unreachable!("lines are lines") };
    let lines = streams.into_iter().flat_map(|(labels, lines)| {
        let n: usize = labels.get("n").parse().expect("a number");
        lines.into_iter().map(move |(time, line)| (time, line, n))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_store_answers_like_a_filter_over_all_lines(
        acts in acts(), from in 0_i64..2000, length in 0_i64..2000, limit in 1_usize..30, part in "(get| /a |b|id=1|/ab - |id=12)"
    ) {
        let place = Place::new("naive");
        let (store, known) = play(&acts, &place);
        let window = Ask { start: time(from), end: time(from + length), ..always() };
        let within = |(time, ..): &&(i64, String, usize)| (window.start..window.end).contains(time);
        for (query, accepts) in [
            ("{job=\"test\"}".to_owned(), Box::new(|_: &str| true) as Box<dyn Fn(&str) -> bool>),
            (format!("{{n=~\".+\"}} |= `{part}`"), Box::new(|line: &str| line.contains(&part))),
            (format!("{{job=\"test\"}} != `{part}`"), Box::new(|line: &str| !line.contains(&part))),
            ("{job=\"test\"} |~ `\\bid\\b` |~ \"1$\"".to_owned(), Box::new(|line: &str| line.contains("id=") && line.ends_with('1'))),
        ] {
            let expected: Vec<_> = known.iter().filter(within).filter(|(_, line, _)| accepts(line)).cloned().collect();
            prop_assert_eq!(flat(ask(&store, &query, window)), expected.clone(), "{}", &query);
            // As many as the limit, the right ones by time.
            for direction in [Direction::Forward, Direction::Backward] {
                let some = flat(ask(&store, &query, Ask { limit, direction, ..window }));
                let mut times: Vec<i64> = expected.iter().map(|(time, ..)| *time).collect();
                if direction == Direction::Backward {
                    times.reverse();
                }
                times.truncate(limit);
                times.sort_unstable();
                let found: Vec<i64> = some.iter().map(|(time, ..)| *time).collect();
                prop_assert_eq!(found, times);
                prop_assert!(some.iter().all(|line| expected.contains(line)));
            }
        }
        // Numbers count the same lines: those after the beginning, up to the end.
        let instant = Ask { end: time(from + length), ..always() };
        let query = format!("sum(count_over_time({{job=\"test\"}} |= `{part}` [1d]))");
        let counted = known.iter().filter(|(time, line, _)| {
            *time > instant.end - DAY && *time <= instant.end && line.contains(&part)
        });
        let counted = i32::try_from(counted.count()).expect("few");
        let Answer::Vector(_, vector) = ask(&store, &query, instant) else { panic!("a number is a number") };
        let sum = vector.first().map_or(0.0, |(_, value)| *value);
        prop_assert!((sum - f64::from(counted)).abs() < 0.5, "{} {}", sum, counted);
    }
}
