//! The agent as a program of its own, small enough to travel to every host.

use agent::config::{self, Config};
use agent::run;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
Says how this host is, and sends it on. Everything is told in a file.

Usage: ketupa-agent [--config FILE] [--once]

  --config FILE  what to do [default: /etc/ketupa/agent.toml]
  --once         try every probe once, print the host's metrics, and end
  --help         print this

Examples:
  ketupa-agent
  ketupa-agent --config agent.toml --once
";

fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let went = match words.as_slice() {
        [] => run(config::PATH),
        ["--config", path] => run(path),
        ["--once"] => once(config::PATH),
        ["--once", "--config", path] | ["--config", path, "--once"] => once(path),
        ["--help" | "-h"] => print(HELP),
        _ => {
            say(HELP);
            return ExitCode::from(2);
        }
    };
    match went {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("ketupa-agent: {why}\n"));
            ExitCode::from(3)
        }
    }
}

fn run(path: &str) -> Result<(), String> {
    run::run(&Config::read(Path::new(path))?, &mut |line| say(&format!("{line}\n")))
}

fn once(path: &str) -> Result<(), String> {
    print(&run::once(&Config::read(Path::new(path))?))
}

fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot print: {error}"))
}

/// Of a standard error that is closed nobody is left to tell.
fn say(text: &str) {
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
