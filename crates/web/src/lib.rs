//! The pages and the HTTP API of the job desk, and of what the watch keeps.
//!
//! The only crate with async code: it answers many connections, and asks the desk on threads of its own.
//! It decides nothing that the command line could not: what may be done is [`jobs::token`]'s.

mod access;
mod api;
mod counts;
mod hook;
mod house;
mod live;
mod loki;
mod measurements;
mod pages;
mod prometheus;
mod rules;
mod server;
mod times;

pub use counts::{Counts, Fed};
pub use house::{Cookies, House, Key, Settings};
pub use loki::Logs;
pub use measurements::{Away, Measurements};
pub use rules::{Rules, Told};
pub use server::serve;
pub use times::{length, moment};
