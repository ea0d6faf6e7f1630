//! `ketupa prove`: the proof in every form; the questions have files of their own.

mod ask;
mod diff;
mod engine;
mod order;
mod waiting;

use super::{End, Error};
use crate::cli::prove::{Prove, ProveFormat, ProveRun, Question};
use crate::input;
use crate::report::{self, Proved};
use crate::screen::{Screen, counted};
use model::finding::Paint;
use model::{Isp, Severity, Source};
use std::path::Path;
use std::time::Instant;
use verify::Report;
use waiting::waiting;

pub(crate) fn run(args: Prove, screen: &mut Screen) -> Result<End, Error> {
    match args.question {
        None => prove(&args.run, screen),
        Some(Question::Run(args)) => prove(&args, screen),
        Some(Question::Path(args)) => ask::path(&args, screen),
        Some(Question::WhoAnswers(args)) => ask::who_answers(&args, screen),
        Some(Question::WhatIf(args)) => ask::what_if(&args, screen),
        Some(Question::Diff(args)) => diff::run(&args, screen),
        Some(Question::Order(args)) => order::run(&args, screen),
    }
}

/// A directory that was read without mistakes.
struct Read {
    isp: Isp,
    sources: Vec<Source>,
    /// As it was typed.
    directory: String,
    /// What a proof of it rests on beside the simulation.
    conditions: Vec<String>,
}

impl Read {
    /// What there is to say with a report on it.
    fn proved<'a>(&'a self, report: &'a Report) -> Proved<'a> {
        let Self { isp, sources, directory, conditions } = self;
        Proved { isp, sources, directory, conditions, report }
    }

    /// Says what it rests on where nobody reads it in the result.
    fn say_conditions(&self, screen: &mut Screen) {
        for condition in &self.conditions {
            screen.say(format!("condition: {}", report::plain(condition)));
        }
    }
}

/// Reads a directory; says what is wrong with it where that is no network yet.
fn read(path: &Path, screen: &mut Screen) -> Result<Option<Read>, Error> {
    let input::Read { directory, isp, findings } = input::read(path)?;
    let Some(isp) = isp else {
        screen.findings(&findings, &directory.sources)?;
        screen.say(counted(&findings));
        return Ok(None);
    };
    let conditions = directory.templates.keys().filter_map(|name| replaced(name)).collect();
    let sources = directory.sources;
    let directory = path.display().to_string();
    Ok(Some(Read { isp, sources, directory, conditions }))
}

/// Reads a directory to answer a question about it: what the answer rests on is said beside it.
fn read_for_question(path: &Path, screen: &mut Screen) -> Result<Option<Read>, Error> {
    let mut read = read(path, screen)?;
    if let Some(read) = &mut read {
        read.say_conditions(screen);
        read.conditions.clear();
    }
    Ok(read)
}

/// The components whose templates decide where packets go: the simulation has the built-in ones in mind.
const SIMULATED: &[&str] = &["bird", "interfaces", "keepalived", "nftables", "sysctl"];

/// That a template of the operator's own is none of those that were proved, if it decides anything.
fn replaced(name: &str) -> Option<String> {
    let (component, _) = name.split_once('/')?;
    SIMULATED.contains(&component).then(|| {
        format!(
            "templates/{name}.j2 replaces what the simulation knows: proved is what the built-in \
             template renders"
        )
    })
}

fn prove(args: &ProveRun, screen: &mut Screen) -> Result<End, Error> {
    let Some(mut read) = read(&args.place.dir, screen)? else { return Ok(End::Wrong) };
    read.conditions.extend(unrendered(&read.isp, super::today(args.today)));
    let old = match &args.since {
        None => None,
        Some(old) => match self::read(old, screen)? {
            Some(old) => Some(old),
            None => return Ok(End::Wrong),
        },
    };
    read.conditions.extend(old.as_ref().map(|old| {
        let old = &old.directory;
        format!("only what differs from {old} was judged: the rest holds if {old} was proved")
    }));
    let start = Instant::now();
    let report = waiting("proving", || match &old {
        Some(old) => engine::prove_since(&old.isp, &read.isp, args.failures),
        None => engine::prove(&read.isp, args.failures),
    });
    let took = start.elapsed().as_secs_f64();
    if args.output.is_some() || !matches!(args.format, ProveFormat::Text) {
        read.say_conditions(screen);
    }
    let proved = read.proved(&report);
    let last = format!("{}, in {took:.2} s", proved.summary());
    let paint = if args.output.is_some() { Paint::Plain } else { screen.paint() };
    let text = match args.format {
        ProveFormat::Text => report::text(&proved, paint) + &last + "\n",
        ProveFormat::Json => {
            let json = serde_json::to_string_pretty(&report::json(&proved));
            json.map_err(|error| Error::Message(format!("cannot write JSON: {error}")))? + "\n"
        }
        ProveFormat::Html => {
            let singles = waiting("drawing", || engine::singles(&read.isp));
            report::page(&proved, &singles)
        }
        ProveFormat::Markdown => report::markdown(&proved),
        ProveFormat::Junit => report::junit(&proved),
    };
    match &args.output {
        None => screen.text(&text)?,
        Some(path) => {
            std::fs::write(path, text).map_err(|error| Error::file("write", path, error))?;
            screen.say(last);
        }
    }
    Ok(if proved.holds() { End::Well } else { End::Wrong })
}

/// A network that breaks a lint is proved as it is declared; but nobody could apply it.
fn unrendered(isp: &Isp, today: jiff::civil::Date) -> Option<String> {
    let report = prove::check(isp, components::ALL, today);
    let errors = report.findings.iter().filter(|found| found.severity == Severity::Error).count();
    (errors > 0).then(|| {
        let errors = report::count(errors, "error", "errors");
        format!("`ketupa check` finds {errors}: this network cannot be rendered as it is")
    })
}
