//! Typed routing policy: one tree that is printed for BIRD, run on routes, and proved about.
//!
//! Touches no daemon and reads no file. The tree is first order and total: no loop, no recursion, no
//! variable. So [`run`] always ends, and [`symbolic`] walks the same tree with sets of routes instead
//! of one route.
//!
//! ```text
//! standard::import(Relation::Transit, &parameters) -> Filter ----> bird::print -> what the daemon reads
//!                                                         |-----> run(&filter, &route, &roas) -> Verdict
//!                                                         \-----> symbolic: run on all routes at once
//! ```
//!
//! `tests/against_bird.rs` holds the two to each other: random routes go through a real BIRD and
//! through [`run`], and every verdict, reason and attribute must agree.

pub mod bird;
pub mod standard;
pub mod symbolic;

mod reason;
mod route;
mod run;
mod set;
mod tree;

pub use reason::{REASON_FUNCTION, REASONS, Reason};
pub use route::{
    Community, Destination, Family, Large, Origin, Path, Route, Segment, Source, Verdict,
};
pub use run::{Roa, Roas, pass, run};
pub use set::{
    AsnRange, AsnSet, CommunityPattern, CommunitySet, LargePattern, LargeSet, PrefixPattern,
    PrefixSet,
};
pub use tree::{
    Action, Condition, Filter, Function, PathCondition, RoaOrigin, RoaState, RoaTable, Rule,
    Statement,
};
