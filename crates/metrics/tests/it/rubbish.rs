//! Whatever is asked or sent: an answer or a refusal, never a panic.

use metrics::Labels;
use metrics::wire::exposition::{Target, parse};
use metrics::wire::json;
use proptest::prelude::*;

use crate::place::{Place, T0};

const EXPRESSIONS: &str = include_str!("expressions.txt");

fn words() -> Vec<String> {
    let lines = EXPRESSIONS.lines().filter(|line| !line.starts_with('#'));
    let between = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '.';
    let mut words: Vec<String> = lines
        .clone()
        .flat_map(|line| line.split(between).map(str::to_owned))
        .chain("()[]{},:=!~<>+-*/%^@\"\\$ ".chars().map(String::from))
        .chain(
            ["=~", "!~", "==", "!=", "1d", "9999999999d", "1e308", "-0x", "1ms", "[5m:1ms]"]
                .map(str::to_owned),
        )
        .chain(lines.map(str::to_owned))
        .collect();
    words.sort();
    words.dedup();
    words
}

fn fill(store: &mut metrics::Store) {
    let mut target = Target::new(Labels::new([("job", "node"), ("instance", "a:9100")]));
    for n in 0..40 {
        let text = format!(
            "requests_total{{code=\"200\"}} {n}\nrequests_total{{code=\"500\"}} {}\ntemperature {}\n\
             latency_seconds_bucket{{le=\"1\"}} {n}\nlatency_seconds_bucket{{le=\"+Inf\"}} {n}\nstrange NaN\n",
            n % 7,
            f64::from(n).sin()
        );
        target.scraped(store, &text, (T0 + i64::from(n) * 15_000, 0.1)).expect("it is kept");
    }
}

#[test]
fn any_question_is_answered_or_refused() {
    let place = Place::new("rubbish");
    let mut store = place.open();
    fill(&mut store);
    let words = words();
    let questions = prop::collection::vec(0..words.len(), 1..8);
    let config =
        ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let tried = runner.run(&questions, |places| {
        let question: String = places.iter().map(|place| words[*place].as_str()).collect();
        let spaced =
            places.iter().map(|place| words[*place].as_str()).collect::<Vec<_>>().join(" ");
        for question in [question, spaced] {
            let times = (T0, T0 + 600_000);
            for answer in
                [store.query(&question, times.1), store.query_range(&question, times, 60_000)]
            {
                let text = json::answer(&answer);
                let read = serde_json::from_str::<serde_json::Value>(&text);
                prop_assert!(read.is_ok(), "{question}: {text}");
            }
        }
        Ok(())
    });
    tried.expect("no question breaks it");
}

#[test]
fn questions_that_are_too_much_are_refused() {
    let place = Place::new("too-much");
    let mut store = place.open();
    fill(&mut store);
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    let long = format!("1{}", " + 1".repeat(3000));
    let signs = format!("{}1", "-".repeat(20_000));
    let nested = "max_over_time(".repeat(60) + "temperature" + &"[1d:1ms])".repeat(60);
    let wide = "temperature{a=~\"((((x{99}){99}){99}){99})\"}";
    for question in [deep.as_str(), &long, &signs, &nested, wide, "1[1000d:1ms]"] {
        assert!(store.query(question, T0).is_err(), "{question:.60}");
    }
    assert!(store.query_range("1", (T0, T0 + 12_000_000), 1000).is_err(), "too many steps");
    assert!(store.query("1", i64::MAX).is_err());
    assert!(store.query_range("1", (i64::MIN, i64::MAX), 1).is_err());
    for question in ["rate(a[99999999999999999999999s])", "a offset 1e300", "a[1e300]"] {
        assert!(store.query(question, T0).is_err(), "{question}");
    }
    let fits = format!("1{}", " + 1".repeat(390));
    assert!(store.query(&fits, T0).is_ok(), "as deep as it may be");
}

proptest! {
    #[test]
    fn any_text_of_an_exporter_is_read_or_refused(text in "[a-z_#{}=\",0-9. \\n\\\\]{0,200}") {
        if let Ok(exposed) = parse(&text) {
            for sample in exposed.samples {
                let again = parse(&format!("{} 1", sample.labels));
                prop_assert_eq!(&again.expect("it reads what it writes").samples[0].labels, &sample.labels);
            }
        }
    }

    #[test]
    fn any_body_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let place = Place::new("bodies");
        let mut store = place.open();
        let _ = store.remote_write(&bytes, T0);
        let packed = snap::raw::Encoder::new().compress_vec(&bytes).expect("it can be packed");
        let _ = store.remote_write(&packed, T0);
    }
}
