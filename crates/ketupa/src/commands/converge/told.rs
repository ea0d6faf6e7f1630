//! How plans and what became of them are told.

use super::Plans;
use super::apply::Fate;
use crate::cli::converge::Shape;
use crate::report::plain;
use crate::screen::{Printed, Screen};
use converge::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
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
                    Err(trouble) => unknown(host, &trouble.to_string(), shape, screen)?,
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

fn unknown(host: &str, why: &str, shape: Shape, screen: &mut Screen) -> Printed {
    let head = if shape == Shape::Markdown { "## " } else { "" };
    screen.line(format!("{head}{host}: unknown"))?;
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

fn fate_of(fate: &Fate) -> String {
    match fate {
        Fate::Left(why) => why.clone(),
        Fate::Ended(outcome) => verdict(outcome),
    }
}

fn verdict(outcome: &Outcome) -> String {
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

/// How many hosts have answered, where somebody watches.
pub(super) struct Waiting {
    all: usize,
    answered: AtomicUsize,
    terminal: bool,
}

impl Waiting {
    pub(super) fn new(all: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { all, answered: AtomicUsize::new(0), terminal }
    }

    pub(super) fn answered(&self, host: &str) {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        if self.terminal {
            let line = format!("\r\x1b[K{answered} of {} hosts answered: {host}", self.all);
            let end = if answered == self.all { "\r\x1b[K" } else { "" };
            say(&format!("{line}{end}"));
        }
    }
}

/// Says what is going on while hosts change.
pub(super) struct Teller {
    begun: Instant,
}

impl Teller {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now() }
    }

    pub(super) fn wave(&self, number: usize, of: usize, hosts: &[&str]) {
        if !hosts.is_empty() {
            self.line(&format!("wave {number} of {of}: {}", hosts.join(", ")));
        }
    }

    pub(super) fn ended(&self, host: &str, outcome: &Outcome) {
        let verdict = verdict(outcome);
        self.line(&format!("{host}: {}", plain(verdict.lines().next().unwrap_or_default())));
    }

    fn line(&self, text: &str) {
        say(&format!("{:6.1} s  {text}\n", self.begun.elapsed().as_secs_f32()));
    }
}

fn say(text: &str) {
    // Nobody is left to tell that standard error is closed.
    drop(std::io::stderr().write_all(text.as_bytes()));
}
