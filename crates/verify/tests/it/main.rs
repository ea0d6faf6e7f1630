//! Tests of the proof on whole networks, and against methods that know nothing of it.

mod cases;
mod cut;
mod example;
mod oracle;
mod since;
