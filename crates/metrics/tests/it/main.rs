//! Tests of the store through its public side.
#![expect(clippy::disallowed_methods, reason = "tests touch files")]
#![expect(clippy::indexing_slicing, reason = "a test that reaches too far fails, as it should")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    reason = "the numbers are small, and values are to return bit for bit"
)]

mod damage;
mod failing;
mod feeding;
mod keeping;
mod late;
mod limits;
mod many;
mod meanwhile;
mod place;
mod prometheus;
mod queue;
mod queue_damage;
mod rollups;
mod rubbish;
mod wire;
