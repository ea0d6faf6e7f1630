//! `ketupa prove order`: in which order machines can be taken down.

use super::{engine, read_for_question, waiting};
use crate::cli::Format;
use crate::cli::prove::ProveOrder;
use crate::commands::{End, Error};
use crate::report;
use crate::screen::Screen;
use serde_json::json;
use verify::report::Extent;
use verify::{Order, Report};

pub(super) fn run(args: &ProveOrder, screen: &mut Screen) -> Result<End, Error> {
    let Some(read) = read_for_question(&args.place.dir, screen)? else { return Ok(End::Wrong) };
    let Order { steps, broken } = waiting("looking for an order", || engine::order(&read.isp));
    let extent = Extent { scenarios: 1, simulated: 1, ..Extent::default() };
    let found = Report { violations: broken, extent, ..Report::default() };
    let proved = read.proved(&found);
    let well = found.violations.is_empty() && !steps.is_empty();
    match args.format {
        Format::Json => {
            let told = steps.iter().map(|step| json!({ "host": step.host, "why": step.why }));
            screen.json(&json!({
                "steps": told.collect::<Vec<_>>(),
                "violations": report::violations(&proved),
            }))?;
        }
        Format::Text => {
            screen.text(&report::text(&proved, screen.paint()))?;
            let widest = steps.iter().map(|step| step.host.chars().count()).max().unwrap_or(0);
            for (step, number) in steps.iter().zip(1..) {
                let (host, why) = (report::plain(&step.host), report::plain(&step.why));
                screen.line(format!("{number:>4}  {host:widest$}  {why}").trim_end())?;
            }
            screen.line(match (steps.len(), well) {
                (0, _) => "no order was found".to_owned(),
                (number, true) => format!("safe: {number} steps, one machine at a time"),
                (number, false) => format!("not safe: {number} steps, some of them cut something"),
            })?;
        }
    }
    Ok(if well { End::Well } else { End::Wrong })
}
