//! The executor as a program of its own: requests on stdin, answers on stdout.

use std::io::{Write as _, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

/// `ketupa-host [ROOT]`, or `ketupa-host undo ROOT NAME`, which the first one's timer runs.
fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["undo", root, name] => host::undo(&place(root), name, |word| {
            // Whoever started this waits for the word, then goes its own way.
            drop(stdout().write_all(word.as_bytes()).and_then(|()| stdout().flush()));
        })
        .is_ok(),
        rest => serve(rest.first().unwrap_or(&"/")),
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve(root: &str) -> bool {
    let mut place = place(root);
    if let Ok(program) = std::env::current_exe() {
        in_use(&program);
        let program = program.to_string_lossy().into_owned();
        place = place.with_undo(vec![program, "undo".into(), root.into()]);
    }
    host::serve_at(&place, stdin().lock(), stdout().lock()).is_ok()
}

/// What was not in use for a month is swept away. A disk that takes no notes is no reason not to look.
fn in_use(program: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    let _unnoted = utimensat(CWD, program, &times, AtFlags::empty());
}

fn place(root: &str) -> host::Place {
    host::Place::below(root)
}
