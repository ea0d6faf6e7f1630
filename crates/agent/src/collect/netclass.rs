//! Network interfaces as `/sys/class/net` describes them.

use super::{Source, Went};
use crate::text::{Families, Kind, Metric};

/// A property's name, its file, and how it behaves.
const PROPERTIES: [(&str, &str, Kind); 17] = [
    ("address_assign_type", "addr_assign_type", Kind::Gauge),
    ("carrier", "carrier", Kind::Gauge),
    ("carrier_changes_total", "carrier_changes", Kind::Counter),
    ("carrier_up_changes_total", "carrier_up_count", Kind::Counter),
    ("carrier_down_changes_total", "carrier_down_count", Kind::Counter),
    ("device_id", "dev_id", Kind::Gauge),
    ("dormant", "dormant", Kind::Gauge),
    ("flags", "flags", Kind::Gauge),
    ("iface_id", "ifindex", Kind::Gauge),
    ("iface_link", "iflink", Kind::Gauge),
    ("iface_link_mode", "link_mode", Kind::Gauge),
    ("mtu_bytes", "mtu", Kind::Gauge),
    ("name_assign_type", "name_assign_type", Kind::Gauge),
    ("net_dev_group", "netdev_group", Kind::Gauge),
    ("protocol_type", "type", Kind::Gauge),
    ("speed_bytes", "speed", Kind::Gauge),
    ("transmit_queue_length", "tx_queue_len", Kind::Gauge),
];

const UP: Metric<'_> =
    Metric::gauge("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.");
const INFO: Metric<'_> = Metric::gauge(
    "node_network_info",
    "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
);
const BELOW: &str = "sys/class/net";

pub(super) fn netclass(source: &Source, found: &mut Families) -> Went {
    for device in source.root.names(BELOW)? {
        // Beside the interfaces there are plain files, such as that of bonding.
        if source.root.has(&format!("{BELOW}/{device}/ifindex")) {
            interface(source, &device, found);
        }
    }
    Ok(())
}

fn interface(source: &Source, device: &str, found: &mut Families) {
    let word =
        |file: &str| source.root.word(&format!("{BELOW}/{device}/{file}")).unwrap_or_default();
    let state = word("operstate");
    let labels = [
        ("device", device),
        ("address", &word("address")),
        ("broadcast", &word("broadcast")),
        ("duplex", &word("duplex")),
        ("operstate", &state),
        ("ifalias", &word("ifalias")),
    ];
    found.add(&INFO, &labels, 1.0);
    let device = [("device", device)];
    found.add(&UP, &device, if state == "up" { 1.0 } else { 0.0 });
    for (property, file, kind) in PROPERTIES {
        // Some files cannot be read while the interface is down, or of a kind that has no such thing.
        let Some(value) = crate::tree::number(&word(file)) else { continue };
        let value = if property == "speed_bytes" { value * 125_000.0 } else { value };
        let name = format!("node_network_{property}");
        let help = format!("Network device property: {property}");
        found.add(&Metric { name: &name, help: &help, kind }, &device, value);
    }
}
