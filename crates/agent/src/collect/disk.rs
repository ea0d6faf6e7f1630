//! What disks did, and which disks they are.

use super::{Source, Went, numbers};
use crate::text::{Families, Kind, Metric};

const SECTOR: f64 = 512.0;
const MILLI: f64 = 0.001;

/// The columns of `/proc/diskstats` after the name: suffix, help, kind and unit.
const COLUMNS: [(&str, &str, Kind, f64); 17] = [
    (
        "reads_completed_total",
        "The total number of reads completed successfully.",
        Kind::Counter,
        1.0,
    ),
    ("reads_merged_total", "The total number of reads merged.", Kind::Counter, 1.0),
    ("read_bytes_total", "The total number of bytes read successfully.", Kind::Counter, SECTOR),
    (
        "read_time_seconds_total",
        "The total number of seconds spent by all reads.",
        Kind::Counter,
        MILLI,
    ),
    (
        "writes_completed_total",
        "The total number of writes completed successfully.",
        Kind::Counter,
        1.0,
    ),
    ("writes_merged_total", "The number of writes merged.", Kind::Counter, 1.0),
    (
        "written_bytes_total",
        "The total number of bytes written successfully.",
        Kind::Counter,
        SECTOR,
    ),
    (
        "write_time_seconds_total",
        "This is the total number of seconds spent by all writes.",
        Kind::Counter,
        MILLI,
    ),
    ("io_now", "The number of I/Os currently in progress.", Kind::Gauge, 1.0),
    ("io_time_seconds_total", "Total seconds spent doing I/Os.", Kind::Counter, MILLI),
    (
        "io_time_weighted_seconds_total",
        "The weighted # of seconds spent doing I/Os.",
        Kind::Counter,
        MILLI,
    ),
    (
        "discards_completed_total",
        "The total number of discards completed successfully.",
        Kind::Counter,
        1.0,
    ),
    ("discards_merged_total", "The total number of discards merged.", Kind::Counter, 1.0),
    (
        "discarded_sectors_total",
        "The total number of sectors discarded successfully.",
        Kind::Counter,
        1.0,
    ),
    (
        "discard_time_seconds_total",
        "This is the total number of seconds spent by all discards.",
        Kind::Counter,
        MILLI,
    ),
    (
        "flush_requests_total",
        "The total number of flush requests completed successfully",
        Kind::Counter,
        1.0,
    ),
    (
        "flush_requests_time_seconds_total",
        "This is the total number of seconds spent by all flush requests.",
        Kind::Counter,
        MILLI,
    ),
];
const INFO: Metric<'_> = Metric::gauge("node_disk_info", "Info of /sys/block/<block_device>.");

pub(super) fn stats(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/diskstats")?.lines() {
        let mut words = line.split_whitespace();
        let (Some(major), Some(minor), Some(device)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if is_part(device) {
            continue;
        }
        for ((suffix, help, kind, unit), value) in COLUMNS.iter().zip(numbers(words)) {
            let name = format!("node_disk_{suffix}");
            let metric = Metric { name: &name, help, kind: *kind };
            found.add(&metric, &[("device", device)], value * unit);
        }
        info(source, found, [device, major, minor]);
    }
    Ok(())
}

/// What udev knows of a disk; without it only its number.
fn info(source: &Source, found: &mut Families, [device, major, minor]: [&str; 3]) {
    let known = source.root.read(&format!("run/udev/data/b{major}:{minor}")).unwrap_or_default();
    let property = |key: &str| {
        known
            .lines()
            .filter_map(|line| line.strip_prefix("E:")?.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    // The short serial number of SCSI is another one than that of the disk.
    let serial = property("SCSI_IDENT_SERIAL").or_else(|| property("ID_SERIAL_SHORT"));
    let labels = [
        ("device", device),
        ("major", major),
        ("minor", minor),
        ("path", property("ID_PATH").unwrap_or_default()),
        ("wwn", property("ID_WWN").unwrap_or_default()),
        ("model", property("ID_MODEL").unwrap_or_default()),
        ("serial", serial.unwrap_or_default()),
        ("revision", property("ID_REVISION").unwrap_or_default()),
    ];
    found.add(&INFO, &labels, 1.0);
}

/// Whether it is a partition, or no disk: `^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$`.
fn is_part(device: &str) -> bool {
    let stem = device.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == device.len() {
        return false;
    }
    let letter = |start: &str| {
        stem.strip_prefix(start).is_some_and(|rest| matches!(rest.as_bytes(), [b'a'..=b'z']))
    };
    let nvme =
        stem.strip_prefix("nvme").and_then(|rest| rest.strip_suffix('p')).is_some_and(|rest| {
            rest.split_once('n')
                .is_some_and(|(c, n)| c.parse::<u32>().is_ok() && n.parse::<u32>().is_ok())
        });
    matches!(stem, "ram" | "loop" | "fd")
        || ["hd", "sd", "vd", "xvd"].into_iter().any(letter)
        || nvme
}

#[cfg(test)]
mod tests {
    #[test]
    fn leaves_partitions_out_and_keeps_disks() {
        for part in ["sda1", "vdb12", "xvda3", "nvme0n1p2", "loop0", "ram3", "fd0"] {
            assert!(super::is_part(part), "{part}");
        }
        for disk in ["sda", "vda", "nvme0n1", "zram0", "md0", "dm-3", "mmcblk0", "sdaa1"] {
            assert!(!super::is_part(disk), "{disk}");
        }
    }
}
