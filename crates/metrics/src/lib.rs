//! Measurements: kept in few bytes, asked in `PromQL`.
//!
//! Knows no network, no clock and no threads: `store::disk` alone touches files, the time is told.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples are floats and times are integers: each cast is of a number known to fit, or rounds as Prometheus does"
)]

pub mod bytes;
mod codec;
pub mod frame;
mod index;
mod labels;
mod matcher;
pub mod promql;
pub mod queue;
mod store;
pub mod wire;

pub use codec::{decode_times, encode_times};
pub use index::{Index, SeriesId};
pub use labels::{LabelLimits, Labels, NAME, escaped, is_label_name, is_metric_name};
pub use matcher::{Matcher, Op, anchored};
pub use store::disk;
pub use store::{
    Appended, BySeries, Counts, Cursor, Feed, Limits, Merge, Metadata, Point, Portion, Refused,
    STALE, Samples, Seal, Settings, Store, Sync, Tier,
};
