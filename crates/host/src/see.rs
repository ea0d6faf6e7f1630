//! Looks at a host. Changes nothing, starts nothing but `systemctl show`.

use std::collections::{BTreeMap, BTreeSet};

use crate::accounts;
use crate::files::{self, Names};
use crate::guard;
use crate::packages;
use crate::place::{Place, Root, check_path};
use crate::recover;
use crate::store::Store;
use crate::units;
use crate::wire::{Entry, Observe, Owned, Seen};

/// What is there, of what was asked for and of what Ketupa owns.
pub(crate) fn observe(place: &Place, asked: &Observe) -> Result<Seen, String> {
    asked.files.keys().chain(&asked.paths).try_for_each(|path| check_path(path))?;
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let Books { owned, unfinished, undone } = books(&root);
    let names = Names::read(&root);
    let mut files: BTreeMap<String, Entry> = BTreeMap::new();
    for (path, hash) in &asked.files {
        files.insert(path.clone(), files::look(&root, &names, path, Some(hash)));
    }
    let ours = owned.iter().flat_map(|owned| owned.files.keys().chain(&owned.links));
    for path in asked.paths.iter().chain(ours) {
        if !files.contains_key(path) {
            let entry = files::look(&root, &names, path, None).without_text();
            files.insert(path.clone(), entry);
        }
    }
    let held = owned.iter().flat_map(|owned| &owned.held);
    let wanted = asked.packages.iter().chain(held).cloned().collect();
    let packages = packages::installed(&root, &wanted)
        .map_err(|error| format!("cannot read the list of packages: {error}"));
    let users = owned.iter().flat_map(|owned| owned.users.keys());
    let users = asked.users.iter().chain(users).cloned().collect();
    let accounts = accounts::look(&root, &users, &asked.groups)
        .map_err(|error| format!("cannot read users and groups: {error}"));
    let units = asked.units.iter().chain(owned.iter().flat_map(|owned| &owned.units));
    let units = units::states(place, units);
    let clock = guard::now();
    Ok(Seen { files, packages, units, accounts, clock, owned, unfinished, undone })
}

struct Books {
    owned: Result<Owned, String>,
    unfinished: Option<String>,
    undone: Option<String>,
}

fn books(root: &Root) -> Books {
    let (mut unfinished, mut undone) = (None, None);
    let owned = match Store::open(root) {
        Ok(None) => Ok(Owned::default()),
        Ok(Some(store)) => {
            unfinished = recover::unfinished(&store);
            undone = recover::undone(&store);
            store.manifest().map_err(|error| error.to_string())
        }
        Err(error) => Err(format!("cannot open the books: {error}")),
    };
    Books { owned, unfinished, undone }
}

/// The files themselves.
pub(crate) fn read(
    place: &Place,
    paths: &BTreeSet<String>,
) -> Result<BTreeMap<String, Entry>, String> {
    paths.iter().try_for_each(|path| check_path(path))?;
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let names = Names::read(&root);
    let texts = paths.iter().map(|path| (path.clone(), files::look(&root, &names, path, None)));
    Ok(texts.collect())
}
