//! The pages and the HTTP API of the job desk.
//!
//! The only crate with async code: it answers many connections, and asks the desk on threads of its own.
//! It decides nothing that the command line could not: what may be done is [`jobs::token`]'s.

mod access;
mod api;
mod hook;
mod live;
mod pages;
mod server;

pub use server::{Cookies, Settings, serve};
