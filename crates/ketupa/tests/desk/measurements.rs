//! Measurements that are sent to the server and asked for, as Prometheus and Grafana do it.

use crate::http::{Answer, ask, send};
use crate::stage::{SECRET, Server, Stage, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use serde_json::json;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// A request with one sample of each of these series.
fn samples(series: &[Labels], (time, value): (i64, f64)) -> Vec<u8> {
    let point = [(time, value)];
    request(series.iter().map(|labels| (labels, point.as_slice())))
}

fn of(name: &str, instance: &str) -> Labels {
    Labels::new([(NAME, name), ("job", "node"), ("instance", instance)])
}

fn write(server: &Server<'_>, token: &str, body: &[u8]) -> Answer {
    let headers =
        [&bearer(token), "Content-Type: application/x-protobuf", "Content-Encoding: snappy"];
    send(&server.place, "POST", "/api/v1/write", &headers, body)
}

fn get(server: &Server<'_>, path: &str) -> Answer {
    server.get(path, &[&bearer(&server.stage.token)])
}

#[test]
fn what_was_sent_is_answered_as_grafana_asks() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let at = now() - 1_000;
    let body = samples(&[of("up", "a"), of("up", "b"), of("load1", "a")], (at, 1.5));
    let answer = write(&server, &stage.token, &body);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    let answer = get(&server, "/api/v1/query?query=1%2B1");
    assert_eq!(answer.json()["data"]["result"][1], "2");
    assert_eq!(answer.header("content-type"), "application/json");
    let auth = bearer(&stage.token);
    let answer =
        server.post("/api/v1/query", &[&auth, FORM], "query=sum(up%7Bjob%3D%22node%22%7D)");
    assert_eq!(answer.json()["data"]["result"][0]["value"][1], "3", "{answer:?}");
    let seconds = at / 1_000;
    let range = format!("query=load1&start={}&end={}&step=15s", seconds - 60, seconds + 60);
    let answer = server.post("/api/v1/query_range", &[&auth, FORM], &range);
    assert_eq!(answer.json()["data"]["resultType"], "matrix", "{answer:?}");
    assert_eq!(answer.json()["data"]["result"][0]["metric"]["instance"], "a");
    let build = get(&server, "/api/v1/status/buildinfo").json();
    assert_eq!(build["data"]["version"], "3.0.0");
    let names = get(&server, "/api/v1/label/instance/values?match[]=up%7Bjob%3D%22node%22%7D");
    assert_eq!(names.json()["data"], json!(["a", "b"]));
    let labels = get(&server, "/api/v1/labels?match[]=load1").json();
    assert_eq!(labels["data"], json!(["__name__", "instance", "job"]));
    let series = server.post("/api/v1/series", &[&auth, FORM], "match[]=load1&match[]=up&limit=2");
    assert_eq!(series.json()["data"].as_array().map(Vec::len), Some(2), "{series:?}");
    assert_eq!(get(&server, "/api/v1/query_exemplars?query=up").json()["data"], json!([]));
    let text = get(&server, "/federate?match[]=load1");
    let line = format!("load1{{instance=\"a\",job=\"node\"}} 1.5 {at}\n");
    assert!(text.body.ends_with(&line), "{text:?}");
    assert!(text.header("content-type").starts_with("text/plain"), "{text:?}");
    let targets = get(&server, "/api/v1/targets").json();
    let targets = targets["data"]["activeTargets"].as_array().unwrap().clone();
    assert!(targets.iter().any(|t| t["labels"]["instance"] == "b" && t["health"] == "up"));
}

#[test]
fn the_server_measures_itself() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let text = get(&server, "/metrics").body;
    for name in ["ketupa_build_info{", "ketupa_metrics_series ", "process_resident_memory_bytes "] {
        assert!(text.contains(&format!("\n{name}")), "{name}: {text}");
    }
    let at = until("it has measured itself", || {
        let answer =
            get(&server, "/api/v1/query?query=ketupa_metrics_series%7Bjob%3D%22ketupa%22%7D");
        let value = answer.json()["data"]["result"][0]["value"].clone();
        value[1].as_str().and_then(|value| value.parse::<f64>().ok())
    });
    assert!(at >= 0.0);
    let up = get(&server, "/api/v1/query?query=up%7Bjob%3D%22ketupa%22%7D").json();
    assert_eq!(up["data"]["result"][0]["value"][1], "1");
    let told = get(&server, "/api/v1/metadata?metric=ketupa_http_requests_total").json();
    assert_eq!(told["data"]["ketupa_http_requests_total"][0]["type"], "counter", "{told}");
}

