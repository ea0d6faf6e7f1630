//! `ketupa plan`: what an apply would do.

use super::{all_well, ready, told};
use crate::cli::converge::Plan;
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::Interrupted;
use machine::Rights;
use std::collections::BTreeMap;

pub(crate) fn run(args: &Plan, screen: &mut Screen) -> Result<End, Error> {
    let Some(ready) = ready(&args.reach, Rights::Look, screen)? else { return Ok(End::Wrong) };
    let plans = ready.plans(Interrupted::Report);
    told::plans(&plans, &BTreeMap::new(), args.format, screen)?;
    screen.say(told::counted(&plans));
    Ok(if all_well(&plans) { End::Well } else { End::Wrong })
}
