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
    let mut command = vec!["systemctl", "show", PROPERTIES];
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

/// What is asked of every unit.
const PROPERTIES: &str =
    "--property=LoadState,ActiveState,UnitFileState,ConditionResult,ConditionTimestamp";

fn state(block: &str) -> UnitState {
    let mut state = UnitState::default();
    let mut judged = false;
    for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "LoadState" => value.clone_into(&mut state.load),
            "ActiveState" => value.clone_into(&mut state.active),
            "UnitFileState" => value.clone_into(&mut state.enabled),
            "ConditionResult" => state.skipped = value == "no",
            "ConditionTimestamp" => judged = !value.is_empty(),
            _ => {}
        }
    }
    // A unit that was never asked to start has no result yet, and systemd says "no" for that too.
    state.skipped &= judged;
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

/// An order and how its unit was before.
pub(crate) type Past = (UnitOrder, UnitState);

/// Takes back what orders did, before their files go: a unit that did not run stops, one that was not
/// enabled is disabled. Looks first: systemd refuses to stop what it never heard of.
pub(crate) fn take_back(place: &Place, past: &[Past]) -> Vec<String> {
    let now = match states(place, past.iter().map(|(order, _)| &order.name)) {
        Ok(now) => now,
        Err(why) => return vec![why],
    };
    let mut troubles = Vec::new();
    for (order, before) in past.iter().rev() {
        let name = order.name.as_str();
        let now = now.get(name).cloned().unwrap_or_default();
        let started = !matches!(order.verb, Verb::Leave | Verb::Stop);
        if started && !before.is_up() && (now.is_up() || now.active == "failed") {
            troubles.extend(call(place, &["stop", "--", name]).err());
        }
        if order.boot == Boot::Enable && !before.is_enabled() && now.is_enabled() {
            troubles.extend(call(place, &["disable", "--", name]).err());
        }
    }
    troubles
}

/// Makes units that ran before run again on their old files.
pub(crate) fn bring_back(place: &Place, past: &[Past]) -> Vec<String> {
    let mut troubles = Vec::new();
    for (order, before) in past {
        let name = order.name.as_str();
        if order.boot == Boot::Disable && before.is_enabled() {
            troubles.extend(call(place, &["enable", "--", name]).err());
        }
        if before.is_up() {
            let again = again(place, order.verb, name).or_else(|why| {
                // What crashed too often on the new files may not be started any more.
                call(place, &["reset-failed", "--", name]).map_err(|_| why)?;
                again(place, order.verb, name)
            });
            troubles.extend(again.err());
        }
    }
    troubles
}

fn again(place: &Place, verb: Verb, name: &str) -> Result<(), String> {
    match verb {
        Verb::Leave => Ok(()),
        // The change may have killed the daemon: then a reload alone does not bring it back.
        Verb::Reload => {
            call(place, &["reload", "--", name]).or_else(|_| call(place, &["restart", "--", name]))
        }
        Verb::Start | Verb::Stop => call(place, &["start", "--", name]),
        Verb::Restart => call(place, &["restart", "--", name]),
    }
}

fn call(place: &Place, arguments: &[&str]) -> Result<(), String> {
    let mut command = vec!["systemctl"];
    command.extend(arguments);
    run(place, &command, LIMIT).map(|_said| ())
}
