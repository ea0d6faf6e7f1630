//! What may be chosen for a store.

use metrics::{LabelLimits, Matcher, Sync};

use crate::{DAY, SECOND};

/// How much a sender may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Streams at most.
    pub streams: usize,
    /// Labels of a stream, or of what is known of one line.
    pub labels: LabelLimits,
    /// Bytes of a line.
    pub line_bytes: usize,
    /// How far ahead of the clock a line may be, in nanoseconds.
    pub ahead: i64,
}

/// Logs that may not be kept longer than so many days.
#[derive(Clone, Debug)]
pub struct Class {
    /// What it is called.
    pub name: String,
    /// The streams that it is about.
    pub matchers: Vec<Matcher>,
    /// How old its lines may become. A day goes as a whole, when its first moment is so old.
    pub days: i64,
}

/// What may be chosen for a store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When what was appended is safe.
    pub sync: Sync,
    /// How much a sender may bring.
    pub limits: Limits,
    /// What the lines in memory may take before they are written out, in bytes.
    pub head_bytes: usize,
    /// How long they may stay in memory alone, in nanoseconds.
    pub head_age: i64,
    /// What the files may take on the disk, in bytes: beyond it the oldest go.
    pub most_bytes: u64,
    /// How old any line may become, in days.
    pub days: i64,
    /// Logs that may become less old than the others; the first that fits a stream counts.
    pub classes: Vec<Class>,
}

impl Default for Settings {
    /// A month, 20 GiB at most.
    fn default() -> Self {
        let limits = Limits {
            streams: 100_000,
            labels: LabelLimits { count: 30, name_bytes: 200, value_bytes: 2048 },
            line_bytes: 256 << 10,
            ahead: 3600 * SECOND,
        };
        Self {
            sync: Sync::Tick,
            limits,
            head_bytes: 32 << 20,
            head_age: 3600 * SECOND,
            most_bytes: 20 << 30,
            days: 30,
            classes: Vec::new(),
        }
    }
}

impl Settings {
    /// How old the lines of a stream may become, in days.
    pub(crate) fn days_of(&self, labels: &metrics::Labels) -> i64 {
        let fits = |class: &&Class| {
            class.matchers.iter().all(|matcher| matcher.accepts(labels.get(&matcher.name)))
        };
        self.classes.iter().find(fits).map_or(self.days, |class| class.days.min(self.days))
    }

    /// The first day of which the lines of a stream may be there.
    pub(crate) fn first_day(&self, labels: &metrics::Labels, now: i64) -> i64 {
        // The day that is being written to is there whatever is chosen.
        (now.div_euclid(DAY) - self.days_of(labels).max(1)).saturating_add(1)
    }
}
