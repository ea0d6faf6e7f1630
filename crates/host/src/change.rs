//! Carries out orders: stage, check, swap, act, probe; then keeps the change or takes it back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::accounts;
use crate::directories;
use crate::early;
use crate::files::{self, Change, Kind, Names};
use crate::guard;
use crate::history;
use crate::packages;
use crate::place::{Place, Root, check_path};
use crate::recover;
use crate::rehearse;
use crate::run::run;
use crate::store::{Journal, Moment, Pending, Phase, Store};
use crate::units;
use crate::wire::{
    Command, DirectoryOrder, End, Entry, FileOrder, Hold, HoldOrder, Orders, Outcome, Owned, Then,
    Verb,
};

/// The places where systemd looks for unit files that an administrator may write.
const UNIT_FILES: [&str; 3] = ["/etc/systemd/system/", "/lib/systemd/", "/usr/lib/systemd/"];
/// How long a probe waits before it asks again.
const AGAIN: Duration = Duration::from_millis(200);

/// One change on its way.
pub(crate) struct Work<'a> {
    pub(crate) place: &'a Place,
    pub(crate) root: Root,
    pub(crate) store: Store,
    pub(crate) orders: &'a Orders,
    pub(crate) steps: Vec<String>,
}

/// Brings the host to the ordered state, or leaves it as it was and says why.
pub(crate) fn apply(place: &Place, orders: &Orders) -> Outcome {
    let mut outcome = Outcome { recovered: None, steps: Vec::new(), end: End::Done };
    let end = begin(place, orders, &mut outcome);
    outcome.end = end.unwrap_or_else(|why| End::Refused { why });
    outcome
}

/// An `Err` from here means that nothing was touched.
fn begin(place: &Place, orders: &Orders, outcome: &mut Outcome) -> Result<End, String> {
    let says = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    check_paths(orders)?;
    let root = Root::open(place).map_err(says("cannot open the root"))?;
    let store = Store::create(&root).map_err(says("cannot keep books"))?;
    let lock = store.lock().map_err(says("cannot lock"))?;
    let lock = lock.ok_or_else(|| store.busy())?;
    lock.held_for(orders.origin.as_deref()).map_err(says("cannot lock"))?;
    outcome.recovered = recover::recover(place, &root, &store)?;
    expect_as_planned(&root, orders)?;
    let mut work = Work { place, root, store, orders, steps: Vec::new() };
    let end = work.carry_out();
    outcome.steps.append(&mut work.steps);
    end
}

fn check_paths(orders: &Orders) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for file in &orders.files {
        check_path(&file.path)?;
        if !seen.insert(&file.path) {
            return Err(format!("{} is ordered twice", file.path));
        }
    }
    for directory in &orders.directories {
        check_path(&directory.path)?;
        if !seen.insert(&directory.path) {
            return Err(format!("{} is ordered twice", directory.path));
        }
    }
    accounts::check(orders)?;
    orders.guard.iter().try_for_each(guard::check)?;
    orders.owned.files.keys().try_for_each(|path| check_path(path))
}

/// Orders are made from what was seen; a host that changed since needs new ones.
fn expect_as_planned(root: &Root, orders: &Orders) -> Result<(), String> {
    let names = Names::read(root);
    let files = orders.files.iter().map(|file| (&file.path, &file.was));
    let directories = orders.directories.iter().map(|one| (&one.path, &one.was));
    for (path, was) in files.chain(directories) {
        let now = files::look(root, &names, path, None);
        if now.without_text() != was.without_text() {
            return Err(format!("{path} changed after the plan was made: plan again"));
        }
    }
    for file in &orders.files {
        match &file.was {
            Entry::Other { what } => return Err(format!("{} is a {what}, not a file", file.path)),
            Entry::Directory(_) => return Err(format!("{} is a directory, not a file", file.path)),
            Entry::Absent | Entry::File(_) | Entry::Link { .. } | Entry::Unreadable { .. } => {}
        }
    }
    let other = |order: &&DirectoryOrder| !matches!(order.was, Entry::Absent | Entry::Directory(_));
    if let Some(order) = orders.directories.iter().find(other) {
        return Err(format!("{} is no directory", order.path));
    }
    accounts::expect_as_planned(root, &orders.users)
}

