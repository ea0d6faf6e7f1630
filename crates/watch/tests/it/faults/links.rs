//! Cables, ports and whole segments.

use super::{Fault, NOTHING, happen, unplugged};
use crate::telling::{sessions, value};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        // The segment has this one interface that is ours.
        name: "cable",
        host: "edge-01",
        breaks: |at, told| {
            unplugged(at, told, "verixi-1");
            sessions(told, |name| name.starts_with("bgp_verixi_edge_01_"));
        },
        minutes: 5,
        fires: &[
            "LinkDown host.edge-01 (segment.verixi-1)",
            "  SessionDown neighbor.verixi.session.edge-01",
            "  SessionDown neighbor.verixi.session.edge-01",
        ],
        ..NOTHING
    },
    Fault {
        name: "switch",
        breaks: |at, told| unplugged(at, told, "meme"),
        minutes: 4,
        fires: &[
            "SegmentDown segment.meme",
            "  LinkDown host.core-03 (segment.meme)",
            "  LinkDown host.core-04 (segment.meme)",
        ],
        ..NOTHING
    },
    Fault {
        name: "interface-gone",
        host: "core-03",
        breaks: |_, told| told.retain(|(series, _)| series.get("device") != "meme"),
        minutes: 3,
        fires: &["LinkDown host.core-03 (segment.meme)"],
        ..NOTHING
    },
    Fault {
        name: "flaps",
        host: "core-04",
        breaks: |at, told| {
            let changes = 2.0 + (at.lasts / 30.0).floor();
            let device = [("device", "meme")];
            value(told, "node_network_carrier_changes_total", &device, changes);
        },
        minutes: 5,
        fires: &["LinkFlaps host.core-04 (segment.meme)"],
        mended: 18,
        ..NOTHING
    },
    Fault {
        // Of 400 packets a second fifty are broken.
        name: "broken-packets",
        host: "bra-01",
        breaks: |at, told| {
            let device = [("device", "collecte")];
            let errors = 7.0 + 50.0 * at.lasts;
            value(told, "node_network_receive_errs_total", &device, errors);
        },
        minutes: 13,
        fires: &["LinkErrors host.bra-01 (segment.collecte)"],
        mended: 7,
        ..NOTHING
    },
];

#[test]
fn links() {
    happen(FAULTS);
}
