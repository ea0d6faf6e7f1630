//! Follows a file: through renaming and cutting, and over starts of the agent.

use super::spool::Spool;
use super::{Batch, Entry, Trouble, later_than, rotated, say};
use metrics::Labels;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often is looked for new lines.
const LOOK: Duration = Duration::from_millis(250);
/// What is read at once.
const MANY: usize = 256 << 10;
/// A line is no longer: what is longer becomes several.
const LONGEST: usize = 64 << 10;
/// So many times nothing has come before another file is believed to have taken its place: who
/// writes may have the old one open for a while.
const PATIENCE: u32 = 8;

/// A file that is being read.
#[derive(Debug)]
struct Open {
    file: File,
    inode: u64,
}

/// How far a file was read.
#[derive(Debug)]
struct Reading {
    path: PathBuf,
    open: Option<Open>,
    /// Up to where all lines were taken.
    offset: u64,
    /// What came after that.
    rest: Vec<u8>,
    /// The time of the last line.
    last: i64,
    quiet: u32,
}

pub(super) fn follow(path: &Path, labels: &Labels, spool: &Spool, stop: &AtomicBool) {
    let source = path.display().to_string();
    let mut reading = Reading::resume(path, spool.cursor(&source).as_deref());
    let mut trouble = Trouble::default();
    while !stop.load(Ordering::Relaxed) {
        let lines = look(&mut reading, &mut trouble);
        if lines.is_empty() {
            std::thread::sleep(LOOK);
            continue;
        }
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default();
        let entries = lines.into_iter().map(|line| {
            reading.last = later_than(reading.last, now);
            Entry { time: reading.last, line }
        });
        let streams = [(labels.clone(), entries.collect())].into();
        let batch = Batch { streams, cursor: reading.cursor() };
        keep(spool, &source, &batch, stop);
    }
}

/// Lines that came. A file that gives none because it is not there, or not for this user, is told.
fn look(reading: &mut Reading, trouble: &mut Trouble) -> Vec<String> {
    let step = reading.step();
    let shown = reading.path.display();
    match step {
        Err(error) => {
            trouble.say(format!("{shown}: its lines cannot be read: {error}"));
            Vec::new()
        }
        Ok(lines) if reading.open.is_none() => {
            trouble.say(format!("{shown} is not there: it will be followed when it is"));
            lines
        }
        Ok(lines) => {
            trouble.is_over();
            lines
        }
    }
}

/// Keeps a batch, however long that takes: nothing more is read meanwhile.
pub(super) fn keep(spool: &Spool, source: &str, batch: &Batch, stop: &AtomicBool) {
    let mut told = false;
    while let Err(error) = spool.put(source, batch) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if !told {
            say(&format!("{source}: its lines cannot be kept, and wait: {error}"));
            told = true;
        }
        std::thread::sleep(LOOK);
    }
}

impl Reading {
    /// Goes on where it was; a file that is followed for the first time begins at its end.
    fn resume(path: &Path, cursor: Option<&str>) -> Self {
        let mut reading = Self {
            path: path.to_owned(),
            open: None,
            offset: 0,
            rest: Vec::new(),
            last: 0,
            quiet: 0,
        };
        let mut parts = cursor.unwrap_or_default().split(' ').map(str::parse::<u64>);
        let (Some(Ok(inode)), Some(Ok(offset)), Some(Ok(last))) =
            (parts.next(), parts.next(), parts.next())
        else {
            reading.offset = fs::metadata(path).map_or(0, |about| about.len());
            return reading;
        };
        reading.last = i64::try_from(last).unwrap_or_default();
        match found(path, inode) {
            Some(file) => {
                reading.offset = offset;
                reading.open = Some(Open { file, inode });
            }
            None => say(&format!(
                "{}: the file that was read is gone: its last lines may be lost",
                path.display()
            )),
        }
        reading
    }

    fn cursor(&self) -> String {
        let inode = self.open.as_ref().map_or(0, |open| open.inode);
        format!("{inode} {} {}", self.offset, self.last)
    }

    /// Whole lines that came.
    fn step(&mut self) -> io::Result<Vec<String>> {
        if self.open.is_none() {
            let path = self.path.clone();
            if !self.reopen(&path)? {
                return Ok(Vec::new());
            }
        }
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        let mut bytes = vec![0; MANY];
        let read = open.file.read_at(&mut bytes, self.offset + self.rest.len() as u64)?;
        if read > 0 {
            self.quiet = 0;
            self.rest.extend_from_slice(bytes.get(..read).unwrap_or_default());
            return Ok(self.lines());
        }
        if open.file.metadata()?.len() < self.offset {
            // It was cut: it begins anew.
            self.offset = 0;
            self.rest.clear();
            return Ok(Vec::new());
        }
        let same = fs::metadata(&self.path).is_ok_and(|about| about.ino() == open.inode);
        if same {
            self.quiet = 0;
            return Ok(Vec::new());
        }
        self.quiet += 1;
        if self.quiet < PATIENCE || !self.path.exists() {
            return Ok(Vec::new());
        }
        let next = rotated::next(&self.path, &open.file)?;
        // What was not ended will not be any more.
        let last = std::mem::take(&mut self.rest);
        self.open = None;
        self.offset = 0;
        self.quiet = 0;
        self.reopen(&next)?;
        Ok(if last.is_empty() { Vec::new() } else { vec![text(&last)] })
    }

