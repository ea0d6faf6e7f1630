//! `systemctl` as found in a host: asks the first process, prints the answer.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::error::Result;
use crate::init::control::{SOCKET, ask};

pub(super) fn main(words: &[String]) -> Result<ExitCode> {
    let answer = ask(Path::new(SOCKET), words)?;
    let _ = io::stdout().write_all(answer.out.as_bytes());
    let _ = io::stderr().write_all(answer.err.as_bytes());
    Ok(ExitCode::from(answer.code))
}
