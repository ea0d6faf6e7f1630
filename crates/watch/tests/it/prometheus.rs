//! The same rules and samples to Debian's Prometheus: its `promtool` holds what is evaluated here.
//!
//! The package is downloaded by `apt-get` and unpacked below `target/`.

use crate::place::{Place, put, series};
use metrics::promql::Answer;
use metrics::{STALE, Store};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use watch::{Phase, State, Words, evaluate, read, rules, to_yaml};

fn promtool() -> PathBuf {
    testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), "prometheus")
        .join("usr/bin/promtool")
}

fn run(place: &Place, args: &[&str]) {
    let output =
        Command::new(promtool()).args(args).current_dir(place.path()).output().expect("it starts");
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn real_prometheus_takes_the_rules_of_the_model() {
    let place = Place::new("promtool-check");
    let isp = testkit::isp(&testkit::example("neutrinet"));
    let text = to_yaml(&rules::of(&isp));
    std::fs::write(place.path().join("model.yml"), &text).expect("it is written");
    run(&place, &["check", "rules", "--lint=all", "--lint-fatal", "model.yml"]);
    let mut again = read("model", &text).expect("we read what we wrote");
    let mut ours = rules::of(&isp);
    for rule in again.iter_mut().chain(&mut ours).flat_map(|group| &mut group.rules) {
        rule.line = 0;
    }
    assert_eq!(again, ours);
}

const INTERVAL: i64 = 15_000;
const STEPS: i64 = 80;
const RULES: &str = include_str!("files/compared.yml");

/// A series as `promtool` reads it, and its values; where there is none it is nothing.
type Given = (&'static str, Vec<(&'static str, &'static str)>, Vec<Option<f64>>);

fn given() -> Vec<Given> {
    let every = |of: fn(i64) -> Option<f64>| (0..STEPS).map(of).collect::<Vec<_>>();
    vec![
        (
            "up",
            vec![("instance", "a"), ("job", "node")],
            every(|n| Some(f64::from(u8::from(n % 40 < 25)))),
        ),
        (
            "up",
            vec![("instance", "b"), ("job", "node")],
            every(|n| Some(f64::from(u8::from(n % 7 != 3)))),
        ),
        (
            "up",
            vec![("instance", "c"), ("job", "web")],
            every(|n| match n {
                30 => Some(f64::from_bits(STALE)),
                31..=55 => None,
                _ => Some(0.0),
            }),
        ),
        (
            "requests_total",
            vec![("instance", "a"), ("code", "200")],
            every(|n| Some((n * n) as f64)),
        ),
        (
            "requests_total",
            vec![("instance", "b"), ("code", "500")],
            every(|n| Some((n * 3) as f64)),
        ),
        ("left_bytes", vec![("instance", "a")], every(|n| Some(5e9 - 61_234_567.0 * n as f64))),
        ("ratio", vec![("instance", "a")], every(|n| Some((n as f64 / 10.0).sin().abs()))),
    ]
}

#[test]
fn real_prometheus_evaluates_the_same() {
    let place = Place::new("promtool-test");
    let groups = read("compared.yml", RULES).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let (mut store, mut state) = (place.store(), State::default());
    let mut test = String::from(
        "rule_files: [compared.yml]\nevaluation_interval: 15s\ngroup_eval_order: [records, alerts]\ntests:\n- interval: 15s\n  input_series:\n",
    );
    for (name, labels, values) in given() {
        let shown = series(name, &labels).to_string();
        let word = |value: &Option<f64>| match value {
            None => "_".to_owned(),
            Some(value) if value.to_bits() == STALE => "stale".to_owned(),
            Some(value) => value.to_string(),
        };
        let words: Vec<String> = values.iter().map(word).collect();
        writeln!(test, "  - {{series: '{shown}', values: '{}'}}", words.join(" ")).expect("text");
    }
    let (mut alerts, mut answers) = (String::new(), String::new());
    let mut seen = BTreeMap::new();
    for n in 0..STEPS {
        let at = n * INTERVAL;
        let told = given().into_iter().filter_map(|(name, labels, values)| {
            values[usize::try_from(n).expect("small")].map(|value| (series(name, &labels), value))
        });
        put(&mut store, at, &told.collect::<Vec<_>>());
        evaluate(&groups, &mut store, &mut state, at);
        for alert in state.alerts() {
            *seen.entry((alert.name().to_owned(), alert.phase)).or_insert(0) += 1;
        }
        fired(&groups, &state, at, &mut alerts);
        answered(&store, at, &mut answers);
    }
    assert_eq!(state.error_of(&groups[0], 0), None);
    assert!(seen.len() >= 12, "too little happens: {seen:?}");
    let test = [&test, "  alert_rule_test:\n", &alerts, "  promql_expr_test:\n", &answers].concat();
    std::fs::write(place.path().join("compared.yml"), RULES).expect("it is written");
    std::fs::write(place.path().join("test.yml"), test).expect("it is written");
    run(&place, &["test", "rules", "test.yml"]);
}

/// What fires here must fire there: by name, with labels and annotations.
fn fired(groups: &[watch::Group], state: &State, at: i64, text: &mut String) {
    for rule in groups.iter().flat_map(|group| &group.rules) {
        if rule.alerting().is_none() {
            continue;
        }
        writeln!(text, "  - eval_time: {}s\n    alertname: {}", at / 1000, rule.name)
            .expect("text");
        writeln!(text, "    exp_alerts:").expect("text");
        let firing = state.alerts().into_iter().filter(|alert| alert.phase == Phase::Firing);
        for alert in firing.filter(|alert| alert.name() == rule.name) {
            let mut labels = alert.labels.clone();
            labels.remove("alertname");
            let json = |words: &Words| serde_json::to_string(words).expect("it is written");
            writeln!(
                text,
                "    - {{exp_labels: {}, exp_annotations: {}}}",
                json(&labels),
                json(&alert.annotations)
            )
            .expect("text");
        }
    }
}

/// What rules made here they must make there.
fn answered(store: &Store, at: i64, text: &mut String) {
    for name in ["ALERTS", "ALERTS_FOR_STATE", "job:up:sum", "a:again"] {
        writeln!(text, "  - expr: '{name}'\n    eval_time: {}s\n    exp_samples:", at / 1000)
            .expect("text");
        let answer = store.query(name, at);
        let Ok(Answer::Vector(lines)) = answer else { unreachable!("a list: {answer:?}") };
        for line in lines {
            let value = line.points.last().map_or(f64::NAN, |point| point.value);
            writeln!(text, "    - {{labels: '{}', value: {value}}}", line.labels).expect("text");
        }
    }
}
