//! Loki's forms: what is pushed, what is answered.

pub mod json;
pub mod push;