#[test]
fn a_token_sends_or_reads_and_no_more() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let (sends, reads) = (stage.token("metrics:write"), stage.token("metrics:read"));
    let jobs = stage.token("read,run:*");
    let body = samples(&[of("up", "a")], (now(), 1.0));
    assert_eq!(write(&server, &sends, &body).status, 204);
    for other in [&reads, &jobs] {
        let answer = write(&server, other, &body);
        assert_eq!((answer.status, &answer.json()["errorType"]), (403, &json!("forbidden")));
    }
    let stranger = write(&server, "ketupa_nobody_nothing", &body);
    assert_eq!(stranger.status, 401);
    assert!(stranger.body.contains("this token is not known here"), "{stranger:?}");
    let nobody = server.get("/api/v1/labels", &[]);
    assert!(nobody.body.contains("show a token"), "{nobody:?}");
    assert!(stranger.header("www-authenticate").contains("Basic"), "{stranger:?}");
    let reading = [
        "/api/v1/query?query=1",
        "/api/v1/query_range?query=1&start=1&end=2&step=1",
        "/api/v1/series?match[]=up",
        "/api/v1/labels",
        "/api/v1/label/job/values",
        "/api/v1/metadata",
        "/api/v1/targets",
        "/api/v1/status/buildinfo",
        "/api/v1/query_exemplars",
        "/federate?match[]=up",
        "/metrics",
    ];
    for path in reading {
        let status = |token: &str| server.get(path, &[&bearer(token)]).status;
        assert_eq!((status(&reads), status(&sends), status(&jobs)), (200, 403, 403), "{path}");
        assert_eq!(server.get(path, &[]).status, 401, "{path}");
    }
    assert_eq!(server.get("/api/v1/jobs", &[&bearer(&reads)]).status, 403);
    // As Grafana and Prometheus send it: any user, the token as password.
    let basic = |token: &str| {
        let mut program = std::process::Command::new("base64");
        encoded(program.args(["-w", "0"]), &format!("anybody:{token}"))
    };
    let answer = server.get("/api/v1/query?query=1", &[&basic(&reads)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(server.get("/api/v1/query?query=1", &[&basic(&sends)]).status, 403);
    assert_eq!(server.get("/api/v1/query?query=1", &["Authorization: Basic !"]).status, 401);
}

fn encoded(program: &mut std::process::Command, text: &str) -> String {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    format!("Authorization: Basic {}", String::from_utf8_lossy(&output.stdout))
}

#[test]
fn what_is_wrong_or_too_much_is_refused_with_a_reason() {
    let stage = Stage::new("");
    let server = stage.serve(&["--most-series", "100"]);
    let refused = |path: &str| {
        let answer = get(&server, path);
        let told = answer.json();
        (answer.status, told["errorType"].as_str().unwrap().to_owned(), told["error"].to_string())
    };
    let cases = [
        ("/api/v1/query", 400, "query"),
        ("/api/v1/query?query=up%7B", 400, "up{"),
        ("/api/v1/query?query=1&time=yesterday", 400, "time"),
        ("/api/v1/query?query=1&timeout=soon", 400, "timeout"),
        ("/api/v1/query_range?query=1&start=1&end=2", 400, "step"),
        ("/api/v1/query_range?query=1&start=1&end=2&step=0", 400, "step"),
        ("/api/v1/query_range?query=1&start=2&end=1&step=1", 400, "before"),
        ("/api/v1/query_range?query=1&start=0&end=99999&step=1", 400, "11000"),
        ("/api/v1/series", 400, "match[]"),
        ("/api/v1/series?match[]=%7B%7D", 400, "match[]"),
        ("/api/v1/label/a-b/values", 400, "a-b"),
        ("/api/v1/labels?limit=x", 400, "limit"),
    ];
    for (path, status, says) in cases {
        let (got, kind, why) = refused(path);
        assert!(got == status && kind == "bad_data" && why.contains(says), "{path}: {got} {why}");
    }
    let long = format!("query=1{}", "%2B1".repeat(20_000));
    let auth = bearer(&stage.token);
    let answer = server.post("/api/v1/query", &[&auth, FORM], &long);
    assert_eq!((answer.status, &answer.json()["errorType"]), (400, &json!("bad_data")));
    let answer = server.post("/api/v1/query", &[&auth, FORM], &"x".repeat(200_000));
    assert_eq!(answer.status, 413, "{answer:?}");
    let many: Vec<Labels> = (0..200).map(|n| of("many", &n.to_string())).collect();
    let answer = write(&server, &stage.token, &samples(&many, (now(), 1.0)));
    let why = answer.json()["error"].to_string();
    assert!(answer.status == 400 && why.contains("series already"), "{answer:?}");
    let count = get(&server, "/api/v1/query?query=count(many)").json();
    let kept: u32 = count["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap();
    assert!((1..=100).contains(&kept), "what fits is kept: {kept}");
    for (hours, status) in [(1, 503), (48, 400)] {
        let ahead = now() + hours * 3_600_000;
        let answer = write(&server, &stage.token, &samples(&many[..1], (ahead, 1.0)));
        let told = answer.body.contains("ahead of the clock");
        assert!(answer.status == status && told, "{answer:?}");
    }
    for odd in [&b"nothing"[..], &[0xff; 100], b""] {
        assert_eq!(write(&server, &stage.token, odd).status, 400, "{odd:?}");
    }
    let answer = write(&server, &stage.token, &vec![0; 17 << 20]);
    assert_eq!(answer.status, 413, "{answer:?}");
    let second = "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request";
    assert_eq!(ask(&server.place, "POST", "/api/v1/write", &[&auth, second], "").status, 415);
}

#[test]
fn the_declared_token_of_all_agents_sends_and_no_more() {
    let stage = Stage::new("\n[watch]\ntoken = \"env:HOOK\"\n");
    let server = stage.serve(&[]);
    let body = samples(&[of("up", "a")], (now(), 1.0));
    assert_eq!(write(&server, SECRET, &body).status, 204);
    assert_eq!(write(&server, &SECRET.to_lowercase(), &body).status, 401);
    assert_eq!(server.get("/api/v1/query?query=up", &[&bearer(SECRET)]).status, 403);
    assert_eq!(server.get("/api/v1/jobs", &[&bearer(SECRET)]).status, 401);
}

#[test]
fn a_question_that_takes_too_long_ends_and_others_are_answered() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let many: Vec<Labels> = (0..200).map(|n| of("many", &n.to_string())).collect();
    assert_eq!(write(&server, &stage.token, &samples(&many, (now() - 1_000, 1.0))).status, 204);
    // Two hundred series at two hundred thousand moments.
    let slow = "/api/v1/query?timeout=0.1&query=max_over_time(many%5B200000s%3A1s%5D)";
    let begun = std::time::Instant::now();
    let answer = get(&server, slow);
    let told = answer.json();
    assert_eq!((answer.status, &told["errorType"]), (503, &json!("timeout")), "{answer:?}");
    assert!(told["error"].as_str().unwrap().contains("after 0.1 s"), "{told}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    // As many as are answered at once, and one more.
    for _ in 0..4 {
        assert_eq!(get(&server, slow).status, 503);
    }
    assert_eq!(get(&server, "/api/v1/query?query=count(many)").status, 200);
    let large = "/api/v1/query?query=count_over_time(many%5B10y%3A1s%5D)";
    let answer = get(&server, large);
    assert!([400, 422].contains(&answer.status), "{answer:?}");
}

#[test]
fn a_second_server_waits_for_the_measurements_of_the_first() {
    let stage = Stage::new("");
    let first = stage.serve(&[]);
    let body = samples(&[of("up", "a")], (now(), 1.0));
    assert_eq!(write(&first, &stage.token, &body).status, 204);
    let second = stage.serve(&[]);
    let answer = write(&second, &stage.token, &body);
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{answer:?}");
    assert_eq!(get(&second, "/api/v1/query?query=up").status, 503);
    assert_eq!(get(&second, "/api/v1/jobs").status, 200);
    first.signal("TERM");
    assert!(first.wait());
    until("the second has them", || {
        (write(&second, &stage.token, &body).status == 204).then_some(())
    });
    let answer = get(&second, "/api/v1/query?query=count(up%7Bjob%3D%22node%22%7D)").json();
    assert_eq!(answer["data"]["result"][0]["value"][1], "1");
}
