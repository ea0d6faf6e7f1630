//! Processes and locks of this machine: found by what they say, ended without mistaking them.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::error::{Doing as _, Error, Result};

/// The words with which a process was started; none when it is gone.
pub(crate) fn words(pid: i32) -> Option<Vec<String>> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&raw);
    let words: Vec<String> = text.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
    (words != [""]).then_some(words)
}

/// Every process, by number.
pub(crate) fn all() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Kills a process if `still` holds for it, and waits until it is gone.
///
/// The process is pinned before the question is asked: a number used anew is never hit.
pub(crate) fn kill(pid: i32, still: impl Fn(i32) -> bool) -> Result<()> {
    let Some(pinned) = pin(pid)? else { return Ok(()) };
    if !still(pid) {
        return Ok(());
    }
    match pidfd_send_signal(&pinned, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => {}
        Err(cause) => return Err(cause).doing(|| format!("kill process {pid}")),
    }
    wait_gone(&pinned, pid)
}

fn pin(pid: i32) -> Result<Option<OwnedFd>> {
    let Some(number) = Pid::from_raw(pid) else { return Ok(None) };
    match pidfd_open(number, PidfdFlags::empty()) {
        Ok(pinned) => Ok(Some(pinned)),
        Err(Errno::SRCH) => Ok(None),
        Err(cause) => Err(cause).doing(|| format!("look at process {pid}")),
    }
}

fn wait_gone(pinned: &OwnedFd, pid: i32) -> Result<()> {
    let mut fds = [PollFd::new(pinned, PollFlags::IN)];
    let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
    loop {
        match poll(&mut fds, Some(&limit)) {
            Ok(0) => return Err(Error::new(format!("process {pid} does not die"))),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(cause) => return Err(cause).doing(|| format!("wait for process {pid}")),
        }
    }
}

/// A folder that one process at a time may change; free when dropped, also by death.
#[derive(Debug)]
pub(crate) struct Lock {
    _held: File,
}

impl Lock {
    /// Waits for its turn.
    pub(crate) fn wait(folder: &Path) -> Result<Self> {
        Self::take(folder, FlockOperation::LockExclusive)?
            .ok_or_else(|| Error::new(format!("{} is locked", folder.display())))
    }

    /// Takes the lock unless another process has it. Makes the folder if it is not there.
    pub(crate) fn attempt(folder: &Path) -> Result<Option<Self>> {
        Self::take(folder, FlockOperation::NonBlockingLockExclusive)
    }

    fn take(folder: &Path, how: FlockOperation) -> Result<Option<Self>> {
        loop {
            crate::root::folder(folder)?;
            let Some(held) = open(folder)? else { continue };
            match flock(&held, how) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(Errno::INTR) => continue,
                Err(cause) => return Err(cause).doing(|| format!("lock {}", folder.display())),
            }
            // The folder may have been removed by whoever held the lock before.
            if same(&held, folder)? {
                return Ok(Some(Self { _held: held }));
            }
        }
    }
}

fn open(folder: &Path) -> Result<Option<File>> {
    match File::open(folder) {
        Ok(file) => Ok(Some(file)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause).doing(|| format!("open {}", folder.display())),
    }
}

fn same(held: &File, folder: &Path) -> Result<bool> {
    let held = held.metadata().doing(|| format!("look at {}", folder.display()))?;
    Ok(fs::metadata(folder).is_ok_and(|now| now.ino() == held.ino() && now.dev() == held.dev()))
}

/// Asks again and again until the answer is yes or the time is over.
pub(crate) fn until(limit: Duration, mut yes: impl FnMut() -> bool) -> bool {
    let end = std::time::Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        if yes() {
            return true;
        }
        if std::time::Instant::now() >= end {
            return false;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// The path of a process's own root, as seen from here.
pub(crate) fn root_of(pid: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/root"))
}
