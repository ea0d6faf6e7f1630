//! The contract between a daemon's folder and the house: what a component declares, renders and checks.

pub mod tree;
