//! Batches of lines that wait on the disk, a file each.

use super::{Batch, push, say};
use crate::text::{Families, Metric};
use crate::tree::float;
use metrics::bytes::{Reader, put_slice, put_varint};
use metrics::disk::Directory;
use metrics::frame;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const WAITING: Metric<'_> = Metric::gauge(
    "ketupa_agent_send_waiting_lines",
    "Lines of logs that the server has not acknowledged yet.",
);
const BYTES: Metric<'_> = Metric::gauge(
    "ketupa_agent_send_waiting_lines_bytes",
    "Bytes that the waiting lines take on the disk.",
);
const SENT: Metric<'_> =
    Metric::counter("ketupa_agent_send_lines_total", "Lines of logs that the server acknowledged.");
const LOST: Metric<'_> = Metric::counter(
    "ketupa_agent_send_lost_lines_total",
    "Lines of logs that went unsent: there was no room for them, or the disk lost them.",
);
const REFUSED: Metric<'_> = Metric::counter(
    "ketupa_agent_send_refused_lines_total",
    "Lines of logs that were dropped because the server will never take their request.",
);

/// What became of a batch that waits no more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Sent,
    Refused,
    Lost,
}

/// What is known of a batch without reading it.
#[derive(Debug)]
struct Waiting {
    bytes: u64,
    lines: u64,
    source: String,
    cursor: String,
}

#[derive(Debug, Default)]
struct State {
    batches: BTreeMap<u64, Waiting>,
    bytes: u64,
    next: u64,
    /// How far each source was read, in what is gone already.
    cursors: BTreeMap<String, String>,
    /// Lines, since the agent began.
    sent: u64,
    refused: u64,
    lost: u64,
}

/// Where lines wait until the server has them.
#[derive(Debug)]
pub(super) struct Spool {
    directory: Directory,
    most: u64,
    state: Mutex<State>,
}

/// A batch as it is on the disk.
fn read(bytes: &[u8]) -> Option<(Waiting, &[u8])> {
    let mut reader = Reader::new(frame::take(&mut Reader::new(bytes))?);
    let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.to_owned());
    let (source, cursor) = (text(reader.slice()?)?, text(reader.slice()?)?);
    let lines = reader.varint()?;
    Some((Waiting { bytes: bytes.len() as u64, lines, source, cursor }, reader.rest()))
}

fn written(source: &str, cursor: &str, lines: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::put(&mut bytes, |out| {
        put_slice(out, source.as_bytes());
        put_slice(out, cursor.as_bytes());
        put_varint(out, lines);
        out.extend_from_slice(body);
    });
    bytes
}

fn name(number: u64) -> String {
    format!("{number:012}.push")
}

/// The file that remembers how far a source was read.
fn place(source: &str) -> String {
    let letter = |c: u8| match c {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(c).to_string(),
        other => format!("_{other:02x}"),
    };
    format!("read{}", source.bytes().map(letter).collect::<String>())
}

