//! Debian's Prometheus and `VictoriaMetrics` as children of the benchmark, on loopback.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Figures, bytes, cpu_s, data, middle, peak_mib};

const PACKAGES: [&str; 3] = ["prometheus", "victoria-metrics", "prometheus-node-exporter"];
const RUNS: usize = 15;
/// A store that does not answer for so long ends the benchmark.
const PATIENCE: Duration = Duration::from_secs(120);

/// Its own for each process, so that parts of the benchmark may run beside each other.
fn port() -> u16 {
    19_292 + (std::process::id() % 500) as u16
}

/// Downloads the packages and unpacks them, once.
pub(super) fn programs(work: &Path) -> Result<PathBuf, String> {
    let folder = work.join("programs");
    if !folder.join("usr/bin/prometheus-node-exporter").exists() {
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut apt = Command::new("apt-get");
        let apt = apt.args(["download", "-q"]).args(PACKAGES).current_dir(&folder);
        if super::super::timed(apt).is_err() {
            // A fresh machine does not know yet what there is.
            super::super::timed(Command::new("apt-get").args(["update", "-q"]))?;
            super::super::timed(apt)?;
        }
        let script = "for package in *.deb; do dpkg-deb -x $package .; done";
        super::super::timed(Command::new("sh").args(["-c", script]).current_dir(&folder))?;
    }
    Ok(folder)
}

