//! Units in words: `status`, `show`, `list-units`.

use std::fmt::Write as _;
use std::fs;

use crate::init::children::Exit;
use crate::supervise::install;
use crate::supervise::state::{Phase, State};
use crate::supervise::unit::Unit;

/// The last lines of a unit's log.
pub(super) fn tail(unit: &Unit, lines: usize) -> String {
    let text = fs::read_to_string(unit.log_path()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

/// What `systemctl status` shows.
pub(super) fn status(unit: &Unit) -> String {
    let state = unit.state();
    let (active, sub, says) = (state.phase.word(), sub(&state), state.says.clone());
    let (main, result) = (state.main, state.result);
    drop(state);
    let mut out = format!("{}\n     Active: {active} ({sub})", unit.name);
    if active == "failed" {
        let _ = write!(out, " (Result: {result})");
    }
    out.push('\n');
    if let Some(pid) = main {
        let _ = writeln!(out, "   Main PID: {pid}");
    }
    if !says.is_empty() {
        let _ = writeln!(out, "     Status: \"{says}\"");
    }
    let _ = writeln!(out, "\n{}", tail(unit, 10));
    out
}

/// One line of `systemctl list-units`.
pub(super) fn line(unit: &Unit) -> String {
    let state = unit.state();
    format!("{} loaded {} {}\n", unit.name, state.phase.word(), sub(&state))
}

/// The properties that `systemctl show` knows here.
pub(super) fn properties(name: &str, unit: Option<&Unit>) -> Vec<(&'static str, String)> {
    let file_state = install::state("/".as_ref(), name);
    let load = match file_state {
        None => "not-found",
        Some("masked") => "masked",
        Some(_) => "loaded",
    };
    let empty = State::default();
    let guard = unit.map(Unit::state);
    let state = guard.as_deref().unwrap_or(&empty);
    let exit = match state.main_exit {
        Some(Exit::Code(number) | Exit::Signal(number)) => number,
        Some(Exit::Unseen) | None => 0,
    };
    vec![
        ("Id", unit.map_or_else(|| name.to_owned(), |unit| unit.name.clone())),
        ("LoadState", load.to_owned()),
        ("ActiveState", state.phase.word().to_owned()),
        ("SubState", sub(state).to_owned()),
        ("UnitFileState", file_state.unwrap_or_default().to_owned()),
        ("MainPID", state.main.unwrap_or_default().to_string()),
        ("NRestarts", state.restarts.to_string()),
        ("Result", state.result.to_owned()),
        ("ExecMainStatus", exit.to_string()),
        ("StatusText", state.says.clone()),
        ("NeedDaemonReload", "no".to_owned()),
        ("ConditionResult", if state.skipped { "no" } else { "yes" }.to_owned()),
        ("ConditionTimestamp", if state.skipped { "judged" } else { "" }.to_owned()),
    ]
}

fn sub(state: &State) -> &'static str {
    match state.phase {
        Phase::Inactive => "dead",
        Phase::Activating => "start",
        Phase::Waiting => "auto-restart",
        Phase::Active if state.main.is_some() => "running",
        Phase::Active => "exited",
        Phase::Deactivating => "stop",
        Phase::Failed => "failed",
    }
}
