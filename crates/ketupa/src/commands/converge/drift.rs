//! `ketupa drift`: where hosts are not as declared, and what they know of it.

use super::{Plans, Ready, all_well, ready, told};
use crate::cli::converge::Drift;
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::Interrupted;
use machine::Rights;

pub(crate) fn run(args: &Drift, screen: &mut Screen) -> Result<End, Error> {
    let Some(ready) = ready(&args.reach, Rights::Look, screen)? else { return Ok(End::Wrong) };
    let plans = ready.plans(Interrupted::Report);
    told::plans(&plans, &traces(&ready, &plans), args.format, screen)?;
    screen.say(told::counted(&plans));
    let same = plans.values().flatten().all(converge::Plan::is_empty);
    Ok(if same && all_well(&plans) { End::Well } else { End::Wrong })
}

/// What the hosts that differ know of it.
fn traces(ready: &Ready, plans: &Plans) -> told::Traces {
    let differ = plans.values().flatten().filter(|plan| !plan.is_empty());
    let ask = |plan: &converge::Plan| {
        Some((plan.host.clone(), converge::trace(plan, ready.machine(&plan.host)?)))
    };
    differ.filter_map(ask).collect()
}
