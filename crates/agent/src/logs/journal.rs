//! Follows the journal of systemd through `journalctl`, which knows its files.

use super::spool::Spool;
use super::{Batch, Entry, Trouble, file};
use metrics::Labels;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

const SOURCE: &str = "journal";
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// A record of the journal is no longer; what is longer is left out.
const LONGEST: u64 = 1 << 20;
/// Records that are in memory, and lines of a batch.
const MANY: usize = 512;
/// How long lines are collected for a batch.
const TOGETHER: Duration = Duration::from_millis(500);
/// Between two attempts to read the journal.
const AGAIN: Duration = Duration::from_secs(5);
/// The names of priorities, the worst first.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

pub(super) fn follow(labels: &Labels, spool: &Spool, stop: &AtomicBool) {
    let mut trouble = Trouble::default();
    while !stop.load(Ordering::Relaxed) {
        let kept = spool.cursor(SOURCE);
        let (last, cursor) = kept.as_deref().map_or((0, None), place);
        match command(cursor).spawn() {
            Ok(child) => read(child, ((labels, spool), last), (stop, &mut trouble)),
            Err(error) => trouble.say(format!("the journal cannot be read: journalctl: {error}")),
        }
        let mut left = AGAIN;
        while !left.is_zero() && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(TOGETHER);
            left = left.saturating_sub(TOGETHER);
        }
    }
}

