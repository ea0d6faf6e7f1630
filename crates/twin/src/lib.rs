//! The digital twin: the rendered tree brought up in namespaces on one machine.
