//! Every process that this container's first process must reap, and how each of them ended.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{WaitOptions, WaitStatus, wait};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Unseen: it was not ours when it ended.
    Unseen,
}

type Table = BTreeMap<i32, Option<Exit>>;

/// The processes that somebody wants to hear about.
#[derive(Default)]
pub(crate) struct Children {
    table: Mutex<Table>,
    changed: Condvar,
}

impl Children {
    /// Starts a process. Its end is kept until [`Children::forget`].
    ///
    /// Nobody calls `wait` on the handle: all children are reaped in one place.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        // Under the lock, the reaper cannot report the end before the process is known.
        let mut table = self.lock();
        let child = command.spawn()?;
        if let Ok(pid) = i32::try_from(child.id()) {
            table.insert(pid, None);
        }
        drop(table);
        self.changed.notify_all();
        Ok(child)
    }

    /// Runs a process to its end.
    pub(crate) fn run(&self, command: &mut Command) -> io::Result<Exit> {
        let pid = i32::try_from(self.spawn(command)?.id()).unwrap_or_default();
        let exit = self.wait(pid, None).unwrap_or(Exit::Unseen);
        self.forget(pid);
        Ok(exit)
    }

    /// Wants to hear about a process that another one started.
    pub(crate) fn adopt(&self, pid: i32) {
        self.lock().entry(pid).or_insert(None);
        self.changed.notify_all();
    }

    /// Waits for the end of a process that was spawned or adopted; none when time is over.
    pub(crate) fn wait(&self, pid: i32, until: Option<Instant>) -> Option<Exit> {
        let mut table = self.lock();
        loop {
            match table.get(&pid) {
                Some(Some(exit)) => return Some(*exit),
                Some(None) if alive(pid) => {}
                Some(None) | None => return Some(Exit::Unseen),
            }
            if until.is_some_and(|end| Instant::now() >= end) {
                return None;
            }
            let left = until.map(|end| end.saturating_duration_since(Instant::now()));
            let pause = left.unwrap_or(Duration::from_secs(1)).min(Duration::from_secs(1));
            table = self.pause(table, pause);
        }
    }

    /// Does not want to hear about a process any more.
    pub(crate) fn forget(&self, pid: i32) {
        self.lock().remove(&pid);
    }

    /// Reaps for ever.
    pub(crate) fn reap(&self) -> ! {
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) => self.ended(pid.as_raw_pid(), status),
                Err(Errno::CHILD) => {
                    // Orphans of visitors arrive unannounced.
                    let table = self.lock();
                    drop(self.pause(table, Duration::from_millis(100)));
                }
                Ok(None) | Err(_) => {}
            }
        }
    }

    fn ended(&self, pid: i32, status: WaitStatus) {
        if let Some(slot) = self.lock().get_mut(&pid) {
            *slot = Some(exit(status));
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause<'a>(&self, table: MutexGuard<'a, Table>, pause: Duration) -> MutexGuard<'a, Table> {
        self.changed.wait_timeout(table, pause).unwrap_or_else(PoisonError::into_inner).0
    }
}

fn exit(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unseen,
    }
}

/// Whether a process is there and has not ended.
pub(crate) fn alive(pid: i32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}
