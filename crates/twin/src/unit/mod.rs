//! systemd's unit files: read as Debian ships them, with overrides, into typed services.

pub(crate) mod command;
pub(crate) mod file;
pub(crate) mod load;
pub(crate) mod service;
pub(crate) mod span;
pub(crate) mod words;

pub(crate) use service::Service;
