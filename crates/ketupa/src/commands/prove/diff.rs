//! `ketupa prove diff`: what is different between two versions of the network.

use super::{engine, read, waiting};
use crate::cli::prove::{DiffFormat, ProveDiff};
use crate::commands::{End, Error};
use crate::report;
use crate::screen::Screen;
use verify::Report;
use verify::report::Extent;

pub(super) fn run(args: &ProveDiff, screen: &mut Screen) -> Result<End, Error> {
    let Some(old) = read(&args.old, screen)? else { return Ok(End::Wrong) };
    let Some(new) = read(&args.new, screen)? else { return Ok(End::Wrong) };
    let mut diff = waiting("comparing", || engine::diff(&old.isp, &new.isp));
    let violations = std::mem::take(&mut diff.broken);
    let extent = Extent { scenarios: 1, simulated: 1, ..Extent::default() };
    let found = Report { violations, extent, ..Report::default() };
    let proved = new.proved(&found);
    match args.format {
        DiffFormat::Text => {
            screen.text(&report::text(&proved, screen.paint()))?;
            screen.text(&report::diff_text(&diff))?;
            screen.line(report::diff_summary(&proved, &diff))?;
        }
        DiffFormat::Markdown => screen.text(&report::diff_markdown(&proved, &diff))?,
        DiffFormat::Json => screen.json(&report::diff_json(&proved, &diff))?,
    }
    Ok(if proved.holds() { End::Well } else { End::Wrong })
}
