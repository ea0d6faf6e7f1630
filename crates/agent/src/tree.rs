//! The files of the kernel below a root: `/` on a host, a recorded tree in a test.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A file of the kernel is smaller; more than this would be no such file.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Why a collector could not say what it should.
#[derive(Debug)]
pub enum Trouble {
    /// A file or folder that cannot be read.
    Read(PathBuf, io::Error),
    /// A file that cannot be written.
    Write(PathBuf, io::Error),
    /// A text in which something is missing: where, and what.
    Strange(&'static str, &'static str),
    /// This host has nothing of the kind.
    Nothing,
    /// A daemon or a program that did not answer as it should.
    Silent(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Write(path, error) => write!(f, "cannot write {}: {error}", path.display()),
            Self::Strange(place, what) => write!(f, "{place} has {what}"),
            Self::Nothing => f.write_str("this host has nothing of the kind"),
            Self::Silent(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// Whether it is only that a file is not there.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Read(_, error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Where `/proc` and `/sys` are.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// The tree below a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where a file of the tree is.
    pub fn path(&self, inner: &str) -> PathBuf {
        self.0.join(inner.trim_start_matches('/'))
    }

    /// The text of a file.
    pub fn read(&self, inner: &str) -> Result<String, Trouble> {
        let path = self.path(inner);
        text(&path).map_err(|error| Trouble::Read(path, error))
    }

    /// A file's only line without space around it, if it can be read.
    pub fn word(&self, inner: &str) -> Option<String> {
        Some(text(&self.path(inner)).ok()?.trim().to_owned())
    }

    /// A file's only number, decimal or with `0x`, if it can be read.
    pub fn number(&self, inner: &str) -> Option<f64> {
        number(&self.word(inner)?)
    }

    /// The names in a folder, sorted.
    pub fn names(&self, inner: &str) -> Result<Vec<String>, Trouble> {
        let path = self.path(inner);
        let read = || -> io::Result<Vec<String>> {
            let mut names: Vec<String> = fs::read_dir(&path)?
                .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<_>>()?;
            names.sort();
            Ok(names)
        };
        read().map_err(|error| Trouble::Read(path.clone(), error))
    }

    /// Whether something is there.
    pub fn has(&self, inner: &str) -> bool {
        self.path(inner).exists()
    }
}

/// A text file, with what is not UTF-8 marked: the kernel's files may have any bytes in names. Of one
/// that is too long nothing is given: to count in a part of it would be to tell too little.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    // The kernel makes a table anew for each read of a few bytes: ask for much at once.
    let mut bytes = Vec::with_capacity(16 * 1024);
    fs::File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("is longer than {LIMIT} bytes")));
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned()))
}

/// A text file that others left. To open a pipe would wait for somebody who writes into it: what is
/// no plain file is refused.
pub(crate) fn plain_text(path: &Path) -> io::Result<String> {
    if path.metadata()?.is_file() { text(path) } else { Err(io::Error::other("is no plain file")) }
}

/// A number as the kernel writes it: decimal, or hexadecimal with `0x`.
pub(crate) fn number(word: &str) -> Option<f64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(float),
        None => word.parse().ok(),
    }
}

/// A whole number as a sample's value.
#[expect(clippy::cast_precision_loss, reason = "a sample is a float: counters above 2^53 round")]
pub(crate) fn float(value: u64) -> f64 {
    value as f64
}
