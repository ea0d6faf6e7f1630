//! Tests of the proof on whole networks.

#[cfg(test)]
mod example;
