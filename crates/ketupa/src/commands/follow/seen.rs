//! What was looked at already: a small file that is replaced whole, and the lock beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use forge::Change;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::commands::Error;

const FILE: &str = "seen.json";

/// The commits that were looked at and told of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The newest commit of the branch.
    pub(super) branch: Option<String>,
    /// By the change's number.
    #[serde(default)]
    changes: BTreeMap<u64, Told>,
}

/// What was told of a change.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    commit: String,
    comment: u64,
}

impl Seen {
    pub(super) fn read(state: &Path) -> Result<Self, Error> {
        let path = state.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let path = path.display();
                let hint = "remove it, and everything is looked at once more";
                Error::Message(format!("cannot understand {path}: {error}\n{hint}"))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file("read", &path, error)),
        }
    }

    pub(super) fn write(&self, state: &Path) -> Result<(), Error> {
        let (path, new) = (state.join(FILE), state.join("seen.new"));
        let bytes = serde_json::to_vec(self).map_err(|error| Error::Message(error.to_string()))?;
        std::fs::write(&new, bytes).map_err(|error| Error::file("write", &new, error))?;
        std::fs::rename(&new, &path).map_err(|error| Error::file("replace", &path, error))
    }

    pub(super) fn is_new(&self, change: &Change) -> bool {
        self.changes.get(&change.number).is_none_or(|told| told.commit != change.commit)
    }

    pub(super) fn comment(&self, number: u64) -> Option<u64> {
        self.changes.get(&number).map(|told| told.comment)
    }

    pub(super) fn remember(&mut self, change: &Change, comment: u64) {
        let told = Told { commit: change.commit.clone(), comment };
        self.changes.insert(change.number, told);
    }

    /// Changes that are closed or merged.
    pub(super) fn forget_all_but(&mut self, open: &[Change]) {
        self.changes.retain(|number, _| open.iter().any(|change| change.number == *number));
    }
}

/// One round at a time.
pub(super) fn lock(state: &Path) -> Result<File, Error> {
    let path = state.join("lock");
    let file = File::create(&path).map_err(|error| Error::file("make", &path, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(Error::Message(format!(
            "another round is on its way ({} is locked)",
            path.display()
        ))),
        Err(error) => Err(Error::file("lock", &path, error.into())),
    }
}
