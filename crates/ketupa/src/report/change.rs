//! What is different: between two versions of the network, or with something broken.

use super::escape::{code, plain, prose};
use super::markdown::{conditions, details};
use super::told::Told;
use super::{Proved, count, told::told};
use serde::Serialize;
use std::fmt::Write as _;
use verify::{Change, Diff};

/// More rows than this are only counted in Markdown: a comment has a largest size.
const SHOWN: usize = 60;

/// A change as JSON.
#[derive(Serialize)]
pub(crate) struct ChangeTold<'a> {
    what: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    lost: bool,
}

/// A change as JSON.
pub(crate) fn change_told(change: &Change) -> ChangeTold<'_> {
    ChangeTold {
        what: &change.what,
        before: change.before.as_deref(),
        after: change.after.as_deref(),
        lost: change.lost,
    }
}

/// The violations of a report alone.
pub(crate) fn violations<'a>(proved: &Proved<'a>) -> Vec<Told<'a>> {
    proved.report.violations.iter().map(|one| told(proved, one, None)).collect()
}

/// Changes as lines: before with `-`, after with `+`.
pub(crate) fn changes(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let lost = if change.lost { "  LOST" } else { "" };
        let _ = writeln!(out, "  {}{lost}", plain(&change.what));
        for (sign, side) in [('-', &change.before), ('+', &change.after)] {
            if let Some(side) = side {
                let _ = writeln!(out, "    {sign} {}", plain(side));
            }
        }
    }
    out
}

/// A difference as text, but for what is broken.
pub(crate) fn diff_text(diff: &Diff) -> String {
    let mut out = String::new();
    for (title, all) in [("flows:", &diff.flows), ("routes:", &diff.routes)] {
        if !all.is_empty() {
            let _ = write!(out, "{title}\n{}\n", changes(all));
        }
    }
    for (code, says) in &diff.mended {
        let _ = writeln!(out, "mended: {code} {}", plain(says));
    }
    out
}

/// `3 flows and 1 route differ, 2 of them lost; 1 new violation, 0 mended`.
pub(crate) fn diff_summary(proved: &Proved<'_>, diff: &Diff) -> String {
    let lost = diff.flows.iter().chain(&diff.routes).filter(|change| change.lost).count();
    format!(
        "{} and {} differ, {lost} of them lost; {}, {} mended",
        count(diff.flows.len(), "flow", "flows"),
        count(diff.routes.len(), "route", "routes"),
        count(proved.report.violations.len(), "new violation", "new violations"),
        diff.mended.len(),
    )
}

/// A difference as JSON.
pub(crate) fn diff_json<'a>(proved: &Proved<'a>, diff: &'a Diff) -> impl Serialize + 'a {
    let mended = diff.mended.iter().map(|(code, message)| Mended { code, message });
    DiffTold {
        flows: diff.flows.iter().map(change_told).collect(),
        routes: diff.routes.iter().map(change_told).collect(),
        broken: violations(proved),
        mended: mended.collect(),
        conditions: proved.conditions,
    }
}

#[derive(Serialize)]
struct DiffTold<'a> {
    flows: Vec<ChangeTold<'a>>,
    routes: Vec<ChangeTold<'a>>,
    broken: Vec<Told<'a>>,
    mended: Vec<Mended<'a>>,
    conditions: &'a [String],
}

#[derive(Serialize)]
struct Mended<'a> {
    code: &'a str,
    message: &'a str,
}

/// The report of a difference for a merge request.
pub(crate) fn diff_markdown(proved: &Proved<'_>, diff: &Diff) -> String {
    let mark = if proved.holds() { "✅" } else { "❌" };
    let summary = diff_summary(proved, diff);
    let mut out = format!("## {mark} What this changes in the network\n\n{}\n", prose(&summary));
    out += &conditions(proved);
    for violation in &proved.report.violations {
        out += &details(proved, violation);
    }
    for (title, all) in [("Flows", &diff.flows), ("Routes", &diff.routes)] {
        out += &table(title, all);
    }
    if !diff.mended.is_empty() {
        out += "\n### Mended\n\n";
    }
    for (name, says) in &diff.mended {
        let _ = writeln!(out, "- {}: {}", code(name), prose(says));
    }
    out
}

fn table(title: &str, all: &[Change]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut out = format!("\n### {title}: {}\n\n", all.len());
    out += "| | what | before | after |\n| --- | --- | --- | --- |\n";
    let side = |side: &Option<String>| side.as_deref().map_or_else(|| "–".to_owned(), prose);
    for change in all.iter().take(SHOWN) {
        let mark = if change.lost { "❌" } else { "" };
        let (before, after) = (side(&change.before), side(&change.after));
        let _ = writeln!(out, "| {mark} | {} | {before} | {after} |", prose(&change.what));
    }
    let more = all.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "\n… and {more} more.");
    }
    out
}
