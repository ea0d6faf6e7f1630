//! The rules of the model: silent where nothing is wrong, exact where something is.

use crate::provider::{Provider, Told, line, set};
use metrics::NAME;

fn healthy(_: &str, _: &mut Told) {}

#[test]
fn an_hour_of_nothing_is_silent() {
    let mut provider = Provider::new("nothing");
    let rules: usize = provider.groups.iter().map(|group| group.rules.len()).sum();
    provider.minutes(60, &healthy);
    assert_eq!(provider.errors(), Vec::<String>::new());
    assert_eq!(provider.state.alerts(), vec![], "of {rules} rules");
}

/// A fault on some host: what it tells, how long it takes to fire, what fires.
struct Fault {
    name: &'static str,
    host: &'static str,
    breaks: fn(&mut Told),
    minutes: i64,
    /// Causes, and indented what they cause.
    fires: &'static [&'static str],
    /// Until it is over after it is mended.
    mended: i64,
}

/// Lets a fault happen, and mends it.
fn happens(faults: &[Fault]) {
    for fault in faults {
        let mut provider = Provider::new(fault.name);
        provider.minutes(4, &healthy);
        assert_eq!(provider.incidents(), Vec::<String>::new(), "before {}", fault.name);
        let breaks = |host: &str, told: &mut Told| {
            if host == fault.host {
                (fault.breaks)(told);
            }
        };
        provider.minutes(fault.minutes, &breaks);
        assert_eq!(provider.incidents(), fault.fires, "{}", fault.name);
        for alert in provider.firing() {
            for name in ["summary", "summary_fr", "do", "do_fr"] {
                let said = alert.annotations.get(name).map_or("", String::as_str);
                let whole =
                    !said.is_empty() && !said.contains("no value") && !said.contains("<error");
                assert!(whole, "{}: {name}: {said}", line(&alert));
            }
            assert_ne!(alert.label("severity"), "", "{}", line(&alert));
        }
        provider.minutes(fault.mended, &healthy);
        assert_eq!(provider.incidents(), Vec::<String>::new(), "after {}", fault.name);
        assert_eq!(provider.errors(), Vec::<String>::new());
    }
}

#[test]
fn a_host_that_is_silent() {
    happens(&[Fault {
        name: "silent",
        host: "wiki",
        breaks: |told| told.clear(),
        minutes: 3,
        fires: &["HostUnseen host.wiki"],
        mended: 1,
    }]);
}

#[test]
fn what_runs_short() {
    happens(&[
        Fault {
            name: "memory",
            host: "wiki",
            breaks: |told| value(told, "node_memory_MemAvailable_bytes", &[], 4e7),
            minutes: 12,
            fires: &["MemoryLow host.wiki"],
            mended: 2,
        },
        Fault {
            name: "oom",
            host: "wiki",
            breaks: |told| value(told, "node_vmstat_oom_kill", &[], 5.0),
            minutes: 2,
            fires: &["OutOfMemory host.wiki"],
            mended: 12,
        },
        Fault {
            name: "swap",
            host: "wiki",
            breaks: |told| {
                value(told, "node_memory_SwapTotal_bytes", &[], 1e9);
                value(told, "node_memory_SwapFree_bytes", &[], 5e7);
            },
            minutes: 17,
            fires: &["SwapFull host.wiki"],
            mended: 2,
        },
        Fault {
            name: "load",
            host: "wiki",
            breaks: |told| value(told, "node_load15", &[], 9.0),
            minutes: 32,
            fires: &["LoadHigh host.wiki"],
            mended: 2,
        },
        Fault {
            name: "conntrack",
            host: "fw-01",
            breaks: |told| value(told, "node_nf_conntrack_entries", &[], 230_000.0),
            minutes: 3,
            fires: &["ConntrackNearlyFull host.fw-01"],
            mended: 1,
        },
    ]);
}

#[test]
fn clocks_units_and_restarts() {
    happens(&[
        Fault {
            name: "clock",
            host: "wiki",
            breaks: |told| value(told, "node_timex_offset_seconds", &[], -0.2),
            minutes: 7,
            fires: &["ClockOff host.wiki"],
            mended: 2,
        },
        Fault {
            name: "unsynchronised",
            host: "wiki",
            breaks: |told| value(told, "node_timex_sync_status", &[], 0.0),
            minutes: 17,
            fires: &["ClockUnsynchronised host.wiki"],
            mended: 2,
        },
        Fault {
            name: "unit",
            host: "wiki",
            breaks: |told| {
                let unit = [("name", "ssh.service"), ("state", "failed")];
                value(told, "node_systemd_unit_state", &unit, 1.0);
            },
            minutes: 4,
            fires: &["UnitFailed host.wiki"],
            mended: 2,
        },
        Fault {
            name: "timer",
            host: "wiki",
            breaks: |told| {
                let unit = [("name", "ketupa-tidy.service"), ("state", "failed")];
                value(told, "node_systemd_unit_state", &unit, 1.0);
            },
            minutes: 4,
            fires: &["TimerFailed host.wiki"],
            mended: 2,
        },
        Fault {
            name: "restart",
            host: "wiki",
            breaks: |told| value(told, "node_boot_time_seconds", &[], 20_000.0 * 86_400.0 + 240.0),
            minutes: 2,
            fires: &["HostRestarted host.wiki"],
            mended: 9,
        },
    ]);
}

