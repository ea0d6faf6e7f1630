//! Promises of the policy crate: the text, the properties, and the agreement with a real BIRD.

mod sample;
mod text;
