//! `ketupa query` and `ketupa top` ask a real server, and the directory of one that has ended.

use crate::http::send;
use crate::stage::{Server, Stage, shown, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");

/// A server with measurements of two hosts, and a file with a token that reads them.
fn measured(server: &Server<'_>) -> PathBuf {
    let now = jiff::Timestamp::now().as_millisecond();
    let hosts = [("edge-01", 10.0, 1.0), ("web-01", 95.0, 0.0)];
    let mut series = Vec::new();
    for (host, used, session) in hosts {
        let labels = |name: &str, more: &[(&str, &str)]| {
            let pairs = [(NAME, name), ("job", "node"), ("instance", host)];
            Labels::new(pairs.into_iter().chain(more.iter().copied()))
        };
        let disk = [("fstype", "ext4"), ("mountpoint", "/")];
        let values = [
            (labels("up", &[]), 1.0),
            (labels("node_load1", &[]), 0.25),
            (labels("node_memory_MemAvailable_bytes", &[]), 6e9),
            (labels("node_memory_MemTotal_bytes", &[]), 8e9),
            (labels("node_filesystem_avail_bytes", &disk), 100.0 - used),
            (labels("node_filesystem_size_bytes", &disk), 100.0),
            (labels("bird_protocol_up", &[("proto", "BGP"), ("name", "a")]), 1.0),
            (labels("bird_protocol_up", &[("proto", "BGP"), ("name", "b")]), session),
        ];
        series.extend(values);
    }
    let points: Vec<[(i64, f64); 1]> =
        series.iter().map(|(_, value)| [(now - 500, *value)]).collect();
    let all = series.iter().zip(&points);
    let body = request(all.map(|((labels, _), points)| (labels, points.as_slice())));
    let auth = format!("Authorization: Bearer {}", server.stage.token);
    assert_eq!(send(&server.place, "POST", "/api/v1/write", &[&auth], &body).status, 204);
    let file = server.stage.folder.join("reads");
    std::fs::write(&file, server.stage.token("metrics:read")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn asks(words: &[&str]) -> Output {
    Command::new(KETUPA).args(words).output().unwrap()
}

fn told(words: &[&str]) -> String {
    let output = asks(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(words: &[&str], status: i32, says: &str) {
    let output = asks(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(status) && said.contains(says), "{words:?}: {said}");
}

#[test]
fn a_question_is_answered_by_a_server_or_by_its_directory() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let file = shown(&measured(&server));
    let url = format!("http://{}", server.place);
    let to = ["--server", &url, "--token-file", &file];
    let ask = |words: &[&str]| told(&[&["query"], words, &to].concat());
    assert_eq!(ask(&["1 + 1"]), "2\n");
    let question = "sort(sum by (instance) (node_filesystem_avail_bytes))";
    let table = "{instance=\"web-01\"}   5\n{instance=\"edge-01\"}  90\n";
    assert_eq!(ask(&[question]), table);
    assert_eq!(ask(&["nothing_of_this_name"]), "no series\n");
    let over = ask(&["node_load1{instance=\"web-01\"}", "--step", "15s"]);
    assert!(over.contains("▁") && over.contains("0.25 … 0.25 … 0.25"), "{over}");
    let json: serde_json::Value = serde_json::from_str(&ask(&["up", "--format", "json"])).unwrap();
    assert_eq!(json["data"]["resultType"], "vector");
    assert_eq!(ask(&["node_load1", "--at", "2020-01-01T00:00:00Z"]), "no series\n");
    refused(&["query", "up{", "--server", &url, "--token-file", &file], 2, "answers with 400");
    refused(&["query", "up", "--server", &url], 3, "--scope metrics:read");
    refused(&["query", "up", "--server", "ftp://x"], 2, "http://");
    refused(&["query", "up", "--server", "http://127.0.0.1:1"], 3, "does not answer");
    refused(&["query", "up", "--at", "noon", "--server", &url], 2, "noon");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&["query", "up", "--server", &url, "--token-file", &file], 3, "chmod o=");
    let data = shown(&stage.folder.join("data"));
    refused(&["query", "up", "--data", &data], 3, "held by another process");
    server.signal("TERM");
    assert!(server.wait());
    assert_eq!(told(&["query", question, "--data", &data]), table);
    refused(&["query", "up", "--data", "/nowhere"], 3, "/nowhere/metrics");
    assert!(!std::path::Path::new("/nowhere").exists(), "asking makes nothing");
}

#[test]
fn the_worst_host_is_on_top() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let file = shown(&measured(&server));
    let url = format!("http://{}", server.place);
    let top = ["top", "--server", &url, "--token-file", &file];
    let lines = told(&[&top[..], &["--once"]].concat());
    let rows: Vec<Vec<&str>> =
        lines.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..2], ["HOST", "STATE"]);
    assert_eq!(rows[1], ["web-01", "up", "0.25", "-", "25", "!95", "-", "-", "!1/2", "-"]);
    assert_eq!(rows[2], ["edge-01", "up", "0.25", "-", "25", "10", "-", "-", "2/2", "-"]);
    assert_eq!(rows.len(), 3, "the server itself is no host: {lines}");
    assert!(!lines.contains('\u{1b}'), "no terminal, no colour");
    let json = told(&[&top[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["hosts"][0]["host"], "web-01");
    assert_eq!(json["hosts"][0]["bgp_all"], 2.0);
}

/// What a program shows on a terminal that `script` (util-linux) makes up, as it comes.
fn watched(from: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let seen = Arc::new(Mutex::new(String::new()));
    let (write, mut from) = (Arc::clone(&seen), from);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            write.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
    seen
}

#[test]
fn keys_order_choose_and_leave_on_a_terminal() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let file = shown(&measured(&server));
    let command = format!("{KETUPA} top --server http://{} --token-file {file}", server.place);
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let seen = watched(script.stdout.take().unwrap());
    let mut hands = script.stdin.take().unwrap();
    for (typed, shows) in [
        ("", "worst first; ? shows the keys"),
        ("s", "by name; ? shows the keys"),
        ("?", "q Esc leave"),
        ("x/edge", "/edge_"),
        ("\r", "/edge  (Esc: all hosts)"),
    ] {
        seen.lock().unwrap().clear();
        hands.write_all(typed.as_bytes()).unwrap();
        until(shows, || seen.lock().unwrap().contains(shows).then_some(()));
    }
    let last = seen.lock().unwrap().clone();
    assert!(last.contains("edge-01") && !last.contains("web-01"), "{last}");
    hands.write_all(b"q").unwrap();
    let ended = until("it is left", || script.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    let back = || seen.lock().unwrap().ends_with("\u{1b}[?25h\u{1b}[?1049l").then_some(());
    until("the screen is as before", back);
}
