//! Logs that are pushed to the server and asked for, as Loki's senders and Grafana do it.

use crate::http::{Answer, ask, send};
use crate::stage::{Server, Stage, until};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";

fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).expect("before 2262")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// A push of these lines to one stream.
fn body(job: &str, lines: &[(i64, String)]) -> String {
    let values: Vec<_> = lines.iter().map(|(time, line)| json!([time.to_string(), line])).collect();
    json!({ "streams": [{ "stream": { "job": job }, "values": values }] }).to_string()
}

fn push(server: &Server<'_>, token: &str, body: &str) -> Answer {
    server.post("/loki/api/v1/push", &[&bearer(token), JSON], body)
}

fn get(server: &Server<'_>, path: &str) -> Answer {
    server.get(&format!("/loki/api/v1/{path}"), &[&bearer(&server.stage.token)])
}

#[test]
fn what_was_pushed_is_answered_as_grafana_asks() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let at = now() - 10_000_000_000;
    let lines: Vec<(i64, String)> = (0..5).map(|n| (at + n, format!("level=info n={n}"))).collect();
    for _ in 0..2 {
        let answer = push(&server, &stage.token, &body("web", &lines));
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    }
    let test = get(&server, "query?query=vector(1)%2Bvector(1)").json();
    assert_eq!(test["data"]["result"][0]["value"][1], "2");
    assert_eq!(get(&server, "labels").json()["data"], json!(["job"]));
    assert_eq!(get(&server, "label/job/values").json()["data"], json!(["web"]));
    assert_eq!(
        get(&server, "series?match[]=%7Bjob%3D%22web%22%7D").json()["data"],
        json!([{ "job": "web" }])
    );
    let stats = get(&server, "index/stats?query=%7Bjob%3D%22web%22%7D").json();
    assert_eq!(stats["streams"], 1);
    let volume = get(&server, "index/volume?query=%7Bjob%3D~%22.%2B%22%7D").json();
    assert_eq!(volume["data"]["result"][0]["metric"]["job"], "web");
    assert_eq!(get(&server, "status/buildinfo").json()["version"], "2.9.0");
    assert_eq!(server.get("/ready", &[]).status, 200);
}

#[test]
fn questions_are_answered_in_lines_or_refused() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let at = now() - 10_000_000_000;
    let lines: Vec<(i64, String)> = (0..5).map(|n| (at + n, format!("level=info n={n}"))).collect();
    assert_eq!(push(&server, &stage.token, &body("web", &lines)).status, 204);
    let auth = bearer(&stage.token);
    let question =
        "query=%7Bjob%3D%22web%22%7D%20%7C%20logfmt%20%7C%20n%20%3E%202&direction=forward";
    let answer = server.post("/loki/api/v1/query_range", &[&auth, FORM], question).json();
    assert_eq!(answer["data"]["resultType"], "streams");
    let found = answer["data"]["result"].as_array().expect("streams");
    assert_eq!(found.len(), 2, "each has labels of its own: {answer}");
    assert_eq!(found[0]["values"][0][1], "level=info n=3");
    let wrong = get(&server, "query_range?query=%7Bjob%3D");
    assert_eq!(wrong.status, 400, "{wrong:?}");
    assert!(wrong.body.contains("parse error at line 1, column 6"), "{wrong:?}");
    assert_eq!(get(&server, "query?query=%7Bjob%3D%22web%22%7D").status, 400, "lines need a time");
}

#[test]
fn who_may_not_is_told_so_and_what_cannot_be_read_too() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let writer = stage.token("logs:write");
    let lines = [(now(), "a line".to_owned())];
    assert_eq!(push(&server, "ketupa_no_such", &body("a", &lines)).status, 401);
    assert_eq!(push(&server, &stage.token("metrics:write"), &body("a", &lines)).status, 403);
    assert_eq!(push(&server, &writer, &body("a", &lines)).status, 204);
    assert_eq!(server.get("/loki/api/v1/labels", &[&bearer(&writer)]).status, 403);
    let old = [(1_000_000_000, "old".to_owned()), (now(), "new".to_owned())];
    let answer = push(&server, &writer, &body("a", &old));
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.body.contains("1 lines are not taken, the others are"), "{answer:?}");
    assert_eq!(push(&server, &writer, "rubbish").status, 400);
    let packed = "Content-Encoding: br";
    let answer =
        ask(&server.place, "POST", "/loki/api/v1/push", &[&bearer(&writer), JSON, packed], "x");
    assert_eq!(answer.status, 415, "{answer:?}");
}

/// What the program `gzip` makes of a text.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let child = child.as_mut().expect("gzip is everywhere");
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut packed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || to.write_all(text).expect("it takes it"));
        from.read_to_end(&mut packed).expect("it gives it");
    });
    assert!(child.wait().is_ok_and(|ended| ended.success()));
    packed
}

