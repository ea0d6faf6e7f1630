//! `ketupa prove path`, `who-answers` and `what-if`: questions to the network with something broken.

use super::{Read, engine, read_for_question, waiting};
use crate::cli::Format;
use crate::cli::prove::{ProvePath, ProveWhatIf, ProveWho, Supposed};
use crate::commands::{End, Error};
use crate::report;
use crate::screen::Screen;
use model::value::Port;
use serde_json::{Value, json};
use verify::report::Extent;
use verify::{Answerers, Change, Element, Failure, Paths, Report, Way, WhatIf};

/// What the words after `--without` mean.
fn failure(read: &Read, supposed: &Supposed) -> Result<Failure, Error> {
    let elements = supposed.without.iter().map(|word| Element::parse(&read.isp, word.trim()));
    let elements: Result<Vec<Element>, String> = elements.collect();
    elements.map(Failure::of).map_err(|says| Error::Usage(report::plain(&says)))
}

/// `without host.edge-01`, or that nothing is broken.
fn supposing(read: &Read, failure: &Failure) -> String {
    match failure.text(&read.isp) {
        text if text.is_empty() => "with nothing broken".to_owned(),
        text => format!("without {}", report::plain(&text).replace(',', ", ")),
    }
}

pub(super) fn path(args: &ProvePath, screen: &mut Screen) -> Result<End, Error> {
    let Some(read) = read_for_question(&args.supposed.dir, screen)? else { return Ok(End::Wrong) };
    let failure = failure(&read, &args.supposed)?;
    let port = |text: &String| {
        text.parse::<Port>().map_err(|()| {
            let text = report::plain(text);
            Error::Usage(format!("`{text}` is no port: write tcp/443, udp/53, icmp, esp or gre"))
        })
    };
    let port = args.port.as_ref().map(port).transpose()?;
    let asked = engine::Asked { from: &args.from, to: &args.to, port };
    let found = engine::path(&read.isp, &asked, &failure)
        .map_err(|says| Error::Usage(report::plain(&says)))?;
    match args.supposed.format {
        Format::Json => {
            let all: Vec<Value> = found.iter().map(|one| path_json(&read, one)).collect();
            screen.json(&json!({ "paths": all }))?;
        }
        Format::Text => {
            screen.line(format!("{}:", supposing(&read, &failure)))?;
            for one in &found {
                path_text(&read, one, screen)?;
            }
        }
    }
    let arrives = |way: &Way| report::arrives(&way.end);
    let well = !found.is_empty() && found.iter().all(|one| one.ways.iter().all(arrives));
    Ok(if well { End::Well } else { End::Wrong })
}

fn path_text(read: &Read, paths: &Paths, screen: &mut Screen) -> Result<(), Error> {
    screen.line(report::plain(&report::flow_words(&paths.flow)))?;
    let number = paths.ways.len();
    for (index, way) in paths.ways.iter().enumerate() {
        if number > 1 {
            screen.line(format!("  way {} of {number}, load is shared:", index + 1))?;
        }
        way_text(read, way, screen)?;
    }
    for way in &paths.back {
        screen.line("  the way back:")?;
        way_text(read, way, screen)?;
    }
    Ok(())
}

fn way_text(read: &Read, way: &Way, screen: &mut Screen) -> Result<(), Error> {
    screen.text(&report::way(&way.hops, &read.sources))?;
    screen.line(format!("  it {}", report::plain(&report::end_words(&way.end))))?;
    Ok(())
}

fn path_json(read: &Read, paths: &Paths) -> Value {
    let way = |way: &Way| {
        let hops = report::way_told(&way.hops, &read.sources);
        json!({ "hops": hops, "end": way.end })
    };
    json!({
        "failure": report::names(&read.isp, &paths.failure),
        "flow": report::flow_told(&paths.flow),
        "ways": paths.ways.iter().map(way).collect::<Vec<_>>(),
        "back": paths.back.iter().map(way).collect::<Vec<_>>(),
    })
}

pub(super) fn who_answers(args: &ProveWho, screen: &mut Screen) -> Result<End, Error> {
    let Some(read) = read_for_question(&args.supposed.dir, screen)? else { return Ok(End::Wrong) };
    let failure = failure(&read, &args.supposed)?;
    let Answerers { hosts, address, .. } = engine::who_answers(&read.isp, args.address, &failure);
    match args.supposed.format {
        Format::Json => {
            let told = hosts.iter().map(|one| json!({ "host": one.host, "by": one.by }));
            screen.json(&json!({
                "failure": report::names(&read.isp, &failure),
                "address": address,
                "hosts": told.collect::<Vec<_>>(),
            }))?;
        }
        Format::Text => {
            let number = match hosts.len() {
                0 => "nobody answers".to_owned(),
                1 => "one host answers".to_owned(),
                number => format!("{number} hosts may answer"),
            };
            screen.line(format!("{address}: {number}, {}", supposing(&read, &failure)))?;
            let widest = hosts.iter().map(|one| one.host.chars().count()).max().unwrap_or(0);
            for one in &hosts {
                let (host, by) = (report::plain(&one.host), report::plain(&one.by));
                screen.line(format!("  {host:widest$}  {by}"))?;
            }
        }
    }
    Ok(if hosts.len() == 1 { End::Well } else { End::Wrong })
}

pub(super) fn what_if(args: &ProveWhatIf, screen: &mut Screen) -> Result<End, Error> {
    let Some(read) = read_for_question(&args.supposed.dir, screen)? else { return Ok(End::Wrong) };
    let failure = failure(&read, &args.supposed)?;
    let WhatIf { changes, violations, accepted, .. } =
        waiting("proving", || engine::what_if(&read.isp, &failure));
    let well = violations.is_empty();
    let extent = Extent { scenarios: 1, simulated: 1, ..Extent::default() };
    let found = Report { violations, accepted, extent };
    let proved = read.proved(&found);
    match args.supposed.format {
        Format::Json => screen.json(&json!({
            "failure": report::names(&read.isp, &failure),
            "changes": changes.iter().map(report::change_told).collect::<Vec<_>>(),
            "violations": report::violations(&proved),
            "accepted": report::accepted(&proved),
        }))?,
        Format::Text => {
            screen.text(&report::text(&proved, screen.paint()))?;
            screen.line(format!("{}:", supposing(&read, &failure)))?;
            screen.text(&report::changes(&changes))?;
            let lost = changes.iter().filter(|change| change.lost).count();
            screen.line(format!(
                "{}, {lost} of them lost; {}, {} accepted",
                report::count(changes.len(), "flow changes", "flows change"),
                report::count(found.violations.len(), "violation", "violations"),
                found.accepted.len(),
            ))?;
        }
    }
    let lost = changes.iter().any(|change: &Change| change.lost);
    Ok(if well && !lost { End::Well } else { End::Wrong })
}
