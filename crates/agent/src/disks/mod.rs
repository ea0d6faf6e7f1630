//! The disks of the host: which are there, which were known, and what just happened to one.
//!
//! The kernel's news say what comes and goes while the agent runs. The list of known disks, kept in
//! a file, says what came and went while it did not.

mod disk;
mod uevent;

pub use disk::Disk;
pub use uevent::{Action, News, Uevent, Uevents};

use crate::text::{Families, Metric};
use crate::tree::{Root, Trouble, float, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// Where the known ones are kept, if anywhere.
    file: Option<PathBuf>,
    present: BTreeMap<String, Disk>,
    known: BTreeMap<String, Disk>,
    counts: BTreeMap<What, u64>,
}

const EVENTS: Metric<'_> = Metric::counter("ketupa_disk_events_total", "What happened to disks.");
const PRESENT: Metric<'_> =
    Metric::gauge("ketupa_disk_present", "Whether a disk that is known is there.");
const SIZE: Metric<'_> = Metric::gauge("ketupa_disk_size_bytes", "Size of the disk in bytes.");

impl Disks {
    /// Looks at the disks and compares them with those that are known. Where nothing is known yet,
    /// all are from now on, and nothing has happened.
    pub fn start(root: Root, file: Option<PathBuf>) -> Result<(Self, Vec<Event>), Trouble> {
        let known = file.as_deref().map(read).transpose()?.flatten();
        let first = known.is_none();
        let mut disks = Self {
            root,
            file,
            present: BTreeMap::new(),
            known: known.unwrap_or_default(),
            counts: BTreeMap::new(),
        };
        let mut events = disks.look();
        if first {
            events.clear();
            disks.counts.clear();
        }
        let present = |key: &str| disks.present.values().any(|disk| disk.key() == Some(key));
        let gone: Vec<Disk> = disks
            .known
            .iter()
            .filter(|(key, _)| !present(key))
            .map(|(_, disk)| disk.clone())
            .collect();
        events.extend(gone.into_iter().map(|disk| disks.note(What::Gone, disk)));
        disks.keep()?;
        Ok((disks, events))
    }

    /// Looks at what is there now: at the start, and after news were lost.
    pub fn look(&mut self) -> Vec<Event> {
        let names = self.root.names("sys/block").unwrap_or_default();
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
        events
    }

    /// Follows one message of the kernel.
    pub fn follow(&mut self, news: &Uevent) -> Result<Vec<Event>, Trouble> {
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
            self.keep()?;
        }
        Ok(events)
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

    /// Writes the known disks beside the file and puts them in its place: it is never half.
    fn keep(&self) -> Result<(), Trouble> {
        let Some(file) = &self.file else { return Ok(()) };
        let disks: Vec<Value> = self.known.values().map(Disk::to_json).collect();
        let beside = file.with_extension("new");
        let written = std::fs::write(&beside, format!("{:#}\n", json!({ "disks": disks })));
        written
            .and_then(|()| std::fs::rename(&beside, file))
            .map_err(|error| Trouble::Write(file.clone(), error))
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

/// The disks of a list; nothing if there is no list yet.
fn read(file: &Path) -> Result<Option<BTreeMap<String, Disk>>, Trouble> {
    let text = match text(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Trouble::Read(file.to_owned(), error)),
    };
    let strange = || Trouble::Strange("the list of known disks", "no JSON, or not that of disks");
    let value: Value = serde_json::from_str(&text).map_err(|_| strange())?;
    let disks = value.get("disks").and_then(Value::as_array).ok_or_else(strange)?;
    let mut known = BTreeMap::new();
    for disk in disks {
        let disk = Disk::from_json(disk).ok_or_else(strange)?;
        if let Some(key) = disk.key() {
            known.insert(key.to_owned(), disk.clone());
        }
    }
    Ok(Some(known))
}