impl Work<'_> {
    fn carry_out(&mut self) -> Result<End, String> {
        let brought = early::bring(self)?;
        let mut journal = match self.journal(&brought) {
            Ok(journal) => journal,
            Err(why) if brought.sources.is_empty() => return Err(why),
            Err(why) => return self.give_up(&brought, why),
        };
        // The timer runs before anything live is touched: whatever happens then, it is there.
        let armed =
            self.record(&journal).and_then(|()| guard::arm(self.place, &self.root, &journal));
        if let Err(why) = armed.and_then(|()| self.prepare(&journal)) {
            return self.give_up(&journal, why);
        }
        journal.phase = Phase::Changing;
        if let Err(why) = self.record(&journal) {
            journal.phase = Phase::Staging;
            return self.give_up(&journal, why);
        }
        let mut touched = BTreeSet::new();
        let done = self.change(&journal, &mut touched).and_then(|()| self.conclude(&mut journal));
        match done {
            Ok(end) => Ok(end),
            Err(why) => {
                journal.units.retain(|(order, _)| touched.contains(&order.name));
                let troubles = recover::undo(self.place, &self.root, &self.store, &journal);
                // A timer that is still there tries again what could not be put back.
                if troubles.is_empty() {
                    guard::disarm(self.place, &journal);
                }
                Ok(End::RolledBack { why, troubles })
            }
        }
    }

    /// Before anything live was touched: sweep up and refuse.
    fn give_up(&self, journal: &Journal, why: String) -> Result<End, String> {
        let troubles = recover::undo(self.place, &self.root, &self.store, journal);
        if troubles.is_empty() {
            guard::disarm(self.place, journal);
            return Err(why);
        }
        Ok(End::RolledBack { why, troubles })
    }

    pub(crate) fn record(&self, journal: &Journal) -> Result<(), String> {
        self.store.begin(journal).map_err(|error| format!("cannot write the journal: {error}"))
    }

    pub(crate) fn make_directories(&self, directories: &[String]) -> Result<(), String> {
        directories.iter().try_for_each(|directory| {
            files::make_directory(&self.root, directory)
                .map_err(|error| format!("cannot make {directory}: {error}"))
        })
    }

    /// How to undo what comes next, from the state of this moment, after what was `brought` before.
    fn journal(&self, brought: &Journal) -> Result<Journal, String> {
        let names = Names::read(&self.root);
        let late = self.orders.files.iter().filter(|file| !early::is_early(&file.path));
        let changes: Vec<Change> =
            late.filter_map(|file| change(&self.root, &names, file)).collect();
        let accounts = accounts::past(&self.root, self.orders)?;
        let mut states =
            units::states(self.place, self.orders.units.iter().map(|unit| &unit.name))?;
        let orders = self.orders.units.iter();
        Ok(Journal {
            phase: Phase::Staging,
            sources: brought.sources.clone(),
            daemon_reload: changes.iter().any(|change| is_unit_file(&change.path)),
            directories: self.directories(brought, &changes, &accounts)?,
            changes,
            rights: directories::past(&self.root, &self.orders.directories)?,
            holds: packages::unhold(&self.root, &self.orders.holds)?,
            accounts,
            units: orders
                .filter_map(|order| Some((order.clone(), states.remove(&order.name)?)))
                .collect(),
            record: history::record(self.orders),
            pending: self.orders.guard.as_ref().map(|guard| Pending {
                guard: guard.clone(),
                owned: self.orders.owned.clone(),
                until: None,
            }),
        })
    }

    /// Every directory that the change makes.
    fn directories(
        &self,
        brought: &Journal,
        changes: &[Change],
        accounts: &accounts::Past,
    ) -> Result<Vec<String>, String> {
        let mut all: BTreeSet<String> = missing(&self.root, changes)?.into_iter().collect();
        for order in self.orders.directories.iter().filter(|one| one.was == Entry::Absent) {
            let above = self.root.missing_parents(&order.path);
            all.extend(above.map_err(|error| format!("{}: {error}", order.path))?);
            all.insert(order.path.clone());
        }
        // A home comes and goes with its user.
        all.retain(|directory| !accounts.makes(directory));
        all.extend(brought.directories.iter().cloned());
        Ok(all.into_iter().collect())
    }

    /// Makes users, and stages everything and asks the checkers; nothing that runs is touched.
    fn prepare(&mut self, journal: &Journal) -> Result<(), String> {
        self.steps.extend(accounts::change(self.place, &self.root, &self.store, self.orders)?);
        self.make_directories(&journal.directories)?;
        let names = Names::read(&self.root);
        for new in self.orders.directories.iter().filter(|one| one.was == Entry::Absent) {
            directories::set(&self.root, &names, &new.path, &new.then)
                .map_err(|error| format!("cannot make {}: {error}", new.path))?;
            self.steps.push(format!("make {}", new.path));
        }
        let late = self.orders.files.iter().filter(|file| !early::is_early(&file.path));
        late.into_iter().try_for_each(|file| stage(&self.root, &names, file))?;
        let said = rehearse::checks(self.place, &journal.changes, &self.orders.checks)?;
        self.steps.extend(said);
        Ok(())
    }

    /// Touches live files and units, and asks whether all is well.
    fn change(&mut self, journal: &Journal, touched: &mut BTreeSet<String>) -> Result<(), String> {
        let (stops, others): (Vec<_>, Vec<_>) =
            self.orders.units.iter().partition(|unit| unit.verb == Verb::Stop);
        for unit in stops {
            touched.insert(unit.name.clone());
            units::act(self.place, unit)?;
            self.steps.push(format!("stop {}", unit.name));
        }
        self.change_directories()?;
        for change in &journal.changes {
            files::swap(&self.root, change)
                .and_then(|()| files::flush_directory(&self.root, &change.path))
                .map_err(|error| format!("cannot change {}: {error}", change.path))?;
            self.steps.push(swapped(change));
        }
        packages::hold(self.place, &self.orders.holds)?;
        self.steps.extend(self.orders.holds.iter().map(held));
        if journal.daemon_reload {
            units::reload_manager(self.place)?;
        }
        for unit in &others {
            touched.insert(unit.name.clone());
            units::act(self.place, unit)?;
            self.steps.push(said(unit));
        }
        self.expect_running()?;
        self.orders.probes.iter().try_for_each(|probe| probed(self.place, probe))?;
        self.steps.extend(self.orders.probes.iter().map(|probe| format!("{}: yes", probe.name)));
        Ok(())
    }

    fn change_directories(&mut self) -> Result<(), String> {
        let names = Names::read(&self.root);
        for there in self.orders.directories.iter().filter(|one| one.was != Entry::Absent) {
            directories::set(&self.root, &names, &there.path, &there.then)
                .map_err(|error| format!("cannot change {}: {error}", there.path))?;
            self.steps.push(format!("change the permissions of {}", there.path));
        }
        Ok(())
    }

    /// `systemctl start` returns before a simple daemon has read its configuration.
    fn expect_running(&self) -> Result<(), String> {
        let started = self.orders.units.iter();
        let started = started.filter(|unit| !matches!(unit.verb, Verb::Stop | Verb::Leave));
        let states = units::states(self.place, started.map(|unit| &unit.name))?;
        match states.iter().find(|(_, state)| !state.runs()) {
            Some((name, state)) => Err(format!("{name} does not run: it is {}", state.active)),
            None => Ok(()),
        }
    }

    /// Lets the change stand, or wait for its confirmation.
    fn conclude(&self, journal: &mut Journal) -> Result<End, String> {
        if let Some(pending) = &mut journal.pending {
            // Whole seconds: never less than was promised.
            pending.until = Some(Moment::now(pending.guard.within_s.saturating_add(1))?);
            journal.phase = Phase::Awaiting;
            self.record(journal)?;
            return Ok(End::Awaiting);
        }
        commit(&self.root, &self.store, journal, &self.orders.owned)?;
        Ok(End::Done)
    }
}

