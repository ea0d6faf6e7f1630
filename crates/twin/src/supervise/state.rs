//! Where a unit stands, and how a service's end is judged.

use std::time::Instant;

use crate::init::children::Exit;
use crate::unit::Service;
use crate::unit::service::{Again, Restart};

/// systemd's word for where a unit stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Inactive,
    Activating,
    /// Ended, and about to be started again.
    Waiting,
    Active,
    Deactivating,
    Failed,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Activating | Self::Waiting => "activating",
            Self::Active => "active",
            Self::Deactivating => "deactivating",
            Self::Failed => "failed",
        }
    }
}

/// All that changes about a unit.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// As read when it was started; `daemon-reload` reads anew.
    pub(super) service: Option<Service>,
    pub(super) main: Option<i32>,
    pub(super) main_exit: Option<Exit>,
    pub(super) ready: bool,
    /// Asked to start, and a condition of its file did not hold.
    pub(super) skipped: bool,
    /// Counts starts and stops: whoever waited for something knows if it is out of date.
    pub(super) turn: u64,
    pub(super) starts: Vec<Instant>,
    pub(super) restarts: u32,
    pub(super) result: &'static str,
    pub(super) says: String,
}

/// Why a start or a reload did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// systemd's word for it.
    pub(super) result: &'static str,
    pub(super) says: String,
}

impl Failure {
    pub(super) fn new(result: &'static str, says: impl Into<String>) -> Self {
        Self { result, says: says.into() }
    }

    /// The failure that this end of a command is.
    pub(super) fn of(command: &str, exit: Exit) -> Self {
        match exit {
            Exit::Code(code) => Self::new("exit-code", format!("{command} ended with {code}")),
            Exit::Signal(signal) => {
                Self::new("signal", format!("{command} died of signal {signal}"))
            }
            Exit::Unseen => Self::new("protocol", format!("{command} vanished")),
        }
    }
}

/// systemd's clean signals: HUP, INT, PIPE, TERM.
const CLEAN_SIGNALS: [i32; 4] = [1, 2, 13, 15];

/// Whether a daemon ended as it may.
pub(super) fn clean(exit: Exit, again: &Again) -> bool {
    match exit {
        Exit::Code(code) => code == 0 || again.good_codes.contains(&code),
        Exit::Signal(signal) => CLEAN_SIGNALS.contains(&signal),
        Exit::Unseen => true,
    }
}

/// Whether a service that ended so is started again; `result` is systemd's word for its end.
pub(super) fn again(when: Restart, result: &str) -> bool {
    let good = result == "success";
    match when {
        Restart::No => false,
        Restart::Always => true,
        Restart::OnSuccess => good,
        Restart::OnFailure => !good,
        Restart::OnAbnormal => matches!(result, "signal" | "core-dump" | "timeout"),
        Restart::OnAbort => matches!(result, "signal" | "core-dump"),
    }
}

/// systemd's word for how a main process ended.
pub(super) fn result(exit: Exit, rules: &Again) -> &'static str {
    match exit {
        _ if clean(exit, rules) => "success",
        Exit::Code(_) => "exit-code",
        Exit::Signal(_) => "signal",
        Exit::Unseen => "success",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rules(good_codes: Vec<i32>) -> Again {
        let (after, within) = (Duration::ZERO, Duration::ZERO);
        Again { when: Restart::No, after, most: 5, within, good_codes }
    }

    #[test]
    fn a_service_ends_well_by_zero_a_polite_signal_or_a_listed_code() {
        assert_eq!(result(Exit::Code(0), &rules(vec![])), "success");
        assert_eq!(result(Exit::Signal(15), &rules(vec![])), "success");
        assert_eq!(result(Exit::Code(143), &rules(vec![143])), "success");
        assert_eq!(result(Exit::Code(143), &rules(vec![])), "exit-code");
        assert_eq!(result(Exit::Signal(9), &rules(vec![])), "signal");
    }

    #[test]
    fn only_an_abort_restarts_bird() {
        assert!(again(Restart::OnAbort, "signal"));
        assert!(!again(Restart::OnAbort, "exit-code"));
        assert!(!again(Restart::OnAbort, "success"));
        assert!(again(Restart::OnFailure, "exit-code"));
        assert!(again(Restart::Always, "success"));
        assert!(!again(Restart::No, "signal"));
    }
}
