//! Network interfaces' counters, neighbours, tracked connections and the packets that waited too long.

use super::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float};
use std::collections::BTreeMap;

/// The columns of `/proc/net/dev`, as `node_exporter` calls them.
const COLUMNS: [&str; 16] = [
    "receive_bytes",
    "receive_packets",
    "receive_errs",
    "receive_drop",
    "receive_fifo",
    "receive_frame",
    "receive_compressed",
    "receive_multicast",
    "transmit_bytes",
    "transmit_packets",
    "transmit_errs",
    "transmit_drop",
    "transmit_fifo",
    "transmit_colls",
    "transmit_carrier",
    "transmit_compressed",
];

pub(super) fn netdev(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/net/dev")?.lines().skip(2) {
        let Some((device, counts)) = line.split_once(':') else { continue };
        let device = device.trim();
        // Debian's package leaves the loopback out.
        if device == "lo" {
            continue;
        }
        let counts = super::numbers(counts.split_whitespace());
        for (column, count) in COLUMNS.iter().zip(counts) {
            statistic(found, column, device, count);
        }
        let path = format!("sys/class/net/{device}/statistics/rx_nohandler");
        if let Some(count) = source.root.number(&path) {
            statistic(found, "receive_nohandler", device, count);
        }
    }
    Ok(())
}

fn statistic(found: &mut Families, column: &str, device: &str, count: f64) {
    let name = format!("node_network_{column}_total");
    let help = format!("Network device statistic {column}.");
    found.add(&Metric::counter(&name, &help), &[("device", device)], count);
}

const ARP: Metric<'_> = Metric::gauge("node_arp_entries", "ARP entries by device");

pub(super) fn arp(source: &Source, found: &mut Families) -> Went {
    let mut devices: BTreeMap<&str, u64> = BTreeMap::new();
    let text = source.root.read("proc/net/arp")?;
    for device in text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(5)) {
        *devices.entry(device).or_default() += 1;
    }
    for (device, entries) in devices {
        found.add(&ARP, &[("device", device)], float(entries));
    }
    Ok(())
}

const ENTRIES: Metric<'_> = Metric::gauge(
    "node_nf_conntrack_entries",
    "Number of currently allocated flow entries for connection tracking.",
);
const LIMIT: Metric<'_> =
    Metric::gauge("node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.");
const CONNTRACK: [(&str, &str); 8] = [
    ("found", "Number of searched entries which were successful."),
    ("invalid", "Number of packets seen which can not be tracked."),
    ("ignore", "Number of packets seen which are already connected to a conntrack entry."),
    ("insert", "Number of entries inserted into the list."),
    ("insert_failed", "Number of entries for which list insertion was attempted but failed."),
    ("drop", "Number of packets dropped due to conntrack failure."),
    (
        "early_drop",
        "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    ),
    (
        "search_restart",
        "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
    ),
];

pub(super) fn conntrack(source: &Source, found: &mut Families) -> Went {
    const BELOW: &str = "proc/sys/net/netfilter";
    let entries = source.root.number(&format!("{BELOW}/nf_conntrack_count"));
    let limit = source.root.number(&format!("{BELOW}/nf_conntrack_max"));
    found.add(&ENTRIES, &[], entries.ok_or(Trouble::Nothing)?);
    found.add(&LIMIT, &[], limit.ok_or(Trouble::Nothing)?);
    let text = source.root.read("proc/net/stat/nf_conntrack")?;
    let mut lines = text.lines().map(str::split_whitespace);
    let columns: Vec<&str> = lines.next().ok_or(Trouble::Nothing)?.collect();
    let rows: Vec<Vec<&str>> = lines.map(Iterator::collect).collect();
    for (column, help) in CONNTRACK {
        let Some(place) = columns.iter().position(|name| *name == column) else { continue };
        let sum = rows.iter().filter_map(|row| hexadecimal(row.get(place)?)).sum();
        let name = format!("node_nf_conntrack_stat_{column}");
        found.add(&Metric::gauge(&name, help), &[], float(sum));
    }
    Ok(())
}

const SOFTNET: [(usize, Metric<'_>); 5] = [
    (0, Metric::counter("node_softnet_processed_total", "Number of processed packets")),
    (1, Metric::counter("node_softnet_dropped_total", "Number of dropped packets")),
    (
        2,
        Metric::counter(
            "node_softnet_times_squeezed_total",
            "Number of times processing packets ran out of quota",
        ),
    ),
    (
        9,
        Metric::counter(
            "node_softnet_received_rps_total",
            "Number of times CPU woken up received_rps",
        ),
    ),
    (
        10,
        Metric::counter(
            "node_softnet_flow_limit_count_total",
            "Number of times flow limit has been reached",
        ),
    ),
];
/// The column that says which processor a line is of, since Linux 5.10.
const PROCESSOR: usize = 12;

pub(super) fn softnet(source: &Source, found: &mut Families) -> Went {
    for (index, line) in source.root.read("proc/net/softnet_stat")?.lines().enumerate() {
        let counts: Vec<u64> = line.split_whitespace().map_while(hexadecimal).collect();
        let cpu = counts.get(PROCESSOR).map_or_else(|| index.to_string(), u64::to_string);
        for (column, metric) in &SOFTNET {
            if let Some(count) = counts.get(*column) {
                found.add(metric, &[("cpu", &cpu)], float(*count));
            }
        }
    }
    Ok(())
}

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word, 16).ok()
}
