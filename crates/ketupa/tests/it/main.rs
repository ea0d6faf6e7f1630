//! What the command promises at the command line, without root and without containers.
#![expect(clippy::disallowed_methods, reason = "tests start the command and write its input")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod agents;
mod bad_files;
mod bad_text;
mod checks;
mod commands;
mod cost;
mod edge;
mod faults;
mod follow;
mod forge;
mod golden;
mod help;
mod inventory;
mod printed;
mod prove;
mod real_trees;
mod render;
mod run;
mod secrets;
