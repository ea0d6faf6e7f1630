//! Our server, Debian's Prometheus and `VictoriaMetrics` as children of the benchmark, on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Figures, Sent, data, kept, middle};
use crate::bench::http::{Sender, escaped, http};
use crate::bench::process::{bytes, cpu_s, status_mib};
use crate::bench::served::Served;

const PACKAGES: [&str; 3] = ["prometheus", "victoria-metrics", "prometheus-node-exporter"];
/// How often a question is asked at least, and for how long: the kernel counts the time of threads that
/// ended in hundredths of a second.
const RUNS: usize = 15;
const ASKED: Duration = Duration::from_secs(2);

/// Its own for each process, so that parts of the benchmark may run beside each other.
fn port() -> u16 {
    19_292 + (std::process::id() % 500) as u16
}

/// Downloads the packages and unpacks them, once.
pub(super) fn programs(work: &Path) -> Result<PathBuf, String> {
    let folder = work.join("programs");
    if !folder.join("usr/bin/prometheus-node-exporter").exists() {
        super::super::unpacked(&folder, &PACKAGES)?;
    }
    Ok(folder)
}

/// Whether it is waited until all is written as it will stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Awaited,
    /// Nobody writes out an hour while it is measured.
    NotAwaited,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ketupa,
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Ketupa, Self::Prometheus, Self::VictoriaMetrics];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ketupa => "ours",
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }

    /// Where its log is, if it has one.
    fn log(self) -> &'static str {
        match self {
            Self::Ketupa => "metrics/log-",
            Self::Prometheus | Self::VictoriaMetrics => "wal/",
        }
    }
}

/// What runs.
enum Program {
    Ours(Served),
    Other(Child),
}

impl Program {
    fn id(&self) -> u32 {
        match self {
            Self::Ours(served) => served.id(),
            Self::Other(child) => child.id(),
        }
    }
}

