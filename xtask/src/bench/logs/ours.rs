//! Our server, sent the lines as Loki's senders do.

use std::fs;
use std::path::{Path, PathBuf};

use logs::wire::push::request;
use logs::{Entry, Labels, Settings, Store};

use super::lines::labels;
use super::{Figures, Given, LINES, QUESTIONS, Question, RUNS};
use crate::bench::http::{Sender, escaped, http};
use crate::bench::process::{bytes, cpu_s, status_mib, threads_s};
use crate::bench::served::Served;

/// Lines of one request.
const TOGETHER: usize = 2_000;

fn port() -> u16 {
    19_792 + (std::process::id() % 100) as u16
}

/// Sends everything, sees to it that all is written as it will stay, asks everything.
pub(super) fn run(given: &Given<'_>) -> Result<Figures, String> {
    let ketupa = super::super::released(given.root)?;
    let isp = given.root.join("examples/minimal");
    let folder = given.work.join(format!("ours-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let served = Served::start(&ketupa, &isp, &folder, port())?;
    let begun = cpu_s(served.id());
    send(given, &served)?;
    let cpu_s = cpu_s(served.id()) - begun;
    let memory_mib = status_mib(served.id(), "VmHWM:");
    served.stop()?;
    let (later_s, bytes) = settled(&folder.join("logs"), given.end)?;
    let served = Served::start(&ketupa, &isp, &folder, port())?;
    let asked = QUESTIONS.iter().map(|question| ask(given, &served, question));
    let asked = asked.collect::<Result<Vec<_>, String>>();
    drop(served);
    let _ = fs::remove_dir_all(&folder);
    Ok(Figures { name: "ours", cpu_s, later_s, bytes, memory_mib, asked: asked? })
}

fn send(given: &Given<'_>, served: &Served) -> Result<(), String> {
    let headers = format!("{}Content-Type: application/x-protobuf\r\n", served.shows);
    let mut sender = Sender::new(served.port, "/loki/api/v1/push", &headers)?;
    let mut waiting: Vec<(Labels, Vec<Entry>)> = Vec::new();
    for (n, line) in given.lines().enumerate() {
        let of = labels(line.host, line.unit);
        let entry = Entry { time: line.time, line: line.text, metadata: Labels::default() };
        match waiting.iter_mut().find(|(labels, _)| *labels == of) {
            Some((_, entries)) => entries.push(entry),
            None => waiting.push((of, vec![entry])),
        }
        if (n + 1).is_multiple_of(TOGETHER) || n + 1 == LINES {
            let streams = waiting.iter().map(|(labels, entries)| (labels, entries.as_slice()));
            sender.send(&request(streams))?;
            waiting.clear();
        }
    }
    Ok(())
}

/// What is done by and by, in a process of its own: its seconds of a processor, and the bytes of the files.
fn settled(folder: &Path, end: i64) -> Result<(f64, f64), String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = std::process::Command::new(this);
    let child = child.args(["bench", "logs-settle"]).arg(folder).arg(end.to_string()).output();
    let output = child.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let cpu = said.trim().parse();
    let wrong = |_| format!("our store says {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok((cpu.map_err(wrong)?, bytes(folder, "")))
}

/// What such a process does: writes out what is in memory, and merges the day.
pub(in super::super) fn settle(words: &[String]) -> Result<String, String> {
    let [folder, end] = words else { return Err("logs-settle takes FOLDER END".into()) };
    let fail = |error: std::io::Error| error.to_string();
    let end: i64 = end.parse().map_err(|_| "END is no number")?;
    let mut store = Store::open(&PathBuf::from(folder), Settings::default()).map_err(fail)?;
    // Reading the log again is not what a server does by and by.
    let begun = threads_s(std::process::id());
    store.seal().map_err(fail)?;
    while let Some(merge) = store.merge_due(end + logs::DAY + 3 * 3600 * logs::SECOND) {
        merge.work().map_err(fail)?;
        store.merge_done(&merge).map_err(fail)?;
    }
    Ok((threads_s(std::process::id()) - begun).to_string())
}

/// Milliseconds of a processor for an answer, and the lines in it.
fn ask(given: &Given<'_>, served: &Served, question: &Question) -> Result<(f64, usize), String> {
    let selector = match question.unit {
        Some(unit) => format!("{{unit=\"{unit}\"}}"),
        None => "{job=\"journal\"}".to_owned(),
    };
    let query = escaped(&format!(r"{selector} |~ `\b{}\b`", question.word));
    let hour = 3600 * logs::SECOND;
    let (start, end) = match question.hour {
        Some(ago) => (given.end - ago * hour, given.end - (ago - 1) * hour),
        None => (given.end - 25 * hour, given.end + hour),
    };
    let request = format!(
        "GET /loki/api/v1/query_range?query={query}&start={start}&end={end}&limit=5000&direction=forward"
    );
    let mut found = 0;
    http(served.port, &request, &served.shows, b"")?;
    let begun = threads_s(served.id());
    for _ in 0..RUNS {
        let (code, body) = http(served.port, &request, &served.shows, b"")?;
        if code != 200 {
            return Err(format!("{}: {code} {body:.300}", question.what));
        }
        found = lines_in(&body)?;
    }
    Ok(((threads_s(served.id()) - begun) * 1e3 / RUNS as f64, found))
}

fn lines_in(body: &str) -> Result<usize, String> {
    let answer: serde_json::Value =
        serde_json::from_str(body).map_err(|error| error.to_string())?;
    let streams = answer.pointer("/data/result").and_then(serde_json::Value::as_array);
    let streams = streams.ok_or("the answer has no streams")?;
    let lines = streams.iter().filter_map(|stream| stream.get("values")?.as_array());
    Ok(lines.map(Vec::len).sum())
}
