//! Says on a terminal that long work goes on.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing is said about work that is done sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does the work, and meanwhile shows for how long on standard error if that is a terminal.
pub(super) fn waiting<T: Send>(what: &str, work: impl FnOnce() -> T + Send) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (done, wait) = mpsc::channel::<()>();
        scope.spawn(move || tell(what, &wait));
        let result = work();
        drop(done);
        result
    })
}

/// Counts the seconds until the other side is gone, then takes back what it wrote.
fn tell(what: &str, wait: &mpsc::Receiver<()>) {
    let start = Instant::now();
    let mut told = false;
    while wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        // Of a terminal that is gone nobody is left to tell.
        drop(write!(std::io::stderr(), "\r{what}, {} s ", start.elapsed().as_secs()));
        told = true;
    }
    if told {
        drop(write!(std::io::stderr(), "\r\u{1b}[K"));
    }
}
