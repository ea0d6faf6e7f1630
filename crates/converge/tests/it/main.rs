//! Plans and their effect, on machines in temporary directories and on recorded ones.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests touch their own temporary machines and end where one surprises them"
)]

mod apply;
mod fleet;
mod golden;
mod guarded;
mod lab;
mod programs;
mod resources;
mod secrets;
mod vault;
