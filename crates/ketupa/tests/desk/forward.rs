//! A server that sends its measurements on to Debian's Prometheus and `VictoriaMetrics`, which are
//! killed, as it is itself: in the end they have every sample that it took.
//!
//! The packages are downloaded by `apt-get` and unpacked below `target/`.

use crate::http::{ask, send};
use crate::stage::{Server, Stage, shown, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Bits by series and time.
type Held = BTreeMap<(String, i64), u64>;

/// A program of Debian's.
fn program(package: &str) -> PathBuf {
    testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), package)
        .join("usr/bin")
        .join(package)
}

#[derive(Clone, Copy)]
enum Kind {
    Prometheus,
    VictoriaMetrics,
}

/// A store of somebody else, that can be killed and started again.
struct Receiver {
    kind: Kind,
    folder: PathBuf,
    place: String,
    child: Child,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Receiver {
    fn start(kind: Kind, stage: &Stage) -> Self {
        // Asked for and given back: nobody else asks for it in between.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = free.local_addr().unwrap().to_string();
        drop(free);
        let folder = stage.folder.join(match kind {
            Kind::Prometheus => "prometheus",
            Kind::VictoriaMetrics => "victoria",
        });
        std::fs::create_dir_all(&folder).unwrap();
        let window = "storage:\n  tsdb:\n    out_of_order_time_window: 2h\n";
        std::fs::write(folder.join("prometheus.yml"), window).unwrap();
        let child = Self::child(kind, &folder, &place);
        Self { kind, folder, place, child }
    }

    fn child(kind: Kind, folder: &Path, place: &str) -> Child {
        let mut command = match kind {
            Kind::Prometheus => {
                let mut command = Command::new(program("prometheus"));
                command.arg(format!("--config.file={}", shown(&folder.join("prometheus.yml"))));
                command.arg(format!("--storage.tsdb.path={}", shown(&folder.join("tsdb"))));
                command.arg(format!("--web.listen-address={place}"));
                command.arg("--web.enable-remote-write-receiver");
                command
            }
            Kind::VictoriaMetrics => {
                let mut command = Command::new(program("victoria-metrics"));
                command.arg(format!("-storageDataPath={}", shown(&folder.join("data"))));
                command.arg(format!("-httpListenAddr={place}"));
                // Of what comes twice it keeps both, if it is not told otherwise.
                command.args(["-dedup.minScrapeInterval=1ms", "-search.latencyOffset=0s"]);
                command
            }
        };
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the receiver listens", || TcpStream::connect(place).ok());
        child
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    fn start_again(&mut self) {
        self.child = Self::child(self.kind, &self.folder, &self.place);
    }

    fn url(&self) -> String {
        format!("http://{}/api/v1/write", self.place)
    }

    /// All that it has of the hosts between two times.
    fn held(&self, from: i64, to: i64) -> Held {
        match self.kind {
            Kind::Prometheus => self.of_prometheus(from, to),
            Kind::VictoriaMetrics => self.of_victoria(),
        }
    }

    /// Whether it holds what was sent. `VictoriaMetrics` keeps decimals: of a third the last bits may differ.
    fn keeps(&self, sent: u64, held: u64) -> bool {
        match self.kind {
            Kind::Prometheus => sent == held,
            Kind::VictoriaMetrics => sent.abs_diff(held) <= 4,
        }
    }

    fn of_prometheus(&self, from: i64, to: i64) -> Held {
        let range = (to - from) / 1000 + 1;
        let path = format!("/api/v1/query?query=%7Bjob=%22node%22%7D[{range}s]&time={}", to / 1000);
        let answer = ask(&self.place, "GET", &path, &[], "");
        let mut held = Held::new();
        for series in answer.json()["data"]["result"].as_array().into_iter().flatten() {
            for value in series["values"].as_array().unwrap() {
                let time = (value[0].as_f64().unwrap() * 1000.0).round();
                let number: f64 = value[1].as_str().unwrap().parse().unwrap();
                held.insert((key(&series["metric"]), whole(time)), number.to_bits());
            }
        }
        held
    }

    fn of_victoria(&self) -> Held {
        drop(ask(&self.place, "GET", "/internal/force_flush", &[], ""));
        let path = "/api/v1/export?match[]=%7Bjob=%22node%22%7D&reduce_mem_usage=1";
        let answer = ask(&self.place, "GET", path, &[], "");
        let mut held = Held::new();
        for line in answer.body.lines() {
            let series: Value = serde_json::from_str(line).unwrap();
            let times = series["timestamps"].as_array().unwrap();
            for (time, value) in times.iter().zip(series["values"].as_array().unwrap()) {
                let place = (key(&series["metric"]), time.as_i64().unwrap());
                held.insert(place, value.as_f64().unwrap().to_bits());
            }
        }
        held
    }
}

fn whole(time: f64) -> i64 {
    format!("{time:.0}").parse().unwrap()
}

fn key(metric: &Value) -> String {
    format!("{} {}", metric["__name__"].as_str().unwrap(), metric["n"].as_str().unwrap())
}

/// What the sender has been told that the server has.
struct Sender {
    taken: Held,
}

impl Sender {
    /// Sends samples of several series at a time.
    fn send(&mut self, server: &Server<'_>, name: &str, time: i64) {
        let numbers: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let labels = numbers.iter().map(|n| Labels::new([(NAME, name), ("job", "node"), ("n", n)]));
        let labels: Vec<Labels> = labels.collect();
        let seconds = f64::from(u32::try_from(time / 1000).unwrap());
        // A third that a decimal cannot say, counters, what never moves.
        let value = |n: i32| match n % 3 {
            0 => f64::from(n) + seconds / 3.0,
            1 => seconds,
            _ => 4.0,
        };
        let points: Vec<[(i64, f64); 1]> = (0..20).map(|n| [(time, value(n))]).collect();
        let series = labels.iter().zip(&points);
        let body = request(series.map(|(labels, points)| (labels, points.as_slice())));
        let token = format!("Authorization: Bearer {}", server.stage.token);
        let headers = [&token, "Content-Type: application/x-protobuf", "Content-Encoding: snappy"];
        let answer = send(&server.place, "POST", "/api/v1/write", &headers, &body);
        assert_eq!(answer.status, 204, "{answer:?}");
        for (n, points) in numbers.iter().zip(&points) {
            self.taken.insert((format!("{name} {n}"), time), points[0].1.to_bits());
        }
    }
}

/// What the server tells of how it goes with a receiver.
fn told(server: &Server<'_>, metric: &str, receiver: &Receiver) -> Option<f64> {
    let token = format!("Authorization: Bearer {}", server.stage.token);
    let text = server.get("/metrics", &[&token]).body;
    let begin = format!("{metric}{{to=\"{}\"}} ", receiver.url());
    text.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok())
}

#[test]
fn a_real_receiver_that_refuses_samples_gets_all_others_and_both_are_told() {
    let stage = Stage::new("");
    let mut prometheus = Receiver::start(Kind::Prometheus, &stage);
    prometheus.kill();
    // Nothing that is older than what it has, not by a second.
    std::fs::write(prometheus.folder.join("prometheus.yml"), "").unwrap();
    prometheus.start_again();
    let begin = jiff::Timestamp::now().as_millisecond() / 1000 * 1000 - 1_800_000;
    let time = |n: i64| begin + n * 15_000;
    let server = stage.serve(&["--forward", &prometheus.url()]);
    let mut sender = Sender { taken: Held::new() };
    sender.send(&server, "live", time(20));
    let holds = |sender: &Sender| {
        let held = prometheus.held(begin, time(40));
        (held == sender.taken).then_some(())
    };
    until("the first are there", || holds(&sender));
    let mut late = Sender { taken: Held::new() };
    late.send(&server, "live", time(10));
    sender.send(&server, "other", time(20));
    sender.send(&server, "live", time(21));
    until("all but the late are there", || holds(&sender));
    let dropped = || told(&server, "ketupa_forward_dropped_samples_total", &prometheus);
    until("what it refused is told", || dropped().filter(|dropped| *dropped >= 20.0));
    assert_eq!(dropped(), Some(20.0), "and no other");
    let lag = |to: &Receiver| told(&server, "ketupa_forward_lag_seconds", to);
    until("it has everything", || lag(&prometheus).filter(|lag| *lag < 1.0));
    prometheus.kill();
    sender.send(&server, "live", time(22));
    // The newest that it has is of minutes ago, or what the server last measured of itself.
    until("it is behind", || lag(&prometheus).filter(|lag| *lag > 5.0));
}

#[test]
fn real_receivers_have_every_sample_whoever_was_killed_on_the_way() {
    let stage = Stage::new("");
    let mut sender = Sender { taken: Held::new() };
    let begin = jiff::Timestamp::now().as_millisecond() / 1000 * 1000 - 5_400_000;
    let time = |n: i64| begin + n * 15_000 + 3;
    // An hour of the past, before anybody else is there.
    let server = stage.serve(&[]);
    for n in 0..240 {
        sender.send(&server, "past", time(n));
    }
    server.signal("TERM");
    assert!(server.wait());
    let mut prometheus = Receiver::start(Kind::Prometheus, &stage);
    let mut victoria = Receiver::start(Kind::VictoriaMetrics, &stage);
    let from = begin + 600_000;
    sender.taken.retain(|(_, time), _| *time >= from);
    let since = jiff::Timestamp::from_millisecond(from).unwrap().to_string();
    let (one, other) = (prometheus.url(), victoria.url());
    let words = ["--forward", &one, "--forward", &other, "--forward-from", &since];
    let mut server = stage.serve(&words);
    for n in 240..340 {
        sender.send(&server, "live", time(n));
        if n % 10 == 5 {
            sender.send(&server, "late", time(n - 200));
        }
        match n {
            260 => prometheus.kill(),
            270 => victoria.kill(),
            285 => prometheus.start_again(),
            295 => victoria.start_again(),
            315 => {
                // Kill the server: what it has answered counts.
                server.signal("KILL");
                assert!(!server.wait());
                server = stage.serve(&words);
            }
            _ => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
    for receiver in [&prometheus, &victoria] {
        let expected = &sender.taken;
        let mut left = usize::MAX;
        let missing = || {
            let held = receiver.held(from - 1, time(341));
            let is_held = |key, bits| held.get(key).is_some_and(|held| receiver.keeps(bits, *held));
            left = expected.iter().filter(|(key, bits)| !is_held(*key, **bits)).count();
            (left == 0).then_some(held)
        };
        let held = until("it has every sample", missing);
        assert_eq!(held.len(), expected.len(), "and no other");
    }
    assert!(sender.taken.len() > 5_000);
}
