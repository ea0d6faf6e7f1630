//! `ketupa drift`: where hosts are not as declared, and what they know of it.

use super::progress::Progress;
use super::{Plans, Ready, all_well, ready, told};
use crate::cli::converge::Drift;
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::{Interrupted, Plan, Step, ask_all};
use machine::{Machine, Rights};

pub(crate) fn run(args: &Drift, screen: &mut Screen) -> Result<End, Error> {
    let Some(ready) = ready(&args.reach, Rights::Look, screen)? else { return Ok(End::Wrong) };
    let plans = ready.plans(Interrupted::Report);
    told::plans(&plans, &traces(&ready, &plans), args.format, screen)?;
    screen.say(told::counted(&plans));
    let same = plans.values().flatten().all(Plan::is_empty);
    Ok(if same && all_well(&plans) { End::Well } else { End::Wrong })
}

/// What the hosts that differ know of it.
fn traces(ready: &Ready, plans: &Plans) -> told::Traces {
    let differ = |host: &str| plans.get(host)?.as_ref().ok().filter(|plan| !plan.is_empty());
    let machines = ready.hosts.iter().map(|(_, machine)| machine as &dyn Machine);
    let machines: Vec<&dyn Machine> =
        machines.filter(|machine| differ(machine.name()).is_some()).collect();
    let progress = Progress::new(machines.len());
    let watch = |host: &str, step: Step<'_>| progress.step(host, step);
    let ask = |machine: &dyn Machine| {
        let plan = differ(machine.name());
        plan.map(|plan| converge::trace(plan, machine)).unwrap_or_default()
    };
    ask_all(&machines, ready.workers, &watch, ask)
}
