//! Asks a machine what is there, and hides what nobody may see.
#![expect(clippy::disallowed_methods, reason = "a host's clock is held to this machine's")]

use std::collections::BTreeMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use component::tree::{File, HostTree, secret_references};
use host::wire::{Answer, Entry, FileEntry, Observe, Request, Seen};
use machine::{Machine, Unreachable};

use crate::secrets::{mask, resolve};
use crate::vault::{NoSecret, Vault};

/// What a host showed, with the secrets in its texts masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The host's name.
    pub host: String,
    /// What stands there.
    pub seen: Seen,
    /// The hash that each desired file would have with its secrets in place.
    pub wanted: BTreeMap<String, String>,
    /// What was finished or undone before looking.
    pub recovered: Option<String>,
    /// How many seconds its clock is ahead of this machine's.
    pub ahead_s: i64,
}

/// What to do about a change that an interruption left half done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupted {
    /// Only tell of it.
    Report,
    /// Undo or finish it before looking.
    Settle,
}

/// Why a host's state is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It did not answer.
    Unreachable(Unreachable),
    /// It answered that it will not.
    Refused {
        /// The host.
        host: String,
        /// Its reason.
        why: String,
    },
    /// A secret of its files could not be had.
    NoSecret(NoSecret),
    /// A program that it shall have could not be had.
    NoProgram {
        /// Why not, as a sentence.
        why: String,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(silence) => silence.fmt(out),
            Self::Refused { host, why } => write!(out, "{host} refuses: {why}"),
            Self::NoSecret(lack) => lack.fmt(out),
            Self::NoProgram { why } => out.write_str(why),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Unreachable> for Trouble {
    fn from(silence: Unreachable) -> Self {
        Self::Unreachable(silence)
    }
}

impl From<NoSecret> for Trouble {
    fn from(lack: NoSecret) -> Self {
        Self::NoSecret(lack)
    }
}

/// Looks at everything that `desired` speaks of, in one exchange.
pub fn observe(
    desired: &HostTree,
    machine: &dyn Machine,
    vault: &dyn Vault,
    interrupted: Interrupted,
) -> Result<Observed, Trouble> {
    let mut wanted = BTreeMap::new();
    for (path, file) in &desired.files {
        wanted.insert(path.clone(), hash(file, vault)?);
    }
    let look = Request::Observe(Observe {
        files: wanted.clone(),
        packages: desired.packages.clone(),
        units: desired.units.keys().cloned().collect(),
        paths: desired.directories.keys().chain(desired.links.keys()).cloned().collect(),
        users: desired.users.keys().cloned().collect(),
        groups: desired.groups.keys().cloned().collect(),
    });
    let requests = match interrupted {
        Interrupted::Report => vec![look],
        Interrupted::Settle => vec![Request::Recover, look],
    };
    let (recovered, mut seen) = understand(machine.name(), machine.exchange(&requests)?)?;
    let ahead_s = ahead_s(&seen);
    hide(&mut seen, desired, vault)?;
    Ok(Observed { host: machine.name().to_owned(), seen, wanted, recovered, ahead_s })
}

/// The hash of what a file shall hold.
fn hash(file: &File, vault: &dyn Vault) -> Result<String, Trouble> {
    match file.program_name() {
        Some(name) => {
            let program = vault.program(name).map_err(|why| Trouble::NoProgram { why })?;
            Ok(program.hash().to_owned())
        }
        None => Ok(host::hash(resolve(&file.text, vault)?.as_bytes())),
    }
}

fn ahead_s(seen: &Seen) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    seconds(seen.clock).saturating_sub(seconds(now))
}

fn understand(host: &str, answers: Vec<Answer>) -> Result<(Option<String>, Seen), Trouble> {
    let refused = |why: String| Trouble::Refused { host: host.to_owned(), why };
    let mut recovered = None;
    for answer in answers {
        match answer {
            Answer::Recovered(settled) => recovered = settled.map_err(refused)?,
            Answer::Observed(seen) => return Ok((recovered, seen)),
            Answer::Refused { why } => return Err(refused(why)),
            Answer::Texts(_)
            | Answer::Applied(_)
            | Answer::Confirmed(_)
            | Answer::Traced(_)
            | Answer::History(_) => {}
        }
    }
    Err(refused("it did not say what is there".into()))
}

fn hide(seen: &mut Seen, desired: &HostTree, vault: &dyn Vault) -> Result<(), NoSecret> {
    for (path, entry) in &mut seen.files {
        let Entry::File(found) = entry else { continue };
        let Some(text) = found.text.take() else { continue };
        let wanted = desired.files.get(path);
        let owned = seen.owned.as_ref().ok().and_then(|owned| owned.files.get(path));
        let ours = owned.map(|owned| owned.secret);
        found.text = if wanted.is_some_and(has_secrets) || may_hold_secrets(ours, found) {
            let wanted = wanted.filter(|file| file.program_name().is_none());
            let desired = wanted.map_or("", |file| file.text.as_str());
            Some(mask(&text, desired, vault)?)
        } else {
            Some(text)
        };
    }
    Ok(())
}

/// Does a rendered file hold secrets?
pub(crate) fn has_secrets(file: &File) -> bool {
    !secret_references(&file.text).is_empty()
}

/// Of our own file we know; a stranger's that not everybody may read is not shown to everybody.
fn may_hold_secrets(ours: Option<bool>, found: &FileEntry) -> bool {
    ours.unwrap_or(found.mode & 0o004 == 0)
}
