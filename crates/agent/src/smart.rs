//! What disks say of their own health, in the names of the `smartctl_exporter`.
//!
//! `smartctl` needs to open the disk, which the agent may not. So a timer of root's writes what
//! `smartctl --json -a DISK` prints into a directory, one file a disk, and the agent reads it.

use crate::collect::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::{Trouble, plain_text};
use serde_json::Value;

/// The bits of the exit status that say that the disk could not be asked: a wrong command line, a
/// disk that does not open or is of no known kind. A virtual disk is one of these, and no alarm.
const NOT_ASKED: u64 = 0b11;

/// The collector.
pub(crate) fn smart(source: &Source, found: &mut Families) -> Went {
    let Some(directory) = &source.smart else { return Err(Trouble::Nothing) };
    let unread = |error| Trouble::Read(directory.clone(), error);
    let mut wrong = None;
    for entry in std::fs::read_dir(directory).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let said = plain_text(&path).map_err(|error| Trouble::Read(path, error));
        match said.map(|said| serde_json::from_str::<Value>(&said)) {
            Ok(Ok(said)) => tell(&said, found),
            Ok(Err(_)) => wrong = Some(Trouble::Strange("what smartctl wrote", "no JSON in it")),
            Err(trouble) => wrong = Some(trouble),
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// A number in the answer, and the metric that it becomes.
const NUMBERS: [(&str, Metric<'_>, f64); 16] = [
    (
        "/smartctl/exit_status",
        Metric::gauge("smartctl_device_smartctl_exit_status", "Exit status of smartctl on device"),
        1.0,
    ),
    (
        "/user_capacity/blocks",
        Metric::gauge("smartctl_device_capacity_blocks", "Device capacity in blocks"),
        1.0,
    ),
    (
        "/user_capacity/bytes",
        Metric::gauge("smartctl_device_capacity_bytes", "Device capacity in bytes"),
        1.0,
    ),
    (
        "/power_on_time/hours",
        Metric::counter("smartctl_device_power_on_seconds", "Device power on seconds"),
        3600.0,
    ),
    ("/rotation_rate", Metric::gauge("smartctl_device_rotation_rate", "Device rotation rate"), 1.0),
    (
        "/power_cycle_count",
        Metric::counter("smartctl_device_power_cycle_count", "Device power cycle count"),
        1.0,
    ),
    (
        "/smart_status/passed",
        Metric::gauge("smartctl_device_smart_status", "General smart status"),
        1.0,
    ),
    (
        "/ata_smart_self_test_log/standard/error_count_total",
        Metric::gauge(
            "smartctl_device_self_test_log_error_count",
            "Device SMART self test log error count",
        ),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/percentage_used",
        Metric::counter("smartctl_device_percentage_used", "Device write percentage used"),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/available_spare",
        Metric::counter(
            "smartctl_device_available_spare",
            "Normalized percentage (0 to 100%) of the remaining spare capacity available",
        ),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/available_spare_threshold",
        Metric::counter(
            "smartctl_device_available_spare_threshold",
            "When the Available Spare falls below the threshold indicated in this field, an asynchronous event completion may occur. The value is indicated as a normalized percentage (0 to 100%)",
        ),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/critical_warning",
        Metric::counter(
            "smartctl_device_critical_warning",
            "This field indicates critical warnings for the state of the controller",
        ),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/media_errors",
        Metric::counter(
            "smartctl_device_media_errors",
            "Contains the number of occurrences where the controller detected an unrecovered data integrity error. Errors such as uncorrectable ECC, CRC checksum failure, or LBA tag mismatch are included in this field",
        ),
        1.0,
    ),
    (
        "/nvme_smart_health_information_log/num_err_log_entries",
        Metric::counter(
            "smartctl_device_num_err_log_entries",
            "Contains the number of Error Information log entries over the life of the controller",
        ),
        1.0,
    ),
    // NVMe counts in thousands of 512 bytes, whatever the size of its blocks.
    (
        "/nvme_smart_health_information_log/data_units_read",
        Metric::counter("smartctl_device_bytes_read", ""),
        512_000.0,
    ),
    (
        "/nvme_smart_health_information_log/data_units_written",
        Metric::counter("smartctl_device_bytes_written", ""),
        512_000.0,
    ),
];
/// The texts of the answer that describe the disk.
const TEXTS: [(&str, &str); 9] = [
    ("interface", "/device/type"),
    ("protocol", "/device/protocol"),
    ("model_family", "/model_family"),
    ("model_name", "/model_name"),
    ("serial_number", "/serial_number"),
    ("firmware_version", "/firmware_version"),
    ("ata_version", "/ata_version/string"),
    ("sata_version", "/sata_version/string"),
    ("form_factor", "/form_factor/name"),
];
const DEVICE: Metric<'_> = Metric::gauge("smartctl_device", "Device info");
const TEMPERATURE: Metric<'_> =
    Metric::gauge("smartctl_device_temperature", "Device temperature celsius");
const ATTRIBUTE: Metric<'_> = Metric::gauge("smartctl_device_attribute", "Device attributes");
const BLOCK: Metric<'_> = Metric::gauge("smartctl_device_block_size", "Device block size");

fn tell(said: &Value, found: &mut Families) {
    let status = said.pointer("/smartctl/exit_status").and_then(Value::as_u64).unwrap_or(NOT_ASKED);
    let device = word(said, "/device/name");
    let device = device.strip_prefix("/dev/").unwrap_or(device);
    if status & NOT_ASKED != 0 || device.is_empty() {
        return;
    }
    let of = [("device", device)];
    for (place, metric, unit) in &NUMBERS {
        let Some(value) = said.pointer(place).and_then(number) else { continue };
        // A disk without platters turns at no speed.
        if *place != "/rotation_rate" || value > 0.0 {
            if metric.name == "smartctl_device_self_test_log_error_count" {
                found.add(metric, &[("device", device), ("self_test_log_type", "standard")], value);
            } else {
                found.add(metric, &of, value * unit);
            }
        }
    }
    let mut labels = vec![("device", device)];
    labels.extend(TEXTS.map(|(label, place)| (label, word(said, place))));
    labels.push(("ata_additional_product_id", "unknown"));
    found.add(&DEVICE, &labels, 1.0);
    for kind in ["logical", "physical"] {
        if let Some(size) = said.pointer(&format!("/{kind}_block_size")).and_then(number) {
            found.add(&BLOCK, &[("device", device), ("blocks_type", kind)], size);
        }
    }
    let temperatures = said.get("temperature").and_then(Value::as_object).into_iter().flatten();
    for (kind, celsius) in temperatures {
        if let Some(celsius) = number(celsius) {
            found.add(&TEMPERATURE, &[("device", device), ("temperature_type", kind)], celsius);
        }
    }
    let table = said.pointer("/ata_smart_attributes/table").and_then(Value::as_array);
    for attribute in table.into_iter().flatten() {
        attribute_of(device, attribute, found);
    }
}

fn attribute_of(device: &str, attribute: &Value, found: &mut Families) {
    const FLAGS: [&str; 6] =
        ["prefailure", "updated_online", "performance", "error_rate", "event_count", "auto_keep"];
    let is_set = |flag: &&str| {
        attribute.pointer(&format!("/flags/{flag}")).and_then(Value::as_bool).unwrap_or_default()
    };
    let flags: Vec<&str> = FLAGS.into_iter().filter(is_set).collect();
    let long = flags.join(",");
    let id = attribute.get("id").map(Value::to_string).unwrap_or_default();
    for (kind, place) in
        [("value", "/value"), ("worst", "/worst"), ("thresh", "/thresh"), ("raw", "/raw/value")]
    {
        let Some(value) = attribute.pointer(place).and_then(number) else { continue };
        let labels = [
            ("device", device),
            ("attribute_name", word(attribute, "/name")),
            ("attribute_flags_short", word(attribute, "/flags/string")),
            ("attribute_flags_long", &long),
            ("attribute_value_type", kind),
            ("attribute_id", &id),
        ];
        found.add(&ATTRIBUTE, &labels, value);
    }
}

fn word<'a>(said: &'a Value, place: &str) -> &'a str {
    said.pointer(place).and_then(Value::as_str).unwrap_or_default().trim()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_bool().map(|yes| if yes { 1.0 } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use crate::text::Families;

    fn told(json: &str) -> String {
        let mut found = Families::default();
        super::tell(&serde_json::from_str(json).expect("JSON"), &mut found);
        found.write()
    }

    fn holds(told: &str, lines: &[&str]) {
        for line in lines {
            assert!(told.lines().any(|told| told == *line), "{line}\nis not in\n{told}");
        }
    }

    #[test]
    fn an_ata_disk_that_fails_says_so() {
        holds(
            &told(include_str!("../tests/recorded/smartctl-ata.json")),
            &[
                "smartctl_device_smart_status{device=\"sda\"} 0",
                "smartctl_device_smartctl_exit_status{device=\"sda\"} 64",
                "smartctl_device_power_on_seconds{device=\"sda\"} 36000",
                "smartctl_device_rotation_rate{device=\"sda\"} 7200",
                "smartctl_device_temperature{device=\"sda\",temperature_type=\"current\"} 33",
                "smartctl_device_self_test_log_error_count{device=\"sda\",self_test_log_type=\"standard\"} 1",
                "smartctl_device_attribute{attribute_flags_long=\"prefailure,updated_online,event_count,auto_keep\",\
             attribute_flags_short=\"PO--CK\",attribute_id=\"5\",attribute_name=\"Reallocated_Sector_Ct\",\
             attribute_value_type=\"raw\",device=\"sda\"} 304",
            ],
        );
    }

    #[test]
    fn an_nvme_disk_tells_its_wear_in_bytes() {
        let told = told(include_str!("../tests/recorded/smartctl-nvme.json"));
        holds(
            &told,
            &[
                "smartctl_device_smart_status{device=\"nvme0\"} 1",
                "smartctl_device_percentage_used{device=\"nvme0\"} 3",
                "smartctl_device_media_errors{device=\"nvme0\"} 1",
                "smartctl_device_bytes_read{device=\"nvme0\"} 512000000",
            ],
        );
        assert!(!told.contains("rotation_rate") && !told.contains("smartctl_device_attribute"));
    }

    #[test]
    fn a_virtual_disk_is_no_alarm() {
        assert_eq!(told(include_str!("../tests/recorded/smartctl-virtio.json")), "");
        assert_eq!(told("{}"), "");
        assert_eq!(told("[1, 2]"), "");
    }
}