#[test]
fn what_gzip_packed_is_taken_but_not_what_unpacks_to_too_much() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let auth = bearer(&stage.token);
    let headers = [auth.as_str(), JSON, "Content-Encoding: gzip"];
    let push = |bytes: &[u8]| send(&server.place, "POST", "/loki/api/v1/push", &headers, bytes);
    let lines: Vec<(i64, String)> =
        (0..500).map(|n| (now() - 1_000_000_000 + n, format!("packed {n}"))).collect();
    let packed = gzip(body("packed", &lines).as_bytes());
    let answer = push(&packed);
    assert_eq!(answer.status, 204, "{answer:?}");
    let count = "query?query=sum(count_over_time(%7Bjob%3D%22packed%22%7D%5B1m%5D))";
    assert_eq!(get(&server, count).json()["data"]["result"][0]["value"][1], "500");
    let cut = push(&packed[..packed.len() / 2]);
    assert!(cut.status == 400 && cut.body.contains("gzip"), "{cut:?}");
    let bomb = gzip(&vec![b' '; 17 << 20]);
    assert!(bomb.len() < 100_000);
    let much = push(&bomb);
    assert!(much.status == 400 && much.body.contains("16 MiB when it is unpacked"), "{much:?}");
}

#[test]
fn the_command_shows_lines_and_finds_words() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let at = now() - 10_000_000_000;
    let lines = [(at, "needle one".to_owned()), (at + 1, "needles \u{1b}[2J two".to_owned())];
    assert_eq!(push(&server, &stage.token, &body("web", &lines)).status, 204);
    let token = stage.folder.join("token");
    std::fs::write(&token, &stage.token).expect("it is written");
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its own");
    let says = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ketupa"));
        command.args(["logs", "{job=\"web\"}", "--server", &format!("http://{}", server.place)]);
        let output = command.arg("--token-file").arg(&token).args(more).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let all = says(&[]);
    assert!(all.contains("{job=web} needle one\n") && !all.contains('\u{1b}'), "{all}");
    let word = says(&["--word", "needle"]);
    assert_eq!(word.lines().count(), 1, "{word}");
    assert!(says(&["--format", "json"]).contains("\"resultType\": \"streams\""));
}

#[test]
fn followed_lines_may_come_late_and_the_server_may_go() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let place = format!("http://{}", server.place);
    let token = stage.folder.join("token");
    std::fs::write(&token, &stage.token).expect("it is written");
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its own");
    let command = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ketupa"));
        command.args(words).args(["--server", &place]).arg("--token-file").arg(&token);
        command
    };
    for words in [
        &["query", "up{"][..],
        &["logs", "count_over_time({job=\"a\"}[1m])", "--word", "x"],
        &["logs", "count_over_time({job=\"a\"}[1m])", "-f"],
    ] {
        let ended = command(words).output().expect("it runs");
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    }
    let mut follows = command(&["logs", "{job=~\"a|b\"}", "-f"]);
    let mut child = follows.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut shows = |word: &str| {
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert!(line.contains(word), "{word}: {line}");
    };
    let at = now();
    assert_eq!(push(&server, &stage.token, &body("a", &[(at, "newer".into())])).status, 204);
    shows("newer");
    let late = [(at - 5_000_000_000, "late".into())];
    assert_eq!(push(&server, &stage.token, &body("b", &late)).status, 204);
    shows("late");
    server.signal("KILL");
    let mut said = String::new();
    BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut said).expect("a line");
    assert!(said.contains("it is asked again"), "{said}");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert!(child.try_wait().is_ok_and(|ended| ended.is_none()), "it goes on");
    child.kill().and_then(|()| child.wait()).expect("it ends");
}

#[test]
fn what_was_acknowledged_outlives_kills_and_is_there_once() {
    let stage = Stage::new("");
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicI64::new(0));
    let first = now() - 60_000_000_000;
    let place = std::sync::Mutex::new(String::new());
    let line = |n: i64| (first + n, format!("line {n}"));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let body = body("counted", &[line(n), line(n + 1)]);
                let place = place.lock().expect("nobody fails").clone();
                // It may be gone while it is asked.
                let sent = std::panic::catch_unwind(|| {
                    ask(&place, "POST", "/loki/api/v1/push", &[&bearer(&stage.token), JSON], &body)
                });
                if sent.is_ok_and(|answer| answer.status == 204) {
                    n += 2;
                    acknowledged.store(n, Ordering::Relaxed);
                }
            }
        });
        for round in 0..4_i64 {
            let server = stage.serve(&[]);
            place.lock().expect("nobody fails").clone_from(&server.place);
            let before = acknowledged.load(Ordering::Relaxed);
            until("it takes lines", || {
                (acknowledged.load(Ordering::Relaxed) > before + 20 + 7 * round).then_some(())
            });
            server.signal("KILL");
            assert!(!server.wait(), "it was killed");
        }
        stop.store(true, Ordering::Relaxed);
        sender.join().expect("it ends");
    });
    let server = stage.serve(&[]);
    let count = acknowledged.load(Ordering::Relaxed);
    let query = format!(
        "query_range?query=%7Bjob%3D%22counted%22%7D&limit=10000&direction=forward&start={}&end={}",
        first,
        now()
    );
    let answer = get(&server, &query).json();
    let found = answer["data"]["result"][0]["values"].as_array().expect("lines").clone();
    let found: Vec<&str> = found.iter().filter_map(|value| value[1].as_str()).collect();
    let expected: Vec<String> =
        (0..i64::try_from(found.len()).expect("few")).map(|n| format!("line {n}")).collect();
    assert_eq!(found, expected, "each is there once, in order");
    // The last push may be there without having been acknowledged.
    assert!(
        (count..=count + 2).contains(&i64::try_from(found.len()).expect("few")),
        "{count} {}",
        found.len()
    );
}
