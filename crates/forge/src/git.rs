//! A mirror of the repository, and checkouts of single commits.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Trouble;
use crate::request::is_commit;

/// What no provider's directory needs more of, so that a change cannot fill the disk.
const MOST_FILES: usize = 10_000;
/// The same, in bytes of all files.
const MOST_BYTES: u64 = 64 << 20;
/// No fetch and no checkout takes longer, in seconds.
const LIMIT: &str = "600";

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
        // What a round left that was killed.
        drop(std::fs::remove_dir_all(mirror.checkouts()));
        if !folder.join("HEAD").exists() {
            run(git().args(["init", "--quiet", "--bare", "--"]).arg(folder))?;
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
        let said = run(self.git().args(["merge-base", "refs/heads/followed", commit]));
        let apart = |why: Trouble| match why.0.trim() {
            "git:" => Trouble(format!("{commit} has no commit in common with the branch")),
            _ => why,
        };
        said.map(|said| said.trim().to_owned()).map_err(apart)
    }

    /// The files of a commit, in a folder that is nobody else's.
    pub fn checkout(&self, commit: &str) -> Result<Checkout, Trouble> {
        known(commit)?;
        self.bounded(commit)?;
        let name = format!("{commit}-{}", std::process::id());
        let folder = self.checkouts().join(name);
        let checkout = Checkout { folder };
        let made = std::fs::create_dir_all(&checkout.folder);
        made.map_err(|why| Trouble(format!("cannot make {}: {why}", checkout.folder.display())))?;
        let mut git = self.git();
        // An index of its own: what another commit says of its files (`.gitattributes`) is not for this one,
        // and neither are filters that somebody has configured for repositories of their own.
        git.env("GIT_INDEX_FILE", checkout.folder.with_extension("index"));
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let tree = checkout.folder.as_os_str();
        git.arg("--work-tree").arg(tree).args(["checkout", "--quiet", "--force"]);
        run(git.args([commit, "--", "."]))?;
        Ok(checkout)
    }

    /// Is the commit of a size that a provider's directory has?
    fn bounded(&self, commit: &str) -> Result<(), Trouble> {
        let listed = run(self.git().args(["ls-tree", "-r", "-l", "-z", commit]))?;
        let size = |line: &str| line.split_whitespace().nth(3)?.parse::<u64>().ok();
        let sizes: Vec<u64> = listed.split_terminator('\0').filter_map(size).collect();
        if sizes.len() <= MOST_FILES && sizes.iter().sum::<u64>() <= MOST_BYTES {
            return Ok(());
        }
        let (files, mib) = (sizes.len(), sizes.iter().sum::<u64>() >> 20);
        Err(Trouble(format!(
            "{commit} has {files} files of {mib} MiB: that is no provider's directory"
        )))
    }

    fn checkouts(&self) -> PathBuf {
        self.folder.with_extension("checkouts")
    }

    /// git in the mirror, without hooks, questions, or what the user has configured for it to run.
    fn git(&self) -> Command {
        let mut git = git();
        git.arg("--git-dir").arg(&self.folder);
        git.args(["-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false"]);
        git.args(["-c", "protocol.ext.allow=never", "-c", "advice.detachedHead=false"]);
        git
    }
}

/// git, for a bounded time.
fn git() -> Command {
    let mut git = Command::new("timeout");
    git.args(["--foreground", "--kill-after=10", LIMIT, "git"]);
    // A hook that runs this program speaks of its own repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    git
}

impl Checkout {
    /// Where the files are.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // One that cannot be removed is removed by the next round.
        drop(std::fs::remove_dir_all(&self.folder));
        drop(std::fs::remove_file(self.folder.with_extension("index")));
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
