//! `ketupa check`: everything that is wrong with a declared ISP.

use super::rules::read_named;
use super::{End, Error};
use crate::cli::{Check, Format};
use crate::input;
use crate::report::plain;
use crate::screen::{Screen, counted};
use model::{Finding, Isp, Severity, Source, finding};
use prove::Report;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Check, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let sources = &read.directory.sources;
    let report = match &read.isp {
        Some(isp) => prove::check(isp, components::ALL, super::today(args.today)),
        None => Report::default(),
    };
    let mut findings = read.findings;
    findings.extend(report.findings.iter().cloned());
    findings.extend(read.isp.iter().flat_map(|isp| rules(isp, &args.place.dir)));
    match args.format {
        Format::Text => text(&findings, &report, sources, screen)?,
        Format::Json => screen.json(&as_json(&findings, &report, sources))?,
    }
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { End::Wrong } else { End::Well })
}

/// What is wrong with the files of rules that `[watch]` names: the server would go on without them.
fn rules(isp: &Isp, directory: &Path) -> Vec<Finding> {
    let wrong = |file: PathBuf| match read_named(&file) {
        Ok(Ok(_)) => Vec::new(),
        Ok(Err(wrong)) => wrong.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    };
    let files = isp.watch.rules.iter().map(|file| directory.join(&file.0));
    let place = isp.watch.at.field("rules");
    let finding = |says: String| Finding::error("M-FILE", place, plain(&says));
    files.flat_map(wrong).map(finding).collect()
}

fn text(
    findings: &[Finding],
    report: &Report,
    sources: &[Source],
    screen: &mut Screen,
) -> Result<(), Error> {
    screen.findings(findings, sources)?;
    for waived in &report.waived {
        screen.line(format!(
            "waived until {}: {} {} ({})",
            waived.until, waived.finding.code, waived.finding.says, waived.reason
        ))?;
    }
    let files = format!("{} file{}", sources.len(), if sources.len() == 1 { "" } else { "s" });
    screen.line(format!("{files}: {}", counted(findings)))?;
    if let Some(first) = findings.first() {
        screen.line(format!("`ketupa explain {}` says more about the first one", first.code))?;
    }
    Ok(())
}

fn as_json(findings: &[Finding], report: &Report, sources: &[Source]) -> serde_json::Value {
    let shown: Vec<_> = findings.iter().map(|f| json!(finding::json(f, sources))).collect();
    let waived: Vec<_> = report
        .waived
        .iter()
        .map(|w| {
            json!({ "finding": finding::json(&w.finding, sources), "reason": w.reason, "until": w.until.to_string() })
        })
        .collect();
    json!({ "findings": shown, "waived": waived })
}
