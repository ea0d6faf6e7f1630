//! The processes that runs are.
//!
//! A run's process is started by a guard, a process of this program between the server and it: [`guard`]
//! ends the process and all that came from it when the server falls silent, so that it is dead before
//! another server begins. `process` is the server's side of it; [`attempt`] keeps what it prints, renews
//! the lease and writes how it ended.
#![expect(clippy::disallowed_methods, reason = "runs are processes, with folders and clocks")]

pub mod attempt;
mod events;
pub mod guard;
mod output;
mod process;

pub use process::Guard;
