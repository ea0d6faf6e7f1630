//! Runs a command with bytes for its stdin, and keeps what it answers and what it complains.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How much a command may answer and complain.
const MOST_ANSWERED: u64 = 1 << 30;
const MOST_SAID: u64 = 64 << 10;
/// How long a command may stay after it closed its stdout.
const GRACE: Duration = Duration::from_secs(2);

/// A command that has closed its stdout.
pub(crate) struct Ended {
    /// What it answered.
    pub(crate) output: Vec<u8>,
    status: std::io::Result<ExitStatus>,
    complaint: Receiver<Vec<u8>>,
}

impl Ended {
    /// How it ended, in words.
    pub(crate) fn how(&self) -> String {
        self.status.as_ref().map_or_else(ToString::to_string, ToString::to_string)
    }

    /// Its exit status, where it had one.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.as_ref().ok()?.code()
    }

    /// What it complained.
    pub(crate) fn said(&self) -> String {
        // A master connection of ssh keeps stderr open and must not hold us.
        let (said, _) = gathered(&self.complaint, GRACE);
        String::from_utf8_lossy(&said).trim().to_owned()
    }
}

/// Runs `command`, a program and its arguments, and feeds it `input`.
///
/// # Errors
/// It cannot be started, or does not close its stdout within `limit`.
pub(crate) fn pipe(command: &[String], input: Vec<u8>, limit: Duration) -> Result<Ended, String> {
    let mut child = start(command)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that ends early is noticed by what it did not answer.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let answers = drained(child.stdout.take(), MOST_ANSWERED);
    let complaint = drained(child.stderr.take(), MOST_SAID);
    let (output, whole) = gathered(&answers, limit);
    if !whole {
        drop(child.kill());
        drop(child.wait());
        return Err(format!("no answer within {} s", limit.as_secs()));
    }
    Ok(Ended { output, status: end(&mut child), complaint })
}

fn start(command: &[String]) -> Result<Child, String> {
    let [program, arguments @ ..] = command else {
        return Err("no command leads there".into());
    };
    Command::new(program)
        .args(arguments)
        // What it says is read by a program, too.
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {program}: {error}"))
}

/// How a command ended that has closed its stdout; one that stays is killed.
fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < GRACE {
        if let Ok(Some(status)) = child.try_wait() {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    drop(child.kill());
    child.wait()
}

/// What comes out of `stream`, piece by piece until it ends.
fn drained(stream: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(stream) = stream else { return };
        let (mut stream, mut buffer) = (stream.take(most), vec![0; 64 << 10]);
        // What came before an error is still worth reading.
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send(piece).is_err() {
                return;
            }
        }
    });
    receiver
}

/// All that came within `limit`, and whether that was the end.
fn gathered(pieces: &Receiver<Vec<u8>>, limit: Duration) -> (Vec<u8>, bool) {
    let (begun, mut all) = (Instant::now(), Vec::new());
    loop {
        match pieces.recv_timeout(limit.saturating_sub(begun.elapsed())) {
            Ok(piece) => all.extend(piece),
            Err(why) => return (all, why == RecvTimeoutError::Disconnected),
        }
    }
}
