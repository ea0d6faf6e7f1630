//! The units of systemd: how many are in each state, and each one's own.

use super::{Source, Went};
use crate::ask;
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float};
use std::collections::BTreeMap;

const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];
/// Kinds of units that are many, and of which nobody asks the state.
const NOT_TOLD: [&str; 6] = [".automount", ".device", ".mount", ".scope", ".slice", ".target"];

const PROPERTIES: &str =
    "--property=Id,ActiveState,Type,NAccepted,NConnections,NRefused,LastTriggerUSec";

const UNITS: Metric<'_> = Metric::gauge("node_systemd_units", "Summary of systemd unit states");
const UNIT: Metric<'_> = Metric::gauge("node_systemd_unit_state", "Systemd unit");
const RUNNING: Metric<'_> = Metric::gauge(
    "node_systemd_system_running",
    "Whether the system is operational (see 'systemctl is-system-running')",
);
const ACCEPTED: Metric<'_> = Metric::counter(
    "node_systemd_socket_accepted_connections_total",
    "Total number of accepted socket connections",
);
const CONNECTIONS: Metric<'_> = Metric::gauge(
    "node_systemd_socket_current_connections",
    "Current number of socket connections",
);
const REFUSED: Metric<'_> = Metric::gauge(
    "node_systemd_socket_refused_connections_total",
    "Total number of refused socket connections",
);

const TRIGGERED: Metric<'_> = Metric::gauge(
    "node_systemd_timer_last_trigger_seconds",
    "Seconds since epoch of last trigger.",
);

pub(super) fn systemd(source: &Source, found: &mut Families) -> Went {
    if !source.root.has("run/systemd/system") {
        return Err(Trouble::Nothing);
    }
    // One question for all units, where D-Bus would need one for each.
    let units = ask::program("systemctl", &["show", "--all", "--timestamp=unix", PROPERTIES, "*"])?;
    tell(&units, found);
    let manager = ask::program("systemctl", &["show", "--property=SystemState"])?;
    let running = manager.trim() == "SystemState=running";
    found.add(&RUNNING, &[], if running { 1.0 } else { 0.0 });
    Ok(())
}

/// The blocks of `systemctl show`, one for each unit.
fn tell(text: &str, found: &mut Families) {
    let mut sums: BTreeMap<&str, u64> = STATES.into_iter().map(|state| (state, 0)).collect();
    for block in text.split("\n\n") {
        let values: BTreeMap<&str, &str> =
            block.lines().filter_map(|line| line.split_once('=')).collect();
        let (Some(name), Some(state)) = (values.get("Id"), values.get("ActiveState")) else {
            continue;
        };
        if let Some(sum) = sums.get_mut(state) {
            *sum += 1;
        }
        if NOT_TOLD.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let kind = values.get("Type").copied().unwrap_or_default();
        for other in STATES {
            let labels = [("name", *name), ("state", other), ("type", kind)];
            found.add(&UNIT, &labels, if other == *state { 1.0 } else { 0.0 });
        }
        // A timer that never ran has none.
        let triggered = values.get("LastTriggerUSec").and_then(|time| time.strip_prefix('@'));
        if let Some(time) = triggered.and_then(|time| time.parse().ok()) {
            found.add(&TRIGGERED, &[("name", name)], time);
        }
        for (key, metric) in
            [("NAccepted", &ACCEPTED), ("NConnections", &CONNECTIONS), ("NRefused", &REFUSED)]
        {
            if let Some(number) = values.get(key).and_then(|number| number.parse().ok()) {
                found.add(metric, &[("name", name)], number);
            }
        }
    }
    for (state, sum) in sums {
        found.add(&UNITS, &[("state", state)], float(sum));
    }
}

#[cfg(test)]
mod tests {
    use crate::text::Families;

    #[test]
    fn counts_units_by_state_and_tells_sockets() {
        let mut found = Families::default();
        super::tell(
            "Type=notify\nId=bird.service\nActiveState=failed\n\n\
             Id=ssh.socket\nActiveState=active\nNAccepted=7\nNConnections=1\nNRefused=0\n\n\
             Id=backup.timer\nActiveState=active\nLastTriggerUSec=@1700000000\n\n\
             Id=never.timer\nActiveState=active\nLastTriggerUSec=\n\n\
             Id=dev-sda.device\nActiveState=active\n",
            &mut found,
        );
        let told = found.write();
        for line in [
            "node_systemd_units{state=\"active\"} 4",
            "node_systemd_units{state=\"failed\"} 1",
            "node_systemd_unit_state{name=\"bird.service\",state=\"failed\",type=\"notify\"} 1",
            "node_systemd_unit_state{name=\"bird.service\",state=\"active\",type=\"notify\"} 0",
            "node_systemd_socket_accepted_connections_total{name=\"ssh.socket\"} 7",
            "node_systemd_timer_last_trigger_seconds{name=\"backup.timer\"} 1700000000",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
        }
        assert!(!told.contains("dev-sda"));
        assert!(!told.contains("last_trigger_seconds{name=\"never.timer\"}"));
    }
}
