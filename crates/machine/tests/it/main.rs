//! Every way to a machine carries the same requests and answers.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start programs and end where one surprises them"
)]

mod executor;

use std::fs::File;
use std::time::{Duration, Instant};

use host::Place;
use host::wire::{Answer, Observe, Request};
use machine::{Here, Machine as _, Piped, Recorded};

/// An executor in a process of its own: this test program, started anew as [`executor_process`], with
/// its stdout aside because the test harness prints there, too.
fn executor() -> Piped {
    let script = r#"exec "$0" --exact executor_process --ignored --nocapture 3>&1 >/dev/null"#;
    let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    Piped::new("edge-01", ["sh", "-c", script, &program])
}

#[test]
#[ignore = "is the executor of the other tests"]
fn executor_process() {
    let output = File::options().write(true).open("/proc/self/fd/3").unwrap();
    host::serve_at(&Place::below("/nowhere"), std::io::stdin().lock(), output).unwrap();
}

fn requests() -> Vec<Request> {
    vec![Request::Observe(Observe::default()), Request::Recover]
}

#[test]
fn a_pipe_and_here_give_the_same_answers() {
    let here = Here::new("edge-01", Place::below("/nowhere"));
    let answers = here.exchange(&requests()).unwrap();
    assert_eq!(executor().exchange(&requests()).unwrap(), answers);
    let recorded = Recorded::new("edge-01", answers.clone());
    assert_eq!(recorded.exchange(&requests()).unwrap(), answers);
    assert_eq!(recorded.asked(), requests());
    assert_eq!(recorded.ask(Request::Recover).unwrap_err().why, "the recording is over");
}

#[test]
fn a_large_exchange_does_not_choke() {
    let files =
        (0..30_000).map(|n| (format!("/etc/a-rather-long-name/{n}"), String::new())).collect();
    let large = Request::Observe(Observe { files, ..Observe::default() });
    let answers = executor().exchange(&[large.clone(), large]).unwrap();
    assert_eq!(answers.len(), 2);
    assert!(matches!(&answers[1], Answer::Refused { why } if why.contains("cannot open the root")));
}

fn complaint(command: &[&str]) -> String {
    let machine = Piped::new("edge-01", command.iter().copied());
    machine.exchange(&requests()).unwrap_err().to_string()
}

#[test]
fn says_why_a_machine_does_not_answer() {
    assert_eq!(
        complaint(&["sh", "-c", "echo Permission denied >&2; exit 255"]),
        "cannot talk to edge-01: fewer answers than the 2 requests (exit status: 255) Permission denied"
    );
    assert!(complaint(&["sh", "-c", "echo Welcome to Debian"]).contains("found \"Welc\""));
    assert!(complaint(&["/no/such/program"]).contains("cannot run /no/such/program"));
    assert!(complaint(&[]).contains("no command leads there"));
}

#[test]
fn gives_up_on_a_machine_that_hangs() {
    let begin = Instant::now();
    let hangs = Piped::new("edge-01", ["sleep", "100"]).within(Duration::from_millis(200));
    assert!(hangs.exchange(&requests()).unwrap_err().why.contains("no answer within"));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn whoever_keeps_stderr_open_does_not_hold_us() {
    let begin = Instant::now();
    // As the master connection does that ssh leaves behind.
    let said = complaint(&["sh", "-c", "sleep 20 >/dev/null & echo no >&2; exit 1"]);
    assert!(said.ends_with("(exit status: 1) no"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(10));
}
