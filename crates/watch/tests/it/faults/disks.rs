//! Disks that fill, wear out, fail, come and go.

use super::{Fault, NOTHING, happen};
use crate::telling::value;

const ROOT: [(&str, &str); 1] = [("mountpoint", "/")];
const GIB: f64 = 1_073_741_824.0;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "nearly-full",
        host: "files",
        breaks: |_, told| value(told, "node_filesystem_avail_bytes", &ROOT, 1.5e9),
        minutes: 12,
        fires: &["DiskNearlyFull host.files"],
        ..NOTHING
    },
    Fault {
        name: "full",
        host: "doc",
        breaks: |_, told| value(told, "node_filesystem_avail_bytes", &ROOT, 1e8),
        minutes: 7,
        fires: &["DiskFull host.doc"],
        ..NOTHING
    },
    Fault {
        // Two thirds are used, and half a GiB more each hour.
        name: "fills",
        host: "files",
        breaks: |at, told| {
            let left = 6.5 - at.lasts / 7_200.0;
            value(told, "node_filesystem_avail_bytes", &ROOT, left * GIB);
        },
        past: (1, &["files"]),
        step: 120,
        minutes: 70,
        fires: &["DiskFillsSoon host.files"],
        ..NOTHING
    },
    Fault {
        name: "inodes",
        host: "wiki",
        breaks: |_, told| value(told, "node_filesystem_files_free", &ROOT, 2e4),
        minutes: 12,
        fires: &["InodesFew host.wiki"],
        ..NOTHING
    },
    Fault {
        name: "read-only",
        host: "cube",
        breaks: |_, told| value(told, "node_filesystem_readonly", &ROOT, 1.0),
        minutes: 3,
        fires: &["FilesystemReadOnly host.cube"],
        ..NOTHING
    },
    Fault {
        name: "sick",
        host: "meta",
        breaks: |_, told| value(told, "smartctl_device_smart_status", &[], 0.0),
        minutes: 3,
        fires: &["DiskSick host.meta"],
        ..NOTHING
    },
    Fault {
        name: "media-errors",
        host: "doc",
        breaks: |_, told| value(told, "smartctl_device_media_errors", &[], 5.0),
        step: 120,
        minutes: 4,
        fires: &["DiskErrors host.doc"],
        mended: 66,
        ..NOTHING
    },
    Fault {
        name: "critical-warning",
        host: "s3",
        breaks: |_, told| value(told, "smartctl_device_critical_warning", &[], 4.0),
        minutes: 2,
        fires: &["DiskErrors host.s3"],
        ..NOTHING
    },
    Fault {
        name: "worn",
        host: "wiki",
        breaks: |_, told| value(told, "smartctl_device_percentage_used", &[], 95.0),
        step: 120,
        minutes: 66,
        fires: &["DiskWorn host.wiki"],
        ..NOTHING
    },
    Fault {
        name: "no-spare",
        host: "cube",
        breaks: |_, told| value(told, "smartctl_device_available_spare", &[], 5.0),
        step: 120,
        minutes: 66,
        fires: &["DiskWorn host.cube"],
        ..NOTHING
    },
    Fault {
        name: "hot",
        host: "meta",
        breaks: |_, told| value(told, "smartctl_device_temperature", &[], 71.0),
        step: 120,
        minutes: 34,
        fires: &["DiskHot host.meta"],
        ..NOTHING
    },
    Fault {
        name: "pulled",
        host: "zammad",
        breaks: |_, told| value(told, "ketupa_disk_present", &[], 0.0),
        minutes: 3,
        fires: &["DiskGone host.zammad"],
        ..NOTHING
    },
    Fault {
        name: "plugged",
        host: "ispng",
        breaks: |_, told| value(told, "ketupa_disk_events_total", &[], 1.0),
        minutes: 2,
        fires: &["DiskNew host.ispng"],
        mended: 17,
        ..NOTHING
    },
];

#[test]
fn disks() {
    happen(FAULTS);
}
