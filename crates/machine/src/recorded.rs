//! A machine that answers from a recording, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use host::wire::{Answer, Request};

use crate::{Machine, Unreachable};

/// Answers in the order in which they were recorded; silent after the last.
#[derive(Debug, Default)]
pub struct Recorded {
    name: String,
    tape: Mutex<Tape>,
}

#[derive(Debug, Default)]
struct Tape {
    answers: VecDeque<Answer>,
    asked: Vec<Request>,
}

impl Recorded {
    /// The machine called `name`, with all that it will answer.
    pub fn new(name: impl Into<String>, answers: impl IntoIterator<Item = Answer>) -> Self {
        let tape = Tape { answers: answers.into_iter().collect(), asked: Vec::new() };
        Self { name: name.into(), tape: Mutex::new(tape) }
    }

    /// Everything that it was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }
}

impl Machine for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.asked.extend_from_slice(requests);
        if tape.answers.len() < requests.len() {
            return Err(Unreachable::new(&self.name, "the recording is over"));
        }
        Ok(tape.answers.drain(..requests.len()).collect())
    }
}
