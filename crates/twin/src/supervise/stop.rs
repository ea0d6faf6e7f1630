//! Stops a unit, politely first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process;
use crate::supervise::kin;
use crate::supervise::spawn::remove_folders;
use crate::supervise::state::{Failure, Phase, result};
use crate::supervise::unit::Unit;
use crate::unit::Service;
use crate::unit::service::KillMode;

/// How long a killed process may take to vanish.
const KILLED: Duration = Duration::from_secs(5);

impl Unit {
    /// Stops the unit if it is up; a restart that was about to happen does not.
    pub(super) fn stop(&self) {
        let _operation = self.operation();
        self.end();
    }

    /// Stops and starts in one go. What ran keeps its definition until `daemon-reload`.
    pub(super) fn restart(self: &Arc<Self>) -> Result<(), Failure> {
        let _operation = self.operation();
        let known = if self.is_up() { self.state().service.clone() } else { None };
        self.end();
        self.begin(known.or_else(|| self.load()))
    }

    fn end(&self) {
        let phase = self.state().phase;
        match phase {
            Phase::Inactive | Phase::Failed => {}
            Phase::Waiting => self.change(|state| {
                state.turn += 1;
                state.phase = Phase::Inactive;
            }),
            Phase::Active | Phase::Activating | Phase::Deactivating => self.end_running(),
        }
    }

    fn end_running(&self) {
        let Some(service) = self.state().service.clone() else { return };
        self.change(|state| state.phase = Phase::Deactivating);
        let until = Instant::now() + service.stop_limit;
        for exec in &service.commands.stop {
            if let Err(failure) = self.control(&service, exec, until) {
                self.note(&format!("ExecStop: {}", failure.says));
            }
        }
        let in_time = self.sweep(&service);
        let had_main = self.state().main.is_some();
        if had_main {
            self.wait(Instant::now() + KILLED, |state| state.main_exit.is_some());
        }
        let exit = self.state().main_exit;
        let word =
            if in_time { exit.map_or("success", |e| result(e, &service.again)) } else { "timeout" };
        self.settle(&service, word);
    }

    /// Runs what follows the last process, and leaves the unit down.
    pub(super) fn settle(&self, service: &Service, word: &'static str) {
        let until = Instant::now() + service.stop_limit;
        for exec in &service.commands.stopped {
            if let Err(failure) = self.control(service, exec, until) {
                self.note(&format!("ExecStopPost: {}", failure.says));
            }
        }
        remove_folders(service);
        self.change(|state| {
            state.turn += 1;
            state.main = None;
            state.result = word;
            state.phase = if word == "success" { Phase::Inactive } else { Phase::Failed };
        });
    }

    /// Ends the unit's processes; false if they had to be killed.
    pub(super) fn sweep(&self, service: &Service) -> bool {
        let main: Vec<i32> = self.state().main.into_iter().collect();
        let polite = kin::named(&service.kill_signal).unwrap_or(Signal::TERM);
        let stays = |pids: Vec<i32>| match service.kill_mode {
            KillMode::All | KillMode::Mixed => pids,
            KillMode::Process => pids.into_iter().filter(|pid| main.contains(pid)).collect(),
            KillMode::Nothing => Vec::new(),
        };
        match service.kill_mode {
            KillMode::All => kin::signal(&self.kin(), polite),
            KillMode::Mixed if main.is_empty() => kin::signal(&self.kin(), polite),
            KillMode::Mixed | KillMode::Process => kin::signal(&main, polite),
            KillMode::Nothing => {}
        }
        let main_gone = || !self.kin().iter().any(|pid| main.contains(pid));
        let in_time = match service.kill_mode {
            // Whatever outlives the main process is killed at once.
            KillMode::Mixed if !main.is_empty() => process::until(service.stop_limit, main_gone),
            KillMode::All | KillMode::Mixed | KillMode::Process | KillMode::Nothing => {
                process::until(service.stop_limit, || stays(self.kin()).is_empty())
            }
        };
        process::until(KILLED, || {
            let left = stays(self.kin());
            kin::signal(&left, Signal::KILL);
            left.is_empty()
        });
        in_time
    }

    /// Sends a signal to all processes of the unit, or to its main one.
    pub(super) fn kill(&self, signal: Signal, whom: Whom) -> bool {
        let pids = match whom {
            Whom::All => self.kin(),
            Whom::Main => self.state().main.into_iter().collect(),
        };
        kin::signal(&pids, signal);
        !pids.is_empty()
    }
}

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    All,
    Main,
}
