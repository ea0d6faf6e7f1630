//! Waivers: findings that are accepted for a time, and waivers that are wrong themselves.

use crate::tell::{wrong, wrong_in};
use crate::{Report, under};
use jiff::civil::Date;
use model::kinds::Waiver;
use model::value::nearest;
use model::{Finding, Isp};
use std::collections::BTreeSet;

/// A finding that is accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// What was found.
    pub finding: Finding,
    /// The waiver that accepts it, by name.
    pub waiver: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub until: Date,
}

/// Sets apart the findings that a waiver accepts today.
pub(crate) fn apply(isp: &Isp, found: Vec<Finding>, today: Date) -> Report {
    let mut report = Report::default();
    for finding in found {
        let mut holding = isp.waivers.values().filter(|waiver| waiver.until >= today);
        match holding.find(|waiver| covers(waiver, &finding)) {
            Some(waiver) => report.waived.push(Waived {
                finding,
                waiver: waiver.name.clone(),
                reason: waiver.reason.clone(),
                until: waiver.until,
            }),
            None => report.findings.push(finding),
        }
    }
    report
}

/// Whether a waiver speaks of a finding: of its code, and of one of the objects that it is about.
fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let named = |key: &String| finding.about.contains(key);
    waiver.lint == finding.code && (waiver.on.is_empty() || waiver.on.iter().any(named))
}

/// What is wrong with the waivers themselves. These findings cannot be waived.
pub(crate) fn faults(isp: &Isp, codes: &[&str], waived: &[Waived], today: Date) -> Vec<Finding> {
    let used: BTreeSet<&str> = waived.iter().map(|one| one.waiver.as_str()).collect();
    let all = isp.waivers.values();
    let unknown = all.clone().filter(|waiver| !codes.contains(&waiver.lint.as_str()));
    let known = all.filter(|waiver| codes.contains(&waiver.lint.as_str()));
    let (holding, over): (Vec<&Waiver>, Vec<&Waiver>) =
        known.partition(|waiver| waiver.until >= today);
    let idle = holding.into_iter().filter(|waiver| !used.contains(waiver.name.as_str()));
    let mut faults = Vec::new();
    faults.extend(under("S4-WAIVER-LINT", unknown.map(|waiver| no_lint(waiver, codes)).collect()));
    faults.extend(under("S4-WAIVER-UNUSED", idle.map(unused).collect()));
    faults.extend(under("S4-WAIVER-EXPIRED", over.into_iter().map(expired).collect()));
    faults
}

fn no_lint(waiver: &Waiver, codes: &[&str]) -> Finding {
    let says = format!("{} waives `{}`, which is no lint", waiver.at.key, waiver.lint);
    let finding = wrong_in(&waiver.at, "lint", says);
    match nearest(&waiver.lint, codes.iter().copied()) {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None => finding.hint("`ketupa explain` lists every code"),
    }
}

fn unused(waiver: &Waiver) -> Finding {
    let says = format!("{} matches no finding", waiver.at.key);
    let hint = match waiver.on.as_slice() {
        [] => format!("{} finds nothing: delete the waiver", waiver.lint),
        _ => format!(
            "{} finds nothing about these objects: delete the waiver, or correct `on`",
            waiver.lint
        ),
    };
    wrong(waiver.at.place, says).about(waiver.at.key.clone()).hint(hint)
}

fn expired(waiver: &Waiver) -> Finding {
    let says = format!("{} held until {} only", waiver.at.key, waiver.until);
    let hint = "mend what it waived and delete it, or agree on a new date";
    wrong_in(&waiver.at, "until", says).hint(hint)
}
