//! The executor's own books under `/var/lib/ketupa`: lock, journal, manifest.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{self, AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::files::{self, Change};
use crate::guard;
use crate::place::{Root, STORE};
use crate::units::Past;
use crate::wire::{Guard, HoldOrder, Origin, Owned, Record};
use crate::{accounts, directories};

/// While a change runs: how to undo it.
const JOURNAL: &str = "journal.json";
/// Once a change has proved itself: what is left to tidy up.
const DONE: &str = "done.json";
const MANIFEST: &str = "manifest.json";
const NEXT_MANIFEST: &str = "manifest.next.json";
const LOCK: &str = "lock";
/// Locked while a tool changes users and groups.
const TOOLS: &str = "tools";
/// How often a lock is tried again.
const AGAIN: Duration = Duration::from_millis(20);
/// What the host undid by itself, for whoever comes next.
const UNDONE: &str = "undone.json";
/// The name of the change that was confirmed last.
const CONFIRMED: &str = "confirmed.json";

/// What a change touches and how it was before; old contents wait beside their files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) phase: Phase,
    /// Apt's own files, swapped while everything else is only staged: packages come from there.
    #[serde(default)]
    pub(crate) sources: Vec<Change>,
    pub(crate) changes: Vec<Change>,
    /// Directories that the change makes, outermost first.
    pub(crate) directories: Vec<String>,
    /// Directories that get other rights, with those that they had.
    #[serde(default)]
    pub(crate) rights: Vec<directories::Past>,
    /// Users and groups as they were; they are there before the files that they may own are staged.
    #[serde(default)]
    pub(crate) accounts: accounts::Past,
    /// What puts the holds of packages back.
    #[serde(default)]
    pub(crate) holds: Vec<HoldOrder>,
    /// Every unit that may be acted on, with its state before.
    pub(crate) units: Vec<Past>,
    /// Do unit files change, so that systemd must read them again?
    pub(crate) daemon_reload: bool,
    /// What has to be confirmed before the change stands.
    #[serde(default)]
    pub(crate) pending: Option<Pending>,
    /// What the history will say of it.
    #[serde(default)]
    pub(crate) record: Option<Record>,
}

impl Journal {
    /// Of a change that touched nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Staging,
            sources: Vec::new(),
            changes: Vec::new(),
            directories: Vec::new(),
            rights: Vec::new(),
            accounts: accounts::Past::default(),
            holds: Vec::new(),
            units: Vec::new(),
            daemon_reload: false,
            pending: None,
            record: None,
        }
    }

    /// Every path that is swapped.
    pub(crate) fn all_changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.sources.iter().chain(&self.changes)
    }
}

/// A change that stands only once it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) guard: Guard,
    /// The manifest that counts from then on.
    pub(crate) owned: Owned,
    /// When it is undone; known once the change is live.
    pub(crate) until: Option<Moment>,
}

/// A moment of one boot of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// Which boot, as the kernel names it.
    pub(crate) boot: String,
    /// Seconds since then.
    pub(crate) second: u64,
}

/// What the timer did, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undone {
    pub(crate) what: String,
    pub(crate) at: u64,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Only staged files and new directories exist.
    Staging,
    /// Live files and units may have been touched.
    Changing,
    /// All is done and waits to be confirmed.
    Awaiting,
}

/// The open directory of books.
pub(crate) struct Store {
    directory: OwnedFd,
}

/// Held for as long as a change runs; the kernel drops it with the process.
pub(crate) struct Lock {
    file: OwnedFd,
}

/// Who holds the lock, and since when.
#[derive(Serialize, Deserialize)]
struct Holder {
    who: String,
    at: u64,
}

impl Lock {
    /// Says in the lock for whom it is held, so that others need not guess.
    pub(crate) fn held_for(&self, origin: Option<&Origin>) -> io::Result<()> {
        let Some(origin) = origin else { return Ok(()) };
        let holder = Holder { who: origin.who.clone(), at: guard::now() };
        Ok(rustix::io::write(&self.file, &serde_json::to_vec(&holder)?).map(drop)?)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread is just starting has the file open, too.
        let _ends_with_the_process = fs::flock(&self.file, FlockOperation::Unlock);
    }
}

