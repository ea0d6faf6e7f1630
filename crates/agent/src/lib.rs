//! What a host says about itself: metrics in the names of `node_exporter`, and the disks that come and go.
//!
//! It reads `/proc` and `/sys`, asks a few daemons, and serves what it found as text. It changes
//! nothing on the host, stores only its list of disks, and does not know what is done with the numbers.
#![expect(clippy::disallowed_methods, reason = "this crate is what reads a host")]

pub mod collect;
mod ask;
mod bird;
pub mod config;
pub mod disks;
mod http;
pub mod logs;
pub mod outbox;
mod own;
pub mod post;
pub mod probe;
pub mod run;
mod scrape;
mod sender;
pub mod serve;
mod smart;
pub mod text;
pub mod tree;
pub mod unit;
pub mod watch;

pub use collect::{Source, gather};
