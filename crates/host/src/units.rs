//! systemd's units, through `systemctl`: how they are, and what is done with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::place::Place;
use crate::run::run;
use crate::wire::{Boot, UnitOrder, UnitState, Verb};

const LIMIT: Duration = Duration::from_secs(120);

/// The state of every unit asked for, by one call of `systemctl show`.
pub(crate) fn states(
    place: &Place,
    names: impl IntoIterator<Item: AsRef<str>>,
) -> Result<BTreeMap<String, UnitState>, String> {
    let names: BTreeSet<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut command = vec!["systemctl", "show", "--property=LoadState,ActiveState,UnitFileState"];
    command.push("--");
    command.extend(names.iter().map(String::as_str));
    let printed = run(place, &command, LIMIT)?;
    // An alias is shown under its real name, so the order of the answers counts, not their Id.
    let shown: Vec<UnitState> = printed.split("\n\n").map(state).collect();
    if shown.len() != names.len() {
        return Err(format!("systemctl told of {} units, not {}", shown.len(), names.len()));
    }
    Ok(names.into_iter().zip(shown).collect())
}

fn state(block: &str) -> UnitState {
    let mut state = UnitState::default();
    for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "LoadState" => value.clone_into(&mut state.load),
            "ActiveState" => value.clone_into(&mut state.active),
            "UnitFileState" => value.clone_into(&mut state.enabled),
            _ => {}
        }
    }
    state
}

/// Makes systemd read its unit files again.
pub(crate) fn reload_manager(place: &Place) -> Result<(), String> {
    call(place, &["daemon-reload"])
}

/// Carries out one order.
pub(crate) fn act(place: &Place, order: &UnitOrder) -> Result<(), String> {
    match order.boot {
        Boot::Leave => {}
        Boot::Enable => call(place, &["enable", "--", &order.name])?,
        Boot::Disable => call(place, &["disable", "--", &order.name])?,
    }
    match order.verb {
        Verb::Leave => Ok(()),
        Verb::Start => call(place, &["start", "--", &order.name]),
        Verb::Reload => call(place, &["reload", "--", &order.name]),
        Verb::Restart => call(place, &["restart", "--", &order.name]),
        Verb::Stop => call(place, &["stop", "--", &order.name]),
    }
}

/// Takes back what `order` did before its files go: a unit that did not run stops, one that was not
/// enabled is disabled.
pub(crate) fn take_back(place: &Place, order: &UnitOrder, before: &UnitState) -> Vec<String> {
    let mut troubles = Vec::new();
    if !before.runs() && !matches!(order.verb, Verb::Leave | Verb::Stop) {
        troubles.extend(call(place, &["stop", "--", &order.name]).err());
    }
    if !before.is_enabled() && order.boot == Boot::Enable {
        troubles.extend(call(place, &["disable", "--", &order.name]).err());
    }
    troubles
}

/// Makes a unit that ran before run again on its old files.
pub(crate) fn bring_back(place: &Place, order: &UnitOrder, before: &UnitState) -> Vec<String> {
    let mut troubles = Vec::new();
    if before.is_enabled() && order.boot == Boot::Disable {
        troubles.extend(call(place, &["enable", "--", &order.name]).err());
    }
    if !before.runs() {
        return troubles;
    }
    let name = order.name.as_str();
    let done = match order.verb {
        Verb::Leave => Ok(()),
        // The change may have killed the daemon: then a reload alone does not bring it back.
        Verb::Reload => {
            call(place, &["reload", "--", name]).or_else(|_| call(place, &["restart", "--", name]))
        }
        Verb::Start | Verb::Stop => call(place, &["start", "--", name]),
        Verb::Restart => call(place, &["restart", "--", name]),
    };
    troubles.extend(done.err());
    troubles
}

fn call(place: &Place, arguments: &[&str]) -> Result<(), String> {
    let mut command = vec!["systemctl"];
    command.extend(arguments);
    run(place, &command, LIMIT).map(|_said| ())
}
