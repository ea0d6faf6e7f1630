//! What follows from the model, held to the example and to small networks.
#![expect(clippy::disallowed_methods, reason = "the tests read the examples")]

#[cfg(test)]
mod checks;
