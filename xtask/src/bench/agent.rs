//! `xtask bench agent`: what the agent costs, and how much of a long outage fits on a disk.
//!
//! The values are those of `bench metrics`: real ones of Debian's `node_exporter`, gone on with by chance.
#![expect(
    clippy::cast_precision_loss,
    reason = "counts and times are far from where casts lose anything"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::queue::Queue;
use metrics::{Labels, NAME};

use super::metrics::Observed;
use super::process::{cpu_with_children_s, status_mib};

/// Series of a host: half of them its own, half those of programs on it.
const SERIES: usize = 1000;
/// Rows of 30 days, one every 15 s.
const MONTH: i64 = 30 * 86_400 / 15;
/// How long the agent is watched, scraping every second: as many scrapes as half an hour has usually.
const WATCHED: Duration = Duration::from_secs(120);

/// Both tables, or the one that the words name: `month`, `run`.
pub(super) fn table(root: &Path, words: &[String]) -> Result<String, String> {
    let wanted = |name: &str| words.len() < 2 || words.iter().any(|word| word == name);
    let observed = super::metrics::observed(root)?;
    let mut said = String::new();
    if wanted("month") {
        said += &month(root, &observed)?;
    }
    if wanted("run") {
        said += &run(root, &observed)?;
    }
    Ok(said)
}

/// Thirty days in which nothing can be sent; then all of it is.
fn month(root: &Path, observed: &[Observed]) -> Result<String, String> {
    let fail = |error: std::io::Error| error.to_string();
    let path = super::target(root).join("bench-agent");
    let _ = fs::remove_dir_all(&path);
    let mut queue = Queue::open(&path, 1 << 30).map_err(fail)?;
    let begun = cpu_with_children_s(std::process::id());
    let targets = ["node", "app"].map(|job| Labels::new([("job", job), ("instance", "here")]));
    super::metrics::scrapes(observed, SERIES, (MONTH, 15), |time, samples| {
        for (target, samples) in targets.iter().zip(samples.chunks(SERIES / 2)) {
            queue.append(target, time, samples).map_err(fail)?;
        }
        Ok(())
    })?;
    let (filled, samples) =
        (cpu_with_children_s(std::process::id()), queue.waiting().samples as f64);
    let files = fs::read_dir(&path).map_err(fail)?.flatten();
    let bytes: u64 = files.filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    let (mut parcels, mut sent) = (0_u64, 0_u64);
    while let Some(parcel) = queue.next(20_000) {
        sent += parcel.body.len() as u64;
        parcels += 1;
        queue.taken(&parcel);
    }
    let emptied = cpu_with_children_s(std::process::id());
    let _ = fs::remove_dir_all(&path);
    Ok(format!(
        "\n30 days of {SERIES} series every 15 s: {samples} samples\n\
         on the disk        {:.1} MB, {:.2} bytes a sample\n\
         to put in          {:.1} s of a processor, the values' making included\n\
         to take out        {:.1} s of a processor, {parcels} requests of {:.0} kB\n\
         peak memory        {:.1} MB\n",
        bytes as f64 / 1e6,
        bytes as f64 / samples,
        filled - begun,
        emptied - filled,
        sent as f64 / 1e3 / parcels.max(1) as f64,
        status_mb(std::process::id(), "VmHWM:"),
    ))
}

