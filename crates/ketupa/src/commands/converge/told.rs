//! How plans and what became of them are told.

use super::Plans;
use super::apply::Fate;
use crate::cli::converge::Shape;
use crate::report::plain;
use crate::screen::{Printed, Screen};
use converge::{Origin, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// Who touched what, by host and by path or package.
pub(super) type Traces = BTreeMap<String, BTreeMap<String, String>>;

/// Every plan that changes something, and every host that is unknown.
pub(super) fn plans(plans: &Plans, traces: &Traces, shape: Shape, screen: &mut Screen) -> Printed {
    match shape {
        Shape::Json => screen.json(&as_json(plans, traces)),
        Shape::Text | Shape::Markdown => {
            for (host, plan) in plans {
                let known = traces.get(host).cloned().unwrap_or_default();
                match plan {
                    Ok(plan) if plan.is_empty() && plan.interruption.is_none() => {}
                    Ok(plan) if shape == Shape::Markdown => screen.line(plan.markdown())?,
                    Ok(plan) => text(plan, &known, screen)?,
                    Err(trouble) if shape == Shape::Markdown => {
                        unknown(&format!("## {host}"), &trouble.to_string(), screen)?;
                    }
                    Err(trouble) => unknown(host, &trouble.to_string(), screen)?,
                }
            }
            Ok(())
        }
    }
}

fn text(plan: &converge::Plan, known: &BTreeMap<String, String>, screen: &mut Screen) -> Printed {
    screen.text(&plan.to_string())?;
    if plan.cuts_off {
        screen.line(
            "  could cut it off: undone there unless it is confirmed over a new connection",
        )?;
    }
    for (what, who) in known {
        screen.line(plain(&format!("  {what}: {who}")))?;
    }
    Ok(())
}

/// A host that is unknown, and why.
pub(super) fn unknown(host: &str, why: &str, screen: &mut Screen) -> Printed {
    screen.line(format!("{host}: unknown"))?;
    lines(why).into_iter().try_for_each(|line| screen.line(format!("  {line}")))
}

/// A message's lines, without what could drive the terminal.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| plain(line.trim())).collect()
}

fn as_json(plans: &Plans, traces: &Traces) -> Value {
    let (mut hosts, mut unknown) = (Vec::new(), Vec::new());
    for (host, plan) in plans {
        match plan {
            Ok(plan) => {
                let mut value: Value = serde_json::from_str(&plan.json()).unwrap_or_default();
                if let (Some(known), Value::Object(value)) = (traces.get(host), &mut value) {
                    value.insert("touched".into(), json!(known));
                }
                hosts.push(value);
            }
            Err(trouble) => unknown.push(json!({ "host": host, "why": trouble.to_string() })),
        }
    }
    json!({ "hosts": hosts, "unknown": unknown })
}

/// "12 hosts: 3 differ, 8 are as declared, 1 is unknown".
pub(super) fn counted(plans: &Plans) -> String {
    let unknown = plans.values().filter(|plan| plan.is_err()).count();
    let differ = plans.values().flatten().filter(|plan| !plan.is_empty()).count();
    let same = plans.len() - unknown - differ;
    let mut parts = vec![format!("{same} as declared")];
    if differ > 0 {
        parts.insert(0, format!("{differ} not as declared"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} unknown"));
    }
    format!("{}: {}", hosts(plans.len()), parts.join(", "))
}

/// "1 host", "2 hosts".
pub(super) fn hosts(count: usize) -> String {
    format!("{count} host{}", if count == 1 { "" } else { "s" })
}

/// The closing summary: what became of every host that was to be changed.
pub(super) fn fates(
    fates: &BTreeMap<String, Fate>,
    plans: &Plans,
    begun: Instant,
    screen: &mut Screen,
) -> Printed {
    for (host, fate) in fates {
        for (number, line) in lines(&fate_of(fate)).iter().enumerate() {
            screen.line(if number == 0 {
                format!("{host}: {line}")
            } else {
                format!("  {line}")
            })?;
        }
    }
    let unknown: Vec<&str> =
        plans.iter().filter(|(_, plan)| plan.is_err()).map(|(host, _)| host.as_str()).collect();
    if !unknown.is_empty() {
        screen.line(format!("not touched because they are unknown: {}", unknown.join(", ")))?;
    }
    let well = fates.values().filter(|fate| fate.is_well()).count();
    let left = fates.values().filter(|fate| matches!(fate, Fate::Left(_))).count();
    let failed = fates.len() - well - left;
    let seconds = begun.elapsed().as_secs_f32();
    screen.say(match (failed, left) {
        (0, 0) => format!("{} changed in {seconds:.1} s", hosts(well)),
        _ => format!("{well} changed, {failed} failed, {left} not begun, in {seconds:.1} s"),
    });
    Ok(())
}

/// All of an apply as one value: each host's plan, and what became of it.
pub(super) fn applied(
    fates: &BTreeMap<String, Fate>,
    plans: &Plans,
    origin: &Origin,
    screen: &mut Screen,
) -> Printed {
    let mut all = as_json(plans, &BTreeMap::new());
    let hosts = all.get_mut("hosts").and_then(Value::as_array_mut);
    for host in hosts.into_iter().flatten().filter_map(Value::as_object_mut) {
        let name = host.get("host").and_then(Value::as_str).unwrap_or_default();
        let outcome = fates.get(name).map_or_else(|| json!({ "end": "unchanged" }), fate_json);
        host.insert("outcome".into(), outcome);
    }
    if let Some(all) = all.as_object_mut() {
        all.insert("origin".into(), json!(origin));
    }
    screen.json(&all)
}

fn fate_json(fate: &Fate) -> Value {
    match fate {
        Fate::Left(why) => json!({ "end": "not begun", "why": why }),
        Fate::Ended(Outcome::Unchanged) => json!({ "end": "unchanged" }),
        Fate::Ended(Outcome::Done { steps }) => json!({ "end": "done", "steps": steps }),
        Fate::Ended(Outcome::Refused { why }) => json!({ "end": "refused", "why": why }),
        Fate::Ended(Outcome::RolledBack { why, troubles, steps }) => {
            json!({ "end": "undone", "why": why, "troubles": troubles, "steps": steps })
        }
        Fate::Ended(Outcome::Unknown { why }) => json!({ "end": "unknown", "why": why }),
    }
}

fn fate_of(fate: &Fate) -> String {
    match fate {
        Fate::Left(why) => why.clone(),
        Fate::Ended(outcome) => verdict(outcome),
    }
}

/// What became of a change, in words.
pub(super) fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unchanged => "as declared".into(),
        Outcome::Done { steps } => format!("done: {} steps", steps.len()),
        Outcome::Refused { why } => format!("refused, nothing was touched: {why}"),
        Outcome::RolledBack { why, troubles, .. } if troubles.is_empty() => {
            format!("undone, it is as before: {why}")
        }
        Outcome::RolledBack { why, troubles, .. } => {
            format!("undone in part: {why}\nlook at it by hand: {}", troubles.join("; "))
        }
        Outcome::Unknown { why } => format!("unknown, look at it with `ketupa plan`: {why}"),
    }
}
