//! What may start, what a lease that ran out means, and what follows when a run ends: pure.

use crate::{Millis, Run, State};
use std::collections::BTreeSet;

/// The first try after a failure, then twice as late each time.
const FIRST_PAUSE_MS: Millis = 10_000;
/// However often it failed.
const LONGEST_PAUSE_MS: Millis = 3_600_000;

/// The run that starts next: of those whose time has come the one that waited longest, unless another of
/// its group is under way.
pub fn choose<'a>(open: &'a [Run], mine: &BTreeSet<String>, now: Millis) -> Option<&'a Run> {
    let running: BTreeSet<&str> = open
        .iter()
        .filter(|run| run.state == State::Running)
        .map(|run| run.asked.group.as_str())
        .collect();
    let may = |run: &&Run| {
        run.state == State::Waiting
            && run.asked.not_before <= now
            && mine.contains(&run.asked.job)
            && !running.contains(run.asked.group.as_str())
    };
    open.iter().filter(may).min_by_key(|run| (run.asked.not_before, run.id))
}

/// Whether the server that has this run must be taken for dead.
pub fn is_orphan(run: &Run, now: Millis) -> bool {
    run.state == State::Running && run.lease.is_none_or(|until| until < now)
}

/// What a run becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Over(State),
    /// It waits again, until then at least.
    Again(Millis),
}

/// What becomes of a run whose server died: it is tried once more, for a host may be half changed; dying
/// under it twice is perhaps its doing.
pub fn orphaned(run: &Run, now: Millis) -> Next {
    match (run.cancel, run.lost) {
        (true, _) => Next::Over(State::Cancelled),
        (false, 0) => Next::Again(now),
        (false, _) => Next::Over(State::Lost),
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The process ended by itself, with this status; none if a signal ended it.
    Exited(Option<i64>),
    /// It could not be started.
    NotStarted,
    /// It was ended at its time limit.
    TooLong,
    /// It was ended because somebody wanted it.
    Cancelled,
    /// It was ended because this server stops: another one takes it.
    HandedBack,
}

/// What follows when an attempt ended. `failures` are those before it, `chance` spreads what failed
/// together.
pub fn ended(how: Ended, failures: i64, retries: u8, now: Millis, chance: u64) -> Next {
    let state = match how {
        Ended::Exited(Some(0)) => return Next::Over(State::Done),
        Ended::Cancelled => return Next::Over(State::Cancelled),
        Ended::HandedBack => return Next::Again(now),
        Ended::TooLong => State::TimedOut,
        Ended::Exited(_) | Ended::NotStarted => State::Failed,
    };
    if failures >= i64::from(retries) {
        return Next::Over(state);
    }
    Next::Again(now.saturating_add(pause(failures, chance)))
}

fn pause(failures: i64, chance: u64) -> Millis {
    let doublings = u32::try_from(failures.clamp(0, 20)).unwrap_or(20);
    let pause = FIRST_PAUSE_MS.saturating_mul(1 << doublings).min(LONGEST_PAUSE_MS);
    pause + i64::try_from(chance % 1_000).unwrap_or(0) * pause / 4_000
}

/// How long a server has a run, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// After so long without a word another server takes the run.
    pub ms: Millis,
}

impl Lease {
    /// How often the server says that it lives.
    pub fn beat_ms(self) -> Millis {
        self.ms / 6
    }

    /// How long the process lives without hearing from its server: less than the lease, so that it is dead
    /// when another begins.
    pub fn patience_ms(self) -> Millis {
        self.ms / 2
    }

    /// How long it then has between being told to end and being killed.
    pub fn last_words_ms(self) -> Millis {
        self.ms / 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_dead_before_its_lease_is() {
        for ms in [3_000, 20_000, 600_000] {
            let lease = Lease { ms };
            let dead = lease.beat_ms() + lease.patience_ms() + lease.last_words_ms();
            assert!(dead < lease.ms, "{ms}");
        }
    }

    #[test]
    fn what_failed_is_tried_later_each_time_and_not_for_ever() {
        let failed = Ended::Exited(Some(2));
        let when = |failures| ended(failed, failures, 5, 0, 0);
        assert_eq!(when(0), Next::Again(10_000));
        assert_eq!(when(1), Next::Again(20_000));
        assert_eq!(when(5), Next::Over(State::Failed));
        assert_eq!(ended(failed, 200, 255, 0, 999), Next::Again(3_600_000 + 899_100));
        assert_eq!(ended(Ended::TooLong, 0, 0, 0, 0), Next::Over(State::TimedOut));
    }

    #[test]
    fn a_signal_is_no_success() {
        assert_eq!(ended(Ended::Exited(None), 0, 0, 0, 0), Next::Over(State::Failed));
    }
}
