//! The agent held to what others see on the same machine.
#![expect(clippy::disallowed_methods, reason = "the tests start programs and read what they wrote")]

mod node_exporter;
mod recorded;
