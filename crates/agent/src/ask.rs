//! Asks another program, with a limit on how long and how much it may answer.

use crate::tree::Trouble;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No program that is asked needs longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// No answer is longer.
const LIMIT: u64 = 4 * 1024 * 1024;

/// What a program prints. One that does not end in time is killed.
pub(crate) fn program(name: &'static str, arguments: &[&str]) -> Result<String, Trouble> {
    let silent = |what: String| Trouble::Silent(format!("{name}: {what}"));
    let mut child = Command::new(name)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| silent(format!("cannot be started: {error}")))?;
    let Some(out) = child.stdout.take() else {
        return Err(silent("has no output".to_owned()));
    };
    let reader = std::thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is judged by who parses it.
        drop(out.take(LIMIT).read_to_end(&mut bytes));
        bytes
    });
    let reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            drop(child.kill());
            drop(child.wait());
            return Err(silent(format!("nobody can read its answer: {error}")));
        }
    };
    let ended = wait(&mut child);
    if ended.is_none() {
        drop(child.kill());
        drop(child.wait());
    }
    let bytes = reader.join().unwrap_or_default();
    match ended {
        Some(true) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Some(false) => Err(silent("ended with an error".to_owned())),
        None => Err(silent(format!("did not answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Whether it ended well, or nothing if it did not end.
fn wait(child: &mut std::process::Child) -> Option<bool> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    while begin.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => std::thread::sleep(pause),
            Err(_) => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
    None
}