impl Store {
    /// Opens the books, `None` where Ketupa never worked before.
    pub(crate) fn open(root: &Root) -> io::Result<Option<Self>> {
        match root.directory(STORE) {
            Ok(directory) => Ok(Some(Self { directory })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the books, begun where there are none.
    pub(crate) fn create(root: &Root) -> io::Result<Self> {
        for directory in root.missing_parents(&format!("{STORE}/any"))? {
            files::make_directory(root, &directory)?;
        }
        let directory = root.directory(STORE)?;
        fs::fchmod(&directory, Mode::RWXU)?;
        Ok(Self { directory })
    }

    /// Takes the lock; `None` while another change holds it.
    pub(crate) fn lock(&self) -> io::Result<Option<Lock>> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = fs::openat(&self.directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?;
        match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                // Whoever held it last says nothing about now.
                fs::ftruncate(&file, 0)?;
                Ok(Some(Lock { file }))
            }
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits until no tool changes users or groups, and keeps others waiting. Whatever is started
    /// meanwhile inherits what comes back, and holds the place until it ends, even if we are killed.
    pub(crate) fn wait_for_tools(&self, limit: Duration) -> io::Result<OwnedFd> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW;
        let file = fs::openat(&self.directory, TOOLS, flags, Mode::RUSR | Mode::WUSR)?;
        let begin = Instant::now();
        loop {
            match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) if begin.elapsed() < limit => std::thread::sleep(AGAIN),
                Err(Errno::WOULDBLOCK) => {
                    return Err(io::Error::other("a tool that changes users does not end"));
                }
                locked => return locked.map(|()| file).map_err(io::Error::from),
            }
        }
    }

    /// Why the lock cannot be had.
    pub(crate) fn busy(&self) -> String {
        let held = match self.read::<Holder>(LOCK) {
            Ok(Some(Holder { who, at })) => {
                let ago = guard::now().saturating_sub(at);
                format!(": {who} holds it since {ago} s")
            }
            // Somebody of an earlier version, or who only tidies up.
            Ok(None) | Err(_) => String::new(),
        };
        format!(
            "another apply is changing this host at this moment{held}; try again when it has ended"
        )
    }

    /// The directory itself.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// What Ketupa owns; a host without a manifest owns nothing, an unreadable manifest is an error.
    pub(crate) fn manifest(&self) -> io::Result<Owned> {
        Ok(self.read(MANIFEST)?.unwrap_or_default())
    }

    /// The journal of a change that did not end.
    pub(crate) fn journal(&self) -> io::Result<Option<Journal>> {
        self.read(JOURNAL)
    }

    /// The journal of a change that proved itself and was not tidied up.
    pub(crate) fn done(&self) -> io::Result<Option<Journal>> {
        self.read(DONE)
    }

    /// Records how to undo what comes next.
    pub(crate) fn begin(&self, journal: &Journal) -> io::Result<()> {
        self.write(JOURNAL, journal)
    }

    /// Forgets a change that was undone.
    pub(crate) fn abandon(&self) -> io::Result<()> {
        self.remove(NEXT_MANIFEST)?;
        // A confirmation that came just before its end did not count.
        self.remove(CONFIRMED)?;
        self.remove(JOURNAL)?;
        Ok(fs::fsync(&self.directory)?)
    }

    /// The point of no return: from here the change stands.
    pub(crate) fn commit(&self, owned: &Owned) -> io::Result<()> {
        self.write(NEXT_MANIFEST, owned)?;
        fs::renameat(&self.directory, JOURNAL, &self.directory, DONE)?;
        Ok(fs::fsync(&self.directory)?)
    }

    /// Notes which change is confirmed, before it is: whoever asks twice gets the same answer.
    pub(crate) fn confirm(&self, id: &str) -> io::Result<()> {
        self.write(CONFIRMED, &id)
    }

    /// The name of the change that was confirmed last.
    pub(crate) fn confirmed(&self) -> io::Result<Option<String>> {
        self.read(CONFIRMED)
    }

    /// Leaves word of what the host undid by itself.
    pub(crate) fn tell(&self, undone: &Undone) -> io::Result<()> {
        self.write(UNDONE, undone)
    }

    /// What the host undid by itself.
    pub(crate) fn told(&self) -> io::Result<Option<Undone>> {
        self.read(UNDONE)
    }

    /// Somebody has heard of it.
    pub(crate) fn heard(&self) -> io::Result<()> {
        self.remove(UNDONE)
    }

    /// Makes the committed manifest the current one.
    pub(crate) fn install_manifest(&self) -> io::Result<()> {
        match fs::renameat(&self.directory, NEXT_MANIFEST, &self.directory, MANIFEST) {
            Err(Errno::NOENT) => Ok(()),
            renamed => Ok(renamed?),
        }
    }

    /// Replaces the manifest.
    pub(crate) fn write_manifest(&self, owned: &Owned) -> io::Result<()> {
        self.write(MANIFEST, owned)
    }

    /// Closes the books on a change that stands.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.remove(DONE)?;
        Ok(fs::fsync(&self.directory)?)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut content = Vec::new();
        match fs::openat(&self.directory, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            open => File::from(open?).read_to_end(&mut content)?,
        };
        let parsed = serde_json::from_slice(&content);
        parsed.map(Some).map_err(|error| io::Error::other(format!("{STORE}/{name}: {error}")))
    }

    /// All or nothing, also when the power fails.
    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let draft = format!("{name}.draft");
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC;
        let flags = flags | OFlags::NOFOLLOW;
        let open = fs::openat(&self.directory, &draft, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(open);
        file.write_all(&serde_json::to_vec(value)?)?;
        file.sync_all()?;
        fs::renameat(&self.directory, draft, &self.directory, name)?;
        Ok(fs::fsync(&self.directory)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::unlinkat(&self.directory, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }
}
