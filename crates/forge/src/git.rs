//! A mirror of the repository, and checkouts of single commits.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Trouble;
use crate::request::is_commit;

/// A bare copy of a repository that lives as long as it is followed.
#[derive(Debug, Clone)]
pub struct Mirror {
    folder: PathBuf,
}

/// The files of one commit, until it is dropped.
#[derive(Debug)]
pub struct Checkout {
    folder: PathBuf,
}

impl Mirror {
    /// Fetches a branch, and what `changes` names, from a repository into a folder.
    ///
    /// # Errors
    /// git's own words: the repository cannot be reached, or has no such branch.
    pub fn fetch(
        folder: &Path,
        from: &str,
        branch: &str,
        changes: Option<&str>,
    ) -> Result<Self, Trouble> {
        let mirror = Self { folder: folder.to_owned() };
        if !folder.join("HEAD").exists() {
            run(Command::new("git").args(["init", "--quiet", "--bare", "--"]).arg(folder))?;
        }
        let mut words = vec![format!("+refs/heads/{branch}:refs/heads/followed")];
        words.extend(changes.map(|refs| format!("+{refs}:refs/changes/*")));
        let mut fetch = mirror.git();
        // Nothing of a submodule, a hook or a tag is wanted.
        fetch.args(["fetch", "--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--"]);
        run(fetch.arg(from).args(words))?;
        Ok(mirror)
    }

    /// The newest commit of the branch.
    pub fn head(&self) -> Result<String, Trouble> {
        let said = run(self.git().args(["rev-parse", "--verify", "refs/heads/followed"]))?;
        Ok(said.trim().to_owned())
    }

    /// Where a commit left the branch: what a change is compared with.
    pub fn base(&self, commit: &str) -> Result<String, Trouble> {
        known(commit)?;
        let said = run(self.git().args(["merge-base", "refs/heads/followed", commit]))?;
        Ok(said.trim().to_owned())
    }

    /// The files of a commit, in a folder that is nobody else's.
    pub fn checkout(&self, commit: &str) -> Result<Checkout, Trouble> {
        known(commit)?;
        let name = format!("{commit}-{}", std::process::id());
        let folder = self.folder.with_extension("checkouts").join(name);
        let checkout = Checkout { folder };
        let made = std::fs::create_dir_all(&checkout.folder);
        made.map_err(|why| Trouble(format!("cannot make {}: {why}", checkout.folder.display())))?;
        let mut git = self.git();
        let tree = checkout.folder.as_os_str();
        git.arg("--work-tree").arg(tree).args(["checkout", "--quiet", "--force"]);
        run(git.args([commit, "--", "."]))?;
        Ok(checkout)
    }

    /// git in the mirror, without hooks, questions, or what the user has configured for it to run.
    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(&self.folder);
        git.args(["-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false"]);
        git.args(["-c", "protocol.ext.allow=never", "-c", "advice.detachedHead=false"]);
        git
    }
}

impl Checkout {
    /// Where the files are.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // One that cannot be removed is removed with the mirror.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn known(commit: &str) -> Result<(), Trouble> {
    if is_commit(commit) { Ok(()) } else { Err(Trouble(format!("{commit:?} is no commit"))) }
}

fn run(git: &mut Command) -> Result<String, Trouble> {
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_LFS_SKIP_SMUDGE", "1");
    let said = git.output().map_err(|why| Trouble(format!("cannot start git: {why}")))?;
    if said.status.success() {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    Err(Trouble(format!("git: {}", String::from_utf8_lossy(&said.stderr).trim())))
}