/// Ends a program when the measuring ends, however it ends.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The static agent, with a program to scrape and a server that takes all.
fn run(root: &Path, observed: &[Observed]) -> Result<String, String> {
    let fail = |error: std::io::Error| error.to_string();
    let program = built(root)?;
    let path = super::target(root).join("bench-agent");
    fs::create_dir_all(&path).map_err(fail)?;
    let config = path.join("agent.toml");
    let own = own_series(&program, &config)?;
    let others = SERIES.saturating_sub(own);
    let mut texts = Vec::new();
    super::metrics::scrapes(observed, others, (200, 15), |_, samples| {
        texts.push(text(samples));
        Ok(())
    })?;
    let exporter = serve(move |turn, out| {
        let text = usize::try_from(turn).ok().and_then(|turn| texts.get(turn % texts.len()));
        let text = text.map_or("", String::as_str);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
        out.extend_from_slice((head + text).as_bytes());
    })?;
    let sink = serve(|_, out| out.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n"))?;
    let told = format!(
        "listen = \"127.0.0.1:0\"\n[send]\nurl = \"http://127.0.0.1:{}\"\ndirectory = \"{}\"\ninterval = 1\n\
         [[scrape]]\njob = \"app\"\nurl = \"http://127.0.0.1:{}/metrics\"\n",
        sink.0,
        path.display(),
        exporter.0
    );
    fs::write(&config, told).map_err(fail)?;
    let mut agent = Command::new(&program);
    let agent = agent.arg("--config").arg(&config).stderr(Stdio::null()).spawn().map_err(fail)?;
    let agent = Agent(agent);
    std::thread::sleep(Duration::from_secs(5));
    let (begin, before) = (Instant::now(), cpu_with_children_s(agent.0.id()));
    let scrapes = exporter.1.load(Ordering::Relaxed);
    std::thread::sleep(WATCHED);
    let cpu = cpu_with_children_s(agent.0.id()) - before;
    let scrapes = exporter.1.load(Ordering::Relaxed) - scrapes;
    let each = cpu / scrapes.max(1) as f64;
    let memory = [("VmRSS:", "resident"), ("VmHWM:", "peak")]
        .map(|(key, word)| format!("{:.1} MB {word}", status_mb(agent.0.id(), key)));
    drop(agent);
    let size = fs::metadata(&program).map_or(0, |file| file.len()) as f64 / 1e6;
    let _ = fs::remove_dir_all(&path);
    let mut said = String::new();
    let _ = writeln!(
        said,
        "\nthe static agent ({size:.1} MB), {own} series of its own and {others} of a program, sending\n\
         {scrapes} scrapes in {:.0} s: {cpu:.2} s of a processor, its children's included: {:.1} ms each\n\
         every 15 s that is {:.2} % of a processor\n\
         memory             {}",
        begin.elapsed().as_secs_f64(),
        each * 1e3,
        each / 15.0 * 100.0,
        memory.join(", "),
    );
    Ok(said)
}

/// How many series the agent has of this machine, with nothing set in its file.
fn own_series(program: &Path, config: &Path) -> Result<usize, String> {
    fs::write(config, "").map_err(|error| format!("{}: {error}", config.display()))?;
    let mut once = Command::new(program);
    let once = once.arg("--config").arg(config).arg("--once").output();
    let once = once.map_err(|error| format!("{}: {error}", program.display()))?;
    let told = String::from_utf8_lossy(&once.stdout);
    match told.lines().filter(|line| !line.starts_with('#')).count() {
        series if series > 0 && once.status.success() => Ok(series),
        _ => Err(format!(
            "the agent tells no series of its own ({}): {}",
            once.status,
            String::from_utf8_lossy(&once.stderr).trim()
        )),
    }
}

/// The agent as it travels to hosts, built now.
fn built(root: &Path) -> Result<PathBuf, String> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = super::target(root).join("executor");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--locked", "--quiet", "-p", "agent", "--profile", "executor"])
        .args(["--target", &triple])
        .current_dir(root)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &folder);
    super::timed(&mut cargo)?;
    Ok(folder.join(triple).join("executor/ketupa-agent"))
}

/// Samples as a program tells them.
fn text(samples: &[(Labels, f64)]) -> String {
    let lines = samples.iter().map(|(labels, value)| {
        let name = format!("app_{}", labels.get(NAME));
        format!("{} {value}\n", labels.with(NAME, &name))
    });
    lines.collect()
}

/// Answers every request, on a port, and counts them; for as long as the process lives.
fn serve(
    answer: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static,
) -> Result<(u16, Arc<AtomicU64>), String> {
    let fail = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind("127.0.0.1:0").map_err(fail)?;
    let port = listener.local_addr().map_err(fail)?.port();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            while request(&mut stream).is_some() {
                let mut out = Vec::new();
                answer(counted.fetch_add(1, Ordering::Relaxed), &mut out);
                if stream.write_all(&out).is_err() {
                    break;
                }
            }
        }
    });
    Ok((port, count))
}

/// Reads a request with its body; nothing at the end.
fn request(stream: &mut TcpStream) -> Option<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    stream.take(length).read_to_end(&mut Vec::new()).ok().map(drop)
}

/// A line of `/proc/PROCESS/status`, in megabytes.
fn status_mb(process: u32, key: &str) -> f64 {
    status_mib(process, key) * f64::from(1 << 20) / 1e6
}
