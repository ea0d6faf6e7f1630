//! Sends a plan's orders to its machine. Makes no choices; resolves secrets just before they leave.

use std::sync::Arc;

use component::tree::File;
use host::wire::{
    Answer, Command, Content, End, FileOrder, NewFile, Orders, Request, Then, UnitOrder, Verb,
};
use machine::Machine;

use crate::guarded::Terms;
use crate::places::LinkChange;
use crate::plan::{FileChange, Plan};
use crate::secrets::resolve;
use crate::units::UnitChange;
use crate::vault::Vault;

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
    match send(plan, machine, vault, None) {
        Sent::Over(outcome) => outcome,
        Sent::Awaiting { .. } => Outcome::Unknown { why: UNFIT.into() },
        Sent::Silent { why } => Outcome::Unknown { why },
    }
}

/// How far orders have come that were sent.
pub(crate) enum Sent {
    /// It is over.
    Over(Outcome),
    /// All is done, and stands once it is confirmed.
    Awaiting {
        /// What was done.
        steps: Vec<String>,
    },
    /// No answer came.
    Silent {
        /// What is known of it.
        why: String,
    },
}

/// What a host says that is asked for one thing and tells of another.
const UNFIT: &str = "the answer does not fit the question";

/// Sends the plan's orders; under a guard where the plan could cut the host off and terms say which.
pub(crate) fn send(
    plan: &Plan,
    machine: &dyn Machine,
    vault: &dyn Vault,
    terms: Option<&Terms>,
) -> Sent {
    if let Some(obstacle) = plan.obstacles.first() {
        let why = format!("{}: {}", obstacle.about, obstacle.why);
        return Sent::Over(Outcome::Refused { why });
    }
    if plan.is_empty() {
        return Sent::Over(Outcome::Unchanged);
    }
    let orders = match orders(plan, vault) {
        Ok(orders) => Orders {
            guard: terms.filter(|_| plan.cuts_off).map(|terms| terms.guard.clone()),
            origin: terms.map(|terms| Box::new(terms.origin.clone())),
            ..orders
        },
        Err(why) => return Sent::Over(Outcome::Refused { why }),
    };
    match machine.ask(Request::Apply(orders)) {
        Ok(Answer::Applied(outcome)) => {
            let steps = outcome.recovered.into_iter().chain(outcome.steps).collect();
            ended(outcome.end, steps)
        }
        Ok(Answer::Refused { why }) => Sent::Over(Outcome::Refused { why }),
        Ok(
            Answer::Observed(_)
            | Answer::Texts(_)
            | Answer::Recovered(_)
            | Answer::Confirmed(_)
            | Answer::Traced(_)
            | Answer::History(_),
        ) => Sent::Over(Outcome::Unknown { why: UNFIT.into() }),
        Err(silence) => Sent::Silent { why: silence.to_string() },
    }
}

fn ended(end: End, steps: Vec<String>) -> Sent {
    Sent::Over(match end {
        End::Awaiting => return Sent::Awaiting { steps },
        End::Done => Outcome::Done { steps },
        End::Refused { why } => Outcome::Refused { why },
        End::RolledBack { why, troubles } => Outcome::RolledBack { why, troubles, steps },
    })
}

fn orders(plan: &Plan, vault: &dyn Vault) -> Result<Orders, String> {
    let files: Result<Vec<FileOrder>, String> =
        plan.files.iter().map(|change| file_order(change, vault)).collect();
    let mut files = files?;
    files.extend(plan.links.iter().map(link_order));
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
        holds: plan.holds.clone(),
        groups: plan.groups.clone(),
        users: plan.users.clone(),
        directories: plan.directories.clone(),
        files,
        checks: checks.collect(),
        units: plan.units.iter().filter_map(unit_order).collect(),
        probes: probes.collect(),
        owned: plan.owned.clone(),
        guard: None,
        origin: None,
    })
}

fn file_order(change: &FileChange, vault: &dyn Vault) -> Result<FileOrder, String> {
    let then = match &change.desired {
        None => Then::Remove,
        Some(file) => Then::Write(NewFile {
            content: content(file, vault)?,
            mode: file.mode,
            owner: file.owner.clone(),
            group: file.group.clone(),
        }),
    };
    Ok(FileOrder { path: change.path.clone(), was: change.was.without_text(), then })
}

/// What stands behind a file's marks.
fn content(file: &File, vault: &dyn Vault) -> Result<Content, String> {
    if let Some(name) = file.program_name() {
        return Ok(Content::Program(Arc::clone(vault.program(name)?.bytes())));
    }
    resolve(&file.text, vault).map(Content::Text).map_err(|lack| lack.to_string())
}

fn link_order(change: &LinkChange) -> FileOrder {
    let then = change.to.as_ref().map_or(Then::Remove, |to| Then::Link { to: to.clone() });
    FileOrder { path: change.path.clone(), was: change.was.without_text(), then }
}

fn unit_order(unit: &UnitChange) -> Option<UnitOrder> {
    let order = UnitOrder { name: unit.name.clone(), verb: unit.act.verb(), boot: unit.boot };
    (order.verb != Verb::Leave || order.boot != host::wire::Boot::Leave).then_some(order)
}
