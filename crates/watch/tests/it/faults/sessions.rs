//! BIRD, its sessions and what it hears.

use super::{Fault, NOTHING, happen};
use crate::telling::{sessions as down, value};
use metrics::NAME;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "session",
        host: "edge-02",
        breaks: |_, told| down(told, |name| name == "bgp_belnet_belgiumix_6"),
        minutes: 4,
        fires: &["SessionDown neighbor.belnet.session.belgiumix"],
        ..NOTHING
    },
    Fault {
        name: "inner-session",
        host: "core-01",
        breaks: |_, told| down(told, |name| name.starts_with("ibgp_edge_01_")),
        minutes: 4,
        fires: &["InternalSessionDown host.core-01 (host.edge-01)"],
        ..NOTHING
    },
    Fault {
        name: "bird",
        host: "bra-01",
        breaks: |_, told| told.retain(|(series, _)| !series.get(NAME).starts_with("bird_")),
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
        ..NOTHING
    },
    Fault {
        name: "ospf-of-one-family",
        host: "bra-02",
        breaks: |_, told| value(told, "bird_ospf_running", &[("name", "ospf6")], 0.0),
        minutes: 3,
        fires: &["OspfDown host.bra-02 (ospf)"],
        ..NOTHING
    },
    Fault {
        // Without it no loopback of the others is reached.
        name: "ospf",
        host: "bra-01",
        breaks: |_, told| {
            value(told, "bird_ospf_running", &[], 0.0);
            down(told, |name| name.starts_with("ibgp_"));
        },
        minutes: 4,
        fires: &[
            "OspfDown host.bra-01 (ospf)",
            "  OspfDown host.bra-01 (ospf)",
            "  InternalSessionDown host.bra-01 (host.bra-02)",
            "  InternalSessionDown host.bra-01 (host.core-01)",
            "  InternalSessionDown host.bra-01 (host.core-02)",
            "  InternalSessionDown host.bra-01 (host.core-03)",
            "  InternalSessionDown host.bra-01 (host.core-04)",
            "  InternalSessionDown host.bra-01 (host.edge-01)",
            "  InternalSessionDown host.bra-01 (host.edge-02)",
        ],
        ..NOTHING
    },
    Fault {
        name: "near-its-limit",
        host: "edge-02",
        breaks: |_, told| {
            let name = [("name", "bgp_belnet_belgiumix_4")];
            value(told, "bird_protocol_prefix_import_count", &name, 950.0);
        },
        minutes: 7,
        fires: &["RoutesNearLimit neighbor.belnet.session.belgiumix"],
        ..NOTHING
    },
    Fault {
        name: "few-routes",
        host: "edge-02",
        breaks: |_, told| {
            let name = [("name", "bgp_belnet_belgiumix_4")];
            value(told, "bird_protocol_prefix_import_count", &name, 30.0);
        },
        past: (1, &["edge-02"]),
        step: 120,
        minutes: 36,
        fires: &["RoutesFew neighbor.belnet.session.belgiumix"],
        ..NOTHING
    },
    Fault {
        // What is down sends nothing: that is no second trouble.
        name: "session-for-long",
        host: "edge-01",
        breaks: |_, told| {
            let name = [("name", "bgp_ovh_bnix_4")];
            value(told, "bird_protocol_prefix_import_count", &name, 0.0);
            down(told, |name| name == "bgp_ovh_bnix_4");
        },
        past: (1, &["edge-01"]),
        step: 120,
        minutes: 36,
        fires: &["SessionDown neighbor.ovh.session.bnix"],
        ..NOTHING
    },
];

#[test]
fn sessions() {
    happen(FAULTS);
}
