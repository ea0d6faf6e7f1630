//! What machines run short of, clocks, units and timers.

use super::{Fault, NOTHING, happen, tells_all};
use crate::provider::{Provider, Scene, healthy};
use crate::telling::{Told, value};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "memory",
        host: "wiki",
        breaks: |_, told| value(told, "node_memory_MemAvailable_bytes", &[], 4e7),
        minutes: 12,
        fires: &["MemoryLow host.wiki"],
        ..NOTHING
    },
    Fault {
        name: "out-of-memory",
        host: "doc",
        breaks: |_, told| value(told, "node_vmstat_oom_kill", &[], 5.0),
        minutes: 2,
        fires: &["OutOfMemory host.doc"],
        mended: 12,
        ..NOTHING
    },
    Fault {
        name: "swap",
        host: "cube",
        breaks: |_, told| {
            value(told, "node_memory_SwapTotal_bytes", &[], 1e9);
            value(told, "node_memory_SwapFree_bytes", &[], 5e7);
        },
        minutes: 17,
        fires: &["SwapFull host.cube"],
        ..NOTHING
    },
    Fault {
        name: "load",
        host: "wiki",
        breaks: |_, told| value(told, "node_load15", &[], 9.0),
        step: 120,
        minutes: 34,
        fires: &["LoadHigh host.wiki"],
        ..NOTHING
    },
    Fault {
        name: "connections",
        host: "fw-01",
        breaks: |_, told| value(told, "node_nf_conntrack_entries", &[], 230_000.0),
        minutes: 3,
        fires: &["ConntrackNearlyFull host.fw-01"],
        mended: 1,
        ..NOTHING
    },
    Fault {
        name: "clock",
        host: "meta",
        breaks: |_, told| value(told, "node_timex_offset_seconds", &[], -0.2),
        minutes: 7,
        fires: &["ClockOff host.meta"],
        ..NOTHING
    },
    Fault {
        name: "unsynchronised",
        host: "s3",
        breaks: |_, told| value(told, "node_timex_sync_status", &[], 0.0),
        minutes: 17,
        fires: &["ClockUnsynchronised host.s3"],
        ..NOTHING
    },
    Fault {
        name: "unit",
        host: "zammad",
        breaks: |_, told| failed(told, "ssh.service"),
        minutes: 4,
        fires: &["UnitFailed host.zammad"],
        ..NOTHING
    },
    Fault {
        name: "timer-failed",
        host: "ispng",
        breaks: |_, told| failed(told, "ketupa-tidy.service"),
        minutes: 4,
        fires: &["TimerFailed host.ispng"],
        ..NOTHING
    },
    Fault {
        name: "timer-of-an-hour",
        host: "files",
        breaks: |at, told| {
            let stopped = at.now - at.lasts - 4.0 * 3_600.0;
            ran(told, "ketupa-tidy.timer", stopped);
        },
        past: (1, &["files"]),
        minutes: 12,
        fires: &["TimerOverdue host.files"],
        ..NOTHING
    },
];

#[test]
fn resources() {
    happen(FAULTS);
}

/// Few runs are in the week that is looked at, and fewer the longer it stands still.
#[test]
fn a_timer_of_a_day_that_stopped_four_days_ago() {
    let mut provider = Provider::new("timer-of-a-day");
    let stopped = |at: &Scene<'_>, told: &mut Told| {
        if at.host == "wiki" {
            let last = value_of(told, "apt-daily.timer");
            ran(told, "apt-daily.timer", last.min((20_000.0 - 4.0) * 86_400.0));
        }
    };
    provider.past(7, &["wiki", "files"], &stopped);
    provider.minutes(12, &stopped);
    assert_eq!(provider.incidents(), ["TimerOverdue host.wiki"]);
    tells_all(&provider, "a timer of a day");
    provider.minutes(2, &healthy);
    assert_eq!(provider.incidents(), Vec::<String>::new());
}

fn failed(told: &mut Told, unit: &str) {
    let failed = [("name", unit), ("state", "failed")];
    value(told, "node_systemd_unit_state", &failed, 1.0);
}

/// When a timer ran last.
fn ran(told: &mut Told, timer: &str, at: f64) {
    value(told, "node_systemd_timer_last_trigger_seconds", &[("name", timer)], at);
}

fn value_of(told: &Told, timer: &str) -> f64 {
    let found = told.iter().find(|(series, _)| series.get("name") == timer);
    found.map_or(f64::NAN, |(_, value)| *value)
}
