//! Tests of the proof on whole networks, and against methods that know nothing of it.
#![expect(clippy::disallowed_methods, reason = "the tests read the examples")]

#[cfg(test)]
mod cases;
#[cfg(test)]
mod changed;
#[cfg(test)]
mod cut;
#[cfg(test)]
mod example;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod raised;
#[cfg(test)]
mod since;
#[cfg(test)]
mod waves;