/// From here on the change stands.
pub(crate) fn commit(
    root: &Root,
    store: &Store,
    journal: &Journal,
    owned: &Owned,
) -> Result<(), String> {
    let before = store.manifest().map_err(|error| error.to_string())?;
    let mut directories = before.directories;
    directories.extend(journal.directories.iter().cloned());
    let owned = Owned { directories, ..owned.clone() };
    store.commit(&owned).map_err(|error| format!("cannot write the manifest: {error}"))?;
    // What cannot be tidied up now is tidied up next time.
    let _later = recover::tidy(root, store, journal);
    Ok(())
}

/// What an order does to what stands there now; packages may have brought files since the plan.
pub(crate) fn change(root: &Root, names: &Names, order: &FileOrder) -> Option<Change> {
    let there = files::look(root, names, &order.path, None) != Entry::Absent;
    let kind = match (&order.then, there) {
        (Then::Write(_) | Then::Link { .. }, true) => Kind::Replace,
        (Then::Write(_) | Then::Link { .. }, false) => Kind::Create,
        (Then::Remove, true) => Kind::Remove,
        (Then::Remove, false) => return None,
    };
    Some(Change { path: order.path.clone(), kind })
}

/// Puts what is new beside its target.
pub(crate) fn stage(root: &Root, names: &Names, order: &FileOrder) -> Result<(), String> {
    let path = &order.path;
    let staged = match &order.then {
        Then::Write(new) => files::stage(root, names, path, new),
        Then::Link { to } => files::stage_link(root, path, to),
        Then::Remove => Ok(()),
    };
    staged.map_err(|error| format!("cannot stage {path}: {error}"))
}

