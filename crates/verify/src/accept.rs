//! What the operator accepts: a violation that a declared `[accept.*]` names is set apart.

use crate::element::{Element, Failure};
use crate::prove;
use crate::report::{Counterexample, Report, Violation};
use crate::tell;
use model::Isp;
use model::kinds::Accept;

/// Sorts violations into what stands and what is accepted.
pub(crate) fn sort(isp: &Isp, violations: Vec<Violation>) -> Report {
    let mut report = Report::default();
    for violation in violations {
        report.take(isp, violation);
    }
    report
}

impl Report {
    /// Takes a violation: with every failure that is not accepted it stands.
    fn take(&mut self, isp: &Isp, violation: Violation) {
        let accepts = isp.accepts.values();
        let named: Vec<&Accept> = accepts.filter(|accept| names(accept, &violation)).collect();
        let covered = |failure: &Failure| {
            named
                .iter()
                .find(|accept| within(isp, (accept, &violation), failure))
                .map(|accept| accept.reason.clone())
        };
        let all = std::iter::once(&violation.shown.failure).chain(&violation.others);
        let left: Vec<Failure> =
            all.filter(|failure| covered(failure).is_none()).cloned().collect();
        if left.first() == Some(&violation.shown.failure) {
            let others = left.into_iter().skip(1).collect();
            self.violations.push(Violation { others, ..violation });
            return;
        }
        let reason = covered(&violation.shown.failure).unwrap_or_default();
        // What stands of it has the name that it would have without the exception.
        let id = tell::identity(&violation, &format!("{} accepted", violation.id));
        if left.is_empty() {
            self.accepted.push((Violation { id, ..violation }, reason));
        } else {
            // What shows it is accepted, but other failures show it too.
            let mut left = left.into_iter();
            let shown = left.next().unwrap_or_default();
            self.violations.push(again(isp, &violation, (shown, left.collect())));
            self.accepted.push((Violation { id, others: Vec::new(), ..violation }, reason));
        }
    }
}

/// A violation as the first failure that is not accepted shows it.
fn again(isp: &Isp, violation: &Violation, (shown, others): (Failure, Vec<Failure>)) -> Violation {
    let about = &violation.finding.about;
    let mut found = prove::at(isp, &shown);
    found.retain(|one| one.is_as(violation));
    // Of the same thing another packet may show it.
    let same = found.iter().find(|one| one.finding.about == *about).or_else(|| found.first());
    let id = violation.id.clone();
    let Violation { finding, shown, .. } = same.cloned().unwrap_or_else(|| {
        let shown = Counterexample { failure: shown, ..Counterexample::default() };
        Violation { shown, ..violation.clone() }
    });
    Violation { id, finding, shown, others }
}

/// Whether a declared exception is about what a violation is about.
fn names(accept: &Accept, violation: &Violation) -> bool {
    accept.property == violation.finding.code
        && accept.on.iter().all(|on| violation.finding.about.contains(on))
}

/// Whether a failure includes what a declared exception is without, by itself or by taking it along: a
/// hypervisor its machines. The latter counts only if the exception alone shows the violation: what else
/// the hypervisor takes is not accepted. An invariant that is broken where nothing failed is no failure
/// that the network cannot survive: it is declared and does not hold.
fn within(isp: &Isp, (accept, violation): (&Accept, &Violation), failure: &Failure) -> bool {
    let unbroken = failure.elements().is_empty() && accept.property == crate::property::INVARIANT;
    let parsed = accept.without.iter().map(|text| Element::parse(isp, text));
    let Ok(without) = parsed.collect::<Result<Vec<Element>, _>>() else { return false };
    let all = |holds: &dyn Fn(Element) -> bool| without.iter().all(|element| holds(*element));
    !unbroken
        && (all(&|element| failure.elements().contains(&element))
            || (all(&|element| failure.takes(isp, element)) && alone(isp, &without, violation)))
}

/// Whether these elements, and nothing else, show a violation.
fn alone(isp: &Isp, elements: &[Element], violation: &Violation) -> bool {
    let failure = Failure::of(elements.iter().copied());
    let listed = std::iter::once(&violation.shown.failure).chain(&violation.others);
    let same =
        |one: &Violation| one.is_as(violation) && one.finding.about == violation.finding.about;
    listed.into_iter().any(|one| failure.includes(one) && !one.elements().is_empty())
        || prove::at(isp, &failure).iter().any(same)
}
