//! What a question to the simulated network gives: ways, answerers, differences, an order.

use crate::element::Failure;
use crate::report::{End, Flow, Hop, Violation};
use std::net::IpAddr;

/// Where one packet goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What failed.
    pub failure: Failure,
    /// The packet.
    pub flow: Flow,
    /// Its way; several where routers share load.
    pub ways: Vec<Way>,
    /// The way of the answer; nothing where none comes.
    pub back: Vec<Way>,
}

/// One way from a start to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The hosts that are passed.
    pub hops: Vec<Hop>,
    /// How it ends.
    pub end: End,
}

/// Who answers for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answerers {
    /// What failed.
    pub failure: Failure,
    /// The address.
    pub address: IpAddr,
    /// Each that may answer; one at most should.
    pub hosts: Vec<Answerer>,
}

/// A host that may answer for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answerer {
    /// The host.
    pub host: String,
    /// Why: `its interface lan has it`, `VRRP master on patata, priority 200`.
    pub by: String,
}

/// What is different for one flow or one route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What: `segment.patata to internet, tcp/443`, `0.0.0.0/0 on core-01`.
    pub what: String,
    /// How it was; none if it was not there.
    pub before: Option<String>,
    /// How it is; none if it is no longer there.
    pub after: Option<String>,
    /// Whether something that arrived does no longer.
    pub lost: bool,
}

/// What a failure changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// What failed.
    pub failure: Failure,
    /// The flows that go another way, or nowhere.
    pub changes: Vec<Change>,
    /// What does not hold then.
    pub violations: Vec<Violation>,
    /// What does not hold then either, but is accepted: with the reason.
    pub accepted: Vec<(Violation, String)>,
}

/// What is different between two versions of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Flows that go another way, or nowhere, or may now pass.
    pub flows: Vec<Change>,
    /// Routes that others hear, or that routers use.
    pub routes: Vec<Change>,
    /// What held and does not any more; places are those of the new version.
    pub broken: Vec<Violation>,
    /// What did not hold and does now: its code and sentence.
    pub mended: Vec<(&'static str, String)>,
}

/// An order in which machines can be taken down, one at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The steps.
    pub steps: Vec<Step>,
    /// What no order can spare, with the step that breaks it.
    pub broken: Vec<Violation>,
}

/// One machine that is taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The host.
    pub host: String,
    /// Why it stands here: `after core-02, which takes its addresses back`.
    pub why: String,
}