    fn reopen(&mut self, path: &Path) -> io::Result<bool> {
        match File::open(path) {
            Ok(file) => {
                let inode = file.metadata()?.ino();
                self.open = Some(Open { file, inode });
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.offset = 0;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes whole lines from what was read.
    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let rest = std::mem::take(&mut self.rest);
        let mut pieces = rest.as_slice();
        loop {
            let end = pieces.iter().take(LONGEST).position(|byte| *byte == b'\n');
            let long = (pieces.len() >= LONGEST).then_some(LONGEST);
            let Some(length) = end.map(|end| end + 1).or(long) else { break };
            let (line, after) = pieces.split_at_checked(length).unwrap_or((pieces, &[]));
            lines.push(text(line));
            self.offset += line.len() as u64;
            pieces = after;
        }
        self.rest = pieces.to_vec();
        lines
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// The file with this number: at its path, or beside it under another name.
fn found(path: &Path, inode: u64) -> Option<File> {
    let is =
        |path: &Path| fs::metadata(path).is_ok_and(|about| about.is_file() && about.ino() == inode);
    if is(path) {
        return File::open(path).ok();
    }
    let beside = fs::read_dir(path.parent()?).ok()?.flatten().map(|entry| entry.path());
    beside.filter(|other| is(other)).find_map(|other| File::open(other).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn add(path: &Path, text: &str) {
        let file = File::options().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("it is written");
    }

    fn all(reading: &mut Reading) -> Vec<String> {
        let steps = 0..PATIENCE * 3;
        steps.flat_map(|_| reading.step().expect("it is read")).collect()
    }

    #[test]
    fn what_was_renamed_twice_while_nobody_looked_is_read_in_order() {
        let folder = std::env::temp_dir().join(format!("agent-twice-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it is made");
        let path = folder.join("x.log");
        let old = |n: u32| folder.join(format!("x.log.{n}"));
        let pause = || std::thread::sleep(Duration::from_millis(20));
        // These are of another time, or nobody's.
        add(&old(9), "long ago\n");
        pause();
        add(&path, "one\n");
        let cursor = {
            let mut reading = Reading::resume(&path, Some("0 0 0"));
            assert_eq!(all(&mut reading), ["one"]);
            reading.cursor()
        };
        add(&path, "two\n");
        for n in [3, 4] {
            for older in (1..=2).rev().filter(|older| old(*older).exists()) {
                fs::rename(old(older), old(older + 1)).expect("it is renamed");
            }
            fs::rename(&path, old(1)).expect("it is renamed");
            pause();
            add(&path, &format!("{n}\n"));
        }
        add(&folder.join("x.log.1.gz"), "packed\n");
        add(&folder.join("x.log.bak"), "by hand\n");
        let mut reading = Reading::resume(&path, Some(&cursor));
        assert_eq!(all(&mut reading), ["two", "3", "4"]);
        assert!(all(&mut reading).is_empty());
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_once() {
        let folder = std::env::temp_dir().join(format!("agent-none-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it is made");
        let path = folder.join("x.log");
        let mut trouble = Trouble::default();
        let mut reading = Reading::resume(&path, None);
        for _ in 0..3 {
            assert!(look(&mut reading, &mut trouble).is_empty());
        }
        let told: Vec<&String> = trouble.0.iter().collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("x.log is not there"), "{told:?}");
        add(&path, "one\n");
        assert_eq!(look(&mut reading, &mut trouble), ["one"]);
        assert!(trouble.0.is_empty(), "the next time it is told again");
        let mut reading = Reading::resume(&folder, None);
        look(&mut reading, &mut trouble);
        assert!(trouble.0.iter().all(|told| told.contains("cannot be read: Is a directory")));
        assert_eq!(trouble.0.len(), 1);
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[test]
    fn lines_come_once_through_renaming_cutting_and_starts() {
        let folder = std::env::temp_dir().join(format!("agent-follow-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it is made");
        let path = folder.join("x.log");
        add(&path, "before the agent\n");
        let mut reading = Reading::resume(&path, None);
        assert!(all(&mut reading).is_empty(), "it begins at the end");
        add(&path, "one\ntwo\r\nhal");
        assert_eq!(all(&mut reading), ["one", "two"]);
        add(&path, "f\n");
        assert_eq!(all(&mut reading), ["half"]);
        let cursor = reading.cursor();
        add(&path, "while it is away\n");
        fs::rename(&path, folder.join("x.log.1")).expect("it is renamed");
        add(&path, "in the new one\n");
        let mut reading = Reading::resume(&path, Some(&cursor));
        assert_eq!(all(&mut reading), ["while it is away", "in the new one"]);
        fs::rename(&path, folder.join("x.log.2")).expect("it is renamed");
        add(&folder.join("x.log.2"), "late");
        assert_eq!(all(&mut reading), [""; 0], "it is still open");
        add(&path, "after it\n");
        assert_eq!(all(&mut reading), ["late", "after it"]);
        File::options().write(true).truncate(true).open(&path).expect("it is cut");
        assert!(all(&mut reading).is_empty());
        add(&path, "anew\n");
        assert_eq!(all(&mut reading), ["anew"]);
        let long = "x".repeat(LONGEST + 10);
        add(&path, &format!("{long}\nend\n"));
        let lengths: Vec<usize> = all(&mut reading).iter().map(String::len).collect();
        assert_eq!(lengths, [LONGEST, 10, 3]);
        fs::remove_dir_all(&folder).expect("it is there");
    }
}
