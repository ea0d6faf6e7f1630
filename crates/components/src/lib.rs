//! One folder per daemon, all alike; one literal ordered list. A component never knows another.

pub mod bird;
pub mod conntrackd;
pub mod keepalived;

use component::Component;

/// Every component, in the order in which a host needs them.
pub const ALL: &[&dyn Component] = &[&conntrackd::Conntrackd, &keepalived::Keepalived, &bird::Bird];
