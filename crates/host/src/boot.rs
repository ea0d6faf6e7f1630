//! The dead man's timer across a boot: a unit of ours that undoes at once what nobody could confirm.

use std::fs::File;
use std::io::{self, Write as _};

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::place::{Root, STORE};

/// Where an administrator's units are, and those of them that start at boot.
const UNITS: &str = "/etc/systemd/system";
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

fn name(id: &str) -> String {
    format!("ketupa-boot-undo-{id}.service")
}

/// The unit's text. It is not waited for (`exec`), so that it may restart what systemd is starting at
/// that moment.
fn text(undo: &[&str]) -> Option<String> {
    // No executor has such a path: nothing needs to be escaped.
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !undo.iter().all(|word| !word.is_empty() && word.chars().all(plain)) {
        return None;
    }
    let (command, program) = (undo.join(" "), undo.first()?);
    Some(format!(
        "# Written by Ketupa with a change that waits to be confirmed, removed with its end.\n\
         [Unit]\nDescription=Undoes a change that was not confirmed before the machine went down\n\
         RequiresMountsFor={STORE} {program}\n\n\
         [Service]\nType=exec\nExecStart={command}\nRestart=on-failure\nRestartSec=3\n\n\
         [Install]\nWantedBy=multi-user.target\n"
    ))
}

/// Makes the next boot run `undo`. systemd need not know of it before.
pub(crate) fn arm(root: &Root, id: &str, undo: &[&str]) -> Result<(), String> {
    let Some(text) = text(undo) else { return Err("the executor's path is too odd".into()) };
    write(root, id, &text)
        .map_err(|error| format!("cannot write the unit that undoes it at boot: {error}"))
}

fn write(root: &Root, id: &str, text: &str) -> io::Result<()> {
    let (units, name) = (root.directory(UNITS)?, name(id));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
    let mode = Mode::from_raw_mode(0o644);
    let mut file = File::from(fs::openat(&units, &name, flags | OFlags::CLOEXEC, mode)?);
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::fsync(&units)?;
    for directory in root.missing_parents(&format!("{WANTED}/any"))? {
        crate::files::make_directory(root, &directory)?;
    }
    let wanted = root.directory(WANTED)?;
    match fs::symlinkat(format!("../{name}"), &wanted, &name) {
        Err(Errno::EXIST) => {}
        made => made?,
    }
    Ok(fs::fsync(&wanted)?)
}

/// Takes the unit away; it may be gone, or never have been there.
pub(crate) fn disarm(root: &Root, id: &str) {
    for directory in [WANTED, UNITS] {
        if let Ok(open) = root.directory(directory) {
            // One that stays finds nothing to do at the next boot, and goes then.
            let _stays = fs::unlinkat(&open, name(id), AtFlags::empty());
        }
    }
}
