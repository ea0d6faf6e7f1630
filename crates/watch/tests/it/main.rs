//! Rules: read, printed, evaluated beside a real Prometheus, and those of the model against made-up faults.
#![expect(clippy::disallowed_methods, reason = "tests read cases and run Debian's Prometheus")]
#![expect(clippy::cast_precision_loss, reason = "samples are floats")]
#![expect(clippy::indexing_slicing, reason = "a wrong index fails its test")]

mod causes;
mod evaluation;
mod faults;
mod files;
mod grouping;
mod normal;
mod place;
mod prometheus;
mod provider;
mod telling;
