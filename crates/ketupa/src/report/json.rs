//! A proof for programs. The fields are described in docs/prove.md and stay.

use super::told::{Told, told};
use super::{Proved, judged};
use serde::Serialize;
use verify::report::Extent;

/// The form of the JSON: it grows by fields; this number changes if one changes its meaning.
const FORM: u8 = 1;

#[derive(Serialize)]
struct Whole<'a> {
    form: u8,
    holds: bool,
    summary: String,
    extent: Extent,
    judged: Vec<JudgedTold<'a>>,
    violations: Vec<Told<'a>>,
    accepted: Vec<Told<'a>>,
    conditions: &'a [String],
}

#[derive(Serialize)]
struct JudgedTold<'a> {
    code: &'a str,
    invariant: Option<&'a str>,
    says: &'a str,
    violations: usize,
    accepted: usize,
}

/// The report as a value to serialize.
pub(crate) fn json<'a>(proved: &Proved<'a>) -> impl Serialize + 'a {
    let report = proved.report;
    let count = |one: super::Judged<'a>| JudgedTold {
        code: one.code,
        invariant: one.invariant,
        says: one.says,
        violations: one.violations.len(),
        accepted: one.accepted.len(),
    };
    Whole {
        form: FORM,
        holds: proved.holds(),
        summary: proved.summary(),
        extent: report.extent,
        judged: judged(proved).into_iter().map(count).collect(),
        violations: report.violations.iter().map(|one| told(proved, one, None)).collect(),
        accepted: accepted(proved),
        conditions: proved.conditions,
    }
}

/// What is accepted, with the reasons.
pub(crate) fn accepted<'a>(proved: &Proved<'a>) -> Vec<Told<'a>> {
    let all = proved.report.accepted.iter();
    all.map(|(one, reason)| told(proved, one, Some(reason))).collect()
}
