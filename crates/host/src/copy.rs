//! Copies a directory where no overlay can be laid over it: on a root that is layered too deep already.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown, lchown, symlink};
use std::path::Path;

/// More than a daemon's configuration ever is.
const MOST_BYTES: u64 = 64 << 20;

/// Copies what is in `from` to `to`: files, directories and links of the same file system, with owners
/// and modes. Gives up on more than a configuration could be.
pub(crate) fn directory(from: &Path, to: &Path) -> io::Result<()> {
    let device = fs::metadata(from)?.dev();
    let mut left = MOST_BYTES;
    copy(from, to, device, &mut left)
}

fn copy(from: &Path, to: &Path, device: u64, left: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let (from, to) = (from.join(&name), to.join(&name));
        let found = fs::symlink_metadata(&from)?;
        if found.is_dir() {
            fs::create_dir(&to)?;
            if found.dev() == device {
                copy(&from, &to, device, left)?;
            }
            adopt(&File::open(&to)?, &found)?;
        } else if found.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
            lchown(&to, Some(found.uid()), Some(found.gid()))?;
        } else if found.is_file() {
            *left = left.checked_sub(found.len()).ok_or_else(too_much)?;
            fs::copy(&from, &to)?;
            adopt(&File::open(&to)?, &found)?;
        }
    }
    Ok(())
}

fn adopt(copy: &File, found: &Metadata) -> io::Result<()> {
    fchown(copy, Some(found.uid()), Some(found.gid()))?;
    copy.set_permissions(found.permissions())
}

fn too_much() -> io::Error {
    io::Error::other(format!(
        "no overlay is possible and there is more to copy than {MOST_BYTES} bytes"
    ))
}