impl Spool {
    /// Opens it, or begins it. What cannot be read is set aside, and told.
    pub(super) fn open(path: &Path, most: u64) -> Result<Self, String> {
        let fail = |error: io::Error| format!("cannot keep logs: {error}");
        let directory = Directory::open(path).map_err(fail)?;
        let mut state = State { next: 1, ..State::default() };
        for file in directory.list().map_err(fail)? {
            let number = file.strip_suffix(".push").and_then(|number| number.parse::<u64>().ok());
            if number.is_none() && (!file.starts_with("read") || file.ends_with(".damaged")) {
                continue;
            }
            let bytes = directory.read(&file).map_err(fail)?;
            let Some((waiting, _)) = read(&bytes) else {
                say(&format!("{file} of the waiting logs is damaged and left out"));
                directory.set_aside(&file).map_err(fail)?;
                continue;
            };
            match number {
                Some(number) => {
                    state.bytes += waiting.bytes;
                    state.next = state.next.max(number + 1);
                    state.batches.insert(number, waiting);
                }
                None => {
                    state.cursors.insert(waiting.source, waiting.cursor);
                }
            }
        }
        Ok(Self { directory, most, state: Mutex::new(state) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a source was read.
    pub(super) fn cursor(&self, source: &str) -> Option<String> {
        let state = self.lock();
        let newest = state.batches.values().rev().find(|waiting| waiting.source == source);
        newest.map(|waiting| &waiting.cursor).or_else(|| state.cursors.get(source)).cloned()
    }

    /// Keeps a batch for good; beyond the limit the oldest goes.
    pub(super) fn put(&self, source: &str, batch: &Batch) -> io::Result<()> {
        let lines: usize = batch.streams.values().map(Vec::len).sum();
        let lines = lines as u64;
        let bytes = written(source, &batch.cursor, lines, &push::body(batch));
        let mut state = self.lock();
        let mut lost = 0;
        while state.bytes + bytes.len() as u64 > self.most {
            let Some((number, waiting)) = state.batches.pop_first() else { break };
            lost += waiting.lines;
            state.lost += waiting.lines;
            self.forget(&mut state, number, waiting)?;
        }
        if lost > 0 {
            say(&format!(
                "there is no room for more waiting logs: the oldest {lost} lines are lost"
            ));
        }
        let number = state.next;
        self.directory.write(&name(number), |out| out.write_all(&bytes))?;
        state.next += 1;
        state.bytes += bytes.len() as u64;
        let (source, cursor) = (source.to_owned(), batch.cursor.clone());
        let waiting = Waiting { bytes: bytes.len() as u64, lines, source, cursor };
        state.batches.insert(number, waiting);
        Ok(())
    }

    /// The batch that waits for longest; one that cannot be read any more is left out, and told.
    pub(super) fn oldest(&self) -> Option<(u64, Vec<u8>)> {
        loop {
            let number = *self.lock().batches.keys().next()?;
            let bytes = self.directory.read(&name(number)).unwrap_or_default();
            if let Some((_, body)) = read(&bytes) {
                return Some((number, body.to_vec()));
            }
            say(&format!(
                "{} of the waiting logs cannot be read: its lines are lost",
                name(number)
            ));
            self.done(number, Fate::Lost);
        }
    }

    /// Tells how it goes with the lines.
    pub(super) fn tell(&self, found: &mut Families) {
        let state = self.lock();
        let waiting = state.batches.values().map(|waiting| waiting.lines).sum();
        for (metric, number) in [
            (&WAITING, waiting),
            (&BYTES, state.bytes),
            (&SENT, state.sent),
            (&LOST, state.lost),
            (&REFUSED, state.refused),
        ] {
            found.add(metric, &[], float(number));
        }
    }

    /// A batch waits no more: it goes.
    pub(super) fn done(&self, number: u64, fate: Fate) {
        let mut state = self.lock();
        let Some(waiting) = state.batches.remove(&number) else { return };
        let count = match fate {
            Fate::Sent => &mut state.sent,
            Fate::Refused => &mut state.refused,
            Fate::Lost => &mut state.lost,
        };
        *count += waiting.lines;
        if let Err(error) = self.forget(&mut state, number, waiting) {
            // It is sent once more after the next start: the same lines are no others.
            say(&format!("what was sent cannot be removed: {error}"));
        }
    }

    /// Remembers how far a batch's source was read, and removes it.
    fn forget(&self, state: &mut State, number: u64, waiting: Waiting) -> io::Result<()> {
        state.bytes = state.bytes.saturating_sub(waiting.bytes);
        let bytes = written(&waiting.source, &waiting.cursor, 0, &[]);
        self.directory.write(&place(&waiting.source), |out| out.write_all(&bytes))?;
        state.cursors.insert(waiting.source, waiting.cursor);
        self.directory.remove(&name(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Entry;
    use metrics::Labels;

    fn batch(cursor: &str, text: &str) -> Batch {
        let entry = Entry { time: 7, line: text.to_owned() };
        let streams = [(Labels::new([("job", "x")]), vec![entry])];
        Batch { streams: streams.into(), cursor: cursor.to_owned() }
    }

    fn told(spool: &Spool) -> String {
        let mut found = Families::default();
        spool.tell(&mut found);
        found.write()
    }

    #[test]
    fn what_waits_is_in_order_and_its_place_is_remembered() {
        let path = std::env::temp_dir().join(format!("agent-spool-{}", std::process::id()));
        let spool = Spool::open(&path, 1 << 20).expect("it opens");
        assert!(spool.cursor("a").is_none() && spool.oldest().is_none());
        spool.put("a", &batch("1", "first")).expect("it is kept");
        spool.put("/b", &batch("x", "other")).expect("it is kept");
        spool.put("a", &batch("2", "second")).expect("it is kept");
        drop(spool);
        let spool = Spool::open(&path, 1 << 20).expect("it opens");
        assert_eq!(
            (spool.cursor("a").as_deref(), spool.cursor("/b").as_deref()),
            (Some("2"), Some("x"))
        );
        let (number, body) = spool.oldest().expect("one waits");
        assert_eq!(body, push::body(&batch("", "first")));
        spool.done(number, Fate::Sent);
        assert_ne!(spool.oldest().expect("two wait").0, number);
        // Each is cut somewhere: what is whole stays, nothing fails.
        let file = path.join(name(2));
        let whole = std::fs::read(&file).expect("it is there");
        drop(spool);
        std::fs::write(&file, whole.get(..whole.len() - 1).expect("shorter"))
            .expect("it is written");
        let spool = Spool::open(&path, 1 << 20).expect("it opens");
        assert_eq!(spool.oldest().map(|(number, _)| number), Some(3));
        spool.done(3, Fate::Refused);
        let told = told(&spool);
        assert!(told.contains("ketupa_agent_send_refused_lines_total 1\n"), "{told}");
        assert!(told.contains("ketupa_agent_send_waiting_lines 0\n"), "{told}");
        drop(spool);
        let spool = Spool::open(&path, 1 << 20).expect("it opens");
        assert_eq!(spool.cursor("a").as_deref(), Some("2"), "remembered when nothing waits");
        drop(spool);
        std::fs::remove_dir_all(&path).expect("it is there");
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let path = std::env::temp_dir().join(format!("agent-spool-room-{}", std::process::id()));
        let spool = Spool::open(&path, 300).expect("it opens");
        for n in 0..20 {
            spool.put("a", &batch(&n.to_string(), "a line of some length")).expect("it is kept");
        }
        assert!(spool.lock().bytes <= 300);
        let waiting = spool.lock().batches.len();
        let told = told(&spool);
        assert!(told.contains(&format!("ketupa_agent_send_waiting_lines {waiting}\n")), "{told}");
        let lost = format!("ketupa_agent_send_lost_lines_total {}\n", 20 - waiting);
        assert!(waiting < 20 && told.contains(&lost), "{told}");
        assert_eq!(spool.cursor("a").as_deref(), Some("19"));
        assert!(spool.oldest().is_some_and(|(number, _)| number > 10));
        drop(spool);
        std::fs::remove_dir_all(&path).expect("it is there");
    }
}
