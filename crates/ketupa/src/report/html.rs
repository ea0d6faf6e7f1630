//! A proof as one page that needs nothing else: the map, the failures, the findings and their ways.

use super::Proved;
use super::change::{ChangeTold, change_told};
use super::escape::{script, xml};
use super::lights::{dead, ends, lit};
use super::told::{Told, names, told, ways};
use model::source::Place;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use verify::{Failure, Violation, WhatIf};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
/// The words of the page itself, in both languages.
const WORDS: &str = include_str!("page/words.json");

/// Everything that the page's program reads.
#[derive(Serialize)]
struct Data<'a> {
    summary: String,
    holds: bool,
    findings: Vec<Shown<'a>>,
    scenes: Vec<Scene<'a>>,
}

/// A violation with the shapes that it lights up.
#[derive(Serialize)]
struct Shown<'a> {
    told: Told<'a>,
    quote: Option<String>,
    /// The scene of its failure.
    scene: usize,
    /// For each way, for each hop, its shapes.
    lit: Vec<Vec<Vec<String>>>,
    back: Vec<Vec<Vec<String>>>,
    ends: Vec<String>,
}

/// A place of the slider: a set of failures, and what it does.
#[derive(Serialize)]
struct Scene<'a> {
    failure: Vec<String>,
    dead: Vec<String>,
    findings: Vec<usize>,
    /// What changes; none where nobody asked.
    changes: Option<Vec<ChangeTold<'a>>>,
}

/// The page. `singles` says what each single failure changes.
pub(crate) fn page(proved: &Proved<'_>, singles: &[WhatIf]) -> String {
    let failures = failures(proved, singles);
    let all = all(proved);
    let data = Data {
        summary: proved.summary(),
        holds: proved.holds(),
        findings: all.iter().map(|(one, why)| shown(proved, (one, *why), &failures)).collect(),
        scenes: failures.iter().map(|one| scene(proved, one, &all, singles)).collect(),
    };
    // Numbers, texts and lists of them: there is nothing in it that JSON cannot hold.
    let data = script(&serde_json::to_string(&data).unwrap_or_default());
    let map = map::svg(proved.isp, &map::Colours::default());
    let title = format!("{} · ketupa prove", proved.isp.about.name);
    let parts = [
        ("{{hash}}", hash(SCRIPT)),
        ("{{title}}", xml(&title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{words}}", script(WORDS)),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{map}}", map),
        ("{{conditions}}", conditions(proved)),
        ("{{data}}", data),
    ];
    filled(PAGE, &parts)
}

/// What it rests on, as items of a list.
fn conditions(proved: &Proved<'_>) -> String {
    let item = |out: String, one: &String| out + "<li>" + &xml(one) + "</li>";
    proved.conditions.iter().fold(String::new(), item)
}

/// A template with its marks replaced, each once: what is filled in is not looked at again.
fn filled(template: &str, parts: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    let next = |rest: &str| {
        let found = parts.iter().filter_map(|part| Some((rest.find(part.0)?, part)));
        found.min_by_key(|(at, _)| *at)
    };
    while let Some((at, (mark, text))) = next(rest) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(text);
        rest = after.strip_prefix(mark).unwrap_or_default();
    }
    out + rest
}

/// What the page's policy knows its only script by.
fn hash(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| char::from(LETTERS.get(bits as usize & 63).copied().unwrap_or(b'='));
    let mut out = String::from("sha256-");
    for bytes in Sha256::digest(text.as_bytes()).chunks(3) {
        let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend([letter(bits >> 18), letter(bits >> 12)]);
        out.push(if bytes.len() > 1 { letter(bits >> 6) } else { '=' });
        out.push(if bytes.len() > 2 { letter(bits) } else { '=' });
    }
    out
}

type Known<'a> = (&'a Violation, Option<&'a str>);

/// What stands, then what is accepted.
fn all<'a>(proved: &Proved<'a>) -> Vec<Known<'a>> {
    let accepted = proved.report.accepted.iter().map(|(one, why)| (one, Some(why.as_str())));
    proved.report.violations.iter().map(|one| (one, None)).chain(accepted).collect()
}

/// The places of the slider: nothing failed, those that violations name, every single one.
fn failures(proved: &Proved<'_>, singles: &[WhatIf]) -> Vec<Failure> {
    let named = all(proved).into_iter().map(|(one, _)| one.shown.failure.clone());
    let singles = singles.iter().map(|one| one.failure.clone());
    let mut found = vec![Failure::none()];
    for failure in named.chain(singles) {
        if !found.contains(&failure) {
            found.push(failure);
        }
    }
    found
}

fn shown<'a>(proved: &Proved<'a>, (one, why): Known<'a>, failures: &[Failure]) -> Shown<'a> {
    let shown = &one.shown;
    let lights = |hops| ways(hops).into_iter().map(|way| lit(proved.isp, way)).collect();
    Shown {
        told: told(proved, one, why),
        quote: one.finding.place.and_then(|place| quote(proved, place)),
        scene: failures.iter().position(|failure| *failure == shown.failure).unwrap_or(0),
        lit: lights(&shown.hops),
        back: lights(&shown.back),
        ends: ends(proved.isp, shown),
    }
}

/// The line of the files that a place begins in.
fn quote(proved: &Proved<'_>, place: Place) -> Option<String> {
    const LONGEST: usize = 200;
    let source = proved.sources.get(place.file as usize)?;
    let (line, _) = source.line_column(place.start);
    let line = source.text.lines().nth(line.checked_sub(1)?)?;
    Some(line.chars().take(LONGEST).collect())
}

fn scene<'a>(
    proved: &Proved<'_>,
    failure: &Failure,
    all: &[Known<'_>],
    singles: &'a [WhatIf],
) -> Scene<'a> {
    let shows = |one: &Violation| one.shown.failure == *failure || one.others.contains(failure);
    let findings = all.iter().enumerate().filter(|(_, (one, _))| shows(one));
    let known = singles.iter().find(|single| single.failure == *failure);
    Scene {
        failure: names(proved.isp, failure),
        dead: dead(proved.isp, failure),
        findings: findings.map(|(index, _)| index).collect(),
        changes: known.map(|single| single.changes.iter().map(change_told).collect()),
    }
}
