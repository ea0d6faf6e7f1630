//! What is made from the code and kept beside it, and what is measured of it.
//!
//! `cargo run -p xtask -- docs` writes the generated pages of `docs/`; `-- check` says which are
//! stale. `-- fuzz` feeds every parser rubbish, `-- bench` measures.
#![expect(clippy::disallowed_methods, reason = "reads the sources and writes the pages")]
#![expect(clippy::format_push_string, reason = "pages are put together once: clear before fast")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "speaks to whoever runs it")]

mod bench;
mod docs;
mod fuzz;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- docs|check|fuzz [SECONDS] [TARGET]|bench [PART]";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words: Vec<String> = std::env::args().skip(2).collect();
    let done = match std::env::args().nth(1).as_deref() {
        Some("docs") => docs::write(&root),
        Some("check") => docs::check(&root),
        Some("fuzz") => fuzz::run(&root, &words),
        Some("bench") => bench::run(&root, &words),
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
