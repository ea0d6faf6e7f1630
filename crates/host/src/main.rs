//! The executor as a program of its own: requests on stdin, answers on stdout.

use std::io::{stdin, stdout};
use std::process::ExitCode;

/// `ketupa-host [ROOT]`
fn main() -> ExitCode {
    let place = std::env::args_os().nth(1).map_or_else(host::Place::live, host::Place::below);
    match host::serve_at(&place, stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_nobody_listens) => ExitCode::FAILURE,
    }
}
