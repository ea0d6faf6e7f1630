//! The job desk: a queue of runs, a schedule, and the processes that runs are.
//!
//! What is due, what may start and what a lease means is decided by pure functions ([`schedule`],
//! [`decide`]); [`store`] keeps the queue in a database that several servers may share, and asks them under
//! its lock; [`run`] has the processes. [`desk`] ties them together, on threads.

pub mod decide;
pub mod desk;
pub mod run;
pub mod says;
pub mod schedule;
pub mod secret;
pub mod spec;
pub mod store;
pub mod token;
pub mod webhook;
pub mod work;

mod entry;

pub use entry::{Asked, Cause, Chunk, Run, State, Task, TaskResult};

/// A moment, in milliseconds of the Unix epoch, by the clock of the database that servers share.
pub type Millis = i64;
