//! Shows the daemons' own checkers the future: the whole staged set in place, while nothing live moves.
//!
//! A thread leaves for a mount namespace of its own, lays an overlay over every directory that will
//! change and carries out the very swap that comes later, there. What it writes ends in a tmpfs that
//! goes with the thread; the checkers, started from the thread, see new, changed and removed files.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{self, CWD, Mode, OFlags};
use rustix::mount::{
    self, FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags,
    MoveMountFlags, OpenTreeFlags,
};
use rustix::thread::UnshareFlags;

use crate::copy;
use crate::files::{self, Change};
use crate::place::{Place, Root, STORE, split};
use crate::run::run;
use crate::wire::Command;

/// Runs every check on the staged set; the first that refuses ends it.
pub(crate) fn checks(
    place: &Place,
    changes: &[Change],
    checks: &[Command],
) -> Result<Vec<String>, String> {
    if checks.is_empty() {
        return Ok(Vec::new());
    }
    let rehearsal = || {
        lay_over(place, changes)
            .map_err(|error| format!("cannot lay the staged files over the live ones: {error}"))?;
        checks.iter().map(|check| ask(place, check)).collect()
    };
    std::thread::scope(|scope| {
        let ended = scope.spawn(rehearsal).join();
        ended.unwrap_or_else(|_| Err("the rehearsal ended without a word".into()))
    })
}

fn ask(place: &Place, check: &Command) -> Result<String, String> {
    let command: Vec<&str> = check.command.iter().map(String::as_str).collect();
    let limit = Duration::from_secs(u64::from(check.within_s));
    match run(place, &command, limit) {
        Ok(_said) => Ok(format!("{}: the staged files are accepted", check.name)),
        Err(why) => Err(format!("{} does not accept the staged files: {why}", check.name)),
    }
}

/// From here on this thread and its children see the future.
fn lay_over(place: &Place, changes: &[Change]) -> io::Result<()> {
    leave()?;
    let scratch = scratch(place)?;
    let parents: BTreeSet<&str> =
        changes.iter().filter_map(|change| Some(split(&change.path)?.0)).collect();
    let mut laid = Vec::new();
    // Outer directories come first; what an outer overlay already covers needs none of its own.
    for (number, parent) in parents.into_iter().enumerate() {
        let root = Root::open(place)?;
        let directory = root.directory(parent)?;
        if !laid.contains(&device(&directory)?) {
            overlay(&directory, &scratch, number)?;
            laid.push(device(&Root::open(place)?.directory(parent)?)?);
        }
    }
    let root = Root::open(place)?;
    for change in changes {
        files::swap(&root, change)?;
        files::forget(&root, &change.path)?;
    }
    Ok(())
}

/// A mount namespace of this thread's own, from which nothing leaks back.
#[expect(deprecated, reason = "unsound for FILES only, which is not asked for")]
fn leave() -> io::Result<()> {
    rustix::thread::unshare(UnshareFlags::NEWNS)?;
    let alone = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    Ok(mount::mount_change("/", alone)?)
}

/// A tmpfs that holds what the rehearsal writes.
fn scratch(place: &Place) -> io::Result<OwnedFd> {
    let books = Root::open(place)?.directory(STORE)?;
    mount::mount("rehearsal", through(&books), "tmpfs", MountFlags::empty(), None)?;
    Root::open(place)?.directory(STORE)
}

/// Lays a view over `directory` that takes all writing, with the mounts below put back on top.
fn overlay(directory: &OwnedFd, scratch: &OwnedFd, number: usize) -> io::Result<()> {
    let place = fs::readlinkat(CWD, through(directory), Vec::new())?;
    let below = below(&place.to_string_lossy())?;
    let upper = twin(directory, scratch, &format!("upper{number}"))?;
    let view = match layered(directory, &upper, scratch, &format!("work{number}")) {
        Ok(view) => view,
        // Layers upon layers (a container in a container): then a copy has to do.
        Err(_too_deep) => copied(directory, &upper)?,
    };
    attach(&view, &through(directory))?;
    // A place that is gone from the new view needs no mount.
    below.iter().filter(|(_, at)| at.exists()).try_for_each(|(tree, at)| {
        let at = at.to_string_lossy();
        attach(tree, &at)
    })
}

/// An empty directory with the owner and mode of another.
fn twin(directory: &OwnedFd, scratch: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let stat = fs::fstat(directory)?;
    let (user, group) = (fs::Uid::from_raw(stat.st_uid), fs::Gid::from_raw(stat.st_gid));
    fs::mkdirat(scratch, name, Mode::RWXU)?;
    let twin = fs::openat(scratch, name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    fs::fchown(&twin, Some(user), Some(group))?;
    fs::fchmod(&twin, Mode::from_raw_mode(stat.st_mode))?;
    Ok(twin)
}

fn layered(lower: &OwnedFd, upper: &OwnedFd, scratch: &OwnedFd, work: &str) -> io::Result<OwnedFd> {
    fs::mkdirat(scratch, work, Mode::RWXU)?;
    let options = mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    mount::fsconfig_set_string(&options, "source", "rehearsal")?;
    mount::fsconfig_set_string(&options, "lowerdir", through(lower))?;
    mount::fsconfig_set_string(&options, "upperdir", through(upper))?;
    mount::fsconfig_set_string(&options, "workdir", format!("{}/{work}", through(scratch)))?;
    mount::fsconfig_create(&options)?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    Ok(mount::fsmount(&options, flags, MountAttrFlags::empty())?)
}

fn copied(directory: &OwnedFd, upper: &OwnedFd) -> io::Result<OwnedFd> {
    copy::directory(Path::new(&through(directory)), Path::new(&through(upper)))?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    Ok(mount::open_tree(CWD, through(upper), flags)?)
}

fn attach(tree: &OwnedFd, at: &str) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
    Ok(mount::move_mount(tree, "", CWD, at, flags)?)
}

/// Copies of the outermost mounts below a directory, which an overlay would hide.
fn below(directory: &str) -> io::Result<Vec<(OwnedFd, PathBuf)>> {
    let mounts = std::fs::read_to_string("/proc/thread-self/mountinfo")?;
    let prefix = format!("{}/", directory.trim_end_matches('/'));
    let mut points: Vec<String> =
        mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(unescape).collect();
    points.retain(|point| point.starts_with(&prefix));
    points.sort_unstable();
    points.dedup();
    let mut kept: Vec<String> = Vec::new();
    for point in points {
        if !kept.iter().any(|outer| point.starts_with(&format!("{outer}/"))) {
            kept.push(point);
        }
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    kept.into_iter()
        .map(|point| Ok((mount::open_tree(CWD, &point, flags)?, PathBuf::from(point))))
        .collect()
}

/// `mountinfo` writes blanks and the like in octal.
fn unescape(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(point.to_owned(), |text, (code, character)| text.replace(code, character))
}

/// A path that leads through an open directory, whatever lies on its way now.
fn through(directory: &OwnedFd) -> String {
    format!("/proc/thread-self/fd/{}", directory.as_raw_fd())
}

fn device(directory: &OwnedFd) -> io::Result<u64> {
    Ok(fs::fstat(directory)?.st_dev)
}
