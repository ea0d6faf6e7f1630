//! Alerts from one evaluation to the next: waiting, firing, kept on, forgotten, and over a restart.

use crate::place::{Place, T0, put, series};
use metrics::Store;
use metrics::promql::{Answer, Series};
use watch::{Group, Phase, State, evaluate, read};

const RULES: &str = "
groups:
- name: g
  interval: 15s
  rules:
  - record: up:count
    expr: count by (job) (up)
  - alert: Down
    expr: up == 0
    for: 30s
    keep_firing_for: 1m
    labels: {severity: critical, where: '{{ $labels.instance }}!'}
    annotations: {summary: 'of {{ with query \"up:count\" }}{{ . | first | value }}{{ end }}'}
";

fn groups(text: &str) -> Vec<Group> {
    read("rules.yml", text).expect("nothing is wrong with it")
}

/// One evaluation, before which a host says how it is.
fn step(store: &mut Store, groups: &[Group], state: &mut State, at: i64, up: f64) {
    put(store, at, &[(series("up", &[("instance", "a"), ("job", "node")]), up)]);
    evaluate(groups, store, state, at);
}

fn phases(state: &State) -> Vec<Phase> {
    state.alerts().iter().map(|alert| alert.phase).collect()
}

/// The series of an answer, with their values.
fn asked(store: &Store, question: &str, at: i64) -> Vec<String> {
    let answer = store.query(question, at);
    let Ok(Answer::Vector(lines)) = answer else { unreachable!("a list: {answer:?}") };
    let last = |line: &Series| line.points.last().map_or(f64::NAN, |point| point.value);
    lines.iter().map(|line| format!("{} {}", line.labels, last(line))).collect()
}

#[test]
fn an_alert_waits_fires_is_kept_and_ends() {
    let place = Place::new("life");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    let expected = [
        (1.0, vec![]),
        (0.0, vec![Phase::Pending]),
        (0.0, vec![Phase::Pending]),
        (0.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        // It is down again: what was kept begins anew later.
        (0.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Firing]),
        (1.0, vec![Phase::Resolved]),
        (0.0, vec![Phase::Pending]),
        (1.0, vec![]),
    ];
    for (n, (up, phase)) in (0..).zip(expected) {
        step(&mut store, &groups, &mut state, T0 + n * 15_000, up);
        assert_eq!(phases(&state), phase, "{n}");
    }
    let at = T0 + 3 * 15_000;
    let alerts = ["ALERTS{alertname=\"Down\",alertstate=\"firing\",instance=\"a\",\
                   job=\"node\",severity=\"critical\",where=\"a!\"} 1"];
    assert_eq!(asked(&store, "ALERTS", at), alerts);
    assert_eq!(
        asked(&store, "ALERTS_FOR_STATE - 1728000000", at)[0].rsplit_once(' ').map(|w| w.1),
        Some("15")
    );
    assert_eq!(asked(&store, "up:count", at), ["up:count{job=\"node\"} 1"]);
    // What ended has no series any more, at once and not after five minutes.
    assert_eq!(asked(&store, "ALERTS", T0 + 13 * 15_000), Vec::<String>::new());
}

#[test]
fn a_restart_forgets_nothing() {
    let place = Place::new("restart");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    for (n, up) in (0..).zip([0.0, 0.0, 0.0, 1.0, 1.0]) {
        step(&mut store, &groups, &mut state, T0 + n * 15_000, up);
        let text = serde_json::to_string(&state).expect("it is written");
        let again: State = serde_json::from_str(&text).expect("it is read");
        assert_eq!(again, state);
        state = again;
    }
    assert_eq!(phases(&state), [Phase::Firing], "it is kept on");
    assert_eq!(state.alerts()[0].annotations["summary"], "of 1");
    step(&mut store, &groups, &mut state, T0 + 7 * 15_000, 1.0);
    assert_eq!(phases(&state), [Phase::Resolved]);
    step(&mut store, &groups, &mut state, T0 + 1_200_000, 1.0);
    assert_eq!(phases(&state), [], "nobody needs to hear of it");
}

