//! Debian packages: read from dpkg's own list, installed by apt-get.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader};
use std::time::Duration;

use crate::files;
use crate::place::{Place, Root};
use crate::run::run;

const LIMIT: Duration = Duration::from_secs(900);

/// Those of `wanted` that are installed. Starting dpkg or apt would cost more than all else together.
pub(crate) fn installed(root: &Root, wanted: &BTreeSet<String>) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let mut package = String::new();
    for line in BufReader::new(files::open(root, "/var/lib/dpkg/status")?).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if let Some(name) = line.strip_prefix("Package: ") {
            name.trim().clone_into(&mut package);
        }
        let Some(status) = line.strip_prefix("Status: ") else { continue };
        if status.split_whitespace().nth(2) == Some("installed") && wanted.contains(&package) {
            found.insert(package.clone());
        }
    }
    Ok(found)
}

/// Installs packages; configuration that is there already stays as it is.
pub(crate) fn install(place: &Place, packages: &[String]) -> Result<(), String> {
    if packages.is_empty() {
        return Ok(());
    }
    let mut command = vec!["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"];
    command.extend(["-o", "Dpkg::Options::=--force-confdef"]);
    command.extend(["-o", "Dpkg::Options::=--force-confold", "--"]);
    command.extend(packages.iter().map(String::as_str));
    run(place, &command, LIMIT).map(|_said| ())
}
