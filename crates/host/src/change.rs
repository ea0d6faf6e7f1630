//! Carries out orders: stage, check, swap, act, probe; then keeps the change or takes it back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::files::{self, Change, Kind, Names};
use crate::guard;
use crate::packages;
use crate::place::{Place, Root, check_path};
use crate::recover;
use crate::rehearse;
use crate::run::run;
use crate::store::{Journal, Moment, Pending, Phase, Store};
use crate::units;
use crate::wire::{Command, End, Entry, FileOrder, NewFile, Orders, Outcome, Owned, Then, Verb};

/// The places where systemd looks for unit files that an administrator may write.
const UNIT_FILES: [&str; 3] = ["/etc/systemd/system/", "/lib/systemd/", "/usr/lib/systemd/"];
/// The lock is held by another executor.
pub(crate) const BUSY: &str =
    "another apply is changing this host at this moment: try again when it has ended";
/// How long a probe waits before it asks again.
const AGAIN: Duration = Duration::from_millis(200);

/// One change on its way.
struct Work<'a> {
    place: &'a Place,
    root: Root,
    store: Store,
    orders: &'a Orders,
    steps: Vec<String>,
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
    let _lock = lock.ok_or(BUSY)?;
    outcome.recovered = recover::recover(place, &root, &store)?;
    expect_as_planned(&root, orders)?;
    packages::install(place, &orders.packages)?;
    let mut work = Work { place, root, store, orders, steps: Vec::new() };
    let end = work.carry_out();
    if !orders.packages.is_empty() {
        outcome.steps.push(format!("installed {}", orders.packages.join(", ")));
    }
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
    orders.guard.iter().try_for_each(guard::check)?;
    orders.owned.files.keys().try_for_each(|path| check_path(path))
}

/// Orders are made from what was seen; a host that changed since needs new ones.
fn expect_as_planned(root: &Root, orders: &Orders) -> Result<(), String> {
    let names = Names::read(root);
    for file in &orders.files {
        let now = files::look(root, &names, &file.path, None);
        if now.without_text() != file.was.without_text() {
            return Err(format!("{} changed after the plan was made: plan again", file.path));
        }
        if let Entry::Other { what } = now {
            return Err(format!("{} is a {what}, not a file", file.path));
        }
    }
    Ok(())
}

impl Work<'_> {
    fn carry_out(&mut self) -> Result<End, String> {
        let mut journal = self.journal()?;
        self.record(&journal)?;
        // The timer runs before anything live is touched: whatever happens then, it is there.
        let armed = self.prepare(&journal).and_then(|()| guard::arm(self.place, &journal));
        if let Err(why) = armed {
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
        if troubles.is_empty() { Err(why) } else { Ok(End::RolledBack { why, troubles }) }
    }

    fn record(&self, journal: &Journal) -> Result<(), String> {
        self.store.begin(journal).map_err(|error| format!("cannot write the journal: {error}"))
    }

    /// How to undo what comes next, from the state of this moment.
    fn journal(&self) -> Result<Journal, String> {
        let names = Names::read(&self.root);
        let changes = self.orders.files.iter();
        let changes: Vec<Change> =
            changes.filter_map(|file| change(&self.root, &names, file)).collect();
        let mut directories = BTreeSet::new();
        for change in changes.iter().filter(|change| change.kind == Kind::Create) {
            let missing = self.root.missing_parents(&change.path);
            directories.extend(missing.map_err(|error| format!("{}: {error}", change.path))?);
        }
        let mut states =
            units::states(self.place, self.orders.units.iter().map(|unit| &unit.name))?;
        let orders = self.orders.units.iter();
        Ok(Journal {
            phase: Phase::Staging,
            daemon_reload: changes.iter().any(|change| is_unit_file(&change.path)),
            changes,
            directories: directories.into_iter().collect(),
            units: orders
                .filter_map(|order| Some((order.clone(), states.remove(&order.name)?)))
                .collect(),
            pending: self.orders.guard.as_ref().map(|guard| Pending {
                guard: guard.clone(),
                owned: self.orders.owned.clone(),
                until: None,
            }),
        })
    }

    /// Stages everything and asks the checkers; nothing live moves.
    fn prepare(&mut self, journal: &Journal) -> Result<(), String> {
        for directory in &journal.directories {
            files::make_directory(&self.root, directory)
                .map_err(|error| format!("cannot make {directory}: {error}"))?;
        }
        let names = Names::read(&self.root);
        for (path, new) in self.orders.files.iter().filter_map(written) {
            files::stage(&self.root, &names, path, new)
                .map_err(|error| format!("cannot stage {path}: {error}"))?;
        }
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
        for change in &journal.changes {
            files::swap(&self.root, change)
                .and_then(|()| files::flush_directory(&self.root, &change.path))
                .map_err(|error| format!("cannot change {}: {error}", change.path))?;
            self.steps.push(format!("{} {}", verb(change.kind), change.path));
        }
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
fn change(root: &Root, names: &Names, order: &FileOrder) -> Option<Change> {
    let there = files::look(root, names, &order.path, None) != Entry::Absent;
    let kind = match (&order.then, there) {
        (Then::Write(_), true) => Kind::Replace,
        (Then::Write(_), false) => Kind::Create,
        (Then::Remove, true) => Kind::Remove,
        (Then::Remove, false) => return None,
    };
    Some(Change { path: order.path.clone(), kind })
}

fn written(order: &FileOrder) -> Option<(&str, &NewFile)> {
    match &order.then {
        Then::Write(new) => Some((&order.path, new)),
        Then::Remove => None,
    }
}

fn is_unit_file(path: &str) -> bool {
    UNIT_FILES.iter().any(|directory| path.starts_with(directory))
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Replace => "change",
        Kind::Remove => "remove",
    }
}

fn said(unit: &crate::wire::UnitOrder) -> String {
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
