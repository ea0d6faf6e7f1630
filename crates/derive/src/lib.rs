//! What follows from the model for one host, as typed data: its routing sessions with their filters,
//! and its packet filter. Components print it, the simulator runs it: so neither reads the other's text.

pub mod packet;
pub mod routing;
