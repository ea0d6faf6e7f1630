//! What can be wrong in a state, and what needs no more than a look to be seen.

use crate::columns::Answer;
use crate::plane::Position;
use crate::questions::Wanted;
use crate::seen::ComesTo;
use model::kinds::InvariantKind;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is wrong in a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The property's code.
    pub(crate) code: &'static str,
    /// What it is about, as positions: equal ones are one violation.
    pub(crate) about: About,
    /// The flow that shows it, if one does.
    pub(crate) flow: Option<usize>,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A host.
    Host(Position),
    /// Two hosts, in this order.
    Hosts(Position, Position),
    /// A VIP.
    Vip(usize),
    /// A declared invariant, and the first flow with the same origin.
    Invariant(usize, usize),
    /// A declared invariant, and a VIP that it says has one owner.
    Owner(usize, usize),
    /// A prefix.
    Prefix(usize),
}

/// Faults, each with the flow that shows it.
pub(crate) type Faults = BTreeMap<(&'static str, About), Option<usize>>;

/// Faults as they are told.
pub(crate) fn listed(faults: Faults) -> BTreeSet<Fault> {
    let fault = |((code, about), flow)| Fault { code, about, flow };
    faults.into_iter().map(fault).collect()
}

/// Whether a flow breaks an invariant; it may pass a host that the invariant names, or not.
pub(crate) fn broken(
    wanted: &Wanted,
    seen: &ComesTo,
    answer: Answer,
    through: impl FnOnce() -> bool,
) -> bool {
    match wanted.kind {
        InvariantKind::Reach => !seen.arrives || answer != Answer::Comes,
        InvariantKind::Isolate => seen.may_arrive,
        InvariantKind::Avoid => through(),
        InvariantKind::Waypoint => seen.may_arrive && !through(),
        // No flow is asked about it: it is judged by who answers.
        InvariantKind::OneOwner => false,
    }
}
