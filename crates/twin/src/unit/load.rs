//! Finds a unit and its drop-ins where systemd would.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::unit::file::UnitFile;

/// Where units are, the strongest place first.
const PLACES: &[&str] = &[
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// What looking for a unit gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is none of this name.
    Nothing,
    /// Somebody linked it to `/dev/null`.
    Masked,
    /// Its own name (an alias has another one), its file, and the text with all overrides.
    Unit { name: String, path: PathBuf, file: UnitFile },
}

/// `name` with `.service` unless it says what it is.
pub(crate) fn full_name(name: &str) -> String {
    const KINDS: &[&str] =
        &["service", "target", "socket", "timer", "path", "mount", "slice", "scope", "device"];
    match name.rsplit_once('.') {
        Some((_, kind)) if KINDS.contains(&kind) => name.to_owned(),
        _ => format!("{name}.service"),
    }
}

/// Looks for a unit below `root`, which is `/` but for tests.
pub(crate) fn find(root: &Path, name: &str) -> Found {
    let Some(path) = fragment(root, name) else { return Found::Nothing };
    if fs::read_link(&path).is_ok_and(|target| target == Path::new("/dev/null")) {
        return Found::Masked;
    }
    let name = own_name(&path, name);
    let mut file = UnitFile::default();
    file.add(&fs::read_to_string(&path).unwrap_or_default());
    for text in drop_ins(root, &name) {
        file.add(&text);
    }
    Found::Unit { name, path, file }
}

/// The unit's own file, or that of its template.
fn fragment(root: &Path, name: &str) -> Option<PathBuf> {
    let template = template(name);
    [Some(name.to_owned()), template].into_iter().flatten().find_map(|name| {
        PLACES
            .iter()
            .map(|place| root.join(place).join(&name))
            .find(|p| p.symlink_metadata().is_ok())
    })
}

/// `up@.service` for `up@wg0.service`.
fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (_, kind) = rest.rsplit_once('.')?;
    Some(format!("{prefix}@.{kind}"))
}

/// A link to another unit is an alias of it.
fn own_name(path: &Path, asked: &str) -> String {
    let target = fs::read_link(path).ok();
    let name = target.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    match name {
        Some(name) if !name.contains("@.") => name.to_owned(),
        Some(_) | None => asked.to_owned(),
    }
}

/// The texts of all drop-ins, sorted by file name; a stronger place hides an equal name.
fn drop_ins(root: &Path, name: &str) -> Vec<String> {
    let kind = name.rsplit_once('.').map_or("service", |(_, kind)| kind);
    let owners = [Some(kind.to_owned()), template(name), Some(name.to_owned())];
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for place in PLACES.iter().rev() {
        for owner in owners.iter().flatten() {
            let folder = root.join(place).join(format!("{owner}.d"));
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let file = entry.file_name().to_string_lossy().into_owned();
                if Path::new(&file).extension().is_some_and(|extension| extension == "conf") {
                    files.insert(file, entry.path());
                }
            }
        }
    }
    files.values().filter_map(|path| fs::read_to_string(path).ok()).collect()
}
