//! Rehearses a rendered ISP: its hosts, its neighbours and "the Internet" as containers of the twin.
//!
//! [`scene`] says what stands on the stage and is pure; [`stage`] brings it up and takes it down;
//! [`ask`] asks what works. Configuration reaches a twin host by the same plan and apply code that
//! real hosts use: the twin is one more transport.
#![expect(clippy::disallowed_methods, reason = "this crate drives the twin")]

mod announce;
pub mod ask;
mod content;
mod elsewhere;
pub mod fail;
pub mod follow;
pub mod outside;
pub mod probe;
pub mod quiet;
pub mod replay;
pub mod scene;
pub mod stage;
mod vault;
mod watch;

pub use announce::{Announcement, announce};
pub use scene::Scene;
pub use stage::{Phase, Rehearsal};
pub use watch::without_agents;
