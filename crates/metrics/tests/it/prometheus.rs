//! The same questions to this store and to Debian's Prometheus, about the same samples.
//!
//! The package is downloaded by `apt-get` and unpacked below `target/`; its program runs as a child of
//! the test, on loopback, and ends with it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use metrics::wire::{json, remote_write};
use metrics::{Labels, NAME, STALE, Store};
use serde_json::Value;

use crate::place::{Place, T0};

const PORT: u16 = 19_191;
/// Samples are three seconds after each quarter of a minute, questions seven: neither windows nor those
/// of subqueries begin on a sample, where 2.42 takes it in and 3.x and this store do not.
const FIRST: i64 = T0 + 3_000;
const EVERY: i64 = 15_000;
const SCRAPES: i64 = 480;

fn program() -> PathBuf {
    testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), "prometheus")
        .join("usr/bin/prometheus")
}

struct Prometheus(Child);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Prometheus {
    fn start(place: &Place) -> Self {
        let config = place.path().join("prometheus.yml");
        std::fs::write(&config, "{}").expect("it is written");
        let child = Command::new(program())
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", place.path().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{PORT}"))
            .args(["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let started = Self(child.expect("it starts"));
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", PORT)).is_ok() && get("/-/ready").0 == 200 {
                return started;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        unreachable!("Prometheus does not become ready");
    }
}

fn http(method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", PORT)).expect("it listens");
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(body).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a code"), body.to_owned())
}

fn get(path: &str) -> (u16, String) {
    http("GET", path, "", b"")
}

fn post(path: &str, form: &[(&str, String)]) -> Value {
    let encode = |text: &str| {
        let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
        bytes.collect::<Vec<String>>().concat()
    };
    let form: Vec<String> =
        form.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (_, body) = http("POST", path, headers, form.join("&").as_bytes());
    serde_json::from_str(&body).expect("it answers in JSON")
}

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Two hours of two hosts: counters that fall, gauges, a histogram, gaps, ends, what is no number.
fn scrape(n: i64, chance: &mut Chance, counters: &mut [f64]) -> Vec<(Labels, f64)> {
    let mut values = Vec::new();
    let mut put = |name: &str, host: &str, more: &[(&str, &str)], value: f64| {
        let instance = format!("{host}:9100");
        let pairs = [(NAME, name), ("job", "node"), ("instance", &instance)];
        values.push((
            Labels::new(pairs.iter().chain(more).map(|(name, value)| (*name, *value))),
            value,
        ));
    };
    let mut next = 0;
    for (host, offset) in [("a", 0.0), ("b", 3.0)] {
        for code in ["200", "404", "500"] {
            for method in ["get", "post"] {
                let counter = &mut counters[next];
                next += 1;
                *counter += chance.below(50) as f64;
                if chance.below(120) == 0 {
                    *counter = chance.below(5) as f64;
                }
                put("requests_total", host, &[("code", code), ("method", method)], *counter);
            }
        }
        for zone in ["in", "out"] {
            let value =
                20.0 + offset + (n as f64 / 40.0).sin() * 5.0 + chance.below(100) as f64 / 100.0;
            put("temperature", host, &[("zone", zone)], (value * 100.0).round() / 100.0);
        }
        let mut total = 0.0;
        for bound in ["0.1", "0.5", "1", "5", "+Inf"] {
            let counter = &mut counters[next];
            next += 1;
            *counter += chance.below(7) as f64;
            total += *counter;
            put("latency_seconds_bucket", host, &[("le", bound)], total);
        }
        put("latency_seconds_count", host, &[], total);
        put("latency_seconds_sum", host, &[], total * 0.37);
        put("memory_total_bytes", host, &[], 8_589_934_592.0);
        put("memory_bytes", host, &[], 4_294_967_296.0 + (n / 60 * 4096) as f64);
        put("up", host, &[], if host == "b" && n % 100 > 90 { 0.0 } else { 1.0 });
        put("build_info", host, &[("version", if n < 300 { "1" } else { "2" })], 1.0);
        if n == 300 {
            put("build_info", host, &[("version", "1")], f64::from_bits(STALE));
        }
        put("dates", host, &[], 951_782_400.0 + n as f64 * 86_400.0 * 33.3);
        let strange = [f64::NAN, f64::INFINITY, 1.0, -2.5, f64::NEG_INFINITY, 7.0];
        put("strange", host, &[], strange[(n / 20) as usize % 4 + usize::from(host == "b")]);
        if n % 80 < 30 {
            put("sparse", host, &[], n as f64);
        } else if n % 80 == 30 && host == "a" {
            put("sparse", host, &[], f64::from_bits(STALE));
        }
    }
    values
}

