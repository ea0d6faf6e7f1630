//! Which units start when the host boots: links, as `systemctl enable` makes them.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::unit::file::UnitFile;
use crate::unit::load::{Found, find, full_name};

const PLACE: &str = "etc/systemd/system";

/// Whether a unit starts at boot.
pub(super) fn state(root: &Path, name: &str) -> Option<&'static str> {
    let asked = full_name(name);
    match find(root, &asked) {
        Found::Nothing => None,
        Found::Masked => Some("masked"),
        Found::Unit { name, path, file } => {
            let links = links(root, &name, &path, &file);
            Some(match links.as_slice() {
                [] => "static",
                some if some.iter().any(|link| link.at.symlink_metadata().is_ok()) => "enabled",
                _ => "disabled",
            })
        }
    }
}

/// Makes the links; false if there is no such unit.
pub(super) fn enable(root: &Path, name: &str) -> io::Result<bool> {
    let Found::Unit { name, path, file } = find(root, &full_name(name)) else { return Ok(false) };
    for link in links(root, &name, &path, &file) {
        if let Some(folder) = link.at.parent() {
            fs::create_dir_all(folder)?;
        }
        if link.at.symlink_metadata().is_err() {
            symlink(&link.to, &link.at)?;
        }
    }
    Ok(true)
}

/// Removes the links; false if there is no such unit.
pub(super) fn disable(root: &Path, name: &str) -> io::Result<bool> {
    let Found::Unit { name, path, file } = find(root, &full_name(name)) else { return Ok(false) };
    for link in links(root, &name, &path, &file) {
        if link.at.symlink_metadata().is_ok() {
            fs::remove_file(&link.at)?;
        }
    }
    Ok(true)
}

/// Makes a unit impossible to start.
pub(super) fn mask(root: &Path, name: &str) -> io::Result<bool> {
    let at = root.join(PLACE).join(full_name(name));
    if at.symlink_metadata().is_ok() {
        fs::remove_file(&at)?;
    }
    symlink("/dev/null", at)?;
    Ok(true)
}

/// Undoes [`mask`].
pub(super) fn unmask(root: &Path, name: &str) -> io::Result<bool> {
    let at = root.join(PLACE).join(full_name(name));
    if fs::read_link(&at).is_ok_and(|target| target == Path::new("/dev/null")) {
        fs::remove_file(&at)?;
    }
    Ok(true)
}

/// The units that start at boot, those of the early targets first.
pub(super) fn at_boot(root: &Path) -> Vec<String> {
    let mut names = vec!["systemd-sysctl.service".to_owned()];
    for target in ["sysinit", "basic", "network-online", "network", "multi-user"] {
        let folder = root.join(PLACE).join(format!("{target}.target.wants"));
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        here.sort();
        // Addresses before those who bind to them.
        here.sort_by_key(|name| name != "networking.service");
        names.extend(here);
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

struct Link {
    at: PathBuf,
    to: PathBuf,
}

fn links(root: &Path, name: &str, path: &Path, file: &UnitFile) -> Vec<Link> {
    let target = Path::new("/").join(path.strip_prefix(root).unwrap_or(path));
    let mut links = Vec::new();
    for (key, folder) in [("WantedBy", "wants"), ("RequiredBy", "requires")] {
        for owner in file.list("Install", key).join(" ").split_whitespace() {
            let at = root.join(PLACE).join(format!("{owner}.{folder}")).join(name);
            links.push(Link { at, to: target.clone() });
        }
    }
    for alias in file.list("Install", "Alias").join(" ").split_whitespace() {
        links.push(Link { at: root.join(PLACE).join(alias), to: target.clone() });
    }
    links
}