/// The directories that changes need and that are not there, outermost first.
pub(crate) fn missing(root: &Root, changes: &[Change]) -> Result<Vec<String>, String> {
    let mut all = BTreeSet::new();
    for change in changes.iter().filter(|change| change.kind == Kind::Create) {
        let missing = root.missing_parents(&change.path);
        all.extend(missing.map_err(|error| format!("{}: {error}", change.path))?);
    }
    Ok(all.into_iter().collect())
}

fn is_unit_file(path: &str) -> bool {
    UNIT_FILES.iter().any(|directory| path.starts_with(directory))
}

/// What a change did, for people.
pub(crate) fn swapped(change: &Change) -> String {
    let verb = match change.kind {
        Kind::Create => "create",
        Kind::Replace => "change",
        Kind::Remove => "remove",
    };
    format!("{verb} {}", change.path)
}

/// What is done about upgrades of a package, for people.
pub(crate) fn held(order: &HoldOrder) -> String {
    match order.then {
        Hold::Keep => format!("hold {}", order.package),
        Hold::Free => format!("hold {} no more", order.package),
    }
}

/// What is done with a unit, for people.
pub(crate) fn said(unit: &crate::wire::UnitOrder) -> String {
    let verb = match unit.verb {
        Verb::Leave => "set the start at boot of",
        Verb::Start => "start",
        Verb::Reload => "reload",
        Verb::Restart => "restart",
        Verb::Stop => "stop",
    };
    format!("{verb} {}", unit.name)
}

/// Asks until the answer is yes or the time is over.
fn probed(place: &Place, probe: &Command) -> Result<(), String> {
    let command: Vec<&str> = probe.command.iter().map(String::as_str).collect();
    let (begin, limit) = (Instant::now(), Duration::from_secs(u64::from(probe.within_s)));
    loop {
        let left = limit.saturating_sub(begin.elapsed()).max(AGAIN);
        let Err(why) = run(place, &command, left) else { return Ok(()) };
        if begin.elapsed() + AGAIN >= limit {
            let name = &probe.name;
            return Err(format!("no yes within {} s to \"{name}\": {why}", probe.within_s));
        }
        std::thread::sleep(AGAIN);
    }
}
