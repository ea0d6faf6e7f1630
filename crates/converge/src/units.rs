//! Decides what happens to each unit, in which order, and says why. Pure.

use std::collections::{BTreeMap, BTreeSet};

use component::tree::{HostTree, OnChange, Unit};
use host::wire::{Boot, Owned, UnitState, Verb};

use crate::plan::{Plan, covers};

/// One unit and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChange {
    /// Its name, with the suffix.
    pub name: String,
    /// What happens.
    pub act: UnitAct,
    /// Why, for people: "because /etc/bird/bird.conf changes".
    pub why: String,
    pub(crate) boot: Boot,
}

/// What happens to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitAct {
    /// It stops and no longer starts at boot.
    Stop,
    /// It starts.
    Start,
    /// It reads its files again; sessions survive.
    Reload,
    /// It starts anew.
    Restart,
    /// It runs and goes on; from now on it starts at boot, too.
    Enable,
    /// Nothing.
    Leave,
}

impl UnitAct {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Enable => "enable",
            Self::Leave => "leave",
        }
    }

    pub(crate) fn verb(self) -> Verb {
        match self {
            Self::Stop => Verb::Stop,
            Self::Start => Verb::Start,
            Self::Reload => Verb::Reload,
            Self::Restart => Verb::Restart,
            Self::Enable | Self::Leave => Verb::Leave,
        }
    }
}

/// Units that Ketupa once started and that are no longer desired.
pub(crate) fn stops(
    desired: &HostTree,
    states: &BTreeMap<String, UnitState>,
    owned: &Owned,
) -> Vec<UnitChange> {
    let gone = owned.units.iter().filter(|name| !desired.units.contains_key(*name));
    let alive = gone.filter_map(|name| Some((name, states.get(name)?)));
    alive
        .filter(|(_, state)| state.load == "loaded" && (state.runs() || state.enabled == "enabled"))
        .map(|(name, state)| {
            let boot = if state.enabled == "enabled" { Boot::Disable } else { Boot::Leave };
            let why = "because it is no longer declared".into();
            UnitChange { name: name.clone(), act: UnitAct::Stop, why, boot }
        })
        .collect()
}

/// Every desired unit, those first that others come after.
pub(crate) fn changes(
    desired: &HostTree,
    states: &BTreeMap<String, UnitState>,
    plan: &Plan,
) -> Vec<UnitChange> {
    let unknown = UnitState::default();
    in_order(&desired.units)
        .into_iter()
        .filter_map(|name| Some((name, desired.units.get(name)?)))
        .map(|(name, unit)| {
            let state = states.get(name).unwrap_or(&unknown);
            let boot = if state.is_enabled() { Boot::Leave } else { Boot::Enable };
            let (act, why) = decide(name, unit, state, plan);
            UnitChange { name: name.to_owned(), act, why, boot }
        })
        .collect()
}

fn decide(name: &str, unit: &Unit, state: &UnitState, plan: &Plan) -> (UnitAct, String) {
    let changed = |wanted: &dyn Fn(&str) -> bool| -> Vec<&str> {
        plan.changed().filter(|path| wanted(path)).collect()
    };
    let own = changed(&|path| defines(name, path));
    let read = changed(&|path| unit.reads.iter().any(|pattern| covers(pattern, path)));
    if !state.runs() {
        // A fresh package may have started it on the package's own files by then.
        let act = if plan.packages.is_empty() { UnitAct::Start } else { UnitAct::Restart };
        let how = if state.active == "failed" { "it has failed" } else { "it does not run" };
        return (act, format!("because {how}"));
    }
    let concerned = !own.is_empty() || !read.is_empty();
    if concerned && !state.is_up() {
        // It had nothing to run for and now it may have; what is not up cannot be reloaded.
        return (UnitAct::Start, because(if read.is_empty() { &own } else { &read }));
    }
    if !own.is_empty() {
        return (UnitAct::Restart, because(&own));
    }
    match (read.is_empty(), unit.on_change) {
        (false, OnChange::Reload) => (UnitAct::Reload, because(&read)),
        (false, OnChange::Restart) => (UnitAct::Restart, because(&read)),
        (true, _) if !state.is_enabled() => {
            (UnitAct::Enable, "because it does not start at boot".into())
        }
        (true, _) => (UnitAct::Leave, "because nothing that it reads changes".into()),
    }
}

fn because(paths: &[&str]) -> String {
    match paths {
        [one] => format!("because {one} changes"),
        [one, other] => format!("because {one} and {other} change"),
        [one, others @ ..] => format!("because {one} and {} more files change", others.len()),
        [] => String::new(),
    }
}

/// Is `path` the unit's own file, its template or one of their additions?
fn defines(name: &str, path: &str) -> bool {
    let Some(file) = path.strip_prefix("/etc/systemd/system/") else { return false };
    let file = file.split_once(".d/").map_or(file, |(unit, _)| unit);
    let template = name.split_once('@').zip(name.rsplit_once('.'));
    let template = template.map(|((before, _), (_, suffix))| format!("{before}@.{suffix}"));
    file == name || template.as_deref() == Some(file)
}

/// Names so that each comes after those in its `after`; a circle is broken at its first name.
fn in_order(units: &BTreeMap<String, Unit>) -> Vec<&str> {
    let mut ordered: Vec<&str> = Vec::new();
    let mut left: BTreeSet<&str> = units.keys().map(String::as_str).collect();
    while let Some(first) = left.first().copied() {
        let waits = |name: &str| {
            units
                .get(name)
                .is_some_and(|unit| unit.after.iter().any(|one| left.contains(one.as_str())))
        };
        let next = left.iter().copied().find(|name| !waits(name)).unwrap_or(first);
        left.remove(next);
        ordered.push(next);
    }
    ordered
}
