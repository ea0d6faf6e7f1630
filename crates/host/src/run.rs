//! Runs a program without a shell and with a time limit; what it prints is kept.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::MemfdFlags;
use rustix::process::{Pid, Signal};

use crate::place::Place;

/// How much of what a program printed is read.
const KEPT: u64 = 1 << 20;
/// How many characters of it stand in a message.
const SHOWN: usize = 4000;

/// Runs `command` and gives back what it printed, or why it failed.
pub(crate) fn run(place: &Place, command: &[&str], limit: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = command else { return Err("an empty command".into()) };
    let fails = |cause: std::io::Error| format!("cannot run {program}: {cause}");
    // A file, not a pipe: a daemon that the program leaves behind must not keep us waiting.
    let memory = rustix::fs::memfd_create("output", MemfdFlags::CLOEXEC);
    let mut output = File::from(memory.map_err(|errno| fails(errno.into()))?);
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", &place.programs)
        .env("LC_ALL", "C")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(fails)?)
        .stderr(output.try_clone().map_err(fails)?)
        .process_group(0)
        .spawn()
        .map_err(fails)?;
    let ended = wait(&mut child, limit).map_err(fails)?;
    let mut printed = Vec::new();
    output.rewind().map_err(fails)?;
    output.take(KEPT).read_to_end(&mut printed).map_err(fails)?;
    let printed = String::from_utf8_lossy(&printed).trim().to_owned();
    match ended {
        Some(status) if status.success() => Ok(printed),
        Some(status) => Err(failure(command, &status.to_string(), &printed)),
        None => Err(failure(command, &format!("no end after {} s", limit.as_secs()), &printed)),
    }
}

fn failure(command: &[&str], how: &str, printed: &str) -> String {
    let shown: String = printed.chars().take(SHOWN).collect();
    let says = if shown.is_empty() { "it said nothing" } else { &shown };
    format!("`{}` failed ({how}): {says}", command.join(" "))
}

/// Waits for the child; past the limit its whole process group is killed and `None` comes back.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() >= limit {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                // The group may be gone by now; the wait below reaps in any case.
                let _gone = rustix::process::kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause.min(limit.saturating_sub(begin.elapsed())));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
