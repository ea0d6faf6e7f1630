//! What git knows of the declared network, asked of the operator's own git.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory inside a repository.
pub(super) struct Repository {
    /// The top of its working tree.
    top: PathBuf,
    /// Where the directory is below it, with a `/` at the end; empty at the top.
    prefix: String,
}

impl Repository {
    /// The repository that a directory is in, or git's reason why there is none.
    pub(super) fn of(directory: &Path) -> Result<Self, String> {
        let asked = git(directory, &["rev-parse", "--show-toplevel", "--show-prefix"])?;
        let mut lines = asked.lines();
        let top = lines.next().unwrap_or_default();
        Ok(Self { top: top.into(), prefix: lines.next().unwrap_or_default().to_owned() })
    }

    /// The commit that a name stands for.
    pub(super) fn commit(&self, name: &str) -> Result<String, String> {
        let name = format!("{name}^{{commit}}");
        let said = git(&self.top, &["rev-parse", "--verify", "--end-of-options", &name])?;
        Ok(said.trim().to_owned())
    }

    /// Whether the directory is in this commit.
    pub(super) fn has(&self, commit: &str) -> bool {
        git(&self.top, &["cat-file", "-e", &self.tree(commit)]).is_ok()
    }

    /// Whether something that is declared is not as in the commit that is checked out.
    pub(super) fn is_changed(&self) -> Result<bool, String> {
        let place = format!("./{}", self.prefix);
        let words = ["status", "--porcelain", "--ignored", "--untracked-files=all", "--", &place];
        let said = git(&self.top, &words)?;
        // What git was told to ignore matters only where it declares something.
        let matters = |line: &str| {
            let path = Path::new(line.trim_end_matches('"'));
            let declares = path.extension().is_some_and(|kind| kind == "toml" || kind == "j2");
            declares || !line.starts_with("!!")
        };
        Ok(said.lines().any(matters))
    }

    /// Writes the directory as it was at a commit into `folder`, which is empty. Neither the working tree nor
    /// the index is touched, and no hook runs.
    pub(super) fn lay(&self, commit: &str, folder: &Path) -> Result<(), String> {
        let index = folder.with_extension("index");
        let with_index = |words: &[&str]| {
            let mut command = command(&self.top, words);
            said(command.env("GIT_INDEX_FILE", &index))
        };
        with_index(&["read-tree", &self.tree(commit)])?;
        let into = format!("--prefix={}/", folder.display());
        with_index(&["checkout-index", "--all", "--quiet", &into]).map(drop)
    }

    fn tree(&self, commit: &str) -> String {
        format!("{commit}:{}", self.prefix.trim_end_matches('/'))
    }
}

fn git(directory: &Path, words: &[&str]) -> Result<String, String> {
    said(&mut command(directory, words))
}

fn command(directory: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(words).stdin(Stdio::null());
    // Its answers are read by a program; it takes no lock where it only looks.
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    // A hook that runs this program speaks of its own repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot run git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let why = why.trim().trim_start_matches("fatal: ").to_owned();
    Err(if why.is_empty() { output.status.to_string() } else { why })
}
