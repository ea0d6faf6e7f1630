//! Sensors of temperature, voltage and fans, by chip.

use super::{Source, Went};
use crate::text::{Families, Kind, Metric};
use std::collections::BTreeMap;

const BELOW: &str = "sys/class/hwmon";
const CHIPS: Metric<'_> =
    Metric::gauge("node_hwmon_chip_names", "Annotation metric for human-readable chip names");
const LABEL: Metric<'_> =
    Metric::gauge("node_hwmon_sensor_label", "Label for given chip and sensor");
const TYPES: [&str; 9] =
    ["in", "fan", "pwm", "temp", "curr", "power", "energy", "humidity", "intrusion"];

pub(super) fn hwmon(source: &Source, found: &mut Families) -> Went {
    for entry in source.root.names(BELOW)? {
        let chip = chip_name(source, &entry);
        if let Some(name) = source.root.word(&format!("{BELOW}/{entry}/name")) {
            found.add(&CHIPS, &[("chip", &chip), ("chip_name", &clean(&name))], 1.0);
        }
        for (sensor, elements) in sensors(source, &entry) {
            tell(found, &chip, &sensor, &elements);
        }
    }
    Ok(())
}

/// A chip's name that stays when modules are loaded in another order: its bus and its device.
fn chip_name(source: &Source, entry: &str) -> String {
    let device = std::fs::canonicalize(source.root.path(&format!("{BELOW}/{entry}/device"))).ok();
    let last = |path: Option<&std::path::Path>| {
        path.and_then(std::path::Path::file_name)
            .map_or_else(String::new, |name| clean(&name.to_string_lossy()))
    };
    let name = last(device.as_deref());
    let bus = last(device.as_deref().and_then(std::path::Path::parent));
    match (bus.is_empty(), name.is_empty()) {
        (false, false) => format!("{bus}_{name}"),
        (true, false) => name,
        (_, true) => source
            .root
            .word(&format!("{BELOW}/{entry}/name"))
            .map(|name| clean(&name))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| clean(entry)),
    }
}

/// The texts of a chip's sensors: of `temp1`, that of `input`, of `crit` and so on.
fn sensors(source: &Source, entry: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sensors: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for below in [format!("{BELOW}/{entry}"), format!("{BELOW}/{entry}/device")] {
        for file in source.root.names(&below).unwrap_or_default() {
            let (sensor, element) = file.split_once('_').unwrap_or((&file, ""));
            if !TYPES.contains(&type_of(sensor)) || type_of(sensor) == sensor {
                continue;
            }
            let Some(text) = source.root.word(&format!("{below}/{file}")) else { continue };
            sensors.entry(sensor.to_owned()).or_default().insert(element.to_owned(), text);
        }
    }
    sensors
}

fn type_of(sensor: &str) -> &str {
    sensor.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn tell(found: &mut Families, chip: &str, sensor: &str, elements: &BTreeMap<String, String>) {
    let labels = [("chip", chip), ("sensor", sensor)];
    // The input is the value itself, unless there is a file with the sensor's bare name.
    let value_itself = if elements.contains_key("") { "" } else { "input" };
    for (element, text) in elements {
        if element == "label" {
            let label = clean(text);
            found.add(&LABEL, &[("chip", chip), ("sensor", sensor), ("label", &label)], 1.0);
            continue;
        }
        let Ok(value) = text.parse::<f64>() else { continue };
        let mut name = format!("node_hwmon_{}", type_of(sensor));
        if element != value_itself {
            name = format!("{name}_{}", clean(element));
        }
        let (suffix, help, unit) = described(type_of(sensor), element);
        name.push_str(suffix);
        let kind = if name.ends_with("_total") { Kind::Counter } else { Kind::Gauge };
        found.add(&Metric { name: &name, help: &help, kind }, &labels, value * unit);
    }
}

/// A sensor's element: the unit at its name's end, help, and what the kernel's number is multiplied by.
fn described(kind: &str, element: &str) -> (&'static str, String, f64) {
    match (kind, element) {
        (_, "fault" | "alarm") => ("", format!("Hardware sensor {element} status ({kind})"), 1.0),
        (_, "beep") => ("_enabled", "Hardware monitor sensor has beeping enabled".to_owned(), 1.0),
        ("in", _) => ("_volts", format!("Hardware monitor for voltage ({element})"), 1e-3),
        ("temp", "type") => ("", "Hardware monitor temp element type".to_owned(), 1.0),
        ("temp", _) => ("_celsius", format!("Hardware monitor for temperature ({element})"), 1e-3),
        ("curr", _) => ("_amps", format!("Hardware monitor for current ({element})"), 1e-3),
        ("energy", _) => {
            ("_joule_total", format!("Hardware monitor for joules used so far ({element})"), 1e-6)
        }
        ("power", "accuracy") => {
            ("", "Hardware monitor power meter accuracy, as a ratio".to_owned(), 1e-6)
        }
        ("power", "average_interval" | "average_interval_min" | "average_interval_max") => {
            ("_seconds", format!("Hardware monitor power usage update interval ({element})"), 1e-3)
        }
        ("power", _) => {
            ("_watt", format!("Hardware monitor for power usage in watts ({element})"), 1e-6)
        }
        ("humidity", _) => (
            "",
            format!(
                "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a \
                 percentage) ({element})"
            ),
            1e-6,
        ),
        ("fan", "input" | "min" | "max" | "target") => {
            ("_rpm", format!("Hardware monitor for fan revolutions per minute ({element})"), 1.0)
        }
        _ => ("", format!("Hardware monitor {kind} element {element}"), 1.0),
    }
}

/// A text as a part of a metric's name or label.
fn clean(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == ':' || c == '_' { c } else { '_' };
    text.trim().to_lowercase().chars().map(keep).collect::<String>().trim_matches('_').to_owned()
}
