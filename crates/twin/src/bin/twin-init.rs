//! The first process of a twin's containers, alone: for tests, which are not `ketupa` itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    twin::init::main(std::env::args().skip(2).collect())
}
