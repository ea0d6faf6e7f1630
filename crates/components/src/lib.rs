//! One folder per daemon, all alike; one literal ordered list. A component never knows another.

use component::Component;

/// Every component, in the order in which a host needs them.
pub const ALL: &[&dyn Component] = &[];
