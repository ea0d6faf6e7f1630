//! Our store in a process of its own, so that its memory and time are its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use metrics::wire::json;
use metrics::{Settings, Store};

use super::{Figures, bytes, cpu_s, data, middle, peak_mib};

/// How often each question is asked.
const RUNS: usize = 15;

/// Starts the processes and reads what they say.
pub(super) fn run(
    work: &Path,
    bodies: &Path,
    end: i64,
    questions: &[(&str, &str, i64, i64)],
) -> Result<Figures, String> {
    let store = work.join(format!("own-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&store);
    let said = start(&["take".into(), path(bodies), path(&store)])?;
    let [samples, cpu_s, memory_mib, settled, log] = said.as_slice() else {
        return Err(format!("our store says {said:?}"));
    };
    let (samples, cpu_s, memory_mib, settled, log) =
        (*samples, *cpu_s, *memory_mib, *settled, *log);
    let mut asked = Vec::new();
    for (_, question, length, step) in questions {
        let times = [end - length * 1000, end, step * 1000].map(|time| time.to_string());
        let words = ["ask".to_owned(), path(&store), (*question).to_owned()];
        let said = start(&words.into_iter().chain(times).collect::<Vec<String>>())?;
        let [wall, cpu] = said.as_slice() else { return Err(format!("our store says {said:?}")) };
        asked.push((*wall, *cpu));
    }
    let _ = std::fs::remove_dir_all(&store);
    Ok(Figures { samples, cpu_s, memory_mib, settled, log, asked })
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn start(words: &[String]) -> Result<Vec<f64>, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this).args(["bench", "metrics-one"]).args(words).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.split_whitespace().filter_map(|word| word.parse().ok()).collect())
}

/// What such a process does.
pub(in super::super) fn one(words: &[String]) -> Result<String, String> {
    match words {
        [verb, bodies, store] if verb == "take" => take(Path::new(bodies), Path::new(store)),
        [verb, store, question, start, end, step] if verb == "ask" => {
            let number = |word: &String| word.parse::<i64>().map_err(|error| error.to_string());
            let (start, end, step) = (number(start)?, number(end)?, number(step)?);
            ask(Path::new(store), question, (start, end), step)
        }
        _ => {
            Err("metrics-one takes `take BODIES STORE` or `ask STORE QUESTION START END STEP`"
                .into())
        }
    }
}

/// Takes all bodies; prints samples, CPU seconds, peak memory, bytes for each sample settled and in
/// the log.
fn take(bodies: &Path, folder: &Path) -> Result<String, String> {
    let fail = |error: std::io::Error| error.to_string();
    // What is older than a month is kept too: the questions are about all of it.
    let settings = Settings { keep_raw_ms: 800 * 86_400_000, ..Settings::default() };
    let mut store = Store::open(folder, settings).map_err(fail)?;
    let (mut samples, mut last, mut log) = (0, 0, 0.0);
    let process = std::process::id();
    let begun = cpu_s(process);
    data::bodies(bodies, |n, time, body| {
        let appended = store.remote_write(body, time).map_err(|error| error.to_string())?;
        samples += appended.counts.added;
        last = time;
        if n == 200 {
            log = bytes(folder, "log-") / samples as f64;
        }
        store.tick(time).map_err(fail)
    })?;
    let cpu = cpu_s(process) - begun;
    store.seal().map_err(fail)?;
    store.merge(last + 3 * 86_400_000).map_err(fail)?;
    let settled = bytes(folder, "raw_") / samples as f64;
    Ok(format!("{samples} {cpu} {} {settled} {log}", peak_mib(process)))
}

/// Asks a question several times; prints the middle time and the processor's, in milliseconds.
fn ask(folder: &Path, question: &str, times: (i64, i64), step: i64) -> Result<String, String> {
    let settings = Settings { keep_raw_ms: 800 * 86_400_000, ..Settings::default() };
    let store = Store::open(folder, settings).map_err(|error| error.to_string())?;
    let process = std::process::id();
    let mut walls = Vec::new();
    let begun = cpu_s(process);
    for _ in 0..RUNS {
        let begun = Instant::now();
        let answer = json::answer(&store.query_range(question, times, step));
        walls.push(begun.elapsed().as_secs_f64() * 1000.0);
        if !answer.starts_with(r#"{"status":"success""#) || answer.len() < 200 {
            return Err(answer);
        }
    }
    let cpu = (cpu_s(process) - begun) * 1000.0 / RUNS as f64;
    Ok(format!("{} {cpu}", middle(walls)))
}
