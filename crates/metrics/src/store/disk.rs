//! The only place of this crate that touches files: a directory with a lock, whole files, one log.
#![expect(clippy::disallowed_methods, reason = "a store is files: here and nowhere else")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The directory of a store, held by one process.
pub(crate) struct Directory {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// An error with the file that it is about.
fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Directory {
    /// Makes it if it is not there, and locks it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path).map_err(|error| about(path, &error))?;
        let lock = path.join("lock");
        let file = File::options().create(true).append(true).open(&lock);
        let file = file.map_err(|error| about(&lock, &error))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(
            |_| io::Error::other(format!("{} is held by another process", path.display())),
        )?;
        let directory = Self { path: path.to_owned(), _lock: file };
        for name in directory.list()?.iter().filter(|name| name.strip_suffix(".new").is_some()) {
            directory.remove(name)?;
        }
        Ok(directory)
    }

    /// The names in it, sorted.
    pub(crate) fn list(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.path).map_err(|error| about(&self.path, &error))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path.join(name);
        fs::read(&path).map_err(|error| about(&path, &error))
    }

    /// Removes a file; that it is gone already is as good.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(&path, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes a file that is there whole or not at all, also after a power cut.
    pub(crate) fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let (path, new) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let written = (|| {
            let mut file = BufWriter::with_capacity(1 << 18, File::create(&new)?);
            write(&mut file)?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&new, &path)?;
            self.sync()
        })();
        written.map_err(|error| {
            // What could not be written is of no use; the error is what counts.
            let _ = fs::remove_file(&new);
            about(&path, &error)
        })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    pub(crate) fn open_file(&self, name: &str) -> io::Result<ReadFile> {
        let path = self.path.join(name);
        let file = File::open(&path).map_err(|error| about(&path, &error))?;
        let length = file.metadata()?.len();
        Ok(ReadFile { file, length })
    }

    /// Opens a log to append to it, cut to the length that is known good.
    pub(crate) fn open_log(&self, name: &str, length: u64) -> io::Result<Log> {
        let path = self.path.join(name);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.and_then(|file| {
            file.set_len(length)?;
            file.sync_all()?;
            self.sync()?;
            Ok(file)
        });
        let file = file.map_err(|error| about(&path, &error))?;
        Ok(Log { name: name.to_owned(), file, length, dirty: false })
    }
}

/// A file that never changes.
pub(crate) struct ReadFile {
    file: File,
    pub(crate) length: u64,
}

impl ReadFile {
    pub(crate) fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        if at.checked_add(length as u64)? > self.length {
            return None;
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}

/// A file that grows.
pub(crate) struct Log {
    pub(crate) name: String,
    file: File,
    pub(crate) length: u64,
    dirty: bool,
}

impl Log {
    /// Appends all or nothing.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.dirty = true;
        Ok(())
    }

    /// Makes what was appended last a power cut.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }
}
