//! The executor against roots in temporary directories, with a systemctl that only keeps a record.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests touch their own temporary machines and end where one surprises them"
)]

mod accounts;
mod apply;
mod crash;
mod disk;
mod guard;
mod history;
mod lab;
mod observe;
mod properties;
mod real_systemd;
mod rehearsal;
mod resources;
mod rollback;
mod stream;
