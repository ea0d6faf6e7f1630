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
    let last = code.rsplit([':', ',']).next()?.trim_end_matches(')').trim();
    let number: u32 = last.parse().ok()?;
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
    for lint in all() {
        screen.line(format!("{:<16} {:<8} {}", lint.code, level(lint), lint.title))?;
    }
    for property in verify::PROPERTIES {
        screen.line(format!("{:<16} {:<8} {}", property.code, "proved", property.title))?;
    }
    for (code, page) in model::codes::PAGES {
        screen.line(format!(
            "{code:<16} {:<8} {}",
            "error",
            page.lines().next().unwrap_or_default()
        ))?;
    }
    for reason in policy::REASONS {
        screen.line(format!("{:<16} {:<8} {}", reason.number, "refusal", reason.says))?;
    }
    Ok(End::Well)
}

fn level(lint: &Invariant) -> &'static str {
    match lint.level {
        component::Level::Error => "error",
        component::Level::Warning => "warning",
    }
}