/// One request with a connection of its own; the code and the body of the answer.
pub(super) fn http(
    port: u16,
    request: &str,
    headers: &str,
    body: &[u8],
) -> Result<(u16, String), String> {
    let asked = (|| -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let length = body.len();
        let head = format!(
            "{request} HTTP/1.0\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    })();
    let answer = asked.map_err(|error| format!("{request}: {error}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    Ok((code, body.to_owned()))
}

/// Whether it is waited until all is written as it will stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Awaited,
    NotAwaited,
}

impl Settled {
    /// An hour is never written by Prometheus while it is measured, and nothing is asked of it.
    pub(super) fn of(load: &str) -> Self {
        if load == "hosts" { Self::NotAwaited } else { Self::Awaited }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }
}

/// One that runs; it ends with this.
pub(super) struct Rival {
    kind: Kind,
    child: Child,
    folder: PathBuf,
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Rival {
    /// Starts one, sends it everything, asks it everything.
    pub(super) fn run(
        kind: Kind,
        programs: &Path,
        work: &Path,
        (bodies, end, samples, settled): (&Path, i64, f64, Settled),
        questions: &[(&str, &str, i64, i64)],
    ) -> Result<Figures, String> {
        let long = questions.iter().any(|(_, _, length, _)| *length > 31 * 86_400);
        // Blocks as they are in the end: it would take all year to get there.
        let blocks = if long {
            ["--storage.tsdb.min-block-duration=31d", "--storage.tsdb.max-block-duration=31d"]
        } else {
            ["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=31d"]
        };
        let rival = Self::start(kind, programs, work, blocks)?;
        let process = rival.child.id();
        let begun = cpu_s(process);
        let mut log = 0.0;
        let headers = "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n";
        let requests = data::bodies(bodies, |n, _, body| {
            let (code, why) = http(port(), "POST /api/v1/write", headers, body)?;
            if n == 200 {
                log = bytes(&rival.folder, "wal/");
            }
            if code == 204 { Ok(()) } else { Err(format!("{}: {code} {why}", kind.name())) }
        })?;
        let cpu = cpu_s(process) - begun;
        let memory_mib = peak_mib(process);
        let settled = match settled {
            Settled::Awaited => rival.settled(samples)?,
            Settled::NotAwaited => f64::NAN,
        };
        let asked = questions.iter().map(|(_, question, length, step)| {
            rival.ask(question, (end / 1000 - length, end / 1000), *step)
        });
        let asked = asked.collect::<Result<Vec<_>, String>>()?;
        let log = log / (201.0 * samples / requests as f64);
        Ok(Figures { samples, cpu_s: cpu, memory_mib, settled, log, asked })
    }

    fn start(kind: Kind, programs: &Path, work: &Path, blocks: [&str; 2]) -> Result<Self, String> {
        let folder = work.join(format!("{}-{}", kind.name(), std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut command = match kind {
            Kind::Prometheus => {
                let config = folder.join("prometheus.yml");
                fs::write(&config, "{}").map_err(|error| error.to_string())?;
                let mut command = Command::new(programs.join("usr/bin/prometheus"));
                command.arg(format!("--config.file={}", config.display()));
                command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
                command.arg(format!("--web.listen-address=127.0.0.1:{}", port())).args(blocks);
                command.args([
                    "--web.enable-remote-write-receiver",
                    "--storage.tsdb.retention.time=100y",
                ]);
                command
            }
            Kind::VictoriaMetrics => {
                let mut command = Command::new(programs.join("usr/bin/victoria-metrics"));
                command.arg(format!("-storageDataPath={}", folder.join("data").display()));
                command.arg(format!("-httpListenAddr=127.0.0.1:{}", port()));
                command.args([
                    "-retentionPeriod=100y",
                    "-search.disableCache",
                    "-search.latencyOffset=0s",
                ]);
                command
            }
        };
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{}: {error}", kind.name()))?;
        let rival = Self { kind, child, folder };
        for _ in 0..200 {
            if http(port(), "GET /metrics", "", b"").is_ok_and(|(code, _)| code == 200) {
                return Ok(rival);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("{} does not become ready", kind.name()))
    }

    /// Bytes for each sample once all is written as it will stay. Prometheus leaves the last hours in
    /// its head: of it the blocks are counted, and the samples in them.
    fn settled(&self, samples: f64) -> Result<f64, String> {
        if self.kind == Kind::VictoriaMetrics {
            http(port(), "GET /internal/force_flush", "", b"")?;
            http(port(), "GET /internal/force_merge", "", b"")?;
            std::thread::sleep(Duration::from_secs(10));
            return Ok(bytes(&self.folder, "data/") / samples);
        }
        let mut before = 0.0;
        for waited in 0..30 {
            std::thread::sleep(Duration::from_secs(10));
            let now = bytes(&self.folder, "chunks/0");
            // It looks once a minute for what is to be written.
            if waited > 6 && (now - before).abs() < 1.0 {
                break;
            }
            before = now;
        }
        let blocks = fs::read_dir(self.folder.join("tsdb")).map_err(|error| error.to_string())?;
        let metas = blocks
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path().join("meta.json")).ok());
        let (mut kept, mut size) = (0.0, 0.0);
        for meta in metas {
            let word = meta
                .split("\"numSamples\": ")
                .nth(1)
                .and_then(|rest| rest.split([',', '\n']).next());
            kept += word.and_then(|word| word.trim().parse::<f64>().ok()).unwrap_or_default();
        }
        for part in ["chunks/0", "/index", "/tombstones", "meta.json"] {
            size += bytes(&self.folder.join("tsdb"), part);
        }
        Ok(if kept > 0.0 { size / kept } else { f64::NAN })
    }

    /// The middle time of an answer and the processor's, in milliseconds.
    fn ask(
        &self,
        question: &str,
        (start, end): (i64, i64),
        step: i64,
    ) -> Result<(f64, f64), String> {
        let escaped: String =
            question.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let request = format!(
            "GET /api/v1/query_range?query={escaped}&start={start}&end={end}&step={step}&nocache=1"
        );
        let begun = cpu_s(self.child.id());
        let mut walls = Vec::new();
        for _ in 0..RUNS {
            let begun = Instant::now();
            let (code, body) = http(port(), &request, "", b"")?;
            walls.push(begun.elapsed().as_secs_f64() * 1000.0);
            if code != 200 || body.len() < 200 {
                return Err(format!("{}: {code} {body:.300}", self.kind.name()));
            }
        }
        let cpu = (cpu_s(self.child.id()) - begun) * 1000.0 / RUNS as f64;
        Ok((middle(walls), cpu))
    }
}
