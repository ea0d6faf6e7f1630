//! Sends a plan's orders to its machine. Makes no choices; resolves secrets just before they leave.

use host::wire::{
    Answer, Command, End, FileOrder, NewFile, Orders, Request, Then, UnitOrder, Verb,
};
use machine::Machine;

use crate::plan::{FileChange, Plan};
use crate::secrets::resolve;
use crate::units::UnitChange;
use crate::vault::{NoSecret, Vault};

/// A checker that takes longer than this hangs.
const CHECK_S: u32 = 60;

/// How applying a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to do.
    Unchanged,
    /// The host is as planned.
    Done {
        /// What was done, one sentence each.
        steps: Vec<String>,
    },
    /// No live file or unit was touched.
    Refused {
        /// Why.
        why: String,
    },
    /// Something failed on the way and was put back.
    RolledBack {
        /// What failed.
        why: String,
        /// What could not be put back; people must look at it.
        troubles: Vec<String>,
        /// What had been done before.
        steps: Vec<String>,
    },
    /// The connection ended before the answer: the host must be looked at again.
    Unknown {
        /// What is known of it.
        why: String,
    },
}

/// Does what the plan says, and nothing else.
pub fn apply(plan: &Plan, machine: &dyn Machine, vault: &dyn Vault) -> Outcome {
    if let Some(obstacle) = plan.obstacles.first() {
        return Outcome::Refused { why: format!("{}: {}", obstacle.about, obstacle.why) };
    }
    if plan.is_empty() {
        return Outcome::Unchanged;
    }
    let orders = match orders(plan, vault) {
        Ok(orders) => orders,
        Err(lack) => return Outcome::Refused { why: lack.to_string() },
    };
    match machine.ask(Request::Apply(orders)) {
        Ok(Answer::Applied(outcome)) => {
            let steps = outcome.recovered.into_iter().chain(outcome.steps).collect();
            ended(outcome.end, steps)
        }
        Ok(Answer::Refused { why }) => Outcome::Refused { why },
        Ok(Answer::Observed(_) | Answer::Texts(_) | Answer::Recovered(_)) => {
            Outcome::Unknown { why: "the answer does not fit the question".into() }
        }
        Err(silence) => Outcome::Unknown { why: silence.to_string() },
    }
}

fn ended(end: End, steps: Vec<String>) -> Outcome {
    match end {
        End::Done => Outcome::Done { steps },
        End::Refused { why } => Outcome::Refused { why },
        End::RolledBack { why, troubles } => Outcome::RolledBack { why, troubles, steps },
    }
}

fn orders(plan: &Plan, vault: &dyn Vault) -> Result<Orders, NoSecret> {
    let files: Result<Vec<FileOrder>, NoSecret> =
        plan.files.iter().map(|change| file_order(change, vault)).collect();
    let checks = plan.checks.iter().map(|check| Command {
        name: check.component.clone(),
        command: check.command.clone(),
        within_s: CHECK_S,
    });
    let probes = plan.probes.iter().map(|probe| Command {
        name: probe.name.clone(),
        command: probe.command.clone(),
        within_s: probe.within_s,
    });
    Ok(Orders {
        packages: plan.packages.clone(),
        files: files?,
        checks: checks.collect(),
        units: plan.units.iter().filter_map(unit_order).collect(),
        probes: probes.collect(),
        owned: plan.owned.clone(),
    })
}

fn file_order(change: &FileChange, vault: &dyn Vault) -> Result<FileOrder, NoSecret> {
    let then = match &change.desired {
        None => Then::Remove,
        Some(file) => Then::Write(NewFile {
            text: resolve(&file.text, vault)?,
            mode: file.mode,
            owner: file.owner.clone(),
            group: file.group.clone(),
        }),
    };
    Ok(FileOrder { path: change.path.clone(), was: change.was.without_text(), then })
}

fn unit_order(unit: &UnitChange) -> Option<UnitOrder> {
    let order = UnitOrder { name: unit.name.clone(), verb: unit.act.verb(), boot: unit.boot };
    (order.verb != Verb::Leave || order.boot != host::wire::Boot::Leave).then_some(order)
}
