//! Programs of Ketupa's own that hosts keep: found beside the one that travels to them, read once.
#![expect(clippy::disallowed_methods, reason = "programs are files of this machine")]

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use machine::Executor;

/// The bytes of a program, and their hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    bytes: Arc<[u8]>,
    hash: String,
}

impl Program {
    /// A program of these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { hash: host::hash(&bytes), bytes }
    }

    /// The bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Their SHA-256, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Program({})", self.hash)
    }
}

/// A folder with programs for hosts of one processor.
#[derive(Debug)]
pub struct Programs {
    folder: PathBuf,
    processor: &'static str,
    known: Mutex<BTreeMap<String, Program>>,
}

impl Programs {
    /// The programs in `folder`, for the hosts that run `executor`.
    pub fn new(folder: PathBuf, executor: &Executor) -> Self {
        Self { folder, processor: executor.processor(), known: Mutex::default() }
    }

    /// The program of a name, which must be able to run wherever the executor does.
    pub(crate) fn find(&self, name: &str) -> Result<Program, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = known.get(name) {
            return Ok(program.clone());
        }
        let program = self.read(name)?;
        known.insert(name.to_owned(), program.clone());
        Ok(program)
    }

    fn read(&self, name: &str) -> Result<Program, String> {
        let path = self.folder.join(name);
        let bytes = std::fs::read(&path).map_err(|error| {
            let path = path.display();
            format!("cannot read {path}, which hosts shall run: {error}\n`make executor` makes it")
        })?;
        let refuse = |why: String| format!("{} cannot run on hosts: {why}", path.display());
        let found = Executor::new(bytes).map_err(refuse)?;
        let (has, wanted) = (found.processor(), self.processor);
        if has != wanted {
            return Err(refuse(format!(
                "it is made for {has}, and the executor beside it for {wanted}"
            )));
        }
        Ok(Program { bytes: Arc::clone(found.bytes()), hash: found.hash().to_owned() })
    }
}
