//! Lints and proofs on the model: the only maker of a `Proof`. Never reads rendered text.
//!
//! [`check`] runs every lint of [`LINTS`] and of the components, and sets apart what is waived.
//! [`prove`] gives a [`Proof`] where no error is left, and only from a proof can be rendered.
//! A lint is a small pure function of the model with a page that explains it; lints of one family
//! share a file.

mod accounts;
mod addresses;
mod backups;
mod bgp;
mod capacity;
mod costs;
mod firewall;
mod heard;
mod list;
mod nat;
mod neighbors;
mod proofs;
mod routers;
mod services;
mod tell;
mod vrrp;
mod waive;
mod whole;

pub use list::LINTS;
pub use waive::Waived;

use component::{Component, Invariant, Level};
use jiff::civil::Date;
use model::Isp;
use model::finding::{self, Finding, Severity};

/// An ISP that broke no rule, or one that [`for_rehearsal`] let pass for the twin alone. Only this crate
/// can make one, and only from a proof can be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    isp: &'a Isp,
}

impl<'a> Proof<'a> {
    /// The ISP that was proved.
    pub fn isp(&self) -> &'a Isp {
        self.isp
    }
}

/// Everything that a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What stands, in the order of the files.
    pub findings: Vec<Finding>,
    /// What is accepted for a time, in the same order.
    pub waived: Vec<Waived>,
}

impl Report {
    /// Whether an error stands, so that nothing may be rendered.
    pub fn stops(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Every lint: those of the house in their order, then those of the components.
pub fn lints(components: &[&dyn Component]) -> impl Iterator<Item = &'static Invariant> {
    let own = components.iter().flat_map(|component| component.invariants());
    LINTS.iter().chain(own)
}

/// Runs every lint. `today` decides which waivers still hold and which renewals are past.
pub fn check(isp: &Isp, components: &[&dyn Component], today: Date) -> Report {
    let codes: Vec<&str> = lints(components).map(|lint| lint.code).collect();
    let mut found: Vec<Finding> =
        lints(components).flat_map(|lint| stamped(lint, (lint.find)(isp))).collect();
    finding::sort(&mut found);
    let mut report = waive::apply(isp, found, today);
    report.findings.extend(waive::faults(isp, &codes, &report.waived, today));
    finding::sort(&mut report.findings);
    report
}

/// Proves an ISP.
///
/// # Errors
/// Everything that stands, where an error is among it.
pub fn prove<'a>(
    isp: &'a Isp,
    components: &[&dyn Component],
    today: Date,
) -> Result<Proof<'a>, Vec<Finding>> {
    let report = check(isp, components, today);
    if report.stops() { Err(report.findings) } else { Ok(Proof { isp }) }
}

/// Passes an ISP unproved, for the twin alone: who replays a fault must be able to bring up the network
/// that has it. What is rendered from it must never reach a real host.
pub fn for_rehearsal(isp: &Isp) -> Proof<'_> {
    Proof { isp }
}

/// What the engine found for one of its own lints.
fn under(code: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let lint = LINTS.iter().find(|lint| lint.code == code);
    lint.map_or_else(Vec::new, |lint| stamped(lint, findings))
}

/// What breaks a lint, under its code and with its severity.
fn stamped(lint: &Invariant, findings: Vec<Finding>) -> Vec<Finding> {
    let severity = match lint.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
    };
    findings.into_iter().map(|finding| Finding { code: lint.code, severity, ..finding }).collect()
}