#[test]
fn time_in_which_nobody_looked_does_not_count() {
    let place = Place::new("away");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    step(&mut store, &groups, &mut state, T0, 0.0);
    step(&mut store, &groups, &mut state, T0 + 3_600_000, 0.0);
    assert_eq!(phases(&state), [Phase::Pending]);
    step(&mut store, &groups, &mut state, T0 + 3_615_000, 0.0);
    assert_eq!(phases(&state), [Phase::Firing]);
    // A clock that goes back is no reason to wait for the time that was.
    step(&mut store, &groups, &mut state, T0 + 600_000, 0.0);
    assert_eq!(
        (phases(&state), state.last_of(&groups[0])),
        (vec![Phase::Firing], Some(T0 + 600_000))
    );
}

#[test]
fn who_comes_back_after_a_pause_of_ours_is_not_missed_meanwhile() {
    let place = Place::new("return");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    step(&mut store, &groups, &mut state, T0, 1.0);
    for seconds in (600..720).step_by(15) {
        step(&mut store, &groups, &mut state, T0 + seconds * 1000, 0.0);
        let fires = seconds >= 600 + 75 + 30;
        let phase = if fires { Phase::Firing } else { Phase::Pending };
        assert_eq!(phases(&state), [phase], "{seconds}");
    }
    step(&mut store, &groups, &mut state, T0 + 1_800_000, 0.0);
    assert_eq!(phases(&state), [Phase::Firing], "what fired before goes on");
}

#[test]
fn a_group_is_evaluated_once_in_its_interval() {
    let place = Place::new("interval");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    for second in 0..45 {
        step(&mut store, &groups, &mut state, T0 + second * 1000, 0.0);
    }
    let counted = asked(&store, "prometheus_rule_evaluations_total", T0 + 45_000);
    let labels = "prometheus_rule_evaluations_total{job=\"ketupa\",rule_group=\"rules.yml;g\"}";
    assert_eq!(counted, [[labels, " 6"].concat()]);
}

#[test]
fn what_cannot_be_evaluated_is_told_and_harms_no_other() {
    let place = Place::new("errors");
    let text = "
groups:
- name: limited
  limit: 1
  rules:
  - {alert: Two, expr: up >= 0}
- name: g
  rules:
  - {record: same, expr: up, labels: {instance: ''}}
  - {alert: Same, expr: up >= 0, labels: {instance: ''}}
  - {alert: Text, expr: '\"a\"'}
  - {alert: Fine, expr: up == 1, labels: {bad: '{{ query \"none\" | first }}'}}
";
    let (mut store, groups, mut state) = (place.store(), groups(text), State::default());
    let up = |instance: &str| (series("up", &[("instance", instance)]), 1.0);
    put(&mut store, T0, &[up("a"), up("b")]);
    evaluate(&groups, &mut store, &mut state, T0);
    let error = |group: usize, place: usize| state.error_of(&groups[group], place).unwrap_or("-");
    assert_eq!(error(0, 0), "2 lines are more than the limit of 1");
    assert_eq!(error(1, 0), "several lines of the answer would be the same series");
    assert_eq!(error(1, 1), "several lines of the answer would be the same alert");
    assert_eq!(error(1, 2), "the answer is no number and no list of them");
    assert_eq!(error(1, 3), "-");
    let fine = state.alerts();
    assert_eq!(fine.len(), 2);
    let why = "<error expanding template: `first` of an answer without a line>";
    assert_eq!(fine[0].labels["bad"], why);
    let told = watch::api::rules(&groups, &state);
    assert_eq!(told["data"]["groups"][1]["rules"][0]["health"], "err");
    assert_eq!(told["data"]["groups"][1]["rules"][3]["alerts"][0]["value"], "1e+00");
    assert_eq!(
        told["data"]["groups"][1]["rules"][3]["alerts"][0]["activeAt"],
        "2024-10-04T00:00:00Z"
    );
}

#[test]
fn groups_that_go_take_their_series_along() {
    let place = Place::new("gone");
    let (mut store, groups, mut state) = (place.store(), groups(RULES), State::default());
    step(&mut store, &groups, &mut state, T0, 0.0);
    assert_eq!(asked(&store, "{__name__=~\"ALERTS|up:count\"}", T0).len(), 2);
    evaluate(&[], &mut store, &mut state, T0 + 15_000);
    assert_eq!(asked(&store, "{__name__=~\"ALERTS|up:count\"}", T0 + 15_000), Vec::<String>::new());
    assert_eq!(state, State::default());
}
