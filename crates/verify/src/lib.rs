//! Simulates the declared network under failures and judges what must hold. Reads the model and what
//! is derived from it, never rendered text; pure, deterministic, and as parallel as it is told to be.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hosts, interfaces, routers and prefixes are dense numbers, all made by `plane`"
)]

mod accept;
mod alike;
mod announce;
pub mod ask;
pub mod answer;
mod bgp;
mod bits;
mod columns;
mod control;
mod destination;
pub mod diff;
pub mod element;
mod failures;
mod fault;
mod fixed;
mod flows;
mod forwards;
mod heard;
mod idle;
mod igp;
mod killers;
mod lean;
mod judge;
pub mod leak;
mod numbers;
mod onward;
mod outcomes;
mod oob;
mod lost;
pub mod order;
mod path;
mod places;
mod plane;
pub mod predict;
pub mod property;
mod prove;
mod questions;
mod recall;
mod rechoose;
mod seen;
pub mod report;
#[cfg(test)]
mod restless;
mod since;
pub mod table;
mod targets;
#[cfg(test)]
mod same;
mod tell;
mod teller;
mod threads;
mod vrrp;
mod walk;
pub mod waves;
mod whose;
mod why;
mod world;

pub use answer::{Answerer, Answerers, Change, Diff, Order, Paths, Step, Way, WhatIf};
pub use element::{Daemon, Element, Failure};
pub use property::{PROPERTIES, Property};
pub use prove::{Options, prove, prove_among, prove_since};
pub use report::{Counterexample, End, Extent, Flow, Hop, Report, Violation};
