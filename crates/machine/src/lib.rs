//! How a machine is touched: one trait, and the transports behind it.
