//! A run's process, seen from the server.

use super::guard::Patience;
use crate::decide::Ended;
use crate::work::{Environment, Work};
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Of the server's environment, what a process that is not this program has.
const FEW: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "SSH_AUTH_SOCK"];
/// So many pieces wait to be kept; then the process waits.
const WAITING: usize = 64;
const PIECE: usize = 8 * 1024;

/// How a guard is started: a program and its first arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The command, before times and the run's own words.
    pub argv: Vec<OsString>,
}

/// A process that is under way.
pub(super) struct Process {
    guard: Child,
    output: Receiver<Vec<u8>>,
}

/// What a look at its output gave.
pub(super) enum Printed {
    Some(Vec<u8>),
    Nothing,
    Closed,
}

impl Process {
    /// Starts what is to be done, behind a guard.
    pub(super) fn start(work: &Work, guard: &Guard, patience: Patience) -> std::io::Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let mut words = guard.argv.iter();
        let program = words.next().ok_or_else(|| std::io::Error::other("no guard is set"))?;
        let mut command = Command::new(program);
        command.args(words).args(times(patience)).arg("--").args(&work.argv);
        command.current_dir(&work.directory).envs(&work.variables);
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        // A group of its own: what the terminal of the server says is not for it.
        command.process_group(0);
        if work.environment == Environment::Few {
            command.env_clear();
            let kept = FEW.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
            command.envs(kept).envs(&work.variables);
        }
        let child = command.spawn()?;
        drop(command);
        let (tell, output) = sync_channel(WAITING);
        std::thread::spawn(move || read(reader, &tell));
        Ok(Self { guard: child, output })
    }

    /// Tells the guard that this server lives and has the run.
    pub(super) fn alive(&mut self) {
        self.say(b".");
    }

    /// Tells the guard to end it.
    pub(super) fn end(&mut self) {
        self.say(b"x");
    }

    fn say(&mut self, word: &[u8]) {
        if let Some(input) = &mut self.guard.stdin {
            // A guard that is gone has nothing left to hear.
            drop(input.write_all(word));
        }
    }

    /// What it printed, waiting a little for it.
    pub(super) fn printed(&self, wait: Duration) -> Printed {
        match self.output.recv_timeout(wait) {
            Ok(piece) => Printed::Some(piece),
            Err(RecvTimeoutError::Timeout) => Printed::Nothing,
            Err(RecvTimeoutError::Disconnected) => Printed::Closed,
        }
    }

    /// How it ended, if it did; without a status where the guard was killed.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<Ended>> {
        let Some(status) = self.guard.try_wait()? else { return Ok(None) };
        if status.signal().is_some() {
            // Nobody guards it any more.
            self.kill_group();
        }
        Ok(Some(Ended::Exited(status.code().map(i64::from))))
    }

    fn kill_group(&self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = i32::try_from(self.guard.id()).ok().and_then(Pid::from_raw);
        if group.is_some_and(|group| kill_process_group(group, Signal::KILL).is_err()) {
            // Nothing of it was left.
        }
    }
}

impl Drop for Process {
    /// The guard hears that nobody wants it any more.
    fn drop(&mut self) {
        self.guard.stdin = None;
        drop(self.guard.wait());
    }
}

fn times(patience: Patience) -> [String; 3] {
    [patience.silence, patience.last_words, patience.grace].map(|time| time.as_millis().to_string())
}

fn read(mut reader: std::io::PipeReader, tell: &SyncSender<Vec<u8>>) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = reader.read(&mut piece) {
        let Some(read) = piece.get(..length) else { return };
        if tell.send(read.to_vec()).is_err() {
            return;
        }
    }
}
