//! Builds a package layer in a temporary folder and renames it when it is complete.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use sha2::{Digest as _, Sha256};

use crate::error::{Doing as _, Error, Result};
use crate::lab::hex;
use crate::launch::{Life, isolated};
use crate::process::Lock;
use crate::root::folder;
use crate::site::Site;

const SCRIPT: &str = include_str!("build.sh");

/// The layer's name: equal packages on an equal machine, built alike, are one layer.
pub(super) fn name(packages: &[&str]) -> Result<String> {
    let mut wanted = packages.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut hash = Sha256::new();
    hash.update(SCRIPT);
    hash.update(wanted.join(" "));
    for file in ["/etc/debian_version", "/var/lib/dpkg/status"] {
        hash.update(fs::read(file).doing(|| format!("read {file}"))?);
    }
    Ok(hex(hash.finalize().get(..8).unwrap_or_default()))
}

/// Installs the packages; the folder appears only when all went well.
pub(super) fn build(
    site: &Site,
    target: &Path,
    packages: &[&str],
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    folder(&site.cache)?;
    let _lock = Lock::wait(&site.cache)?;
    if target.exists() {
        return Ok(());
    }
    clear_interrupted(&site.cache)?;
    let unfinished = target.with_extension("unfinished");
    folder(&unfinished)?;
    install(&unfinished, packages, progress)?;
    fs::rename(&unfinished, target).doing(|| format!("finish {}", target.display()))
}

fn clear_interrupted(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache).doing(|| format!("list {}", cache.display()))? {
        let path = entry.doing(|| format!("list {}", cache.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "unfinished") {
            fs::remove_dir_all(&path).doing(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn install(at: &Path, packages: &[&str], progress: &mut dyn FnMut(&str)) -> Result<()> {
    let mut child = isolated(Life::Leashed, &[])
        .args(["/bin/sh", "-euc", &format!("exec 2>&1\n{SCRIPT}"), "build"])
        .arg(at)
        .args(packages)
        .stdout(Stdio::piped())
        .spawn()
        .doing(|| "start the package installation".to_owned())?;
    let mut last = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.doing(|| "read what apt says".to_owned())?;
        progress(&line);
        last.push(line);
        last.drain(..last.len().saturating_sub(15));
    }
    let status = child.wait().doing(|| "wait for the package installation".to_owned())?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("the package installation failed:\n{}", last.join("\n"))))
}