fn feed(store: &mut Store) {
    let (mut chance, mut counters) = (Chance(7), [0.0; 30]);
    for n in 0..SCRAPES {
        let time = FIRST + n * EVERY;
        let values = scrape(n, &mut chance, &mut counters);
        let points: Vec<[(i64, f64); 1]> =
            values.iter().map(|(_, value)| [(time, *value)]).collect();
        let series = values.iter().zip(&points);
        let body =
            remote_write::request(series.map(|((labels, _), points)| (labels, points.as_slice())));
        let appended = store.remote_write(&body, time).expect("it is kept");
        assert_eq!((appended.refused, appended.counts.late), (0, 0), "{:?}", appended.why);
        let headers = "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n";
        let (code, why) = http("POST", "/api/v1/write", headers, &body);
        assert_eq!(code, 204, "{why}");
    }
}

/// Whether the order of series is part of the answer.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Free,
    Asked,
}

/// Labels, and points as they were written.
type Lines = Vec<(String, Vec<(String, f64)>)>;

/// Series by labels, each a list of times and values.
fn series(answer: &Value, order: Order) -> Result<Lines, String> {
    if answer["status"] != "success" {
        return Err(answer["errorType"].to_string());
    }
    let point = |point: &Value| {
        let value = point[1].as_str().expect("a value");
        (point[0].to_string(), value.parse::<f64>().unwrap_or(f64::NAN))
    };
    let result = &answer["data"]["result"];
    let mut all: Vec<_> = match answer["data"]["resultType"].as_str().expect("a type") {
        "matrix" | "vector" => {
            let lines = result.as_array().expect("a list").iter();
            let points = |line: &Value| match line.get("values") {
                Some(values) => values.as_array().expect("a list").iter().map(point).collect(),
                None => vec![point(&line["value"])],
            };
            lines.map(|line| (line["metric"].to_string(), points(line))).collect()
        }
        kind => vec![(kind.to_owned(), vec![point(result)])],
    };
    if order == Order::Free {
        all.sort_by(|one, other| one.0.cmp(&other.0));
    }
    Ok(all)
}

fn near(one: f64, other: f64) -> bool {
    let scale = one.abs().max(other.abs());
    let close = scale.is_finite() && (one - other).abs() <= scale * 1e-10;
    one == other || (one.is_nan() && other.is_nan()) || close
}

/// What differs between two answers.
fn difference(ours: &Value, theirs: &Value, order: Order) -> Option<String> {
    let (ours, theirs) = match (series(ours, order), series(theirs, order)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(_), Err(_)) => return None,
        (ours, theirs) => {
            let short = |side: Result<Vec<_>, String>| side.map(|lines| lines.len());
            return Some(format!("ours {:?}, theirs {:?}", short(ours), short(theirs)));
        }
    };
    let names =
        |side: &[(String, Vec<_>)]| side.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if names(&ours) != names(&theirs) {
        return Some(format!("series: ours {:?}\n  theirs {:?}", names(&ours), names(&theirs)));
    }
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        if ours.len() != theirs.len() {
            return Some(format!("{name}: {} points, theirs {}", ours.len(), theirs.len()));
        }
        for ((time, one), (their_time, other)) in ours.iter().zip(theirs) {
            if time != their_time || !near(*one, *other) {
                return Some(format!("{name}: {one} at {time}, theirs {other} at {their_time}"));
            }
        }
    }
    None
}

#[test]
fn real_prometheus_answers_the_same() {
    let place = Place::new("prometheus");
    let prometheus = Prometheus::start(&place);
    let own = place.path().join("own");
    let mut store = Store::open(&own, metrics::Settings::default()).expect("it opens");
    feed(&mut store);
    let mut differences = compare(&store, "in memory");
    store.seal().expect("it is written");
    differences.extend(compare(&store, "in a file"));
    drop(prometheus);
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn compare(store: &Store, whence: &str) -> Vec<String> {
    let at = T0 + 5_400_000 + 7_000;
    let (start, end, step) = (T0 + 7_000, T0 + 7_200_000 + 7_000, 45_000);
    let questions = include_str!("expressions.txt").lines();
    let questions: Vec<&str> =
        questions.filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(questions.len() >= 140, "there are {}", questions.len());
    let seconds = |time: i64| (time as f64 / 1000.0).to_string();
    let mut differences = Vec::new();
    for question in questions {
        let parse = |text: String| serde_json::from_str::<Value>(&text).expect("it is JSON");
        let order = if question.starts_with("sort") { Order::Asked } else { Order::Free };
        let query = ("query", question.to_owned());
        let theirs = post("/api/v1/query", &[query.clone(), ("time", seconds(at))]);
        let ours = parse(json::answer(&store.query(question, at)));
        differences.extend(
            difference(&ours, &theirs, order)
                .map(|what| format!("{question} ({whence}, at one time): {what}")),
        );
        let form =
            [query, ("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))];
        let theirs = post("/api/v1/query_range", &form);
        let ours = parse(json::answer(&store.query_range(question, (start, end), step)));
        differences.extend(
            difference(&ours, &theirs, order)
                .map(|what| format!("{question} ({whence}, over time): {what}")),
        );
    }
    differences
}
