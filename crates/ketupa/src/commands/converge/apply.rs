//! `ketupa apply`: shows the plan, asks, and changes hosts wave by wave.

use super::origin::{origin, revision};
use super::progress::Progress;
use super::{Plans, Ready, all_well, ready, told};
use crate::cli::Format;
use crate::cli::converge::{Apply, How, Shape};
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::{Guard, Interrupted, Outcome, Plan, Revision, Step, Terms, apply_all};
use machine::{Machine, Rights};
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::time::Instant;
use verify::waves;

/// What became of each host that was to be changed.
pub(super) enum Fate {
    /// It was on its way.
    Ended(Outcome),
    /// It was left as it is, and why.
    Left(String),
}

impl Fate {
    pub(super) fn is_well(&self) -> bool {
        matches!(self, Self::Ended(Outcome::Unchanged | Outcome::Done { .. }))
    }
}

pub(crate) fn run(args: &Apply, screen: &mut Screen) -> Result<End, Error> {
    can_ask(&args.how)?;
    let Some(ready) = ready(&args.reach, Rights::Change, screen)? else { return Ok(End::Wrong) };
    let revision = revision(&args.reach.place.dir, &ready.declared);
    carry_out(&ready, &args.how, revision, screen)
}

/// Whether there is somebody to ask, where somebody has to be.
pub(super) fn can_ask(how: &How) -> Result<(), Error> {
    if how.yes {
        return Ok(());
    }
    if how.format == Format::Json {
        let says = "with --format json nobody is asked: look at `ketupa plan`, then say --yes";
        return Err(Error::Usage(says.into()));
    }
    if !std::io::stdin().is_terminal() {
        let says = "there is no terminal to ask on: look at `ketupa plan`, then say --yes";
        return Err(Error::Usage(says.into()));
    }
    Ok(())
}

/// Plans, shows, asks, and changes hosts.
pub(super) fn carry_out(
    ready: &Ready,
    how: &How,
    revision: Revision,
    screen: &mut Screen,
) -> Result<End, Error> {
    let begun = Instant::now();
    let plans = ready.plans(Interrupted::Settle);
    if how.format == Format::Text {
        told::plans(&plans, &BTreeMap::new(), Shape::Text, screen)?;
    }
    screen.say(told::counted(&plans));
    let changes = plans.values().flatten().filter(|plan| !plan.is_empty()).count();
    if changes > 0 && !how.yes && !agreed(changes, screen) {
        screen.say("nothing was changed");
        return Ok(if all_well(&plans) { End::Well } else { End::Wrong });
    }
    let origin = origin(how.by.as_deref(), revision);
    let guard = Guard { id: origin.run.clone(), within_s: how.confirm_within };
    let terms = Terms { origin, guard };
    let fates = changed(ready, &plans, &terms);
    match how.format {
        Format::Text => told::fates(&fates, &plans, begun, screen)?,
        Format::Json => told::applied(&fates, &plans, &terms.origin, screen)?,
    }
    let known = plans.values().all(Result::is_ok);
    Ok(if known && fates.values().all(Fate::is_well) { End::Well } else { End::Wrong })
}

/// Asks the person at the terminal.
fn agreed(hosts: usize, screen: &mut Screen) -> bool {
    let hosts = told::hosts(hosts);
    screen.say(format!("Change {hosts}? Type yes to go on:"));
    let mut answer = String::new();
    // Whoever closes the terminal says no.
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "yes" | "y")
}

/// Changes what differs, wave by wave; the first wave that is not well is the last one.
fn changed(ready: &Ready, plans: &Plans, terms: &Terms) -> BTreeMap<String, Fate> {
    let mut fates = BTreeMap::new();
    let mut stopped = false;
    let waves = in_waves(&ready.isp, plans);
    let progress = Progress::new(waves.iter().map(Vec::len).sum());
    let watch = |host: &str, step: Step<'_>| progress.step(host, step);
    for (number, wave) in waves.iter().enumerate() {
        let mut going = Vec::new();
        for plan in wave {
            let left = if stopped {
                Some("not begun: an earlier wave is not well".to_owned())
            } else {
                alone(&ready.isp, &plan.host, plans)
            };
            match (left, ready.machine(&plan.host)) {
                (Some(why), _) => drop(fates.insert(plan.host.clone(), Fate::Left(why))),
                (None, Some(machine)) => going.push((*plan, machine as &dyn Machine)),
                (None, None) => {}
            }
        }
        let names: Vec<&str> = going.iter().map(|(plan, _)| plan.host.as_str()).collect();
        progress.wave(number + 1, waves.len(), &names);
        for (host, outcome) in apply_all(&going, terms, &ready.vault, ready.workers, &watch) {
            let fate = Fate::Ended(outcome);
            stopped |= !fate.is_well();
            fates.insert(host, fate);
        }
    }
    fates
}

/// The plans that change something, in the model's order.
fn in_waves<'a>(isp: &Isp, plans: &'a Plans) -> Vec<Vec<&'a Plan>> {
    let planned = |id: Id<Host>| -> Option<&'a Plan> {
        plans.get(isp.hosts[id].name())?.as_ref().ok().filter(|plan| !plan.is_empty())
    };
    let waves = waves::waves(isp).into_iter();
    let waves = waves.map(|wave| wave.into_iter().filter_map(planned).collect::<Vec<_>>());
    waves.filter(|wave| !wave.is_empty()).collect()
}

/// Why a host has to be left alone: whoever stands in for it may be down.
fn alone(isp: &Isp, host: &str, plans: &Plans) -> Option<String> {
    let id = isp.hosts.find(host)?;
    let unknown = plans.iter().filter(|(_, plan)| plan.is_err());
    unknown.into_iter().find_map(|(other, _)| {
        let what = waves::stand_in(isp, id, isp.hosts.find(other)?)?;
        Some(format!("not begun: {other} shares {what} with it and does not answer"))
    })
}
