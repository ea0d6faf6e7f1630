//! Simulates the declared network under failures and judges what must hold. Reads the model and what
//! is derived from it, never rendered text; pure, deterministic, and as parallel as it is told to be.

pub mod element;
pub mod report;

pub use element::{Daemon, Element, Failure};
pub use report::{Counterexample, End, Flow, Hop, Report, Violation};
