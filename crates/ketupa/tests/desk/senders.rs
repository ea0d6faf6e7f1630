//! Debian's Prometheus as a sender, and a server that is killed while many send.

use crate::http::send;
use crate::stage::{Server, Stage, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Debian's program.
fn program() -> PathBuf {
    testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), "prometheus")
        .join("usr/bin/prometheus")
}

struct Prometheus {
    child: Child,
    place: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Prometheus {
    /// Scrapes itself each second and sends what it has to a server.
    fn start(server: &Server<'_>, token: &str) -> Self {
        let folder = &server.stage.folder;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = format!("127.0.0.1:{port}");
        std::fs::write(folder.join("token"), token).unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs: [{{job_name: itself, static_configs: [{{targets: ['{place}']}}]}}]\n\
             remote_write: [{{url: 'http://{}/api/v1/write', basic_auth: {{username: any, password_file: '{}'}}, \
             queue_config: {{batch_send_deadline: 1s}}, metadata_config: {{send_interval: 1s}}}}]\n",
            server.place,
            folder.join("token").display(),
        );
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        let child = Command::new(program())
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={place}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, place }
    }
}

/// What a server answers to a question; one that does not answer yet, nothing.
fn query(place: &str, token: &str, question: &str, at: &str) -> Value {
    if std::net::TcpStream::connect(place).is_err() {
        return Value::Null;
    }
    let coded = question.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let auth = format!("Authorization: Bearer {token}");
    let body = format!("query={coded}&time={at}");
    let answer = send(place, "POST", "/api/v1/query", &[&auth, FORM], body.as_bytes());
    serde_json::from_str(&answer.body).unwrap_or_default()
}

/// Samples by series; those of both that are asked are sorted alike.
fn series(answer: &Value) -> Vec<(String, String)> {
    let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<(String, String)> =
        result.iter().map(|one| (one["metric"].to_string(), one["values"].to_string())).collect();
    all.sort();
    all
}

#[test]
fn real_prometheus_sends_and_both_answer_the_same() {
    let stage = Stage::new("");
    let server = stage.serve(&[]);
    let sender = Prometheus::start(&server, &stage.token("metrics:write"));
    let reads = stage.token("metrics:read");
    let now = || jiff::Timestamp::now().as_second();
    let question = r#"{job="itself",__name__=~"prometheus_tsdb.*|up|go_.*"}[10s]"#;
    // Until a moment that is over on both sides.
    let at = until("it sends", || {
        let sent = query(&server.place, &reads, r#"count_over_time(up{job="itself"}[1h])"#, "");
        let count = sent["data"]["result"][0]["value"][1].as_str()?.parse::<u32>().ok()?;
        (count >= 15).then(now)
    });
    // With a fraction, so that no sample is on the edge of the window, which they see differently.
    let at = format!("{}.9", at - 2);
    let theirs = series(&query(&sender.place, "", question, &at));
    let same = until("all of it has arrived", || {
        let ours = series(&query(&server.place, &reads, question, &at));
        (ours == theirs).then_some(ours.len())
    });
    assert!(same > 100, "{same} series");
    let told = until("metadata come too", || {
        let auth = format!("Authorization: Bearer {reads}");
        let answer = server.get("/api/v1/metadata?metric=go_goroutines", &[&auth]).json();
        answer["data"]["go_goroutines"][0]["type"].as_str().map(str::to_owned)
    });
    assert_eq!(told, "gauge");
}

/// Series of each sender, and senders.
const SERIES: usize = 300;
const SENDERS: i32 = 4;
const KILLS: u32 = 5;

/// What was answered with 204: the numbers of the requests, by sender.
type Acknowledged = Mutex<Vec<(i32, i32)>>;

/// The request of this number: its number in each series, a tenth of a second after the one before.
fn numbered(sender: i32, number: i32, begun: i64) -> Vec<u8> {
    let instance = sender.to_string();
    let point = [(begun + i64::from(number) * 100, f64::from(number))];
    let labels: Vec<Labels> = (0..SERIES)
        .map(|n| {
            let n = n.to_string();
            Labels::new([(NAME, "sent"), ("instance", &instance), ("n", &n)])
        })
        .collect();
    request(labels.iter().map(|labels| (labels, point.as_slice())))
}

/// Sends until told to stop; a request that was not answered is sent again, as senders do.
fn send_all(
    server: &Server<'_>,
    token: &str,
    sender: i32,
    begun: i64,
    (done, stop): (&Acknowledged, &AtomicBool),
) {
    let auth = format!("Authorization: Bearer {token}");
    let mut number =
        i32::try_from(done.lock().unwrap().iter().filter(|(of, _)| *of == sender).count()).unwrap();
    while !stop.load(Ordering::SeqCst) {
        let body = numbered(sender, number, begun);
        let sent = std::panic::catch_unwind(|| {
            send(&server.place, "POST", "/api/v1/write", &[&auth], &body).status
        });
        match sent {
            Ok(204) => done.lock().unwrap().push((sender, number)),
            Ok(status) => panic!("{status}"),
            Err(_) => return,
        }
        number += 1;
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() {
    let stage = Stage::new("");
    let token = stage.token("metrics:write,metrics:read");
    let begun = jiff::Timestamp::now().as_millisecond() - 3_600_000;
    let done = Acknowledged::default();
    // Nobody wants to see why a connection broke.
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for kill in 0..KILLS {
        let server = stage.serve(&[]);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (server, token, told) = (&server, &token, (&done, &stop));
                scope.spawn(move || send_all(server, token, sender, begun, told));
            }
            // Some moment, another each time.
            let more = u64::from(std::process::id()) * 7919 * u64::from(kill + 1) % 700;
            std::thread::sleep(Duration::from_millis(300 + more));
            server.signal("KILL");
            stop.store(true, Ordering::SeqCst);
        });
    }
    std::panic::set_hook(quiet);
    let done = done.into_inner().unwrap();
    assert!(done.len() > 50, "{} requests", done.len());
    let server = stage.serve(&[]);
    let mut kept = 0;
    for sender in 0..SENDERS {
        for n in [0, 1, SERIES / 2, SERIES - 1] {
            let question = format!("sent{{instance=\"{sender}\",n=\"{n}\"}}[2h]");
            let answer = query(&server.place, &token, &question, "");
            let values =
                answer["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
            let numbers: Vec<i32> =
                values.iter().map(|v| v[1].as_str().unwrap().parse().unwrap()).collect();
            assert!(numbers.is_sorted_by(|one, next| one < next), "each is there once");
            for (_, number) in done.iter().filter(|(of, _)| *of == sender) {
                assert!(
                    numbers.contains(number),
                    "request {number} of {sender} is lost in series {n}"
                );
            }
            kept += if n == 0 { numbers.len() } else { 0 };
        }
    }
    // A request that was not answered may be there, but whole.
    let answer = query(&server.place, &token, "sum(count_over_time(sent[2h]))", "");
    let samples: usize = answer["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap();
    assert_eq!(samples, kept * SERIES);
    assert!(kept <= done.len() + 4 * 5, "{kept} kept, {} acknowledged", done.len());
}
