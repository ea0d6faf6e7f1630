//! Which processes belong to a service, without cgroups.
//!
//! All that carry the mark of its start in their environment, its main process, and all below
//! any of these. A daemon that overwrites its environment is still below its parent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::process;

/// The living processes of a service.
pub(super) fn of(invocation: &str, main: Option<i32>) -> Vec<i32> {
    let mark = format!("INVOCATION_ID={invocation}");
    let parents: BTreeMap<i32, i32> =
        process::all().into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut kin: BTreeSet<i32> =
        parents.keys().copied().filter(|pid| Some(*pid) == main || marked(*pid, &mark)).collect();
    loop {
        let below = parents.iter().filter(|(pid, above)| kin.contains(above) && !kin.contains(pid));
        let more: Vec<i32> = below.map(|(pid, _)| *pid).collect();
        if more.is_empty() {
            return kin.into_iter().collect();
        }
        kin.extend(more);
    }
}

fn marked(pid: i32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
}

/// A living process's parent; none for the dead and for the first process.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (pid != 1 && state != "Z" && state != "X").then_some(parent)
}

/// Sends a signal to each; who is gone already does not matter.
pub(super) fn signal(pids: &[i32], signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = kill_process(pid, signal);
    }
}

/// The signal of this name or number.
pub(super) fn named(name: &str) -> Option<Signal> {
    Some(match name.trim_start_matches("SIG") {
        "HUP" | "1" => Signal::HUP,
        "INT" | "2" => Signal::INT,
        "QUIT" | "3" => Signal::QUIT,
        "ABRT" | "6" => Signal::ABORT,
        "KILL" | "9" => Signal::KILL,
        "USR1" | "10" => Signal::USR1,
        "SEGV" | "11" => Signal::SEGV,
        "USR2" | "12" => Signal::USR2,
        "ALRM" | "14" => Signal::ALARM,
        "TERM" | "15" => Signal::TERM,
        "CONT" | "18" => Signal::CONT,
        "STOP" | "19" => Signal::STOP,
        "WINCH" | "28" => Signal::WINCH,
        _ => return None,
    })
}
