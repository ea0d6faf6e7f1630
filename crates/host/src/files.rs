//! Looks at files, stages new ones beside their targets, swaps them in and puts the old ones back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Stat, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::place::Root;
use crate::wire::{Entry, FileEntry, NewFile, Rights};

/// The longest text that travels for a diff.
const LONGEST_TEXT: usize = 1 << 20;
const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const CREATE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// How the file at one path changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The target.
    pub(crate) path: String,
    /// What happens to it.
    pub(crate) kind: Kind,
}

/// What happens to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Nothing stood there.
    Create,
    /// A file or link stood there.
    Replace,
    /// It goes.
    Remove,
}

/// SHA-256 in hexadecimal, as it stands in every message.
pub fn hash(content: &[u8]) -> String {
    hexadecimal(Sha256::digest(content).as_slice())
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The names of users and groups, read from the host's own files.
pub(crate) struct Names {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Names {
    pub(crate) fn read(root: &Root) -> Self {
        Self { users: ids(root, "/etc/passwd"), groups: ids(root, "/etc/group") }
    }

    pub(crate) fn user(&self, name: &str) -> io::Result<Uid> {
        id(&self.users, name).map(Uid::from_raw).ok_or_else(|| missing("user", name))
    }

    pub(crate) fn group(&self, name: &str) -> io::Result<Gid> {
        id(&self.groups, name).map(Gid::from_raw).ok_or_else(|| missing("group", name))
    }
}

fn missing(what: &str, name: &str) -> io::Error {
    io::Error::other(format!("there is no {what} {name}"))
}

fn ids(root: &Root, path: &str) -> BTreeMap<String, u32> {
    let text = text(root, path).unwrap_or_default();
    let mut ids = BTreeMap::from([("root".to_owned(), 0)]);
    for line in text.lines() {
        let mut fields = line.split(':');
        let (name, number) = (fields.next(), fields.nth(1).and_then(|text| text.parse().ok()));
        if let (Some(name), Some(number)) = (name, number) {
            ids.entry(name.to_owned()).or_insert(number);
        }
    }
    ids
}

fn id(ids: &BTreeMap<String, u32>, name: &str) -> Option<u32> {
    ids.get(name).copied().or_else(|| name.parse().ok())
}

fn name(ids: &BTreeMap<String, u32>, number: u32) -> String {
    let known = ids.iter().find(|(_, id)| **id == number).map(|(name, _)| name.clone());
    known.unwrap_or_else(|| number.to_string())
}

/// The owner of what stands at `path`, and when it was written last, in seconds since 1970.
pub(crate) fn touched(root: &Root, names: &Names, path: &str) -> io::Result<(String, u64)> {
    let (parent, file) = root.parent(path)?;
    let stat = fs::statat(&parent, file, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok((name(&names.users, stat.st_uid), u64::try_from(stat.st_mtime).unwrap_or(0)))
}

/// The whole text of a file.
pub(crate) fn text(root: &Root, path: &str) -> io::Result<String> {
    let mut text = String::new();
    open(root, path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file for reading.
pub(crate) fn open(root: &Root, path: &str) -> io::Result<File> {
    let (parent, name) = root.parent(path)?;
    Ok(File::from(fs::openat(parent, name, LOOK, Mode::empty())?))
}

/// What stands at `path`; with its text unless its hash is `known`.
pub(crate) fn look(root: &Root, names: &Names, path: &str, known: Option<&str>) -> Entry {
    match try_look(root, names, path, known) {
        Ok(entry) => entry,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Entry::Absent,
        Err(error) => Entry::Unreadable { why: error.to_string() },
    }
}

fn try_look(root: &Root, names: &Names, path: &str, known: Option<&str>) -> io::Result<Entry> {
    let (parent, name) = root.parent(path)?;
    let stat = fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Entry::File(regular(&parent, name, names, known)?),
        FileType::Symlink => {
            let to = fs::readlinkat(&parent, name, Vec::new())?;
            Entry::Link { to: to.to_string_lossy().into_owned() }
        }
        FileType::Directory => Entry::Directory(Rights {
            mode: stat.st_mode & 0o7777,
            owner: self::name(&names.users, stat.st_uid),
            group: self::name(&names.groups, stat.st_gid),
        }),
        FileType::Fifo => Entry::Other { what: "pipe".into() },
        FileType::Socket => Entry::Other { what: "socket".into() },
        FileType::CharacterDevice | FileType::BlockDevice => Entry::Other { what: "device".into() },
        FileType::Unknown => Entry::Other { what: "thing of unknown kind".into() },
    })
}

fn regular(
    parent: &OwnedFd,
    file: &str,
    names: &Names,
    known: Option<&str>,
) -> io::Result<FileEntry> {
    let mut open = File::from(fs::openat(parent, file, LOOK | OFlags::NONBLOCK, Mode::empty())?);
    let stat: Stat = fs::fstat(&open)?;
    let (hash, head) = read(&mut open)?;
    let text = if known == Some(hash.as_str()) { None } else { head };
    Ok(FileEntry {
        hash,
        mode: stat.st_mode & 0o7777,
        owner: name(&names.users, stat.st_uid),
        group: name(&names.groups, stat.st_gid),
        text: text.and_then(|bytes| String::from_utf8(bytes).ok()),
    })
}

/// The hash of what is left to read, and the bytes themselves when they are few.
fn read(open: &mut File) -> io::Result<(String, Option<Vec<u8>>)> {
    let (mut digest, mut kept) = (Sha256::new(), Some(Vec::new()));
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = open.read(&mut buffer)?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Ok((hexadecimal(digest.finalize().as_slice()), kept));
        }
        digest.update(piece);
        kept = kept.filter(|kept| kept.len() + count <= LONGEST_TEXT);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(piece);
        }
    }
}

