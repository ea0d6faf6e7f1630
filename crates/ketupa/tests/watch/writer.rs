//! Writes numbered lines on a host, to a file that is rotated and to the journal.

use crate::journal::Journal;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two lines.
const PAUSE: Duration = Duration::from_millis(30);
/// Lines that a program still writes to a file that was renamed, until it opens another one.
const LATE: u32 = 30;
/// Lines that are written at once.
const BURST: u32 = 1_500;

/// What happens besides lines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// The file is renamed, and those that were renamed before; the program notices it a little later.
    Rename,
    /// The file is copied and cut. What nobody has read then is lost, so nobody writes just before.
    CopyTruncate,
    /// Many lines at once.
    Burst,
}

/// Somebody who writes.
pub(crate) struct Writer {
    wrote: Arc<AtomicU64>,
    acts: Option<Sender<Act>>,
    thread: Option<JoinHandle<()>>,
}

/// Where lines go.
struct Pen {
    path: PathBuf,
    file: File,
    journal: ChildStdin,
    number: u64,
}

impl Writer {
    pub(crate) fn start(path: &Path, journal: &Journal) -> Self {
        let wrote = Arc::new(AtomicU64::new(0));
        let (acts, to_do) = channel();
        let (child, input) = journal.writer();
        let pen = Pen { path: path.to_owned(), file: open(path), journal: input, number: 0 };
        let count = Arc::clone(&wrote);
        let thread = std::thread::spawn(move || work(pen, child, &to_do, &count));
        Self { wrote, acts: Some(acts), thread: Some(thread) }
    }

    pub(crate) fn act(&self, act: Act) {
        let acts = self.acts.as_ref().expect("it has not stopped");
        acts.send(act).expect("it writes");
    }

    /// Lines so far, of the file and of the journal.
    pub(crate) fn wrote(&self) -> u64 {
        self.wrote.load(Ordering::SeqCst)
    }

    /// Stops; how many lines there are of each.
    pub(crate) fn stop(&mut self) -> u64 {
        drop(self.acts.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("all was written");
        }
        self.wrote()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.acts.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(mut pen: Pen, mut child: Child, to_do: &Receiver<Act>, count: &AtomicU64) {
    loop {
        match to_do.try_recv() {
            Ok(Act::Rename) => pen.rename(),
            Ok(Act::CopyTruncate) => pen.copy_truncate(),
            Ok(Act::Burst) => pen.burst(),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => break,
        }
        pen.line();
        count.store(pen.number, Ordering::SeqCst);
        std::thread::sleep(PAUSE);
    }
    drop(pen);
    child.wait().expect("it ends with what it reads");
}

impl Pen {
    fn line(&mut self) {
        let number = self.number;
        writeln!(self.file, "file line {number}").expect("it is written");
        writeln!(self.journal, "journal line {number}").expect("it is written");
        self.number += 1;
    }

    fn rename(&mut self) {
        self.shift();
        std::fs::rename(&self.path, old(&self.path, 1)).expect("it is renamed");
        for _ in 0..LATE {
            self.line();
            std::thread::sleep(PAUSE);
        }
        self.file = open(&self.path);
    }

    fn copy_truncate(&mut self) {
        std::thread::sleep(Duration::from_secs(2));
        self.shift();
        std::fs::copy(&self.path, old(&self.path, 1)).expect("it is copied");
        self.file.set_len(0).expect("it is cut");
    }

    fn shift(&self) {
        for n in (1..4).rev().filter(|n| old(&self.path, *n).exists()) {
            std::fs::rename(old(&self.path, n), old(&self.path, n + 1)).expect("it is renamed");
        }
    }

    fn burst(&mut self) {
        let lines = |what: &str| {
            let lines = (0..u64::from(BURST)).map(|n| format!("{what} line {}\n", self.number + n));
            lines.collect::<String>()
        };
        let (file, journal) = (lines("file"), lines("journal"));
        self.file.write_all(file.as_bytes()).expect("it is written");
        self.journal.write_all(journal.as_bytes()).expect("it is written");
        self.number += u64::from(BURST);
    }
}

fn open(path: &Path) -> File {
    File::options().create(true).append(true).open(path).expect("it is opened")
}

fn old(path: &Path, n: u32) -> PathBuf {
    PathBuf::from(format!("{}.{n}", path.display()))
}
