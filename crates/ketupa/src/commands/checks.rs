//! `ketupa checks`: what is asked again and again, by whom, and how many must say no.

use super::{End, Error};
use crate::cli::checks::{Checks, Listing};
use crate::input;
use crate::screen::{Printed, Screen, counted};
use derive::checks::{self, Check, Question};
use model::{Isp, Named as _};
use serde_json::json;

pub(crate) fn run(args: &Checks, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let listed = match &args.host {
        Some(name) => {
            let missing = || Error::Usage(format!("--host {name}: no such host is declared"));
            checks::asked_by(&isp, isp.hosts.find(name).ok_or_else(missing)?)
        }
        None => checks::of(&isp),
    };
    match args.format {
        Listing::Text => text(&isp, &listed, screen)?,
        Listing::Json => {
            screen.json(&listed.iter().map(|check| as_json(&isp, check)).collect::<Vec<_>>())?;
        }
        Listing::Toml => screen.text(&listed.iter().filter_map(table).collect::<String>())?,
    }
    Ok(End::Well)
}

fn text(isp: &Isp, listed: &[Check], screen: &mut Screen) -> Printed {
    let rows: Vec<[String; 5]> = listed.iter().map(|check| row(isp, check)).collect();
    let heading = ["check", "asks", "every", "down when", "asked from"].map(str::to_owned);
    let all: Vec<&[String; 5]> = std::iter::once(&heading).chain(&rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3), 0];
    for row in all {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        screen.line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    screen.line(format!("{} checks", listed.len()))
}

fn row(isp: &Isp, check: &Check) -> [String; 5] {
    let from = names(isp, check);
    let down = if matches!(check.question, Question::Held(_)) {
        "not 1 holds".to_owned()
    } else {
        format!("{} of {} say", check.quorum, from.len())
    };
    let from = if from.is_empty() { "nobody can".to_owned() } else { from.join(", ") };
    [check.name.clone(), asked(&check.question), format!("{}s", check.every.0), down, from]
}

fn names<'a>(isp: &'a Isp, check: &Check) -> Vec<&'a str> {
    check.from.iter().map(|id| isp.hosts[*id].name()).collect()
}

/// The question with whom it goes to.
fn asked(question: &Question) -> String {
    let word = question.word();
    match question {
        Question::Ping(goal) => format!("{word} {goal}"),
        Question::Page(page) => format!("{word} {} port {}", page.goal, page.port),
        Question::Tcp(goal, port)
        | Question::Smtp { goal, port }
        | Question::Certificate { goal, port, .. }
        | Question::Dns { goal, port, .. } => format!("{word} {goal} port {port}"),
        Question::Held(addresses) => {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("{word} {}", all.join(" "))
        }
        Question::Session(protocol) => format!("{word} {protocol}"),
    }
}

fn as_json(isp: &Isp, check: &Check) -> serde_json::Value {
    let (name, path) = match &check.question {
        Question::Page(page) => (Some(&page.name), Some(&page.path)),
        Question::Certificate { name, .. } | Question::Dns { name, .. } => (Some(name), None),
        Question::Ping(_)
        | Question::Tcp(..)
        | Question::Smtp { .. }
        | Question::Held(_)
        | Question::Session(_) => (None, None),
    };
    json!({
        "name": check.name, "object": check.object, "kind": check.question.word(),
        "asks": asked(&check.question), "asks_for": name, "path": path,
        "from": names(isp, check), "quorum": check.quorum, "every_s": check.every.0,
    })
}

/// The table with which an agent asks, if it asks anything.
fn table(check: &Check) -> Option<String> {
    let lines = components::agent::probe(check)?;
    Some(format!("[[probe]]\n{}\n\n", lines.join("\n")))
}
