//! Logs: kept in few bytes, asked in `LogQL`, sent and answered as Loki does.
//!
//! Knows no network, no clock and no threads: files are touched through the metrics store's
//! directory alone, the time is told. Times are nanoseconds.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "times are integers and samples are floats: each cast is of a number known to fit, or rounds as Loki does"
)]

mod block;
pub mod logql;
mod store;
mod token;
pub mod wire;

pub use block::Entry;
pub use metrics::{LabelLimits, Labels, Matcher, Op, Refused, Sync};
pub use store::{
    Appended, Class, Counts, Limits, Line, Merge, Picked, Settings, Stats, Store, Stream,
};

/// A second in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// A day in nanoseconds.
pub const DAY: i64 = 86_400 * SECOND;
