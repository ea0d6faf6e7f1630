//! The watch's rules: Prometheus's files as they are, good ones that follow from the model, and which alert
//! is the cause of which. Reads no file, no clock and no socket: texts, times and samples come in.

pub mod api;
mod causes;
mod depend;
mod duration;
mod evaluate;
mod file;
mod group;
mod print;
mod renewals;
pub mod rules;
mod state;
mod template;
mod yaml;

pub use causes::{Incident, group, group_by};
pub use depend::Dependencies;
pub use duration::shown as shown_duration;
pub use evaluate::{EVERY, Samples, evaluate, lines};
pub use file::{Wrong, read};
pub use group::{Alerting, Group, Makes, Rule, Words};
pub use print::yaml as to_yaml;
pub use renewals::renewals;
pub use state::{Alert, Phase, State};
