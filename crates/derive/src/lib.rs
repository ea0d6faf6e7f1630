//! What follows from the model for one host, as typed data: its routing sessions with their filters,
//! its packet filter, and what is asked of it. Components print it, the simulator runs it: so neither reads the other's text.

pub mod checks;
pub mod packet;
pub mod routing;
