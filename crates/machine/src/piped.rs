//! An executor behind a command's stdin and stdout: ssh to a host, or a namespace of the twin.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use host::wire::{Answer, Request};

use crate::{Machine, Unreachable, decode, encode};

/// Longer than any change should take, installing packages included.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How much a command may answer and complain.
const MOST_ANSWERED: u64 = 1 << 30;
const MOST_SAID: u64 = 64 << 10;
/// How long a command may stay after it closed its stdout.
const GRACE: Duration = Duration::from_secs(2);

/// A machine reached through a command.
#[derive(Debug, Clone)]
pub struct Piped {
    name: String,
    command: Vec<String>,
    limit: Duration,
}

impl Piped {
    /// The machine called `name`, reached by `command`: a program and its arguments, no shell.
    pub fn new<T: Into<String>>(
        name: impl Into<String>,
        command: impl IntoIterator<Item = T>,
    ) -> Self {
        let command = command.into_iter().map(Into::into).collect();
        Self { name: name.into(), command, limit: LIMIT }
    }

    /// The same machine, given up when an exchange takes longer than `limit`.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    fn start(&self) -> Result<Child, String> {
        let [program, arguments @ ..] = self.command.as_slice() else {
            return Err("no command leads there".into());
        };
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run {program}: {error}"))
    }

    /// What the command answered, or an error with what it complained.
    fn talk(&self, input: Vec<u8>, count: usize) -> Result<Vec<Answer>, String> {
        let mut child = self.start()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that ends early is noticed by what it did not answer.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let answers = drained(child.stdout.take(), MOST_ANSWERED);
        let complaint = drained(child.stderr.take(), MOST_SAID);
        let Ok(output) = answers.recv_timeout(self.limit) else {
            drop(child.kill());
            drop(child.wait());
            return Err(format!("no answer within {} s", self.limit.as_secs()));
        };
        let ended = end(&mut child);
        decode(&output, count).map_err(|why| {
            // A master connection of ssh keeps stderr open and must not hold us.
            let said = complaint.recv_timeout(GRACE).unwrap_or_default();
            format!("{why} ({ended}) {}", String::from_utf8_lossy(&said).trim())
        })
    }
}

/// How a command ended that has closed its stdout; one that stays is killed.
fn end(child: &mut Child) -> String {
    let begin = Instant::now();
    while begin.elapsed() < GRACE {
        if let Ok(Some(status)) = child.try_wait() {
            return status.to_string();
        }
        thread::sleep(Duration::from_millis(2));
    }
    drop(child.kill());
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

impl Machine for Piped {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        let input = encode(&self.name, requests)?;
        self.talk(input, requests.len()).map_err(|why| Unreachable::new(&self.name, why))
    }
}

/// Everything that comes out of `stream`, once it ends.
fn drained(stream: Option<impl Read + Send + 'static>, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What came before an error is still worth reading.
            drop(stream.take(most).read_to_end(&mut bytes));
        }
        sender.send(bytes)
    });
    receiver
}
