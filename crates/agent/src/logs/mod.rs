//! Logs that are followed: read, kept on the disk until the server has them, sent in order.
//!
//! A batch on the disk holds its lines and how far its source was read: what is sent again is the
//! same to the byte, and what was read is not read again. A server that takes the same line of the
//! same time as one has neither a gap nor a double.

mod file;
mod journal;
mod push;
mod rotated;
mod send;
mod spool;

use crate::config::Config;
use crate::post::Client;
use crate::text::Families;
use metrics::{Labels, is_label_name};
use serde::Deserialize;
use spool::Spool;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Each log is a thread of its own.
const MOST_LOGS: usize = 32;

/// One log: the journal, or a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Whether it is the journal of systemd.
    pub journal: bool,
    /// The file, if it is one.
    pub file: Option<PathBuf>,
    /// Labels of its lines, besides those of everything; `job` is the file's name or `journal`.
    pub labels: BTreeMap<String, String>,
}

impl Log {
    /// What its place is remembered by.
    fn source(&self) -> String {
        self.file.as_ref().map_or_else(|| "journal".to_owned(), |file| file.display().to_string())
    }
}

/// What is wrong with the logs that are to be followed.
pub fn check(logs: &[Log]) -> Result<(), String> {
    if logs.len() > MOST_LOGS {
        return Err(format!("there may be {MOST_LOGS} [[log]] tables at most"));
    }
    let mut seen = BTreeSet::new();
    for log in logs {
        let place = format!("[[log]] {}", log.source());
        if log.journal == log.file.is_some() {
            return Err(format!("{place}: say either journal = true or file = \"/var/log/…\""));
        }
        if log.file.as_ref().is_some_and(|file| !file.is_absolute()) {
            return Err(format!("{place}: write the whole path, from / on"));
        }
        if let Some(name) = log.labels.keys().find(|name| !is_label_name(name)) {
            return Err(format!("{place}: {name:?} is no name of a label"));
        }
        if !seen.insert(log.source()) {
            return Err(format!("{place}: it is followed twice"));
        }
    }
    Ok(())
}

/// One line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    time: i64,
    line: String,
}

/// Lines that were read together, and how far the source was read then.
#[derive(Debug, Default)]
struct Batch {
    streams: BTreeMap<Labels, Vec<Entry>>,
    cursor: String,
}

/// All logs that are followed, and where they wait.
#[derive(Debug)]
pub struct Followers {
    logs: Vec<(Log, Labels)>,
    spool: Spool,
    client: Client,
}

impl Followers {
    /// Opens where lines wait; nothing if no log is to be followed, or nobody to send it to.
    pub fn open(config: &Config) -> Result<Option<Self>, String> {
        let Some(send) = config.send.as_ref().filter(|_| !config.log.is_empty()) else {
            return Ok(None);
        };
        let spool = Spool::open(&send.directory.join("logs"), send.most.bytes())?;
        let (url, token, ca) = match &send.logs {
            Some(logs) => (&logs.url, &logs.token_file, &logs.ca),
            None => (&send.url, &send.token_file, &send.ca),
        };
        let client = Client::new(url, token.clone(), ca.as_deref())?;
        let all = config.own_labels();
        let logs = config.log.iter().map(|log| (log.clone(), labels(log, &all))).collect();
        Ok(Some(Self { logs, spool, client }))
    }

    /// Tells how it goes with the lines.
    pub(crate) fn tell(&self, found: &mut Families) {
        self.spool.tell(found);
    }

    /// Follows and sends until told to stop.
    pub fn run(&self, stop: &AtomicBool) {
        std::thread::scope(|scope| {
            for (log, labels) in &self.logs {
                scope.spawn(move || match &log.file {
                    Some(path) => file::follow(path, labels, &self.spool, stop),
                    None => journal::follow(labels, &self.spool, stop),
                });
            }
            send::run(&self.spool, &self.client, stop);
        });
    }
}

/// The labels of a log's lines: `job` is the file's name without its end.
fn labels(log: &Log, all: &Labels) -> Labels {
    let job = log.file.as_ref().and_then(|file| file.file_stem());
    let job = job.map_or_else(|| "journal".into(), |name| name.to_string_lossy());
    let own = log.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Labels::new(all.iter().chain([("job", job.as_ref())]).chain(own))
}

/// A time that no line before it had. A clock that went back a little is waited for; one that was far
/// ahead and is right again is not.
fn later_than(last: i64, now: i64) -> i64 {
    const FAR: i64 = 300_000_000_000;
    if last.saturating_sub(now) > FAR { now } else { now.max(last.saturating_add(1)) }
}

/// Says each trouble once, until it is over.
#[derive(Debug, Default)]
struct Trouble(BTreeSet<String>);

impl Trouble {
    fn say(&mut self, text: String) {
        /// What differs each time would fill the memory, and the log.
        const MOST: usize = 100;
        if self.0.len() < MOST && !self.0.contains(&text) {
            say(&text);
            self.0.insert(text);
        }
    }

    fn is_over(&mut self) {
        self.0.clear();
    }
}

/// Says something to whoever reads the agent's own log.
fn say(text: &str) {
    // Of a log that is closed nobody is left to tell.
    drop(writeln!(std::io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_followed_is_told() {
        let wrong = |text: &str| {
            let config = Config::parse(text);
            config.expect_err(text)
        };
        assert!(wrong("[[log]]").contains("say either"));
        assert!(wrong("[[log]]\njournal = true\nfile = \"/x\"").contains("say either"));
        assert!(wrong("[[log]]\nfile = \"x.log\"").contains("the whole path"));
        assert!(wrong("[[log]]\njournal = true\n[[log]]\njournal = true").contains("twice"));
        assert!(wrong("[[log]]\njournal = true\nlabels = { \"a-b\" = \"x\" }").contains("a-b"));
        assert!(wrong("[[log]]\nfil = \"/x\"").contains("line 2"));
    }

    #[test]
    fn times_are_unique_and_follow_the_clock() {
        assert_eq!(later_than(5, 3), 6);
        assert_eq!(later_than(5, 9), 9);
        assert_eq!(later_than(i64::MAX, 9), 9);
    }
}
