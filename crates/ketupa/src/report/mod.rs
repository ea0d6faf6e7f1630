//! How a proof is told: as text, JSON, Markdown, `JUnit` XML and as a page. Pure: texts from a report.

mod change;
mod escape;
mod html;
mod json;
mod junit;
mod lights;
mod markdown;
mod text;
mod told;

#[cfg(test)]
mod browser;
#[cfg(test)]
mod made;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

pub(crate) use change::{
    change_told, changes, diff_json, diff_markdown, diff_summary, diff_text, violations,
};
pub(crate) use escape::plain;
pub(crate) use html::page;
pub(crate) use json::{accepted, json};
pub(crate) use junit::junit;
pub(crate) use markdown::markdown;
pub(crate) use text::{text, way};
pub(crate) use told::{arrives, end_words, flow_told, flow_words, names, way_told};

use model::{Isp, Source};
use verify::property::INVARIANT;
use verify::{PROPERTIES, Report, Violation};

/// A proof with all that is needed to speak of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proved<'a> {
    pub(crate) isp: &'a Isp,
    pub(crate) sources: &'a [Source],
    /// The directory, as it was typed.
    pub(crate) directory: &'a str,
    /// What it rests on beside the simulation, a sentence each.
    pub(crate) conditions: &'a [String],
    pub(crate) report: &'a Report,
}

impl Proved<'_> {
    /// Whether everything holds, and something was looked at at all.
    pub(crate) fn holds(&self) -> bool {
        self.report.violations.is_empty() && self.looked()
    }

    /// Whether the network was simulated at all: silence proves nothing.
    pub(crate) fn looked(&self) -> bool {
        self.report.extent.scenarios > 0
    }

    /// `a proof of 18 properties, 4 invariants: 15,931 sets of …`.
    fn extent(&self) -> String {
        let extent = &self.report.extent;
        format!(
            "{}, {}, {} of up to {} of {} ({} simulated)",
            count(PROPERTIES.len() - 1, "property", "properties"),
            count(self.isp.invariants.len(), "invariant", "invariants"),
            count(extent.scenarios, "set", "sets"),
            count(usize::from(extent.failures), "failure", "failures"),
            count(extent.elements, "element", "elements"),
            grouped(extent.simulated),
        )
    }

    /// ` under 1 condition`; nothing where there is none.
    fn under(&self) -> String {
        match self.conditions.len() {
            0 => String::new(),
            number => format!(" under {}", count(number, "condition", "conditions")),
        }
    }

    /// The sentence that sums it up.
    pub(crate) fn summary(&self) -> String {
        let wrong = self.report.violations.len();
        match (self.looked(), wrong) {
            (false, _) => "nothing was proved: no set of failures was looked at".to_owned(),
            (true, 0) => format!("proved{}: {}", self.under(), self.extent()),
            (true, _) => {
                format!(
                    "not proved: {}; {}",
                    count(wrong, "violation", "violations"),
                    self.extent()
                )
            }
        }
    }
}

/// What a report groups by: a property, or an invariant that the operator declares.
struct Judged<'a> {
    code: &'a str,
    /// The invariant's name; none for a property that is on by default.
    invariant: Option<&'a str>,
    says: &'a str,
    violations: Vec<&'a Violation>,
    accepted: Vec<&'a (Violation, String)>,
}

/// Every property and every invariant once, with what breaks it. Nothing that was found gets lost:
/// what belongs to none of them stands at the end under its own code.
fn judged<'a>(proved: &Proved<'a>) -> Vec<Judged<'a>> {
    let properties = PROPERTIES.iter().filter(|property| property.code != INVARIANT);
    let properties = properties.map(|property| (property.code, None, property.title));
    let invariants = proved.isp.invariants.values().map(|invariant| {
        let says = invariant.description.as_deref().unwrap_or("What is declared to hold does hold");
        (INVARIANT, Some(invariant.name.as_str()), says)
    });
    let mut all: Vec<Judged<'a>> = properties.chain(invariants).map(empty).collect();
    for violation in &proved.report.violations {
        find(&mut all, violation).violations.push(violation);
    }
    for accepted in &proved.report.accepted {
        find(&mut all, &accepted.0).accepted.push(accepted);
    }
    all
}

fn empty<'a>((code, invariant, says): (&'a str, Option<&'a str>, &'a str)) -> Judged<'a> {
    Judged { code, invariant, says, violations: Vec::new(), accepted: Vec::new() }
}

/// Where a violation belongs.
fn find<'a, 'b>(all: &'b mut Vec<Judged<'a>>, violation: &'a Violation) -> &'b mut Judged<'a> {
    let finding = &violation.finding;
    let names =
        |name: &str| finding.about.iter().any(|about| *about == format!("invariant.{name}"));
    let at = all
        .iter()
        .position(|one| one.code == finding.code && one.invariant.is_none_or(names))
        .unwrap_or(all.len());
    if at == all.len() {
        all.push(empty((finding.code, None, finding.says.as_str())));
    }
    #[expect(clippy::indexing_slicing, reason = "it was found there, or pushed there just now")]
    &mut all[at]
}

/// `1 element`, `2,816 elements`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
