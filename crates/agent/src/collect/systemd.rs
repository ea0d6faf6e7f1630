//! The units of systemd: how many are in each state, and each one's own.

use super::{Source, Went};
use crate::ask;
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];
/// Kinds of units that are many, and of which nobody asks the state.
const NOT_TOLD: [&str; 6] = [".automount", ".device", ".mount", ".scope", ".slice", ".target"];

/// A line for each unit, from one message: to show every unit takes systemd itself ten times as long.
const LIST: [&str; 5] = ["list-units", "--all", "--full", "--plain", "--no-legend"];
/// What only timers and sockets have.
const SHOW: [&str; 6] = [
    "show",
    "--all",
    "--timestamp=unix",
    "--property=Id,NAccepted,NConnections,NRefused,LastTriggerUSec",
    "*.timer",
    "*.socket",
];

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
    let list = ask::program("systemctl", &LIST)?;
    let units = units(&list);
    let mut types = TYPES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let learned = types.learn(&units, |names| {
        let words = ["show", "--property=Id,Type", "--"];
        ask::program("systemctl", &[&words, names].concat())
    });
    states(&units, &types.of, found);
    triggers(&ask::program("systemctl", &SHOW)?, found);
    let manager = ask::program("systemctl", &["show", "--property=SystemState"])?;
    let running = manager.trim() == "SystemState=running";
    found.add(&RUNNING, &[], if running { 1.0 } else { 0.0 });
    // States count without types, too.
    learned
}

/// A unit that systemd knows.
struct Unit<'a> {
    name: &'a str,
    loaded: bool,
    state: &'a str,
}

/// The lines of `systemctl list-units`.
fn units(list: &str) -> Vec<Unit<'_>> {
    let of_line = |line| {
        // Other versions mark what failed by a dot before its name.
        let mut words = str::split_whitespace(line).skip_while(|word| !word.contains('.'));
        Some(Unit { name: words.next()?, loaded: words.next()? == "loaded", state: words.next()? })
    };
    list.lines().filter_map(of_line).collect()
}

/// What sort of service each is. It hardly ever changes, and asking costs as much as all the rest.
struct Types {
    of: BTreeMap<String, String>,
    asked: Option<Instant>,
}

/// There is one systemd on a host.
static TYPES: Mutex<Types> = Mutex::new(Types { of: BTreeMap::new(), asked: None });
/// How long what was heard of types counts: a new unit file may change them.
const TYPES_COUNT: Duration = Duration::from_secs(3600);