/// Where the new file waits. Hidden and with dpkg's suffix, so that no daemon, cron or logrotate that
/// reads whole directories takes it for configuration.
pub(crate) fn staged(name: &str) -> String {
    format!(".{name}.ketupa.dpkg-new")
}

/// Where the old file waits until the change has proved itself.
pub(crate) fn kept(name: &str) -> String {
    format!(".{name}.ketupa.dpkg-old")
}

/// Writes the new file beside its target, with owner and mode, down to the disk.
pub(crate) fn stage(root: &Root, names: &Names, path: &str, new: &NewFile) -> io::Result<()> {
    let (parent, name) = root.parent(path)?;
    let (user, group) = (names.user(&new.owner)?, names.group(&new.group)?);
    let staged = staged(name);
    gone(fs::unlinkat(&parent, &staged, AtFlags::empty()))?;
    let mut file = File::from(fs::openat(&parent, &staged, CREATE, Mode::RUSR | Mode::WUSR)?);
    fs::fchown(&file, Some(user), Some(group))?;
    file.write_all(new.content.bytes())?;
    fs::fchmod(&file, Mode::from_raw_mode(new.mode))?;
    file.sync_all()
}

/// Makes the new link beside its target.
pub(crate) fn stage_link(root: &Root, path: &str, to: &str) -> io::Result<()> {
    let (parent, name) = root.parent(path)?;
    let staged = staged(name);
    gone(fs::unlinkat(&parent, &staged, AtFlags::empty()))?;
    fs::symlinkat(to, &parent, &staged)?;
    Ok(fs::fsync(&parent)?)
}

/// Puts the staged file in the target's place, or takes the target away; the old one is kept.
pub(crate) fn swap(root: &Root, change: &Change) -> io::Result<()> {
    let (parent, name) = root.parent(&change.path)?;
    let (staged, kept) = (staged(name), kept(name));
    match change.kind {
        // What appeared there meanwhile is not ours to lose.
        Kind::Create => {
            fs::renameat_with(&parent, staged, &parent, name, RenameFlags::NOREPLACE)?;
        }
        Kind::Replace => {
            gone(fs::unlinkat(&parent, &kept, AtFlags::empty()))?;
            fs::linkat(&parent, name, &parent, kept, AtFlags::empty())?;
            fs::renameat(&parent, staged, &parent, name)?;
        }
        Kind::Remove => fs::renameat(&parent, name, &parent, kept)?,
    }
    Ok(())
}

/// Puts back what [`swap`] changed; may be called again after an interruption at any point.
pub(crate) fn unswap(root: &Root, change: &Change) -> io::Result<()> {
    let Some((parent, name)) = opened(root, &change.path)? else { return Ok(()) };
    let (staged, kept) = (staged(name), kept(name));
    match change.kind {
        Kind::Create => {
            let waits = fs::statat(&parent, &staged, AtFlags::SYMLINK_NOFOLLOW).is_ok();
            if !waits {
                gone(fs::unlinkat(&parent, name, AtFlags::empty()))?;
            }
        }
        Kind::Replace | Kind::Remove => {
            gone(fs::renameat(&parent, &kept, &parent, name))?;
            // Two names of one file: the rename above did nothing and left both.
            gone(fs::unlinkat(&parent, kept, AtFlags::empty()))?;
        }
    }
    fs::fsync(&parent)?;
    Ok(())
}

/// Takes the staged file away.
pub(crate) fn unstage(root: &Root, path: &str) -> io::Result<()> {
    sweep(root, path, staged)
}

/// Takes the old file away once it is not needed any more.
pub(crate) fn forget(root: &Root, path: &str) -> io::Result<()> {
    sweep(root, path, kept)
}

fn sweep(root: &Root, path: &str, beside: fn(&str) -> String) -> io::Result<()> {
    let Some((parent, name)) = opened(root, path)? else { return Ok(()) };
    Ok(gone(fs::unlinkat(&parent, beside(name), AtFlags::empty()))?)
}

/// Makes a directory with mode 0755; one that is there already is as good.
pub(crate) fn make_directory(root: &Root, path: &str) -> io::Result<()> {
    let (parent, name) = root.parent(path)?;
    let mode = Mode::from_raw_mode(0o755);
    match fs::mkdirat(&parent, name, mode) {
        Err(Errno::EXIST) => Ok(()),
        made => {
            made?;
            // The process's mask may have taken bits away.
            Ok(fs::chmodat(&parent, name, mode, AtFlags::empty())?)
        }
    }
}

/// Removes a directory if it is empty.
pub(crate) fn remove_directory(root: &Root, path: &str) -> io::Result<()> {
    let Some((parent, name)) = opened(root, path)? else { return Ok(()) };
    match fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOTEMPTY | Errno::NOTDIR) => Ok(()),
        removed => Ok(gone(removed)?),
    }
}

/// Flushes the directory of `path`: a rename is only durable after that.
pub(crate) fn flush_directory(root: &Root, path: &str) -> io::Result<()> {
    Ok(fs::fsync(root.parent(path)?.0)?)
}

fn opened<'a>(root: &Root, path: &'a str) -> io::Result<Option<(OwnedFd, &'a str)>> {
    match root.parent(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        parent => parent.map(Some),
    }
}

/// What is not there needs no removal.
fn gone(result: Result<(), Errno>) -> Result<(), Errno> {
    if result == Err(Errno::NOENT) { Ok(()) } else { result }
}
