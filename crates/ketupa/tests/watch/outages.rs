//! What was measured arrives, once, whatever happens to the server and the way there.

use crate::network::{Exporter, Network};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// The host of the server; the others have agents.
const MONITOR: usize = 0;
const AGENTS: usize = 3;
const SERIES: usize = 1000;
const PORT: u16 = 8080;

/// A program that goes with the test.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Story {
    folder: PathBuf,
    network: Network,
    reads: String,
    exporters: Vec<Exporter>,
}

impl Story {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("ketupa-watch-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("isp")).expect("it can be made");
        let isp = "[isp]\nname = \"Test\"\nasn = 65001\ndomain = \"example.net\"\n";
        std::fs::write(folder.join("isp/isp.toml"), isp).expect("it is written");
        let token = |scope: &str| {
            let mut command = Command::new(KETUPA);
            command.args(["token", "create", "story", "--scope", scope, "--data"]);
            let output = command.arg(folder.join("data")).output().expect("it runs");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        std::fs::write(folder.join("token"), token("metrics:write")).expect("it is written");
        let reads = token("metrics:read");
        let network = Network::new(AGENTS + 1);
        let exporters = (1..=AGENTS).map(|host| Exporter::new(&network, host, SERIES)).collect();
        Self { folder, network, reads, exporters }
    }

    fn serve(&self) -> Running {
        let mut command = self.network.command(MONITOR, KETUPA);
        command
            .arg("serve")
            .arg(self.folder.join("isp"))
            .arg("--data")
            .arg(self.folder.join("data"));
        command.args(["--listen", &format!("10.99.0.1:{PORT}"), "--behind-tls"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("it is a pipe"));
        let (mut line, running) = (String::new(), Running(child));
        said.read_line(&mut line).expect("it says where it is");
        assert!(line.contains("http"), "{line}");
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        running
    }

    fn agent(&self, host: usize) -> Running {
        let place = |name: &str| self.folder.join(name);
        let text = format!(
            "listen = \"127.0.0.1:9100\"\nbird = \"/nowhere\"\n[labels]\ninstance = \"host{host}\"\n\
             [send]\nurl = \"http://10.99.0.1:{PORT}\"\ntoken_file = \"{}\"\ndirectory = \"{}\"\ninterval = 15\n\
             [[scrape]]\njob = \"x\"\nurl = \"http://127.0.0.1:9000/metrics\"\ninterval = 1\n",
            place("token").display(),
            place(&format!("state{host}")).display(),
        );
        let config = place(&format!("agent{host}.toml"));
        std::fs::write(&config, text).expect("it is written");
        let mut command = self.network.command(host, KETUPA);
        let child = command.args(["agent", "--config"]).arg(config).stderr(Stdio::null()).spawn();
        Running(child.expect("it starts"))
    }

    /// What a question gives, by the series' labels `instance` and `n`.
    fn ask(&self, question: &str) -> Vec<(String, f64)> {
        let mut curl = self.network.command(MONITOR, "curl");
        curl.args(["--silent", "--max-time", "30", "--header"]);
        curl.arg(format!("Authorization: Bearer {}", self.reads));
        curl.arg("--data-urlencode").arg(format!("query={question}"));
        let output = curl.arg(format!("http://10.99.0.1:{PORT}/api/v1/query")).output();
        let answer: Value =
            serde_json::from_slice(&output.expect("it runs").stdout).unwrap_or_default();
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let number = |series: &Value| {
            let name = format!("{} {}", series["metric"]["instance"], series["metric"]["n"]);
            (
                name,
                series["value"][1].as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN),
            )
        };
        let mut numbers: Vec<(String, f64)> = result.iter().map(number).collect();
        numbers.sort_by(|one, other| one.0.cmp(&other.0));
        numbers
    }

    /// Waits until all that was asked for until now is there, and counts it series by series.
    fn all_is_there_once(&self, what: &str) {
        let asked: Vec<u64> = self.exporters.iter().map(Exporter::asked).collect();
        let (begin, mut last) = (Instant::now(), Vec::new());
        while begin.elapsed() < Duration::from_secs(180) {
            std::thread::sleep(Duration::from_secs(1));
            last = self.ask("max by (instance) (max_over_time(asked_total{n=\"999\"}[1h]))");
            let arrived = last.iter().map(|(_, most)| *most);
            if last.len() == AGENTS
                && arrived.zip(&asked).all(|(most, asked)| most >= float(*asked))
            {
                break;
            }
        }
        assert_eq!(last.len(), AGENTS, "{what}: {asked:?} were asked for, {last:?} came");
        // Each value is one more than the one before: as many as from the first to the last, and none
        // is missing; no more than that, and none is there twice.
        let asks = "count_over_time(asked_total[1h]) - (max_over_time(asked_total[1h]) - min_over_time(asked_total[1h]))";
        let counted = self.ask(asks);
        assert_eq!(counted.len(), AGENTS * SERIES, "{what}");
        let is_one = |number: &f64| number.to_bits() == 1_f64.to_bits();
        let wrong: Vec<_> = counted.iter().filter(|(_, differs)| !is_one(differs)).collect();
        assert!(wrong.is_empty(), "{what}: {} of them: {:?}", wrong.len(), wrong.first());
        let first = self.ask("min_over_time(asked_total[1h])");
        assert!(first.iter().all(|(_, first)| is_one(first)), "{what}: {:?}", first.first());
        for ((name, most), asked) in last.iter().zip(&asked) {
            assert!(*most >= float(*asked), "{what}: {name}: {most} of {asked}");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
fn float(count: u64) -> f64 {
    count as f64
}

impl Drop for Story {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all::<&Path>(&self.folder);
    }
}

/// A fraction of a second that is another each time.
fn some_moment() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(300 + u64::from(since.subsec_micros() % 1700))
}

#[test]
fn a_cut_link_and_a_killed_server_cost_no_sample_and_double_none() {
    let story = Story::new();
    let mut server = story.serve();
    let agents: Vec<Running> = (1..=AGENTS).map(|host| story.agent(host)).collect();
    std::thread::sleep(Duration::from_secs(8));
    story.all_is_there_once("with the link up");

    story.network.link(MONITOR, "down");
    std::thread::sleep(Duration::from_secs(60));
    let asked: u64 = story.exporters.iter().map(Exporter::asked).sum();
    story.network.link(MONITOR, "up");
    story.all_is_there_once("after a minute without a link");
    assert!(asked > 100, "the agents measured meanwhile: {asked}");

    for _ in 0..4 {
        std::thread::sleep(some_moment() * 2);
        server.kill();
        std::thread::sleep(some_moment());
        server = story.serve();
    }
    story.all_is_there_once("after four servers that were killed");
    drop((agents, server));
}
