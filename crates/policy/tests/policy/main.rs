//! Promises of the policy crate: the text, the properties, and the agreement with a real BIRD.

mod against_bird;
mod properties;
mod sample;
mod text;
mod symbolic;
