//! `ketupa explain`: one page about a finding's code, or the list of all.

use super::{End, Error};
use crate::cli::Explain;
use crate::screen::Screen;
use component::Invariant;

pub(crate) fn run(args: &Explain, screen: &mut Screen) -> Result<End, Error> {
    let Some(code) = &args.code else { return list(screen) };
    let wanted = code.to_uppercase();
    if let Some(lint) = all().find(|lint| lint.code == wanted) {
        if !lint.page.starts_with('#') {
            screen.line(format!("# {}: {}\n", lint.code, lint.title))?;
        }
        screen.line(lint.page.trim_end())?;
        return Ok(End::Well);
    }
    if let Some(property) = verify::Property::of(&wanted) {
        screen.line(property.page.trim_end())?;
        return Ok(End::Well);
    }
    if let Some((_, page)) = model::codes::PAGES.iter().find(|(code, _)| *code == wanted) {
        screen.line(format!("# {wanted}\n\n{page}"))?;
        return Ok(End::Well);
    }
    if let Some(reason) = reason(&wanted) {
        screen.line(refusal(reason))?;
        return Ok(End::Well);
    }
    Err(Error::Usage(format!("there is no code `{code}`; `ketupa explain` lists them all")))
}

/// The reason why a filter refused a route: by its number, or by the mark `AS:1101:NUMBER` that
/// refused routes carry.
fn reason(code: &str) -> Option<&'static policy::Reason> {
    let mark = code.trim_start_matches('(').trim_end_matches(')');
    let numbers: Option<Vec<u32>> =
        mark.split([':', ',']).map(|number| number.trim().parse().ok()).collect();
    let (&[number] | &[_, policy::REASON_FUNCTION, number]) = numbers?.as_slice() else {
        return None;
    };
    policy::REASONS.iter().find(|reason| reason.number == number)
}

/// What a refused route's mark means.
fn refusal(reason: &policy::Reason) -> String {
    format!(
        "# {}: {}\n\nRule {} of the import and export filters. A refused route is kept by BIRD with the large\n\
         community (our AS, 1101, {}): `birdc show route all filtered` shows it.",
        reason.number, reason.says, reason.code, reason.number
    )
}

fn all() -> impl Iterator<Item = &'static Invariant> {
    let of_components = components::ALL.iter().flat_map(|component| component.invariants());
    prove::LINTS.iter().chain(of_components)
}

fn list(screen: &mut Screen) -> Result<End, Error> {
    let lints = all().map(|lint| (lint.code.to_owned(), level(lint), lint.title));
    let properties =
        verify::PROPERTIES.iter().map(|one| (one.code.to_owned(), "proved", one.title));
    let loads = model::codes::PAGES
        .iter()
        .map(|(code, page)| ((*code).to_owned(), "error", page.lines().next().unwrap_or_default()));
    let reasons =
        policy::REASONS.iter().map(|reason| (reason.number.to_string(), "refusal", reason.says));
    let all: Vec<_> = lints.chain(properties).chain(loads).chain(reasons).collect();
    let width = all.iter().map(|(code, ..)| code.len()).max().unwrap_or_default();
    for (code, level, title) in all {
        screen.line(format!("{code:<width$}  {level:<7}  {title}"))?;
    }
    Ok(End::Well)
}

fn level(lint: &Invariant) -> &'static str {
    match lint.level {
        component::Level::Error => "error",
        component::Level::Warning => "warning",
    }
}
