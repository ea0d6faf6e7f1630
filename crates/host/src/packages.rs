//! Debian packages: read from dpkg's own list, installed and held by apt.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader};
use std::time::Duration;

use crate::files;
use crate::place::{Place, Root};
use crate::run::run;
use crate::wire::{Hold, HoldOrder, Package};

const LIMIT: Duration = Duration::from_secs(900);
/// For how long an apt that is at work already is waited for: a look at new lists takes no longer.
const WAIT: &str = "DPkg::Lock::Timeout=10";

/// Those of `wanted` that are installed. Starting dpkg or apt would cost more than all else together.
pub(crate) fn installed(
    root: &Root,
    wanted: &BTreeSet<String>,
) -> io::Result<BTreeMap<String, Package>> {
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    // The fields of one package follow each other: its name, its state, later its version.
    let mut name = String::new();
    for line in BufReader::new(files::open(root, "/var/lib/dpkg/status")?).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if let Some(package) = line.strip_prefix("Package: ") {
            package.trim().clone_into(&mut name);
        } else if let Some(status) = line.strip_prefix("Status: ") {
            let mut words = status.split_whitespace();
            let held = words.next() == Some("hold");
            if words.nth(1) == Some("installed") && wanted.contains(&name) {
                found.insert(name.clone(), Package { version: String::new(), held });
            }
        } else if let (Some(version), Some(package)) =
            (line.strip_prefix("Version: "), found.get_mut(&name))
        {
            version.trim().clone_into(&mut package.version);
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
    // A version that is asked for may be older than the one that is there, which may be held.
    command.extend(["--allow-downgrades", "--allow-change-held-packages", "-o", WAIT]);
    command.extend(["-o", "Dpkg::Options::=--force-confdef"]);
    command.extend(["-o", "Dpkg::Options::=--force-confold", "--"]);
    command.extend(packages.iter().map(String::as_str));
    run(place, &command, LIMIT).map(|_said| ()).map_err(explained)
}

/// Reads what the repositories of these files offer; without one, of all.
pub(crate) fn update(place: &Place, sources: &[&str]) -> Result<(), String> {
    let strict = ["apt-get", "update", "--quiet", "-o", "APT::Update::Error-Mode=any", "-o", WAIT];
    if sources.is_empty() {
        return run(place, &strict, LIMIT).map(|_said| ()).map_err(explained);
    }
    sources.iter().try_for_each(|path| {
        // The others are nobody's business here: theirs is not to stand in the way of this one.
        let only = format!("Dir::Etc::SourceList={path}");
        let mut command = strict.to_vec();
        command.extend(["-o", &only, "-o", "Dir::Etc::SourceParts=-"]);
        command.extend(["-o", "APT::Get::List-Cleanup=0"]);
        run(place, &command, LIMIT).map(|_said| ()).map_err(explained)
    })
}

/// Holds packages, or lets them go.
pub(crate) fn hold(place: &Place, orders: &[HoldOrder]) -> Result<(), String> {
    for (then, verb) in [(Hold::Keep, "hold"), (Hold::Free, "unhold")] {
        let of = orders.iter().filter(|order| order.then == then);
        let packages: Vec<&str> = of.map(|order| order.package.as_str()).collect();
        if !packages.is_empty() {
            let command = [&["apt-mark", verb, "--"][..], &packages].concat();
            run(place, &command, LIMIT).map_err(explained)?;
        }
    }
    Ok(())
}

/// What puts back what these orders are about to change.
pub(crate) fn unhold(root: &Root, orders: &[HoldOrder]) -> Result<Vec<HoldOrder>, String> {
    let names = orders.iter().map(|order| order.package.clone()).collect();
    let now = installed(root, &names)
        .map_err(|error| format!("cannot read the list of packages: {error}"))?;
    let back = orders.iter().filter_map(|order| {
        let held = now.get(&order.package).is_some_and(|package| package.held);
        let then = match (order.then, held) {
            (Hold::Keep, false) => Hold::Free,
            (Hold::Free, true) => Hold::Keep,
            (Hold::Keep, true) | (Hold::Free, false) => return None,
        };
        Some(HoldOrder { package: order.package.clone(), then })
    });
    Ok(back.collect())
}

/// Apt's own words, after what they mean.
fn explained(why: String) -> String {
    let locked = ["Could not get lock", "Unable to lock", "lock was locked by another process"];
    if locked.iter().any(|words| why.contains(words)) {
        return format!(
            "apt or dpkg is at work on it already (unattended-upgrades, or somebody by hand) and \
             holds their lock: try again when that has ended\n{why}"
        );
    }
    if why.contains("No space left on device") || why.contains("enough free space") {
        return format!("its disk is too full for the packages: make room, then try again\n{why}");
    }
    why
}