/// One that runs; it ends with this.
struct Running {
    kind: Kind,
    program: Program,
    folder: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Program::Other(child) = &mut self.program {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts one, sends it everything, asks it everything.
pub(super) fn run(kind: Kind, sent: &Sent<'_>) -> Result<Figures, String> {
    let folder = sent.work.join(format!("{}-{}", kind.name(), std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let program = program(kind, sent, &folder)?;
    let mut running = Running { kind, program, folder };
    let begun = cpu_s(running.program.id());
    let log = running.send(sent)? / sent.samples;
    let cpu = cpu_s(running.program.id()) - begun;
    let mut figures = Figures {
        samples: sent.samples,
        cpu_s: cpu,
        memory_mib: status_mib(running.program.id(), "VmHWM:"),
        log,
        later_s: f64::NAN,
        settled: f64::NAN,
        asked: Vec::new(),
    };
    if sent.settled == Settled::Awaited {
        running.settle(sent, &mut figures)?;
    }
    for (_, question, length, step) in sent.questions {
        let times = (sent.end / 1000 - length, sent.end / 1000);
        figures.asked.push(running.ask(question, times, *step)?);
    }
    Ok(figures)
}

fn program(kind: Kind, sent: &Sent<'_>, folder: &Path) -> Result<Program, String> {
    let mut command = match kind {
        Kind::Ketupa => {
            let data = folder.join("data");
            return Ok(Program::Ours(Served::start(sent.ketupa, sent.isp, &data, port())?));
        }
        Kind::Prometheus => prometheus(sent, folder)?,
        Kind::VictoriaMetrics => {
            let mut command = Command::new(sent.programs.join("usr/bin/victoria-metrics"));
            command.arg(format!("-storageDataPath={}", folder.join("data").display()));
            command.arg(format!("-httpListenAddr=127.0.0.1:{}", port()));
            let more =
                ["-retentionPeriod=100y", "-search.disableCache", "-search.latencyOffset=0s"];
            command.args(more);
            command
        }
    };
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.map_err(|error| format!("{}: {error}", kind.name()))?;
    for _ in 0..200 {
        if http(port(), "GET /metrics", "", b"").is_ok_and(|(code, _)| code == 200) {
            return Ok(Program::Other(child));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("{} does not become ready", kind.name()))
}

fn prometheus(sent: &Sent<'_>, folder: &Path) -> Result<Command, String> {
    let config = folder.join("prometheus.yml");
    fs::write(&config, "{}").map_err(|error| error.to_string())?;
    let mut command = Command::new(sent.programs.join("usr/bin/prometheus"));
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{}", port()));
    let long = sent.questions.iter().any(|(_, _, length, _)| *length > 31 * 86_400);
    // Blocks as they are in the end: it would take all year to get there.
    let least = if long { "31d" } else { "2h" };
    command.arg(format!("--storage.tsdb.min-block-duration={least}"));
    command.arg("--storage.tsdb.max-block-duration=31d");
    command.args(["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"]);
    Ok(command)
}

impl Running {
    fn shows(&self) -> &str {
        match &self.program {
            Program::Ours(served) => &served.shows,
            Program::Other(_) => "",
        }
    }

    /// Sends all bodies; the bytes of the log for as many samples as there are in all.
    fn send(&self, sent: &Sent<'_>) -> Result<f64, String> {
        let headers = format!(
            "{}Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n",
            self.shows()
        );
        let mut sender = Sender::new(port(), "/api/v1/write", &headers)?;
        let mut log = 0.0;
        let requests = data::bodies(sent.bodies, |n, _, body| {
            if n == 200 {
                log = bytes(&self.folder, self.kind.log()) / 200.0;
            }
            sender.send(body).map_err(|why| format!("{}: {why}", self.kind.name()))
        })?;
        Ok(log * requests as f64)
    }

    /// Waits, or sees to it, that all is written as it will stay.
    fn settle(&mut self, sent: &Sent<'_>, figures: &mut Figures) -> Result<(), String> {
        let begun = cpu_s(self.program.id());
        figures.settled = match self.kind {
            Kind::Ketupa => return self.settle_ours(sent, figures),
            Kind::Prometheus => self.blocks()?,
            Kind::VictoriaMetrics => {
                http(port(), "GET /internal/force_flush", "", b"")?;
                http(port(), "GET /internal/force_merge", "", b"")?;
                std::thread::sleep(Duration::from_secs(10));
                bytes(&self.folder, "data/") / sent.samples
            }
        };
        figures.later_s = cpu_s(self.program.id()) - begun;
        Ok(())
    }

    /// Another store that was kept in order while the same samples came takes the place of what the
    /// server has.
    fn settle_ours(&mut self, sent: &Sent<'_>, figures: &mut Figures) -> Result<(), String> {
        let data = self.folder.join("kept");
        let kept = kept::keep(sent.bodies, &data.join("metrics"))?;
        figures.settled = kept.settled;
        figures.later_s = kept.cpu_s;
        figures.memory_mib = figures.memory_mib.max(kept.memory_mib);
        let port = port() + 1;
        self.program = Program::Ours(Served::start(sent.ketupa, sent.isp, &data, port)?);
        Ok(())
    }

    /// Prometheus leaves the last hours in its head: the blocks are counted, and the samples in them.
    fn blocks(&self) -> Result<f64, String> {
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
        let question = escaped(question);
        let request = format!(
            "GET /api/v1/query_range?query={question}&start={start}&end={end}&step={step}&nocache=1"
        );
        let port = match &self.program {
            Program::Ours(served) => served.port,
            Program::Other(_) => port(),
        };
        // The first one finds nothing in memory, and makes threads.
        http(port, &request, self.shows(), b"")?;
        let (since, before) = (Instant::now(), cpu_s(self.program.id()));
        let mut walls = Vec::new();
        while walls.len() < RUNS || since.elapsed() < ASKED {
            let begun = Instant::now();
            let (code, body) = http(port, &request, self.shows(), b"")?;
            walls.push(begun.elapsed().as_secs_f64() * 1000.0);
            if code != 200 || body.len() < 200 {
                return Err(format!("{}: {code} {body:.300}", self.kind.name()));
            }
        }
        let cpu = (cpu_s(self.program.id()) - before) * 1000.0 / walls.len() as f64;
        Ok((middle(walls), cpu))
    }
}
