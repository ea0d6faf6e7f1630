//! How a machine is touched: one trait, and the transports behind it.
#![expect(clippy::disallowed_methods, reason = "this crate is where Ketupa reaches machines")]

use std::fmt;
use std::time::Duration;

use host::wire::{Answer, Request};

mod executor;
mod here;
mod pipe;
mod piped;
mod recorded;
mod ssh;

pub use executor::Executor;
pub use here::Here;
pub use piped::Piped;
pub use recorded::Recorded;
pub use ssh::{Rights, Ssh};

/// Longer than any change should take, installing packages included.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A machine with an executor at the other end.
pub trait Machine: Sync {
    /// The host's name in the declared network.
    fn name(&self) -> &str;

    /// One round trip: all requests go, and as many answers come back in the same order.
    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable>;

    /// One request, one answer.
    fn ask(&self, request: Request) -> Result<Answer, Unreachable> {
        let answers = self.exchange(std::slice::from_ref(&request))?;
        answers.into_iter().next().ok_or_else(|| Unreachable::new(self.name(), "it did not answer"))
    }

    /// The same over a connection of its own: an answer shows that the machine can still be reached.
    /// Where there are no connections it is the same.
    fn ask_anew(&self, request: Request) -> Result<Answer, Unreachable> {
        self.ask(request)
    }
}

/// A machine that did not answer: its state is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The machine's name.
    pub machine: String,
    /// What went wrong.
    pub why: String,
}

impl Unreachable {
    /// `machine` did not answer, and why.
    pub fn new(machine: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { machine: machine.into(), why: why.to_string() }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot talk to {}: {}", self.machine, self.why)
    }
}

impl std::error::Error for Unreachable {}

/// Requests as the bytes that travel.
fn encode(name: &str, requests: &[Request]) -> Result<Vec<u8>, Unreachable> {
    let mut bytes = Vec::new();
    for request in requests {
        host::frame::send(&mut bytes, request).map_err(|error| Unreachable::new(name, error))?;
    }
    Ok(bytes)
}

/// As many answers as were asked for, from what came back.
fn decode(mut bytes: &[u8], count: usize) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::with_capacity(count);
    for _ in 0..count {
        match host::frame::receive(&mut bytes).map_err(|broken| broken.to_string())? {
            Some(answer) => answers.push(answer),
            None => return Err(cut_short(answers.pop(), count)),
        }
    }
    Ok(answers)
}

fn cut_short(last: Option<Answer>, count: usize) -> String {
    match last {
        Some(Answer::Refused { why }) => format!("the executor refuses: {why}"),
        _ => format!("fewer answers than the {count} requests"),
    }
}
