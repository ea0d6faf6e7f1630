//! Who changes hosts, and from what: as it will stand in their history.

use super::git::Repository;
use crate::input::Directory;
use crate::report::plain;
use converge::{Origin, Revision};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// No name is longer.
const LONGEST: usize = 100;

/// Who orders a run, from what, and the run's name.
pub(super) fn origin(by: Option<&str>, revision: Revision) -> Origin {
    let who: String = plain(&by.map_or_else(operator, str::to_owned));
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    let run = format!("{now}-{}", std::process::id());
    Origin { who: who.chars().take(LONGEST).collect(), run, revision }
}

/// `user@machine`; of somebody who became root by sudo, who that is.
fn operator() -> String {
    let user = std::env::var("SUDO_USER").ok().filter(|user| !user.is_empty());
    let user = user.or_else(|| {
        let said = Command::new("id").arg("-un").output().ok()?;
        Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    });
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}@{}", user.as_deref().unwrap_or("somebody"), machine.trim())
}

/// The state of what is declared: a commit where there is one, else a hash.
pub(super) fn revision(directory: &Path, declared: &Directory) -> Revision {
    let in_git = || {
        let repository = Repository::of(directory).ok()?;
        let commit = repository.commit("HEAD").ok()?;
        if !repository.has(&commit) {
            return None;
        }
        // Where git cannot say, what it would compare is told by its hash.
        if repository.is_changed().unwrap_or(true) {
            return Some(Revision::Changed { commit, tree: tree(directory, declared) });
        }
        Some(Revision::Commit(commit))
    };
    in_git().unwrap_or_else(|| Revision::Tree(tree(directory, declared)))
}

/// A hash of everything that is declared, wherever its directory is.
fn tree(directory: &Path, declared: &Directory) -> String {
    let place = format!("{}/", directory.display());
    let mut hash = Sha256::new();
    let sources = declared.sources.iter().map(|source| {
        (source.path.strip_prefix(&place).unwrap_or(&source.path), source.text.as_str())
    });
    let templates = declared.templates.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    for (name, text) in sources.chain(templates) {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A revision as people compare it.
pub(super) fn shown(revision: &Revision) -> String {
    match revision {
        Revision::Commit(commit) => format!("commit {}", short(commit)),
        Revision::Changed { commit, tree } => {
            format!("commit {} with changes ({})", short(commit), short(tree))
        }
        Revision::Tree(tree) => format!("no commit ({})", short(tree)),
    }
}

/// The first digits of a hash, which came from a host.
pub(super) fn short(hash: &str) -> String {
    plain(&hash.chars().take(12).collect::<String>())
}
