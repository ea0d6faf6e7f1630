//! An executor behind a command's stdin and stdout: a namespace of the twin, a program of a test.

use std::time::Duration;

use host::wire::{Answer, Request};

use crate::pipe::pipe;
use crate::{LIMIT, Machine, Unreachable, decode, encode};

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

    /// What the command answered, or an error with what it complained.
    fn talk(&self, input: Vec<u8>, count: usize) -> Result<Vec<Answer>, String> {
        let ended = pipe(&self.command, input, self.limit)?;
        decode(&ended.output, count)
            .map_err(|why| format!("{why} ({}) {}", ended.how(), ended.said()))
    }
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
