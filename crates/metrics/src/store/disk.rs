//! The only place of this crate that touches files: a directory with a lock, whole files, one log.
#![expect(clippy::disallowed_methods, reason = "a store is files: here and nowhere else")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How the name of a file ends that was set aside.
pub const ASIDE: &str = ".damaged";

/// The directory of a store, held by one process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// An error with the file that it is about.
fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn lock(path: &Path, file: &File) -> io::Result<()> {
    let held = |_| {
        let says = format!("{} is held by another process", path.display());
        io::Error::new(io::ErrorKind::WouldBlock, says)
    };
    let how = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::flock(file, how).map_err(held)
}

impl Directory {
    /// Makes it if it is not there, and locks it.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path).map_err(|error| about(path, &error))?;
        let lock = path.join("lock");
        let file = File::options().create(true).append(true).open(&lock);
        let file = file.map_err(|error| about(&lock, &error))?;
        self::lock(path, &file)?;
        Self::cleared(path, file)
    }

    /// Makes it if it is not there, and locks it itself: that needs no room on the disk.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path).map_err(|error| about(path, &error))?;
        let file = File::open(path).map_err(|error| about(path, &error))?;
        lock(path, &file)?;
        Self::cleared(path, file)
    }

    /// Without what was not written to its end.
    fn cleared(path: &Path, lock: File) -> io::Result<Self> {
        let directory = Self { path: path.to_owned(), _lock: lock };
        for name in directory.list()?.iter().filter(|name| name.strip_suffix(".new").is_some()) {
            directory.remove(name)?;
        }
        Ok(directory)
    }

    /// The names in it, sorted.
    pub fn list(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.path).map_err(|error| about(&self.path, &error))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// A whole file.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path.join(name);
        fs::read(&path).map_err(|error| about(&path, &error))
    }

    /// Some bytes of a file.
    pub(crate) fn read_part(&self, name: &str, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let path = self.path.join(name);
        let mut bytes = vec![0; length];
        let read = File::open(&path).and_then(|file| file.read_exact_at(&mut bytes, at));
        read.map(|()| bytes).map_err(|error| about(&path, &error))
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// How long a file is.
    pub(crate) fn length(&self, name: &str) -> io::Result<u64> {
        let path = self.path.join(name);
        fs::metadata(&path).map(|file| file.len()).map_err(|error| about(&path, &error))
    }

    /// Gives a file another name; that it is gone already is as good.
    pub(crate) fn rename(&self, name: &str, to: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match fs::rename(&path, self.path.join(to)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(&path, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes a file; that it is gone already is as good.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(&path, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Renames a file so that it is not used any more; its new name.
    pub fn set_aside(&self, name: &str) -> io::Result<String> {
        let aside = format!("{name}{ASIDE}");
        self.rename(name, &aside)?;
        Ok(aside)
    }

    /// Writes a file that is there whole or not at all, also after a power cut.
    pub fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = self.begin(name)?;
        write(&mut file)?;
        file.finish()
    }

    /// Begins such a file.
    pub fn begin(&self, name: &str) -> io::Result<NewFile> {
        let (path, new) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let file = File::create(&new).map_err(|error| about(&path, &error))?;
        let file = Some(BufWriter::with_capacity(1 << 16, file));
        Ok(NewFile { directory: self.path.clone(), path, new, file })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Opens a file that never changes.
    pub fn open_file(&self, name: &str) -> io::Result<ReadFile> {
        let path = self.path.join(name);
        let file = File::open(&path).map_err(|error| about(&path, &error))?;
        let length = file.metadata()?.len();
        Ok(ReadFile { file, length })
    }

    /// Opens a log to append to it, cut to the length that is known good.
    pub fn open_log(&self, name: &str, length: u64) -> io::Result<Log> {
        let path = self.path.join(name);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.and_then(|file| {
            file.set_len(length)?;
            file.sync_all()?;
            self.sync()?;
            Ok(file)
        });
        let file = file.map_err(|error| about(&path, &error))?;
        let state = LogState::Synced;
        Ok(Log { name: name.to_owned(), file, length, state, torn: false })
    }
}

/// A file on its way. One that is not finished leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    directory: PathBuf,
    path: PathBuf,
    new: PathBuf,
    file: Option<BufWriter<File>>,
}

impl NewFile {
    /// What makes it last.
    pub fn finish(mut self) -> io::Result<()> {
        let finished = self.settle();
        finished.map_err(|error| about(&self.path, &error))
    }

    fn settle(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&self.new, &self.path)?;
        File::open(&self.directory)?.sync_all()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_mut().map_or(Ok(0), |file| file.write(bytes));
        written.map_err(|error| about(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // What could not be written is of no use; once it has its name, there is nothing to remove.
        let _ = fs::remove_file(&self.new);
    }
}

/// A file that never changes.
#[derive(Debug)]
pub struct ReadFile {
    file: File,
    /// How long it is.
    pub length: u64,
}

impl ReadFile {
    /// A part of it, if it is there.
    pub fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        if at.checked_add(length as u64)? > self.length {
            return None;
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}

/// What is known of the bytes of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogState {
    Synced,
    Dirty,
    /// A sync failed: the system may have dropped what it was to write, and say nothing the next time.
    Doubtful,
}

/// A file that grows.
#[derive(Debug)]
pub struct Log {
    /// What it is called.
    pub name: String,
    file: File,
    /// How long its good part is.
    pub length: u64,
    state: LogState,
    /// There are bytes behind the length: reading would stop at them.
    torn: bool,
}

impl Log {
    /// Whether it has to be replaced: it takes no more.
    pub fn is_doubtful(&self) -> bool {
        self.state == LogState::Doubtful
    }

    /// Appends all or nothing.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_doubtful() {
            return Err(self.doubt());
        }
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        if let Err(error) = self.file.write_all(bytes) {
            self.torn = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.state = LogState::Dirty;
        Ok(())
    }

    /// Makes what was appended last a power cut.
    pub fn sync(&mut self) -> io::Result<()> {
        match self.state {
            LogState::Synced => return Ok(()),
            LogState::Doubtful => return Err(self.doubt()),
            LogState::Dirty => {}
        }
        let synced = self.file.sync_data();
        self.state = if synced.is_ok() { LogState::Synced } else { LogState::Doubtful };
        synced.map_err(|error| {
            io::Error::new(error.kind(), format!("{} could not be synced: {error}", self.name))
        })
    }

    fn doubt(&self) -> io::Error {
        io::Error::other(format!("{} could not be synced: a new log has to begin first", self.name))
    }
}

#[cfg(test)]
impl Log {
    /// Writes to another file from now on, and gives the one that it wrote to.
    pub(crate) fn put_on(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;
    use std::io::Write as _;

    use super::Directory;

    /// A device that takes no byte and cannot be cut: what a bad disk does to a log.
    fn full() -> File {
        File::options().write(true).open("/dev/full").expect("it is there")
    }

    #[test]
    fn a_torn_end_that_could_not_be_cut_is_cut_before_more_comes() {
        let path = std::env::temp_dir().join(format!("metrics-torn-end-{}", std::process::id()));
        let directory = Directory::open(&path).expect("it opens");
        let mut log = directory.open_log("log-1", 0).expect("it opens");
        log.append(b"good").expect("it is kept");
        let mut file = log.put_on(full());
        log.append(b"bad").expect_err("there is no room");
        log.append(b"bad").expect_err("it cannot be cut yet");
        file.write_all(b"b").expect("a part of it came through");
        log.put_on(file);
        log.append(b"better").expect("it is kept");
        let bytes = fs::read(path.join("log-1"));
        let _ = fs::remove_dir_all(&path);
        assert_eq!(bytes.expect("it is there"), b"goodbetter");
    }
}
