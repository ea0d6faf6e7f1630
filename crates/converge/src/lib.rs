//! Observe, plan, apply: plans are pure data, and applying makes no choices.
