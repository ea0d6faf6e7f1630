//! `xtask bench logs`: our server beside systemd's journal and beside packed files that are searched through, on the
//! same lines.
//!
//! The lines are made by chance. `systemd-journal-remote` comes from Debian's package, unpacked below
//! `target/bench-logs`; nothing is installed. It takes about two minutes on two quiet cores.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "counts and times are far from where casts lose anything"
)]

mod lines;
mod ours;
mod peers;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lines::{Line, RARE};

pub(super) use ours::settle;

/// A day's lines of ten hosts.
const LINES: usize = 1_000_000;
/// How often each question is asked.
const RUNS: usize = 5;

/// Which lines are asked for.
struct Question {
    what: &'static str,
    /// A word that the lines have.
    word: &'static str,
    /// The unit that wrote them, of all hosts; or any.
    unit: Option<&'static str>,
    /// How long before the end, in hours, and how many hours; or any time.
    hour: Option<i64>,
}

const QUESTIONS: [Question; 4] = [
    Question { what: "a rare word, everywhere", word: RARE, unit: None, hour: None },
    Question { what: "a common word, everywhere", word: "Administrative", unit: None, hour: None },
    Question { what: "a word of one unit", word: "oracle", unit: Some("ssh.service"), hour: None },
    Question { what: "a word of one hour", word: "oracle", unit: None, hour: Some(12) },
];

/// What one way to keep lines did.
struct Figures {
    name: &'static str,
    /// Seconds of a processor until all was taken, and of what was done later.
    cpu_s: f64,
    later_s: f64,
    /// Of the disk.
    bytes: f64,
    memory_mib: f64,
    /// Milliseconds of a processor, and how many lines were found.
    asked: Vec<(f64, usize)>,
}

/// What is given to each of them.
struct Given<'a> {
    root: &'a Path,
    work: &'a Path,
    /// The end of the day, in nanoseconds.
    end: i64,
}

impl Given<'_> {
    fn lines(&self) -> impl Iterator<Item = Line> + use<> {
        lines::lines(LINES, self.end)
    }
}

/// The table.
pub(super) fn table(root: &Path) -> Result<String, String> {
    let work: PathBuf = super::target(root).join("bench-logs");
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let end = now.map_err(|error| error.to_string())?.as_secs() as i64 * logs_second();
    let given = Given { root, work: &work, end };
    let text: usize = given.lines().map(|line| line.text.len()).sum();
    let all = [ours::run(&given)?, peers::journal(&given)?, peers::packed(&given)?];
    Ok(said(&all, text as f64))
}

fn logs_second() -> i64 {
    1_000_000_000
}

fn said(all: &[Figures], text: f64) -> String {
    let count = LINES as f64;
    let mut said = format!(
        "\n{LINES} lines of 100 streams, {:.1} MB of text, {:.0} bytes a line\n  {:<44}",
        text / 1e6,
        text / count,
        ""
    );
    for figures in all {
        let _ = write!(said, "{:>14}", figures.name);
    }
    said.push('\n');
    let mut line = |what: &str, of: &dyn Fn(&Figures) -> String| {
        let _ = write!(said, "  {what:<44}");
        for figures in all {
            let _ = write!(said, "{:>14}", of(figures));
        }
        said.push('\n');
    };
    let taken = |figures: &Figures| figures.cpu_s + figures.later_s;
    line("lines taken in a CPU second, thousands", &|f| format!("{:.0}", count / f.cpu_s / 1e3));
    line("MB of text taken in a CPU second", &|f| format!("{:.1}", text / f.cpu_s / 1e6));
    line("the same with what is done later", &|f| format!("{:.1}", text / taken(f) / 1e6));
    line("bytes of the disk for each line", &|f| format!("{:.1}", f.bytes / count));
    line("text for each byte of the disk", &|f| format!("{:.1}", text / f.bytes));
    line("most memory, MiB", &|f| super::metrics::known(f.memory_mib, 0));
    for (number, question) in QUESTIONS.iter().enumerate() {
        let asked = |f: &Figures| f.asked.get(number).copied().unwrap_or_default();
        line(&format!("{}, ms of CPU", question.what), &|f| format!("{:.1}", asked(f).0));
        line(&format!("{}, lines found", question.what), &|f| asked(f).1.to_string());
    }
    said
}
