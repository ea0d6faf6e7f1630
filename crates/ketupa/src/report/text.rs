//! A proof for people: each violation as a finding, then what shows it, hop by hop.

use super::escape::plain;
use super::told::{end_words, flow_words, names, replay, ways, where_declared};
use super::{Proved, count};
use model::Source;
use model::finding::{self, Paint};
use std::fmt::Write as _;
use verify::{Hop, Violation};

/// More violations than this are only counted in text; the other formats have them all.
const SHOWN: usize = 50;
/// As many further failures are named; the others are counted.
const OTHERS: usize = 3;
/// A column is not wider than this because of one long word in it.
const WIDEST: usize = 36;

/// The whole report but its last line, which the command ends with the time that it took.
pub(crate) fn text(proved: &Proved<'_>, paint: Paint) -> String {
    let mut out = String::new();
    for one in proved.report.violations.iter().take(SHOWN) {
        out += &violation(proved, one, paint);
        out.push('\n');
    }
    let more = proved.report.violations.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "… and {more} more; --format json shows them all\n");
    }
    for (one, reason) in &proved.report.accepted {
        let finding = &one.finding;
        let _ = writeln!(
            out,
            "accepted: {} {} ({})",
            finding.code,
            plain(&finding.says),
            plain(reason)
        );
    }
    for condition in proved.conditions {
        let _ = writeln!(out, "condition: {}", plain(condition));
    }
    out
}

/// One violation: the finding, and what shows it.
pub(crate) fn violation(proved: &Proved<'_>, violation: &Violation, paint: Paint) -> String {
    let Proved { isp, sources, directory, .. } = *proved;
    let shown = &violation.shown;
    let mut out = finding::text(&violation.finding, sources, paint) + "\n\n";
    let failed = names(isp, &shown.failure);
    if failed.is_empty() {
        out += "  with nothing broken:\n";
    } else {
        let _ = writeln!(out, "  without {}:", plain(&failed.join(", ")));
    }
    let mut say = |text: String| {
        let _ = writeln!(out, "  {}", plain(&text));
    };
    if let Some(route) = &shown.route {
        say(format!("the route {route}"));
    }
    if let Some(flow) = &shown.flow {
        say(flow_words(flow));
    }
    if !shown.answerers.is_empty() {
        say(format!("answered for by {}", shown.answerers.join(" and ")));
    }
    out += &all_ways(&shown.hops, sources);
    if let Some(end) = &shown.end {
        let _ = writeln!(out, "  it {}", plain(&end_words(end)));
    }
    if !shown.back.is_empty() {
        out += "  the way back:\n";
        out += &all_ways(&shown.back, sources);
        if let Some(end) = &shown.back_end {
            let _ = writeln!(out, "  the answer {}", plain(&end_words(end)));
        }
    }
    out += &others(proved, violation);
    let _ = writeln!(out, "  replay it: {}", replay(&violation.id, directory));
    out
}

/// Which further failures show the same.
fn others(proved: &Proved<'_>, violation: &Violation) -> String {
    let number = violation.others.len();
    if number == 0 {
        return String::new();
    }
    let first = violation.others.iter().take(OTHERS);
    let mut named: Vec<String> =
        first.map(|failure| names(proved.isp, failure).join(", ")).collect();
    if number > OTHERS {
        named.push("…".to_owned());
    }
    let number = count(number, "further set of failures shows", "further sets of failures show");
    format!("  {number} the same: {}\n", plain(&named.join("; ")))
}

/// Every way among hops; where there are several, each is headed.
fn all_ways(hops: &[Hop], sources: &[Source]) -> String {
    let ways = ways(hops);
    let several = ways.len() > 1;
    let number = ways.len();
    ways.into_iter().enumerate().fold(String::new(), |mut out, (index, hops)| {
        if several {
            let _ = writeln!(out, "  way {} of {number}, load is shared:", index + 1);
        }
        out + &way(hops, sources)
    })
}

/// A way as a numbered list: host, interfaces, what decided, where that is declared.
pub(crate) fn way(hops: &[Hop], sources: &[Source]) -> String {
    let rows: Vec<[String; 4]> = hops.iter().map(|hop| row(hop, sources)).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).min(WIDEST)
    };
    let (host, nics, by) = (width(0), width(1), width(2));
    rows.iter().zip(1..).fold(String::new(), |mut out, ([a, b, c, d], number)| {
        let line = format!("  {number:>3}  {a:host$}  {b:nics$}  {c:by$}  {d}");
        let _ = writeln!(out, "{}", line.trim_end());
        out
    })
}

fn row(hop: &Hop, sources: &[Source]) -> [String; 4] {
    let nics = match (&hop.input, &hop.output) {
        (None, None) => String::new(),
        (Some(input), None) => format!("{input} >"),
        (None, Some(output)) => format!("> {output}"),
        (Some(input), Some(output)) => format!("{input} > {output}"),
    };
    let cells = [hop.host.clone(), nics, hop.by.clone(), where_declared(hop, sources)];
    cells.map(|cell| plain(&cell))
}
