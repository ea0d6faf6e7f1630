//! One folder per daemon, all alike; one literal ordered list. A component never knows another.
