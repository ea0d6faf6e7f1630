//! The agent held to what others see on the same machine, and to machines that are not here.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the tests start programs, read what they wrote, and say how long it took"
)]

mod bird;
mod disks;
mod left;
mod node_exporter;
#[cfg(test)]
mod probe;
mod recorded;
mod send;
mod serve;
mod sink;
