//! The first process of a container, and the small programs it runs inside.
//!
//! `PROGRAM twin-init WHAT ...` is how Ketupa calls itself in a container; its binary hands
//! all words after `twin-init` to [`main`].

mod boot;
pub(crate) mod check;
pub(crate) mod children;
mod client;
pub(crate) mod control;
mod fabric;
mod host;
pub(crate) mod run;
mod syslog;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use check::PATH;
pub(crate) use syslog::LOGS;

use crate::error::{Error, Result};

/// Runs what the words after `twin-init` ask for; returns when a container ends.
pub fn main(words: Vec<String>) -> ExitCode {
    let mut words = words.into_iter();
    let what = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    let done = match what.as_str() {
        "fabric" => fabric::main(&rest),
        "host" => host::main(&rest),
        "check" => check::main(&rest),
        "run" => run::main(&rest),
        "systemctl" => client::main(&rest),
        _ => Err(Error::new("twin-init is how containers start; people use `twin` itself")),
    };
    done.unwrap_or_else(|error| {
        complain(&error.chain());
        ExitCode::FAILURE
    })
}

/// Says something where the starter of this process reads it.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Tells the starter that the container is up, then lets go of its pipe.
fn ready() -> Result<()> {
    let mut out = io::stdout();
    let _ = out.write_all(b"ready\n").and_then(|()| out.flush());
    rustix::stdio::dup2_stdout(io::stderr())
        .map_err(|cause| Error::new(format!("cannot let go of the starter: {cause}")))
}

/// The words in their places, or what is missing.
fn expect<const N: usize>(words: &[String]) -> Result<&[String; N]> {
    words.try_into().map_err(|_| Error::new(format!("twin-init wants {N} words here")))
}
