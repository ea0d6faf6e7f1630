//! What is made from the code and kept beside it: the generated pages of `docs/`.
//!
//! `cargo run -p xtask -- docs` writes them; `-- check` says which are stale.
#![expect(clippy::disallowed_methods, reason = "reads the sources and writes the pages")]
#![expect(clippy::format_push_string, reason = "pages are put together once: clear before fast")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "speaks to whoever runs it")]

mod docs;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- docs|check";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let done = match std::env::args().nth(1).as_deref() {
        Some("docs") => docs::write(&root),
        Some("check") => docs::check(&root),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(says) => {
            println!("{says}");
            ExitCode::SUCCESS
        }
        Err(says) => {
            eprintln!("{says}");
            ExitCode::FAILURE
        }
    }
}
