//! Where twins live on this machine.

use std::path::PathBuf;

use crate::error::{Doing as _, Result};

/// The folders and the program that twins of this machine use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Package layers, one folder each; may be deleted whenever no twin is up.
    pub cache: PathBuf,
    /// One folder per twin that is up.
    pub run: PathBuf,
    /// The program that hands `twin-init ...` to [`crate::init::main`].
    pub program: PathBuf,
}

impl Site {
    /// The usual places, with the running program as the containers' first process.
    pub fn here() -> Result<Self> {
        let program = std::env::current_exe().doing(|| "find the running program".to_owned())?;
        Ok(Self::with(program))
    }

    /// The usual places, with another program.
    pub fn with(program: impl Into<PathBuf>) -> Self {
        Self {
            cache: PathBuf::from("/var/cache/ketupa/images"),
            run: PathBuf::from("/run/ketupa/twin"),
            program: program.into(),
        }
    }
}
