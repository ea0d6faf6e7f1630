//! The `ketupa` command: reads the directory, calls the stages, prints, and chooses the exit status.
#![expect(clippy::disallowed_methods, reason = "the binary is where files, clock and terminal are")]

mod cli;
mod client;
mod commands;
mod input;
mod report;
mod screen;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A container's first process is this program too; it must not meet the command line's parser.
    let words: Vec<String> = std::env::args().collect();
    if words.get(1).is_some_and(|word| word == "twin-init") {
        return twin::init::main(words.into_iter().skip(2).collect());
    }
    let mut screen = screen::Screen::new();
    let ended = commands::run(cli::Cli::parse(), &mut screen);
    match ended {
        Ok(end) => end.into(),
        Err(error) => {
            screen.complain(&error);
            ExitCode::from(error.end())
        }
    }
}
