//! The pages and the HTTP API of the job desk, and of what the watch keeps.
//!
//! The only crate with async code: it answers many connections, and asks the desk on threads of its own.
//! It decides nothing that the command line could not: what may be done is [`jobs::token`]'s.

mod access;
mod api;
mod counts;
mod held;
mod hook;
mod house;
mod live;
mod loki;
mod pages;
mod prometheus;
mod rules;
mod server;
mod times;

pub use counts::{Counts, Fed};
pub use held::{Away, Held};
pub use house::{Cookies, House, Key, Settings};
pub use rules::{Rules, Told};
pub use server::serve;
pub use times::{length, moment};
