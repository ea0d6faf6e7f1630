//! Keeps the generated reference pages fresh.
fn main() {}
