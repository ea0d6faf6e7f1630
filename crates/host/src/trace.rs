//! Who touched a file or a package last, as far as a host knows without being asked before. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};

use crate::files::{self, Names};
use crate::guard::now;
use crate::place::{Place, Root, check_path};

/// A sentence for every path and package of which something is known.
pub(crate) fn trace(
    place: &Place,
    paths: &BTreeSet<String>,
    packages: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, String> {
    paths.iter().try_for_each(|path| check_path(path))?;
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let names = Names::read(&root);
    let touched = |path: &String| {
        let (owner, changed) = files::touched(&root, &names, path).ok()?;
        Some((path.clone(), format!("changed {}, its owner is {owner}", ago(changed))))
    };
    let mut known: BTreeMap<String, String> = paths.iter().filter_map(touched).collect();
    if !packages.is_empty() {
        known.extend(removals(&root, packages));
    }
    Ok(known)
}

fn ago(seconds: u64) -> String {
    match now().saturating_sub(seconds) {
        ago @ 0..120 => format!("{ago} s ago"),
        ago @ 120..7200 => format!("{} min ago", ago / 60),
        ago @ 7200..172_800 => format!("{} h ago", ago / 3600),
        ago => format!("{} days ago", ago / 86_400),
    }
}

/// The last time that dpkg took each package away, from its log of this month.
fn removals(root: &Root, packages: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    let Ok(log) = files::open(root, "/var/log/dpkg.log") else { return known };
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let [day, time, "remove" | "purge", package, ..] = words.as_slice() else { continue };
        let name = package.split(':').next().unwrap_or(package);
        if packages.contains(name) {
            known.insert(name.to_owned(), format!("removed by dpkg on {day} at {time}"));
        }
    }
    known
}
