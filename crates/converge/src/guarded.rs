//! Applies a change that could cut its host off: it is confirmed over a new connection, or undone there.
#![expect(clippy::disallowed_methods, reason = "whoever waits for a host looks at the clock")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use host::wire::{Answer, BUT, Confirmed, Guard, Origin, Request};
use machine::Machine;

use crate::apply::{Outcome, Sent, send};
use crate::plan::Plan;
use crate::vault::Vault;

/// How long to wait before a host is asked again.
const AGAIN: Duration = Duration::from_millis(300);
/// How long a host may take to undo a change once its time is over.
const UNDOING: Duration = Duration::from_secs(90);

/// How long a change may be on its way.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// On whose word changes are made, and how they are taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What the hosts keep in their history.
    pub origin: Origin,
    /// For those changes that could cut their host off.
    pub guard: Guard,
}

/// Does what the plan says. Where that could cut the host off, it stands only after the host was
/// reached anew; whatever else happens to the connection, the operator or the executor, the host takes
/// it back by itself.
pub fn apply_guarded(
    plan: &Plan,
    machine: &dyn Machine,
    vault: &dyn Vault,
    terms: &Terms,
) -> Outcome {
    match send(plan, machine, vault, Some(terms)) {
        Sent::Over(outcome) => outcome,
        Sent::Awaiting { steps } => confirmed(machine, &terms.guard, steps, String::new()),
        // The answer is lost, the change may be live: only if it proved itself it can be confirmed.
        Sent::Silent { why } if plan.cuts_off => confirmed(machine, &terms.guard, Vec::new(), why),
        Sent::Silent { why } => Outcome::Unknown { why },
    }
}

/// Asks over new connections until the change stands or is gone.
fn confirmed(
    machine: &dyn Machine,
    guard: &Guard,
    mut steps: Vec<String>,
    mut last: String,
) -> Outcome {
    let limit = Duration::from_secs(u64::from(guard.within_s)) + UNDOING;
    let first = Instant::now();
    let mut begun = first;
    while begun.elapsed() < limit {
        match machine.ask_anew(Request::Confirm { id: guard.id.clone() }) {
            Ok(Answer::Confirmed(Confirmed::Stands)) => {
                steps.push("confirmed over a new connection".into());
                return Outcome::Done { steps };
            }
            Ok(Answer::Confirmed(Confirmed::Gone { why })) => {
                let why = reason(&last, guard, &why, first.elapsed());
                return undone(machine, &why, steps, limit);
            }
            // It is still being made: its time has not begun.
            Ok(Answer::Confirmed(Confirmed::Busy)) if first.elapsed() < PATIENCE => {
                begun = Instant::now();
            }
            Ok(Answer::Confirmed(Confirmed::Busy)) => last = "a change there does not end".into(),
            Ok(Answer::Refused { why }) => last = why,
            Ok(_) => last = "the answer does not fit the question".into(),
            Err(silence) => last = silence.why,
        }
        sleep(AGAIN);
    }
    Outcome::Unknown { why: format!("it cannot be reached anew: {last}") }
}

fn reason(last: &str, guard: &Guard, why: &str, waited: Duration) -> String {
    let last = if last.is_empty() { String::new() } else { format!(": {last}") };
    if waited < Duration::from_secs(u64::from(guard.within_s)) {
        return format!("it could not be confirmed: {why}{last}");
    }
    format!("no new connection reached it within {} s{last}", guard.within_s)
}

/// What the host did by itself, in its own words.
fn undone(machine: &dyn Machine, why: &str, steps: Vec<String>, limit: Duration) -> Outcome {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Ok(Answer::Recovered(Ok(said))) = machine.ask_anew(Request::Recover) {
            let said = said.unwrap_or_else(|| "it is as before".into());
            let (said, troubles) = match said.split_once(BUT) {
                Some((said, trouble)) => (said.to_owned(), vec![trouble.to_owned()]),
                None => (said, Vec::new()),
            };
            return Outcome::RolledBack { why: format!("{why}\n{said}"), troubles, steps };
        }
        sleep(AGAIN);
    }
    Outcome::Unknown { why: format!("{why}\nwhether it undid the change is not known") }
}
