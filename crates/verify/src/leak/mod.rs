//! No leak: proved on the filters alone, for any announcement there can be, under any failure.
//!
//! Each filter is walked with all routes at once (`policy::symbolic`). What a session with a transit,
//! a peer or a route server lets in is followed to every other such session, on the same router or
//! over internal BGP, and nothing may come through: a valley (RFC 7908). By itself, no such session
//! may let out what is not marked as ours, whatever is in the table; and every session marks what it
//! lets in, a customer's only inside its cone. Failures take ways away and add none, so none has to
//! be simulated.
//!
//! What is found is told with a route that was run through each filter on its way.

mod ask;
mod blame;
mod collect;
mod confirm;
mod doors;
mod judge;
mod tell;
#[cfg(test)]
mod tests;

use crate::report::Violation;
use model::Isp;
use model::ask::Family;

/// Every leak, every route outside a customer's cone, every route with a wrong mark, that some
/// announcement could be.
pub fn check(isp: &Isp) -> Vec<Violation> {
    let mut violations: Vec<Violation> = Vec::new();
    for family in Family::BOTH {
        let (doors, places) = collect::collect(isp, family);
        for violation in tell::tell(isp, (&doors, &places), &judge::judge(&doors)) {
            tell::keep(&mut violations, violation);
        }
    }
    violations.sort_by(|a, b| (a.finding.place, &a.id).cmp(&(b.finding.place, &b.id)));
    violations
}
