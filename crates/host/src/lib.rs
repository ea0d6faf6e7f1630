//! The small executor that travels to a machine: observes, stages, checks, swaps and rolls back.
