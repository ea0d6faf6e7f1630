//! Tests of the store through its public side.
#![expect(clippy::disallowed_methods, reason = "tests touch files")]
#![expect(clippy::indexing_slicing, reason = "a test that reaches too far fails, as it should")]

mod damage;
mod keeping;
mod limits;
mod logql;
mod naive;
mod place;
mod push;
