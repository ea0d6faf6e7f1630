//! A server whose clock is behind: what is sent to it meanwhile is there in the end.
//!
//! Its clock is moved by Debian's `libfaketime`.

use crate::agent::{Agent, asked};
use crate::http::{Answer, send};
use crate::stage::{Server, Stage, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The library, wherever Debian puts it for this processor.
fn library() -> PathBuf {
    let place = testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), "libfaketime")
        .join("usr/lib");
    let below = std::fs::read_dir(place).unwrap().flatten();
    let mut all = below.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    all.find(|library| library.exists()).expect("the package has it")
}

/// A clock that is so far from the machine's: `-2h`.
struct Clock(PathBuf);

impl Clock {
    fn new(stage: &Stage, offset: &str) -> Self {
        let clock = Self(stage.folder.join("clock"));
        clock.set(offset);
        clock
    }

    fn set(&self, offset: &str) {
        // In one step: it is read whenever somebody asks for the time.
        let next = self.0.with_extension("next");
        std::fs::write(&next, format!("{offset}\n")).unwrap();
        std::fs::rename(&next, &self.0).unwrap();
    }

    fn serve<'a>(&self, stage: &'a Stage) -> Server<'a> {
        stage.serve_with(&[], |command| {
            command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &self.0);
            command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command.env("DONT_FAKE_MONOTONIC", "1");
        })
    }
}

fn bearer(stage: &Stage) -> String {
    format!("Authorization: Bearer {}", stage.token)
}

/// Sends one sample of now, or one line.
fn sample(server: &Server<'_>, now: jiff::Timestamp) -> Answer {
    let labels = Labels::new([(NAME, "sent"), ("job", "test")]);
    let points = [(now.as_millisecond(), 7.0)];
    let body = request([(&labels, &points[..])]);
    send(&server.place, "POST", "/api/v1/write", &[&bearer(server.stage)], &body)
}

fn line(server: &Server<'_>, now: jiff::Timestamp) -> Answer {
    let values = json!([[now.as_nanosecond().to_string(), "a line"]]);
    let body = json!({ "streams": [{ "stream": { "job": "test" }, "values": values }] });
    let headers = [bearer(server.stage), "Content-Type: application/json".to_owned()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    send(&server.place, "POST", "/loki/api/v1/push", &headers, body.to_string().as_bytes())
}

const COUNT_LINES: &str =
    "/loki/api/v1/query?query=sum(count_over_time(%7Bjob%3D%22test%22%7D%5B1h%5D))";

#[test]
fn what_is_ahead_of_a_clock_that_is_behind_is_asked_for_again_and_taken_once_it_is_right() {
    let stage = Stage::new("");
    let clock = Clock::new(&stage, "-2h");
    let server = clock.serve(&stage);
    let now = jiff::Timestamp::now();
    for answer in [sample(&server, now), line(&server, now)] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_ne!(answer.header("Retry-After"), "", "senders wait as long: {answer:?}");
        assert!(answer.body.contains("the clock here says 20"), "{answer:?}");
    }
    // More than a day: whose clock that is it will not be soon.
    clock.set("-3d");
    for answer in [sample(&server, now), line(&server, now)] {
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    clock.set("+0");
    for _ in 0..2 {
        for answer in [sample(&server, now), line(&server, now)] {
            assert_eq!(answer.status, 204, "{answer:?}");
        }
    }
    let count = asked(&server, "/api/v1/query?query=count_over_time(sent%5B1h%5D)");
    assert_eq!(count[0]["value"][1], "1");
    assert_eq!(asked(&server, COUNT_LINES)[0]["value"][1], "1");
}

#[test]
fn an_agent_keeps_what_a_wrong_clock_refuses_and_names_both_clocks() {
    let stage = Stage::new("");
    // A clock that has lost its battery: by itself the server would refuse all of it for good.
    let clock = Clock::new(&stage, "-400d");
    let server = clock.serve(&stage);
    let log = stage.folder.join("test.log");
    std::fs::write(&log, "").unwrap();
    let begun = jiff::Timestamp::now().as_second();
    let agent = Agent::start(&server, &log, "");
    until("the agent follows", || stage.folder.join("state/logs").exists().then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(1));
    std::fs::write(&log, "a line\n").unwrap();
    let said = until("both kinds are refused and kept", || {
        let said = agent.said();
        (said.contains("samples wait") && said.contains("lines wait")).then_some(said)
    });
    let both = said.lines().all(|line| {
        !line.contains("wait")
            || (line.contains("the server's clock says") && line.contains("the one here"))
    });
    assert!(both, "{said}");
    clock.set("+0");
    let lines = until("the line is there", || {
        let found = asked(&server, COUNT_LINES)[0]["value"][1].as_str()?.to_owned();
        Some(found)
    });
    assert_eq!(lines, "1");
    let first = until("the first sample is there", || {
        let path = "/api/v1/query?query=node_time_seconds%7Binstance%3D%22here%22%7D%5B1h%5D";
        let values = asked(&server, path)[0]["values"].clone();
        let times: Vec<f64> = values.as_array()?.iter().filter_map(|v| v[0].as_f64()).collect();
        (times.len() > 3).then(|| times[0])
    });
    let late = first - f64::from(i32::try_from(begun).unwrap_or(i32::MAX));
    assert!((0.0..5.0).contains(&late), "it begins {late} s after the agent");
    let dropped = agent.said().lines().filter(|line| line.contains("dropped")).count();
    assert_eq!(dropped, 0, "{}", agent.said());
}
