//! Rules and alerts as Prometheus's HTTP API tells them.

use crate::evaluate::EVERY;
use crate::group::{Group, Makes};
use crate::state::{Alert, Phase, State};
use serde_json::{Value, json};

/// The answer to `/api/v1/rules`.
pub fn rules(groups: &[Group], state: &State) -> Value {
    let groups: Vec<Value> = groups.iter().map(|group| of_group(group, state)).collect();
    json!({ "status": "success", "data": { "groups": groups } })
}

/// The answer to `/api/v1/alerts`: those that are on.
pub fn alerts(state: &State) -> Value {
    let alerts: Vec<Value> = on(&state.alerts());
    json!({ "status": "success", "data": { "alerts": alerts } })
}

fn on(alerts: &[Alert]) -> Vec<Value> {
    alerts.iter().filter(|alert| alert.phase != Phase::Resolved).map(alert).collect()
}

fn alert(alert: &Alert) -> Value {
    json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.phase.word(),
        "activeAt": time(Some(alert.since)),
        "value": scientific(alert.value),
    })
}

fn of_group(group: &Group, state: &State) -> Value {
    let last = time(state.last_of(group));
    let rule = |place: usize| of_rule(group, place, state, &last);
    let rules: Vec<Option<Value>> = (0..group.rules.len()).map(rule).collect();
    json!({
        "name": group.name,
        "file": group.file,
        "interval": seconds(group.interval_ms.unwrap_or(EVERY)),
        "limit": group.limit,
        "rules": rules,
        "evaluationTime": 0,
        "lastEvaluation": last,
    })
}

fn of_rule(group: &Group, place: usize, state: &State, last: &str) -> Option<Value> {
    let rule = group.rules.get(place)?;
    let error = state.error_of(group, place);
    let health = match (error, state.last_of(group)) {
        (Some(_), _) => "err",
        (None, Some(_)) => "ok",
        (None, None) => "unknown",
    };
    let mut told = json!({
        "name": rule.name,
        "query": rule.expr,
        "labels": group.labels_of(rule),
        "health": health,
        "evaluationTime": 0,
        "lastEvaluation": last,
        "type": "recording",
    });
    let fields = told.as_object_mut()?;
    if let Some(error) = error {
        fields.insert("lastError".into(), error.into());
    }
    if let Makes::Alerts(alerting) = &rule.makes {
        let alerts = state.alerts_of(group, place);
        let worst = alerts.iter().map(|alert| alert.phase).max().unwrap_or(Phase::Resolved);
        fields.insert("type".into(), "alerting".into());
        fields.insert("state".into(), worst.word().into());
        fields.insert("duration".into(), seconds(alerting.hold_ms));
        fields.insert("keepFiringFor".into(), seconds(alerting.keep_ms));
        fields.insert("annotations".into(), json!(alerting.annotations));
        fields.insert("alerts".into(), on(&alerts).into());
    }
    Some(told)
}

fn seconds(millis: i64) -> Value {
    if millis % 1000 == 0 {
        return (millis / 1000).into();
    }
    #[expect(clippy::cast_precision_loss, reason = "a length of time in milliseconds fits")]
    let seconds = millis as f64 / 1000.0;
    seconds.into()
}

/// A time as RFC 3339 has it; before the first one stands what Go has for it.
fn time(millis: Option<i64>) -> String {
    let time = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}

fn scientific(value: f64) -> String {
    crate::template::scientific(value)
}
