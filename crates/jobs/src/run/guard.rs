//! The process between a server and a run's process: it ends the run when the server falls silent.
//!
//! On its standard input it hears `.` (the server lives and has the run) and `x` (end it). The end of the
//! input is the server's death.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How often what remains is looked for after it was killed.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(20);

/// How long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a word of the server.
    pub silence: Duration,
    /// Between telling the process to end and killing it, when the server is silent.
    pub last_words: Duration,
    /// The same when the server wants it.
    pub grace: Duration,
}

/// What it hears.
enum Heard {
    Alive,
    End,
    Gone,
    Exited(std::io::Result<ExitStatus>),
}

/// Runs a program until it ends or must; gives its exit status, 128 and the signal where one ended it.
pub fn watch(patience: Patience, program: &str, arguments: &[String]) -> std::io::Result<u8> {
    // What loses its parent comes to this process, wherever it put itself.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // Who ends a group of processes means the run; this process then waits for it.
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, std::sync::Arc::default())?;
    }
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn()?;
    let (tell, hear) = mpsc::channel();
    let ears = tell.clone();
    std::thread::spawn(move || listen(&ears));
    std::thread::spawn(move || wait(child, &tell));
    let status = until_it_ends(patience, &hear);
    kill_rest();
    status.map(code)
}

fn listen(tell: &Sender<Heard>) {
    let mut input = std::io::stdin().lock();
    let mut byte = [0];
    loop {
        let heard = match (input.read(&mut byte), byte) {
            (Ok(1), [b'x']) => Heard::End,
            (Ok(1), _) => Heard::Alive,
            (Ok(_) | Err(_), _) => Heard::Gone,
        };
        let gone = matches!(heard, Heard::Gone);
        if tell.send(heard).is_err() || gone {
            return;
        }
    }
}

fn wait(mut child: Child, tell: &Sender<Heard>) {
    // Nobody hears it only where this process ends anyway.
    drop(tell.send(Heard::Exited(child.wait())));
}

fn until_it_ends(patience: Patience, hear: &mpsc::Receiver<Heard>) -> std::io::Result<ExitStatus> {
    let mut silent_at = Instant::now() + patience.silence;
    let mut kill_at: Option<Instant> = None;
    let end = |kill_at: &mut Option<Instant>, within: Duration| {
        if kill_at.is_none() {
            signal_all(Signal::TERM);
        }
        let at = Instant::now() + within;
        *kill_at = Some(kill_at.map_or(at, |earlier| earlier.min(at)));
    };
    loop {
        let next = kill_at.map_or(silent_at, |kill| kill.min(silent_at));
        match hear.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(Heard::Exited(status)) => return status,
            Ok(Heard::Alive) => silent_at = Instant::now() + patience.silence,
            Ok(Heard::End) => end(&mut kill_at, patience.grace),
            Ok(Heard::Gone) => end(&mut kill_at, patience.last_words),
            Err(RecvTimeoutError::Timeout) if kill_at.is_some_and(|at| at <= Instant::now()) => {
                kill_rest();
                kill_at = Some(Instant::now() + LOOK);
            }
            Err(RecvTimeoutError::Timeout) => {
                end(&mut kill_at, patience.last_words);
                silent_at += patience.silence;
            }
            Err(RecvTimeoutError::Disconnected) => return Err(std::io::Error::other("it is gone")),
        }
    }
}

/// Kills everything that came from this process and is still there.
fn kill_rest() {
    for _ in 0..LOOKS {
        if signal_all(Signal::KILL) == 0 {
            return;
        }
        std::thread::sleep(LOOK);
    }
}

/// Sends a signal to everything that came from this process; to how many it was.
fn signal_all(signal: Signal) -> usize {
    let all = descendants();
    for pid in all.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        if kill_process(pid, signal).is_err() {
            // What ended meanwhile needs no signal.
        }
    }
    all.len()
}

/// Every living process that came from this one.
fn descendants() -> BTreeSet<i32> {
    let processes: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| parent(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect();
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut known = BTreeSet::from([own]);
    loop {
        let before = known.len();
        let found = processes.iter().filter(|(_, parent)| known.contains(parent));
        let found: Vec<i32> = found.map(|(pid, _)| *pid).collect();
        known.extend(found);
        if known.len() == before {
            known.remove(&own);
            return known;
        }
    }
}

/// A living process and its parent, from its line in `/proc`. Its name can hold anything, also `)`.
fn parent(stat: &str) -> Option<(i32, i32)> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    let mut rest = stat.rsplit_once(") ")?.1.split(' ');
    let state = rest.next()?;
    let parent = rest.next()?.parse().ok()?;
    let living = !matches!(state, "Z" | "X");
    living.then_some((pid, parent))
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
