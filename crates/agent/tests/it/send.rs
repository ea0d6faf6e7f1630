//! The agent as a program, and a server that fails it in every way: all that was measured arrives, once.

use crate::sink::{Answer, Sink};
use metrics::Point;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A directory that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("agent-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("it can be made");
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A program that tells how often it was asked, in many series.
struct Exporter {
    address: SocketAddr,
    asked: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    fn new(series: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let (asked, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let asked = count.fetch_add(1, Ordering::Relaxed) + 1;
                let _ = stream.read(&mut [0; 4096]);
                let mut body = String::new();
                for n in 0..series {
                    writeln!(body, "asked_total{{n=\"{n}\"}} {asked}").expect("a string takes all");
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { address, asked, stop, thread: Some(thread) }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(std::net::TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// An agent that goes with the test.
struct Agent(Child);

impl Agent {
    fn start(config: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ketupa-agent"))
            .arg("--config")
            .arg(config)
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file that makes an agent ask a program every second and send what it says.
fn config(place: &Place, exporter: &Exporter, sink: SocketAddr) -> PathBuf {
    std::fs::write(place.path("token"), "secret\n").expect("it is written");
    let text = format!(
        "listen = \"127.0.0.1:0\"\nbird = \"/nowhere\"\n\
         [labels]\ninstance = \"here\"\n\
         [send]\nurl = \"http://{sink}\"\ntoken_file = \"{}\"\ndirectory = \"{}\"\nmost = \"8 MiB\"\ninterval = 15\n\
         [[scrape]]\njob = \"x\"\nurl = \"http://{}/metrics\"\ninterval = 1\n",
        place.path("token").display(),
        place.path("state").display(),
        exporter.address,
    );
    let path = place.path("agent.toml");
    std::fs::write(&path, text).expect("it is written");
    path
}

/// What arrived of the series that count, each a list that grows by one from one on.
fn counts(sink: &Sink) -> Vec<Vec<usize>> {
    let count = |point: &Point| point.value.to_string().parse().expect("a whole number");
    let values = |points: Vec<Point>| points.iter().map(count).collect();
    sink.samples("asked_total").into_iter().map(|(_, points)| values(points)).collect()
}

/// Waits until so many samples of each series are there.
fn arrive(sink: &Sink, least: usize, series: usize) -> Vec<Vec<usize>> {
    let begin = Instant::now();
    loop {
        let counts = counts(sink);
        if counts.len() == series && counts.iter().all(|values| values.len() >= least) {
            return counts;
        }
        assert!(begin.elapsed() < Duration::from_secs(90), "only {:?} came", counts.first());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits for so many requests, and gives their heads.
fn asked(sink: &Sink, least: usize) -> Vec<String> {
    let begin = Instant::now();
    while sink.heads().len() < least {
        assert!(begin.elapsed() < Duration::from_secs(90), "only {} came", sink.heads().len());
        std::thread::sleep(Duration::from_millis(200));
    }
    sink.heads()
}

/// Each count is there once and in its place. Of an agent that is killed, what it asked for and had
/// no time to note may be missing: so many of them.
fn whole(counts: &[Vec<usize>], kills: usize) {
    for values in counts {
        assert!(values.is_sorted_by(|one, next| one < next), "{values:?}");
        let span = values.last().zip(values.first()).map_or(0, |(last, first)| last + 1 - first);
        assert!(span - values.len() <= kills, "{values:?}");
    }
}

#[test]
fn what_fails_in_every_way_arrives_once() {
    let (place, exporter) = (Place::new("fails"), Exporter::new(20));
    let sink = Sink::new(&place.path("store"), None);
    sink.plan(&[
        Answer::Well,
        Answer::Status(503, ""),
        Answer::Cut,
        Answer::Well,
        Answer::Silence,
        Answer::Status(429, "Retry-After: 2\r\n"),
        Answer::Well,
        Answer::Cut,
        Answer::Status(401, ""),
        Answer::Well,
        Answer::Status(302, "Location: http://127.0.0.1:1/\r\n"),
    ]);
    let agent = Agent::start(&config(&place, &exporter, sink.address));
    arrive(&sink, 12, 20);
    // All that was planned, and one request more that went well.
    let heads = asked(&sink, 12);
    whole(&counts(&sink), 0);
    for word in [
        "POST /api/v1/write HTTP/1.1\r\n",
        "authorization: Bearer secret\r\n",
        "content-encoding: snappy\r\n",
        "content-type: application/x-protobuf\r\n",
    ] {
        assert!(heads[0].to_lowercase().contains(&word.to_lowercase()), "{word} in {}", heads[0]);
    }
    // What Prometheus says of a target it scraped is said too.
    let up = sink.samples("up|scrape_samples_scraped|scrape_duration_seconds");
    assert!(up.iter().any(|(name, _)| name == "up{instance=\"here\",job=\"x\"}"), "{up:?}");
    assert!(up.iter().any(|(name, _)| name == "up{instance=\"here\",job=\"node\"}"), "{up:?}");
    assert!(!sink.samples("node_load1").is_empty());
    drop(agent);
}

#[test]
fn a_server_that_is_gone_gets_all_when_it_is_back() {
    let (place, exporter) = (Place::new("gone"), Exporter::new(5));
    let sink = Sink::new(&place.path("store"), None);
    let config = config(&place, &exporter, sink.address);
    let agent = Agent::start(&config);
    arrive(&sink, 2, 5);
    let (store, address) = sink.end();
    std::thread::sleep(Duration::from_secs(6));
    let before = exporter.asked();
    let sink = Sink::new(&store, Some(address));
    whole(&arrive(&sink, usize::try_from(before).expect("few"), 5), 0);
    drop(agent);
}

#[test]
fn what_the_server_will_never_take_is_dropped_and_the_rest_goes_on() {
    let (place, exporter) = (Place::new("never"), Exporter::new(3));
    let sink = Sink::new(&place.path("store"), None);
    sink.plan(&[Answer::Well, Answer::Well, Answer::Status(400, "")]);
    let _agent = Agent::start(&config(&place, &exporter, sink.address));
    asked(&sink, 5);
    // One request of some seconds is missing, and it is not sent again: of the exporter, of the host or of both.
    let jumps = |values: &[usize]| values.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
    let asked: Vec<usize> = arrive(&sink, 5, 3).iter().map(|values| jumps(values)).collect();
    let (_, own) = sink.samples("node_load1").remove(0);
    let gaps = own.windows(2).filter(|pair| pair[1].time - pair[0].time > 1_500).count();
    assert!(asked == [1; 3] || (asked == [0; 3] && gaps > 0), "{asked:?}, {gaps}");
}

#[test]
fn an_agent_that_is_killed_at_any_moment_loses_nothing_that_it_noted() {
    let (place, exporter) = (Place::new("killed"), Exporter::new(50));
    let sink = Sink::new(&place.path("store"), None);
    let config = config(&place, &exporter, sink.address);
    let mut kills = 0;
    for turn in 0..8_u64 {
        let agent = Agent::start(&config);
        if turn % 2 == 1 {
            sink.plan(&[Answer::Cut, Answer::Status(503, ""), Answer::Silence]);
        }
        std::thread::sleep(Duration::from_millis(700 + 330 * turn));
        agent.kill();
        kills += 1;
    }
    let asked = usize::try_from(exporter.asked()).expect("few");
    let agent = Agent::start(&config);
    let counts = arrive(&sink, asked + 1 - kills, 50);
    whole(&counts, kills);
    drop(agent);
}
