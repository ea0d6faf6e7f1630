//! The digital twin: the rendered tree brought up in namespaces on one machine.
//!
//! The lower half, which knows neither the model nor rendering:
//!
//! - [`image`]: the Debian packages that a twin host has, kept in a layer over this machine's own;
//! - [`lab`]: what to bring up: hosts, their interfaces, the segments between them;
//! - [`twin`]: up, down, run a command in a host, cut and heal links, power off and on;
//! - [`init`]: the first process of each container, and the `systemctl` that people find in it.
//!
//! Nothing here touches the interfaces, the packages or the services of the machine itself.
#![expect(clippy::disallowed_methods, reason = "this crate is where Ketupa builds containers")]

mod error;
pub mod fabric;
pub mod image;
pub mod init;
pub mod lab;
mod launch;
mod process;
mod root;
mod site;
mod supervise;
pub mod twin;
mod unit;

pub use error::{Error, Result};
pub use image::Image;
pub use init::control::Answer;
pub use lab::{HostSpec, Lab, Port};
pub use root::PROGRAM;
pub use site::Site;
pub use twin::Twin;
