//! The watch itself: who asks, who tells, and what is never told.

use super::{Fault, NOTHING, dead, happen};
use crate::place::series;
use crate::telling::SERVER;
use metrics::NAME;

/// A rule of the operator's that cannot be evaluated: the same series twice.
const TWICE: &str = "
groups:
- name: own
  interval: 15s
  rules:
  - record: own:up
    expr: label_replace(up, \"instance\", \"all\", \"\", \"\")
";

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "nobody-tells",
        // The server hears itself at any time.
        breaks: |_, told| told.retain(|(series, _)| series.get("job") == SERVER),
        minutes: 4,
        fires: &["WatchBlind isp (watch)", "  HostUnseen 29 times"],
        ..NOTHING
    },
    Fault {
        name: "dead-place",
        breaks: |at, told| dead(at, told, &|host| host == "probe-01"),
        step: 60,
        minutes: 12,
        fires: &[
            "HostUnseen host.probe-01",
            "  HostUnreachable host.probe-01",
            "  PlaceSilent host.probe-01 (place)",
        ],
        ..NOTHING
    },
    Fault {
        name: "agent-of-a-place",
        host: "probe-01",
        breaks: |_, told| told.clear(),
        step: 60,
        minutes: 12,
        fires: &["HostUnseen host.probe-01", "  PlaceSilent host.probe-01 (place)"],
        ..NOTHING
    },
    Fault {
        name: "no-place-asks",
        breaks: |at, told| {
            if at.isp.watch.places.iter().any(|id| at.isp.hosts[*id].name == at.host) {
                told.retain(|(series, _)| !series.get(NAME).starts_with("probe_"));
            }
        },
        step: 60,
        minutes: 18,
        fires: &[
            "PlaceSilent host.monitoring (place)",
            "  CheckUnasked 17 times",
            "PlaceSilent host.probe-01 (place)",
            // The place itself is asked by the other two.
            "  CheckUnasked host.monitoring (watch)",
            "PlaceSilent host.probe-02 (place)",
        ],
        ..NOTHING
    },
    Fault {
        name: "own-rule",
        rules: TWICE,
        step: 60,
        minutes: 9,
        fires: &["RulesFail isp (watch)"],
        mended: 16,
        ..NOTHING
    },
    Fault {
        name: "receiver-behind",
        host: "monitoring",
        breaks: |_, told| {
            let labels = [("job", "ketupa"), ("to", "https://mimir.example.net")];
            told.push((series("ketupa_forward_lag_seconds", &labels), 3600.0));
        },
        step: 60,
        minutes: 17,
        fires: &["ForwardBehind isp (https://mimir.example.net)"],
        mended: 3,
        ..NOTHING
    },
    Fault {
        name: "unread-rules",
        host: "probe-02",
        breaks: |_, told| {
            let name = "prometheus_config_last_reload_successful";
            told.push((series(name, &[("job", "ketupa")]), 0.0));
        },
        step: 60,
        minutes: 8,
        fires: &["RulesUnread isp (watch)"],
        ..NOTHING
    },
    Fault {
        name: "stranger",
        host: "wiki",
        breaks: |_, told| {
            let labels = [("instance", "somebody"), ("job", "node")];
            told.push((series("up", &labels), 1.0));
        },
        step: 60,
        minutes: 12,
        fires: &["HostUndeclared isp (somebody)"],
        ..NOTHING
    },
    Fault {
        // The other hosts' are made: theirs do not stand for it.
        name: "old-backup",
        host: "wiki",
        breaks: |at, told| {
            for (series, value) in told {
                let backup = series.get(NAME) == "ketupa_backup_last_success_seconds";
                if backup && series.get("backup") == "services" {
                    *value = at.now - 3.0 * 86_400.0;
                }
            }
        },
        step: 60,
        minutes: 12,
        fires: &["BackupOld backup.services (wiki)"],
        ..NOTHING
    },
    Fault {
        name: "backup-that-one-host-does-not-tell",
        host: "wiki",
        breaks: |_, told| told.retain(|(series, _)| series.get("backup") != "services"),
        step: 120,
        minutes: 64,
        fires: &["BackupUnseen backup.services (wiki)"],
        ..NOTHING
    },
    Fault {
        name: "backup-of-a-host-that-is-down",
        host: "wiki",
        breaks: |_, told| told.clear(),
        step: 120,
        minutes: 70,
        fires: &["HostUnseen host.wiki", "  BackupUnseen backup.services (wiki)"],
        ..NOTHING
    },
    Fault {
        name: "backup-that-nobody-tells",
        breaks: |_, told| told.retain(|(series, _)| series.get("backup") != "cold"),
        step: 120,
        minutes: 64,
        fires: &["BackupUnseen backup.cold"],
        ..NOTHING
    },
];

#[test]
fn watching() {
    happen(FAULTS);
}
