//! A proof as Markdown: the summary under a merge request.

use super::escape::{code, element, prose};
use super::told::{end_words, flow_words, names, position, replay, ways, where_declared};
use super::{Proved, count};
use model::Source;
use std::fmt::Write as _;
use verify::{Hop, Violation};

/// More violations than this are only counted: a comment has a largest size.
const SHOWN: usize = 30;

/// The summary.
pub(crate) fn markdown(proved: &Proved<'_>) -> String {
    let (mark, violations) = (proved.holds(), &proved.report.violations);
    let title = match (mark, proved.conditions) {
        (false, _) => "❌ The network is not proved".to_owned(),
        (true, []) => "✅ The network holds".to_owned(),
        (true, [_, ..]) => format!("⚠️ The network holds{}", proved.under()),
    };
    let mut out = format!("## {title}\n\n{}\n", prose(&proved.summary()));
    out += &conditions(proved);
    if !violations.is_empty() {
        out += "\n| what | without | where |\n| --- | --- | --- |\n";
    }
    for violation in violations.iter().take(SHOWN) {
        let finding = &violation.finding;
        let place = finding.place.and_then(|place| position(place, proved.sources));
        let place = place.map_or_else(String::new, |(file, line)| code(&format!("{file}:{line}")));
        let _ = writeln!(
            out,
            "| {}: {} | {} | {place} |",
            code(finding.code),
            prose(&finding.says),
            failed(proved, violation)
        );
    }
    let more = violations.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "\n… and {}.", count(more, "more", "more"));
    }
    for violation in violations.iter().take(SHOWN) {
        out += &details(proved, violation);
    }
    out + &accepted(proved)
}

/// What it rests on, as a list.
pub(super) fn conditions(proved: &Proved<'_>) -> String {
    let all = proved.conditions.iter().map(|one| format!("- ⚠️ {}\n", prose(one)));
    let all: String = all.collect();
    if all.is_empty() { all } else { format!("\n{all}") }
}

fn failed(proved: &Proved<'_>, violation: &Violation) -> String {
    let names = names(proved.isp, &violation.shown.failure);
    match names.as_slice() {
        [] => "nothing broken".to_owned(),
        _ => names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", "),
    }
}

/// What shows a violation, folded.
pub(super) fn details(proved: &Proved<'_>, violation: &Violation) -> String {
    let shown = &violation.shown;
    let summary = element(&format!("{}: {}", violation.finding.code, violation.finding.says));
    let mut out = format!("\n<details><summary>{summary}</summary>\n\n");
    let mut say = |text: String| {
        let _ = writeln!(out, "{text}\n");
    };
    if let Some(hint) = &violation.finding.hint {
        say(format!("Mend it: {}", prose(hint)));
    }
    say(format!("Without: {}", failed(proved, violation)));
    if let Some(route) = &shown.route {
        say(format!("Route: {}", code(route)));
    }
    if let Some(flow) = &shown.flow {
        say(format!("Flow: {}", prose(&flow_words(flow))));
    }
    if !shown.answerers.is_empty() {
        let hosts: Vec<String> = shown.answerers.iter().map(|host| code(host)).collect();
        say(format!("Answered for by {}", hosts.join(" and ")));
    }
    out += &tables(&shown.hops, proved.sources);
    if let Some(end) = &shown.end {
        let _ = writeln!(out, "It {}.\n", prose(&end_words(end)));
    }
    if !shown.back.is_empty() {
        let _ = writeln!(out, "The way back:\n\n{}", tables(&shown.back, proved.sources));
        if let Some(end) = &shown.back_end {
            let _ = writeln!(out, "The answer {}.\n", prose(&end_words(end)));
        }
    }
    if !violation.others.is_empty() {
        let number = count(violation.others.len(), "further set", "further sets");
        let _ = writeln!(out, "The same is shown by {number} of failures.\n");
    }
    let _ = writeln!(out, "Replay it: {}\n", code(&replay(&violation.id, proved.directory)));
    out + "</details>\n"
}

/// The ways as tables.
fn tables(hops: &[Hop], sources: &[Source]) -> String {
    let mut out = String::new();
    for way in ways(hops) {
        out += "| # | host | in | out | decided by | declared |\n| --- | --- | --- | --- | --- | --- |\n";
        for (hop, number) in way.iter().zip(1..) {
            let nic = |nic: &Option<String>| nic.as_deref().map_or_else(String::new, code);
            let place = where_declared(hop, sources);
            let place = if place.is_empty() { place } else { code(&place) };
            let (input, output) = (nic(&hop.input), nic(&hop.output));
            let (host, by) = (code(&hop.host), prose(&hop.by));
            let _ = writeln!(out, "| {number} | {host} | {input} | {output} | {by} | {place} |");
        }
        out.push('\n');
    }
    out
}

/// What is accepted, with the reasons.
fn accepted(proved: &Proved<'_>) -> String {
    let all = &proved.report.accepted;
    if all.is_empty() {
        return String::new();
    }
    let head = format!("\n### Accepted: {}\n\n", all.len());
    all.iter().fold(head, |mut out, (one, reason)| {
        let finding = &one.finding;
        let says = prose(&finding.says);
        let _ = writeln!(out, "- {}: {says} ({})", code(finding.code), prose(reason));
        out
    })
}
