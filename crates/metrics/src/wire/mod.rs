//! The forms in which measurements travel, and answers.

pub mod exposition;
pub mod json;
pub mod remote_write;
