//! Observe, plan, apply: plans are pure data, and applying makes no choices.
//!
//! [`observe`] asks a machine what is there, [`plan`] compares it with the desired tree and touches
//! nothing, [`apply`] sends the plan's orders. Secrets are resolved for the comparison and for the
//! orders; a plan holds and shows their marks only.

mod accounts;
mod apply;
mod fleet;
mod guarded;
mod history;
mod observe;
mod packages;
mod places;
mod plan;
mod program;
mod secrets;
mod show;
mod trace;
mod units;
mod vault;

pub use apply::{Outcome, apply};
pub use fleet::{Act, Job, Progress, Report, Step, apply_all, ask_all, converge_all, plan_all};
pub use guarded::{Terms, apply_guarded};
pub use history::history;
pub use host::wire::{Ending, Guard, Origin, Record, Revision};
pub use observe::{Interrupted, Observed, Trouble, observe};
pub use places::LinkChange;
pub use plan::{FileAct, FileChange, Obstacle, Plan, plan};
pub use program::{Program, Programs};
pub use trace::trace;
pub use units::{UnitAct, UnitChange};
pub use vault::{Keys, NoSecret, Vault};
