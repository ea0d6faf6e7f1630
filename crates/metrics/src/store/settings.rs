//! What may be chosen for a store.

use crate::labels::LabelLimits;

/// When what was appended is made to outlast a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before each answer.
    Append,
    /// With each tick: whoever calls it says how much a power cut may take.
    Tick,
}

/// How much a sender may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Series at most.
    pub series: usize,
    /// Labels of a series.
    pub labels: LabelLimits,
    /// How far ahead of the clock a sample may be, in milliseconds.
    pub ahead_ms: i64,
}

/// What may be chosen for a store.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// When what was appended is safe.
    pub sync: Sync,
    /// How much a sender may bring.
    pub limits: Limits,
    /// What the values in memory may take before they are written out, in bytes.
    pub head_bytes: usize,
    /// What may be kept for receivers that are behind, in bytes: then the oldest goes.
    pub feed_bytes: u64,
    /// How long samples are kept, in milliseconds.
    pub keep_raw_ms: i64,
    /// How long a point each five minutes is kept, in milliseconds.
    pub keep_five_minutes_ms: i64,
    /// How long a point each hour is kept, in milliseconds.
    pub keep_hours_ms: i64,
}

impl Default for Settings {
    /// A month of samples, two years of five minutes, ten years of hours.
    fn default() -> Self {
        const DAYS: i64 = super::files::DAY;
        let limits = Limits {
            series: 1_000_000,
            labels: LabelLimits { count: 40, name_bytes: 200, value_bytes: 2048 },
            ahead_ms: 600_000,
        };
        Self {
            sync: Sync::Tick,
            limits,
            head_bytes: 256 << 20,
            feed_bytes: 4 << 30,
            keep_raw_ms: 30 * DAYS,
            keep_five_minutes_ms: 730 * DAYS,
            keep_hours_ms: 3650 * DAYS,
        }
    }
}
