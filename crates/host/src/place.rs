//! Where the executor works: the live root, or a directory that stands for it. Resolves paths safely.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// A root directory and where programs are looked for.
#[derive(Debug, Clone)]
pub struct Place {
    pub(crate) root: PathBuf,
    pub(crate) programs: String,
    /// The command that undoes a change nobody confirmed; its name follows.
    pub(crate) undo: Option<Vec<String>>,
}

impl Place {
    /// The machine itself.
    pub fn live() -> Self {
        Self::below("/")
    }

    /// A directory that stands for the root of a machine. Programs still see the real root.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let inherited = std::env::var("PATH").unwrap_or_default();
        // A login over ssh may leave the administrator's directories out.
        let programs = format!("{inherited}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin");
        Self { root: root.into(), programs, undo: None }
    }

    /// The same place, where `command`, followed by a change's name, runs [`crate::undo`]: without one
    /// no change can wait for a confirmation.
    #[must_use]
    pub fn with_undo(self, command: Vec<String>) -> Self {
        Self { undo: Some(command), ..self }
    }

    /// The same place, with programs looked for in `directory` first.
    #[must_use]
    pub fn with_programs(self, directory: &Path) -> Self {
        Self { programs: format!("{}:{}", directory.display(), self.programs), ..self }
    }
}

/// An open root: every path of a request is resolved below it.
pub(crate) struct Root {
    top: OwnedFd,
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

impl Root {
    pub(crate) fn open(place: &Place) -> io::Result<Self> {
        let top = fs::openat(CWD, &place.root, DIRECTORY, Mode::empty())?;
        Ok(Self { top })
    }

    /// The directory that holds `path`, and the name in it.
    pub(crate) fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        let (directory, name) = split(path).ok_or(Errno::INVAL)?;
        Ok((self.directory(directory)?, name))
    }

    /// Opens a directory, `""` for the root itself.
    pub(crate) fn directory(&self, path: &str) -> io::Result<OwnedFd> {
        let below = below(path);
        let plain = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match self.resolve(below, plain | ResolveFlags::NO_SYMLINKS) {
            Err(Errno::LOOP) => {
                self.trust_links(below)?;
                Ok(self.resolve(below, plain)?)
            }
            opened => Ok(opened?),
        }
    }

    fn resolve(&self, below: &str, how: ResolveFlags) -> Result<OwnedFd, Errno> {
        fs::openat2(&self.top, below, DIRECTORY, Mode::empty(), how)
    }

    /// A link on the way (`/var/run`) is followed only when it is root's or ours: who can place links
    /// in a directory must not choose where we write.
    fn trust_links(&self, below: &str) -> io::Result<()> {
        let ours = rustix::process::geteuid().as_raw();
        let plain = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let mut walked = String::from(".");
        for name in below.split('/') {
            let stat = fs::statat(self.resolve(&walked, plain)?, name, AtFlags::SYMLINK_NOFOLLOW)?;
            walked = format!("{walked}/{name}");
            let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
            if link && stat.st_uid != 0 && stat.st_uid != ours {
                let path = walked.trim_start_matches('.');
                return Err(io::Error::other(format!("{path} is a link made by another user")));
            }
        }
        Ok(())
    }

    /// The directories above `path` that are not there, outermost first.
    pub(crate) fn missing_parents(&self, path: &str) -> io::Result<Vec<String>> {
        let mut missing = Vec::new();
        let mut rest = path;
        while let Some((directory, _)) = split(rest).filter(|(directory, _)| !directory.is_empty())
        {
            match self.directory(directory) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing.push(directory.to_owned());
                }
                Err(error) => return Err(error),
            }
            rest = directory;
        }
        missing.reverse();
        Ok(missing)
    }
}

/// `/etc/bird/bird.conf` is `/etc/bird` and `bird.conf`.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/')
}

fn below(path: &str) -> &str {
    let below = path.trim_start_matches('/');
    if below.is_empty() { "." } else { below }
}

/// Is this a path that a request may name: absolute, below a directory, without detours?
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if parts.len() < 2 || !parts.iter().all(|part| plain(part)) {
        return Err(format!(
            "the path {path:?} is refused: it must be absolute and without detours"
        ));
    }
    if path == STORE || path.strip_prefix(STORE).is_some_and(|rest| rest.starts_with('/')) {
        return Err(format!("the path {path} is refused: Ketupa keeps its own books there"));
    }
    Ok(())
}

/// Where the executor keeps its lock, journal and manifest.
pub(crate) const STORE: &str = "/var/lib/ketupa";
