//! Simulates the declared network under failures and judges what must hold. Reads the model and what
//! is derived from it, never rendered text; pure, deterministic, and as parallel as it is told to be.

pub mod answer;
pub mod element;
pub mod property;
pub mod report;

pub use answer::{Answerer, Answerers, Change, Diff, Order, Paths, Step, Way, WhatIf};
pub use element::{Daemon, Element, Failure};
pub use property::{PROPERTIES, Property};
pub use report::{Counterexample, End, Flow, Hop, Report, Violation};
