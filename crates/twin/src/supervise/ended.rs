//! What happens when a service ends by itself, or could not start.

use std::sync::Arc;
use std::thread;

use crate::init::children::Exit;
use crate::supervise::state::{self, Failure, Phase, result};
use crate::supervise::unit::Unit;
use crate::unit::Service;
use crate::unit::service::Kind;

impl Unit {
    /// Waits for the end of the main process of this turn, in a thread of its own.
    pub(super) fn watch(self: &Arc<Self>, pid: i32, turn: u64) {
        let exit = self.children.wait(pid, None).unwrap_or(Exit::Unseen);
        self.children.forget(pid);
        if !self.is_current(pid, turn) {
            return;
        }
        self.change(|state| state.main_exit = Some(exit));
        let _operation = self.operation();
        // Whoever held the operation may have dealt with it.
        if self.is_current(pid, turn) && self.is_up() {
            self.ended(exit);
        }
    }

    fn is_current(&self, pid: i32, turn: u64) -> bool {
        let state = self.state();
        state.main == Some(pid) && state.turn == turn
    }

    fn ended(self: &Arc<Self>, exit: Exit) {
        let Some(service) = self.state().service.clone() else { return };
        let word = result(exit, &service.again);
        self.note(&format!("the main process ended: {exit:?}, {word}"));
        if word == "success" && service.remains && service.kind != Kind::Oneshot {
            self.change(|state| state.main = None);
            return;
        }
        self.sweep(&service);
        self.settle(&service, word);
        self.again(&service, word);
    }

    /// Cleans up after a start that did not work.
    pub(super) fn failed(self: &Arc<Self>, service: &Service, failure: &Failure) {
        self.note(&format!("{}: {}", failure.result, failure.says));
        self.sweep(service);
        self.settle(service, failure.result);
        self.again(service, failure.result);
    }

    /// Starts it again after a pause, if its unit says so and nobody else did something.
    fn again(self: &Arc<Self>, service: &Service, word: &'static str) {
        if !state::again(service.again.when, word) {
            return;
        }
        self.change(|state| state.phase = Phase::Waiting);
        let (unit, turn, pause) = (Arc::clone(self), self.state().turn, service.again.after);
        thread::spawn(move || {
            thread::sleep(pause);
            let _operation = unit.operation();
            if unit.state().turn != turn {
                return;
            }
            unit.change(|state| state.restarts += 1);
            let service = unit.state().service.clone();
            if let Err(failure) = unit.begin(service) {
                unit.note(&format!("not started again: {}", failure.says));
            }
        });
    }
}
