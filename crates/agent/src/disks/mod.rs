//! The disks of the host: which are there, which were known, and what just happened to one.
//!
//! The kernel's news say what comes and goes while the agent runs. The list of known disks, kept in
//! a file, says what came and went while it did not.

mod disk;
mod list;
mod uevent;

pub use disk::Disk;
pub use uevent::{Action, News, Uevent, Uevents};

use crate::text::{Families, Metric};
use crate::tree::{Root, Trouble, float};
use list::{Known, List};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What happened to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It came.
    Add,
    /// It went.
    Remove,
    /// Something about it is otherwise.
    Change,
    /// Another medium is in it.
    MediaChange,
    /// One that is known was not there when the agent started.
    Gone,
    /// One that nobody knew is there.
    Appeared,
}

impl What {
    const ALL: [Self; 6] =
        [Self::Add, Self::Remove, Self::Change, Self::MediaChange, Self::Gone, Self::Appeared];

    /// The word in logs and labels.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Change => "change",
            Self::MediaChange => "media_change",
            Self::Gone => "gone",
            Self::Appeared => "appeared",
        }
    }
}

/// Something that happened to a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// To which disk.
    pub disk: Disk,
}

impl Event {
    /// The line of the log: one JSON object.
    pub fn line(&self) -> String {
        json!({ "event": format!("disk_{}", self.what.word()), "disk": self.disk.to_json() })
            .to_string()
    }
}

/// The disks that are there and those that are known.
#[derive(Debug)]
pub struct Disks {
    root: Root,
    list: List,
    present: BTreeMap<String, Disk>,
    known: Known,
    counts: BTreeMap<What, u64>,
}

const EVENTS: Metric<'_> = Metric::counter("ketupa_disk_events_total", "What happened to disks.");
const PRESENT: Metric<'_> =
    Metric::gauge("ketupa_disk_present", "Whether a disk that is known is there.");
const SIZE: Metric<'_> = Metric::gauge("ketupa_disk_size_bytes", "Size of the disk in bytes.");

impl Disks {
    /// Looks at the disks and compares them with those that are known. Where nothing is known yet,
    /// all are from now on, and nothing has happened. Nothing that is wrong with the list keeps
    /// anybody from looking: it is told beside what happened.
    pub fn start(root: Root, file: Option<PathBuf>) -> (Self, Vec<Event>, Vec<Trouble>) {
        let (list, known, trouble) = List::open(file);
        let mut troubles: Vec<Trouble> = trouble.into_iter().collect();
        let first = known.is_none();
        let mut disks = Self {
            root,
            list,
            present: BTreeMap::new(),
            known: known.unwrap_or_default(),
            counts: BTreeMap::new(),
        };
        let mut events = match disks.look() {
            Ok(events) => events,
            Err(trouble) => {
                troubles.push(trouble);
                return (disks, Vec::new(), troubles);
            }
        };
        if first {
            events.clear();
            disks.counts.clear();
        }
        events.extend(disks.gone());
        troubles.extend(disks.keep().err());
        (disks, events, troubles)
    }

    /// Notes the known disks that are not there.
    fn gone(&mut self) -> Vec<Event> {
        let present = |key: &str| self.present.values().any(|disk| disk.key() == Some(key));
        let gone: Vec<Disk> = self
            .known
            .iter()
            .filter(|(key, _)| !present(key))
            .map(|(_, disk)| disk.clone())
            .collect();
        gone.into_iter().map(|disk| self.note(What::Gone, disk)).collect()
    }

    /// Looks at what is there now: at the start, and after news were lost. Where that cannot be
    /// seen, no disk has gone.
    pub fn look(&mut self) -> Result<Vec<Event>, Trouble> {
        let names = self.root.names("sys/block")?;
        let now: Vec<Disk> = names.iter().filter_map(|name| Disk::read(&self.root, name)).collect();
        let went: Vec<String> =
            self.present.keys().filter(|name| !names.contains(name)).cloned().collect();
        let mut events = Vec::new();
        for name in went {
            if let Some(disk) = self.present.remove(&name) {
                events.push(self.note(What::Remove, disk));
            }
        }
        for disk in now {
            events.extend(self.meet(&disk));
            self.present.insert(disk.device.clone(), disk);
        }
        Ok(events)
    }

    /// Follows one message of the kernel.
    pub fn follow(&mut self, news: &Uevent) -> Vec<Event> {
        let before = self.present.remove(&news.device);
        let now = Disk::read(&self.root, &news.device);
        let bare = || Disk { device: news.device.clone(), ..Disk::default() };
        let (what, disk) = match news.action {
            Action::Remove => (What::Remove, before.unwrap_or_else(bare)),
            Action::Add => (What::Add, now.clone().unwrap_or_else(bare)),
            Action::Change => (What::Change, now.clone().unwrap_or_else(bare)),
            Action::Media => (What::MediaChange, now.clone().unwrap_or_else(bare)),
        };
        let mut events = vec![self.note(what, disk)];
        if let (Some(now), Action::Add | Action::Change | Action::Media) = (now, news.action) {
            events.extend(self.meet(&now));
            self.present.insert(news.device.clone(), now);
        }
        events
    }

    /// Notes a disk that was not known.
    fn meet(&mut self, disk: &Disk) -> Option<Event> {
        let key = disk.key()?.to_owned();
        let stranger = self.known.insert(key, disk.clone()).is_none();
        stranger.then(|| self.note(What::Appeared, disk.clone()))
    }

    fn note(&mut self, what: What, disk: Disk) -> Event {
        *self.counts.entry(what).or_default() += 1;
        Event { what, disk }
    }

    /// Keeps the list of known disks, if it is another than the one that is kept.
    pub fn keep(&mut self) -> Result<(), Trouble> {
        self.list.keep(&self.known)
    }

    /// Tells the disks and what happened to them.
    pub fn tell(&self, found: &mut Families) {
        for what in What::ALL {
            let count = self.counts.get(&what).copied().unwrap_or_default();
            found.add(&EVENTS, &[("event", what.word())], float(count));
        }
        for disk in self.present.values().filter(|disk| disk.bytes > 0) {
            found.add(&SIZE, &[("device", &disk.device)], float(disk.bytes));
        }
        for (key, disk) in &self.known {
            let present = self.present.values().any(|other| other.key() == Some(key));
            let labels = [
                ("serial", disk.serial.as_str()),
                ("wwn", &disk.wwn),
                ("model", &disk.model),
                ("device", &disk.device),
            ];
            found.add(&PRESENT, &labels, if present { 1.0 } else { 0.0 });
        }
    }
}