/// Everything after the last record that was kept; from now on the first time.
fn command(cursor: Option<&str>) -> Command {
    let mut command = Command::new("journalctl");
    // Without --quiet: it says what this user may not see.
    command.args(["--follow", "--output=json", "--all", "--no-pager"]);
    match cursor {
        Some(cursor) => command.arg("--no-tail").arg(format!("--after-cursor={cursor}")),
        None => command.arg("--lines=0"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The time of the last line that was kept, and its place in the journal.
fn place(kept: &str) -> (i64, Option<&str>) {
    let parts = kept.split_once(' ').and_then(|(last, cursor)| Some((last.parse().ok()?, cursor)));
    let (last, cursor) = parts.unwrap_or((0, kept));
    (last, Some(cursor))
}

fn read(
    mut child: Child,
    (to, last): ((&Labels, &Spool), i64),
    (stop, trouble): (&AtomicBool, &mut Trouble),
) {
    let (send, receive) = sync_channel(MANY);
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let mut kept = false;
    std::thread::scope(|scope| {
        scope.spawn(move || out.map(|out| records(out, &mut |line| send.send(line).is_ok())));
        let trouble = &mut *trouble;
        let mut hears = move |line: String| {
            trouble.say(format!("the journal: journalctl says: {}", line.trim_end()));
            true
        };
        scope.spawn(move || errors.map(|errors| records(errors, &mut hears)));
        kept = collect(&receive, to, last, stop);
        // Whoever reads its output ends with it.
        drop(child.kill());
        drop(receive);
    });
    // It was read in between: what is wrong from now on is told again.
    if kept {
        trouble.is_over();
    }
    if let Ok(ended) = child.wait()
        && !stop.load(Ordering::Relaxed)
    {
        trouble
            .say(format!("the journal is not read: journalctl ended, {ended}; it is tried again"));
    }
}

/// Reads lines until there are no more, or nobody wants them.
fn records(out: impl Read, takes: &mut dyn FnMut(String) -> bool) {
    let mut out = BufReader::new(out);
    loop {
        let mut line = Vec::new();
        let read = out.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if !read.is_ok_and(|read| read > 0) {
            return;
        }
        if line.last() != Some(&b'\n') {
            // It is too long: the rest of it is no record of its own.
            drop(skip(&mut out));
            continue;
        }
        if !takes(String::from_utf8_lossy(&line).into_owned()) {
            return;
        }
    }
}

fn skip(out: &mut BufReader<impl Read>) -> std::io::Result<()> {
    loop {
        let mut rest = Vec::new();
        let read = out.by_ref().take(LONGEST).read_until(b'\n', &mut rest)?;
        if read == 0 || rest.last() == Some(&b'\n') {
            return Ok(());
        }
    }
}

/// Keeps records until there are no more; whether there were any.
fn collect(
    records: &Receiver<String>,
    (labels, spool): (&Labels, &Spool),
    mut last: i64,
    stop: &AtomicBool,
) -> bool {
    let (mut batch, mut count, mut kept) = (Batch::default(), 0, false);
    while !stop.load(Ordering::Relaxed) {
        let record = records.recv_timeout(TOGETHER);
        if let Ok(record) = &record
            && let Some((cursor, labels, entry)) = entry(record, labels, last)
        {
            last = entry.time;
            batch.streams.entry(labels).or_default().push(entry);
            batch.cursor = format!("{last} {cursor}");
            count += 1;
        }
        if count > 0 && (record.is_err() || count >= MANY) {
            file::keep(spool, SOURCE, &std::mem::take(&mut batch), stop);
            (count, kept) = (0, true);
        }
        if record == Err(RecvTimeoutError::Disconnected) {
            break;
        }
    }
    kept
}

/// What a record says: its place, its labels, its line.
fn entry(record: &str, all: &Labels, last: i64) -> Option<(String, Labels, Entry)> {
    let record: Value = serde_json::from_str(record).ok()?;
    let field = |name: &str| record.get(name).and_then(text);
    let microseconds: i64 = field("__REALTIME_TIMESTAMP")?.parse().ok()?;
    let time = microseconds.checked_mul(1_000)?;
    // Those of one moment stay apart, and in order: all that a program writes at once has one time.
    let is_after = (0..SECOND).contains(&last.saturating_sub(time));
    let time = if is_after { last.saturating_add(1) } else { time };
    let unit = field("_SYSTEMD_UNIT").map(|unit| session(&unit));
    let level = field("PRIORITY").and_then(|text| text.parse::<usize>().ok());
    let level = level.and_then(|level| LEVELS.get(level));
    let program = field("SYSLOG_IDENTIFIER").filter(|_| unit.is_none());
    let labels = [
        ("unit", unit.unwrap_or_default()),
        ("level", level.copied().unwrap_or_default().to_owned()),
        ("identifier", program.unwrap_or_default()),
    ];
    let labels = labels.iter().map(|(name, value)| (*name, value.as_str()));
    let labels = Labels::new(all.iter().chain(labels));
    let line = field("MESSAGE").unwrap_or_default();
    Some((field("__CURSOR")?, labels, Entry { time, line }))
}

/// A field: text, or bytes where it is none.
fn text(value: &Value) -> Option<String> {
    if let Some(bytes) = value.as_array() {
        let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
        let bytes = bytes.collect::<Option<Vec<u8>>>()?;
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    value.as_str().map(str::to_owned)
}

/// A unit's name; those of sessions have a number, and each would be a stream of its own.
fn session(unit: &str) -> String {
    let scope = unit.strip_suffix(".scope").and_then(|name| name.split('-').next());
    scope.map_or_else(|| unit.to_owned(), |kind| format!("{kind}.scope"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_a_line_with_few_labels() {
        let all = Labels::new([("job", "journal"), ("instance", "a")]);
        let record = r#"{"__CURSOR":"c;1","__REALTIME_TIMESTAMP":"1700000000000001","_SYSTEMD_UNIT":"session-12.scope",
            "PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","MESSAGE":[104,105,255],"_PID":"1"}"#;
        let (cursor, labels, line) = entry(record, &all, 0).expect("a record");
        assert_eq!(cursor, "c;1");
        assert_eq!(
            labels.to_string(),
            r#"{instance="a",job="journal",level="error",unit="session.scope"}"#
        );
        assert_eq!((line.time, line.line.as_str()), (1_700_000_000_000_001_000, "hi\u{fffd}"));
        let (_, _, next) = entry(record, &all, line.time).expect("a record");
        assert_eq!(next.time, line.time + 1, "two of one microsecond stay apart");
        let after = |last| entry(record, &all, last).expect("a record").2.time;
        assert_eq!(after(line.time + 5_000), line.time + 5_001, "however many there are");
        assert_eq!(after(line.time + SECOND), line.time, "a clock that went back is believed");
        assert!(entry("{}", &all, 0).is_none() && entry("rubbish", &all, 0).is_none());
    }

    #[test]
    fn what_journalctl_says_and_how_it_ends_is_told() {
        let path = std::env::temp_dir().join(format!("agent-journal-{}", std::process::id()));
        let spool = Spool::open(&path, 1 << 20).expect("it opens");
        let mut trouble = Trouble::default();
        let none = "/nowhere-at-all";
        for _ in 0..2 {
            let mut command = command(None);
            let child = command.arg(format!("--directory={none}")).spawn().expect("it is here");
            let to = (&Labels::default(), &spool);
            read(child, (to, 0), (&AtomicBool::new(false), &mut trouble));
        }
        let told: Vec<&String> = trouble.0.iter().collect();
        assert_eq!(told.len(), 2, "each once: {told:?}");
        assert!(told[0].contains("exit status: 1") && told[1].contains(none), "{told:?}");
        std::fs::remove_dir_all(&path).expect("it is there");
    }

    #[test]
    fn a_place_is_remembered_with_the_time_of_its_line() {
        assert_eq!(
            place("1700000000000001007 s=7;i=1"),
            (1_700_000_000_000_001_007, Some("s=7;i=1"))
        );
        assert_eq!(place("s=7;i=1"), (0, Some("s=7;i=1")), "as it was written at first");
    }
}