#[test]
fn file_systems() {
    happens(&[
        Fault {
            name: "nearly-full",
            host: "files",
            breaks: |told| value(told, "node_filesystem_avail_bytes", &ROOT, 1.5e9),
            minutes: 12,
            fires: &["DiskNearlyFull host.files"],
            mended: 2,
        },
        Fault {
            name: "full",
            host: "files",
            breaks: |told| value(told, "node_filesystem_avail_bytes", &ROOT, 1e8),
            minutes: 7,
            fires: &["DiskFull host.files"],
            mended: 2,
        },
        Fault {
            name: "inodes",
            host: "files",
            breaks: |told| value(told, "node_filesystem_files_free", &ROOT, 2e4),
            minutes: 12,
            fires: &["InodesFew host.files"],
            mended: 2,
        },
        Fault {
            name: "read-only",
            host: "files",
            breaks: |told| value(told, "node_filesystem_readonly", &ROOT, 1.0),
            minutes: 3,
            fires: &["FilesystemReadOnly host.files"],
            mended: 2,
        },
    ]);
}

#[test]
fn disks() {
    happens(&[
        Fault {
            name: "sick",
            host: "files",
            breaks: |told| value(told, "smartctl_device_smart_status", &[], 0.0),
            minutes: 3,
            fires: &["DiskSick host.files"],
            mended: 2,
        },
        Fault {
            name: "gone",
            host: "files",
            breaks: |told| value(told, "ketupa_disk_present", &[], 0.0),
            minutes: 3,
            fires: &["DiskGone host.files"],
            mended: 2,
        },
        Fault {
            name: "new",
            host: "files",
            breaks: |told| value(told, "ketupa_disk_events_total", &[], 1.0),
            minutes: 2,
            fires: &["DiskNew host.files"],
            mended: 17,
        },
        Fault {
            name: "hot",
            host: "files",
            breaks: |told| value(told, "smartctl_device_temperature", &[], 71.0),
            minutes: 32,
            fires: &["DiskHot host.files"],
            mended: 2,
        },
    ]);
}

#[test]
fn links_and_sessions() {
    happens(&[
        Fault {
            name: "link",
            host: "edge-01",
            breaks: |told| {
                value(told, "node_network_up", &[("device", "transit")], 0.0);
                session(told, "bgp_verixi_edge_01_4");
                session(told, "bgp_verixi_edge_01_6");
            },
            minutes: 5,
            // The segment has this one interface that is ours.
            fires: &[
                "LinkDown host.edge-01 (segment.verixi-1)",
                "  SessionDown neighbor.verixi.session.edge-01",
                "  SessionDown neighbor.verixi.session.edge-01",
            ],
            mended: 2,
        },
        Fault {
            name: "session",
            host: "edge-02",
            breaks: |told| session(told, "bgp_belnet_belgiumix_6"),
            minutes: 4,
            fires: &["SessionDown neighbor.belnet.session.belgiumix"],
            mended: 2,
        },
        Fault {
            name: "limit",
            host: "edge-02",
            breaks: |told| {
                let name = [("name", "bgp_belnet_belgiumix_4")];
                value(told, "bird_protocol_prefix_import_count", &name, 950.0);
            },
            minutes: 7,
            fires: &["RoutesNearLimit neighbor.belnet.session.belgiumix"],
            mended: 2,
        },
    ]);
}

#[test]
fn routing_daemons() {
    happens(&[
        Fault {
            name: "bird",
            host: "bra-01",
            breaks: |told| told.retain(|(series, _)| !series.get(NAME).starts_with("bird_")),
            minutes: 4,
            fires: &[
                "BirdDown host.bra-01 (bird)",
                "  InternalSessionDown host.bra-01 (host.bra-02)",
                "  InternalSessionDown host.bra-01 (host.core-01)",
                "  InternalSessionDown host.bra-01 (host.core-02)",
                "  InternalSessionDown host.bra-01 (host.core-03)",
                "  InternalSessionDown host.bra-01 (host.core-04)",
                "  InternalSessionDown host.bra-01 (host.edge-01)",
                "  InternalSessionDown host.bra-01 (host.edge-02)",
            ],
            mended: 2,
        },
        Fault {
            name: "ospf",
            host: "bra-01",
            breaks: |told| value(told, "bird_ospf_running", &[("name", "ospf6")], 0.0),
            minutes: 3,
            fires: &["OspfDown host.bra-01 (ospf)"],
            mended: 2,
        },
    ]);
}

#[test]
fn virtual_addresses() {
    happens(&[
        Fault {
            name: "unheld",
            host: "core-01",
            breaks: |told| value(told, "ketupa_vip_held", &[("vip", "vip.patata")], 0.0),
            minutes: 2,
            fires: &["VipUnheld vip.patata"],
            mended: 1,
        },
        Fault {
            name: "twice",
            host: "core-02",
            breaks: |told| value(told, "ketupa_vip_held", &[("vip", "vip.patata")], 1.0),
            minutes: 2,
            fires: &["VipHeldTwice vip.patata"],
            mended: 1,
        },
    ]);
}

const ROOT: [(&str, &str); 1] = [("mountpoint", "/")];

/// Gives a series of a host another value.
fn value(told: &mut Told, name: &str, labels: &[(&str, &str)], value: f64) {
    assert!(set(told, name, labels, value) > 0, "{name} is told");
}

/// Takes a session down: the state is part of its series.
fn session(told: &mut Told, name: &str) {
    for (series, value) in told {
        if series.get(NAME) == "bird_protocol_up" && series.get("name") == name {
            *series = series.with("state", "Active");
            *value = 0.0;
        }
    }
}
