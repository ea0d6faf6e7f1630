//! `ketupa apply`: shows the plan, asks, and changes hosts wave by wave.

use super::{Plans, Ready, all_well, ready, told};
use crate::cli::converge::{Apply, Shape};
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::{Guard, Interrupted, Outcome, Plan, apply_all};
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
    let begun = Instant::now();
    let terminal = std::io::stdin().is_terminal();
    if !args.yes && !terminal {
        let says = "there is no terminal to ask on: look at `ketupa plan`, then say --yes";
        return Err(Error::Usage(says.into()));
    }
    let Some(ready) = ready(&args.reach, Rights::Change, screen)? else { return Ok(End::Wrong) };
    let plans = ready.plans(Interrupted::Settle);
    told::plans(&plans, &BTreeMap::new(), Shape::Text, screen)?;
    screen.say(told::counted(&plans));
    let changes = plans.values().flatten().filter(|plan| !plan.is_empty()).count();
    if changes > 0 && !args.yes && !agreed(changes, screen) {
        screen.say("nothing was changed");
        return Ok(if all_well(&plans) { End::Well } else { End::Wrong });
    }
    let fates = changed(&ready, &plans, args.confirm_within);
    told::fates(&fates, &plans, begun, screen)?;
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
fn changed(ready: &Ready, plans: &Plans, confirm_within: u32) -> BTreeMap<String, Fate> {
    let guard = Guard { id: name(), within_s: confirm_within };
    let mut fates = BTreeMap::new();
    let mut stopped = false;
    let waves = in_waves(&ready.isp, plans);
    let teller = told::Teller::new();
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
        teller.wave(number + 1, waves.len(), &names);
        let tell = |host: &str, outcome: &Outcome| teller.ended(host, outcome);
        for (host, outcome) in apply_all(&going, &guard, &ready.vault, ready.workers, &tell) {
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

/// A name for this run, as it stands in the hosts' books.
fn name() -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    format!("{now}-{}", std::process::id())
}