impl Types {
    /// Asks for those that are not known, and forgets those that are no more.
    fn learn(
        &mut self,
        units: &[Unit<'_>],
        ask: impl FnOnce(&[&str]) -> Result<String, Trouble>,
    ) -> Result<(), Trouble> {
        if self.asked.is_none_or(|asked| asked.elapsed() > TYPES_COUNT) {
            self.of.clear();
            self.asked = Some(Instant::now());
        }
        let services = units.iter().filter(|unit| unit.loaded && unit.name.ends_with(".service"));
        let names: BTreeSet<&str> = services.map(|unit| unit.name).collect();
        self.of.retain(|name, _| names.contains(name.as_str()));
        let new: Vec<&str> =
            names.into_iter().filter(|name| !self.of.contains_key(*name)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let told = ask(&new)?;
        let of =
            |block: &str| Some((value(block, "Id")?.to_owned(), value(block, "Type")?.to_owned()));
        self.of.extend(told.split("\n\n").filter_map(of));
        // Who is asked by another name, or is gone by now, is not asked again.
        for name in new {
            self.of.entry(name.to_owned()).or_default();
        }
        Ok(())
    }
}

/// A value of a block of `systemctl show`.
fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// How many units are in each state, and the state of each.
fn states(units: &[Unit<'_>], types: &BTreeMap<String, String>, found: &mut Families) {
    let mut sums: BTreeMap<&str, u64> = STATES.into_iter().map(|state| (state, 0)).collect();
    for Unit { name, loaded, state } in units {
        if let Some(sum) = sums.get_mut(state) {
            *sum += 1;
        }
        if !loaded || NOT_TOLD.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let kind = types.get(*name).map_or("", String::as_str);
        for other in STATES {
            let labels = [("name", *name), ("state", other), ("type", kind)];
            found.add(&UNIT, &labels, if other == *state { 1.0 } else { 0.0 });
        }
    }
    for (state, sum) in sums {
        found.add(&UNITS, &[("state", state)], float(sum));
    }
}

/// When timers ran last, and how often sockets were asked: the blocks of `systemctl show`, one for each.
fn triggers(shown: &str, found: &mut Families) {
    for block in shown.split("\n\n") {
        let Some(name) = value(block, "Id") else { continue };
        // A timer that never ran has none.
        let triggered = value(block, "LastTriggerUSec").and_then(|time| time.strip_prefix('@'));
        if let Some(time) = triggered.and_then(|time| time.parse().ok()) {
            found.add(&TRIGGERED, &[("name", name)], time);
        }
        for (key, metric) in
            [("NAccepted", &ACCEPTED), ("NConnections", &CONNECTIONS), ("NRefused", &REFUSED)]
        {
            if let Some(number) = value(block, key).and_then(|number| number.parse().ok()) {
                found.add(metric, &[("name", name)], number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, TYPES_COUNT, Types, states, triggers, units};
    use crate::text::Families;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    const LIST: &str = "\
        bird.service      loaded    failed   failed  BIRD Internet Routing Daemon\n\
        ● cron.service    loaded    inactive dead    A dot before it\n\
        gone.service      not-found inactive dead    gone.service\n\
        ssh.socket        loaded    active   listening\n\
        dev-sda.device    loaded    active   plugged A disk. Or so\n\n";

    #[test]
    fn counts_units_by_state_and_tells_each_that_is_there() {
        let mut found = Families::default();
        let types = BTreeMap::from([("bird.service".to_owned(), "notify".to_owned())]);
        states(&units(LIST), &types, &mut found);
        let told = found.write();
        for line in [
            "node_systemd_units{state=\"active\"} 2",
            "node_systemd_units{state=\"inactive\"} 2",
            "node_systemd_units{state=\"failed\"} 1",
            "node_systemd_unit_state{name=\"bird.service\",state=\"failed\",type=\"notify\"} 1",
            "node_systemd_unit_state{name=\"bird.service\",state=\"active\",type=\"notify\"} 0",
            "node_systemd_unit_state{name=\"cron.service\",state=\"inactive\",type=\"\"} 1",
            "node_systemd_unit_state{name=\"ssh.socket\",state=\"active\",type=\"\"} 1",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
        }
        assert!(!told.contains("dev-sda") && !told.contains("gone"), "{told}");
    }

    #[test]
    fn tells_timers_and_sockets() {
        let mut found = Families::default();
        triggers(
            "Id=ssh.socket\nNAccepted=7\nNConnections=1\nNRefused=0\n\n\
             Id=backup.timer\nLastTriggerUSec=@1700000000\n\n\
             Id=never.timer\nLastTriggerUSec=\n",
            &mut found,
        );
        let told = found.write();
        for line in [
            "node_systemd_socket_accepted_connections_total{name=\"ssh.socket\"} 7",
            "node_systemd_timer_last_trigger_seconds{name=\"backup.timer\"} 1700000000",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
        }
        assert!(!told.contains("never.timer"));
    }

    #[test]
    fn types_are_asked_for_once_and_again_when_they_are_old() {
        let asked = RefCell::new(Vec::new());
        let ask = |names: &[&str]| {
            asked.borrow_mut().push(names.join(" "));
            Ok("Type=notify\nId=bird.service\n\nType=simple\nId=cron.service\n".to_owned())
        };
        let mut types = Types { of: BTreeMap::new(), asked: None };
        types.learn(&units(LIST), ask).unwrap();
        types.learn(&units(LIST), ask).unwrap();
        assert_eq!(types.of["cron.service"], "simple");
        let more =
            format!("{LIST}a.service loaded active running\nb.timer loaded active waiting\n");
        types.learn(&units(&more), ask).unwrap();
        types.learn(&units(&more), ask).unwrap();
        types.learn(&[], ask).unwrap();
        assert!(types.of.is_empty());
        types.learn(&units(LIST), ask).unwrap();
        types.asked = Instant::now().checked_sub(TYPES_COUNT * 2);
        types.learn(&units(LIST), ask).unwrap();
        let both = "bird.service cron.service";
        assert_eq!(*asked.borrow(), [both, "a.service", both, both]);
    }
}
