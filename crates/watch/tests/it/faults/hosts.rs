//! Machines that fall silent, alone or with everything that stands on them.

use super::{Fault, NOTHING, dead, happen};
use crate::telling::{unanswered, value};

const BOOT: f64 = 20_000.0 * 86_400.0 + 240.0;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "silent-agent",
        host: "wiki",
        breaks: |_, told| told.clear(),
        minutes: 3,
        fires: &["HostUnseen host.wiki"],
        mended: 1,
        ..NOTHING
    },
    Fault {
        name: "dead-machine",
        breaks: |at, told| dead(at, told, &|host| host == "wiki"),
        minutes: 4,
        fires: &[
            "HostUnseen host.wiki",
            "  HostUnreachable host.wiki",
            "  ServiceDown service.wiki",
        ],
        ..NOTHING
    },
    Fault {
        name: "cut-off-machine",
        breaks: |_, told| unanswered(told, |object| object == "host.wiki"),
        minutes: 3,
        fires: &["HostUnreachable host.wiki"],
        ..NOTHING
    },
    Fault {
        // Its own cable, and not the machine that it asks after.
        name: "one-asker-in-three",
        breaks: |at, told| {
            if at.host == "cube" {
                unanswered(told, |_| true);
            }
        },
        minutes: 10,
        fires: &[],
        ..NOTHING
    },
    Fault {
        name: "restarted",
        host: "doc",
        breaks: |_, told| value(told, "node_boot_time_seconds", &[], BOOT),
        minutes: 2,
        fires: &["HostRestarted host.doc"],
        mended: 9,
        ..NOTHING
    },
    Fault {
        name: "hypervisor",
        breaks: |at, told| {
            let on = |host: &str| {
                let below = at.isp.hosts.find(host).and_then(|id| at.isp.hosts[id].on);
                host == "hv-02" || below.is_some_and(|id| at.isp.hosts[id].name == "hv-02")
            };
            dead(at, told, &on);
        },
        minutes: 5,
        fires: &[
            "HostUnreachable host.hv-02",
            "  HostUnseen host.ispng",
            "  HostUnseen host.web-static",
            "  HostUnseen host.bra-02",
            "  HostUnseen host.core-02",
            "  HostUnseen host.core-04",
            "  HostUnseen host.edge-02",
            "  HostUnseen host.fw-02",
            "  HostUnseen host.rpki-02",
            "  HostUnseen host.doc",
            "  HostUnseen host.files",
            "  HostUnseen host.lb-02",
            "  HostUnseen host.meta",
            "  HostUnreachable host.ispng",
            "  HostUnreachable host.web-static",
            "  HostUnreachable host.bra-02",
            "  HostUnreachable host.core-02",
            "  HostUnreachable host.core-04",
            "  HostUnreachable host.edge-02",
            "  HostUnreachable host.fw-02",
            "  HostUnreachable host.rpki-02",
            "  HostUnreachable host.doc",
            "  HostUnreachable host.files",
            "  HostUnreachable host.lb-02",
            "  HostUnreachable host.meta",
            "  InternalSessionDown 16 times",
            "  ServiceDown service.admin",
            "  ServiceDown service.api",
            "  ServiceDown service.user",
            "  ServiceDown service.doc",
            "  ServiceDown service.files",
            "  ServiceDown service.meta",
        ],
        mended: 3,
        ..NOTHING
    },
];

#[test]
fn hosts() {
    happen(FAULTS);
}
