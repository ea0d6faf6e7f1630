//! Cooling, temperature zones and power supplies.

use super::{Source, Went};
use crate::text::{Families, Metric};

const ZONE: Metric<'_> = Metric::gauge("node_thermal_zone_temp", "Zone temperature in Celsius");
const CURRENT: Metric<'_> =
    Metric::gauge("node_cooling_device_cur_state", "Current throttle state of the cooling device");
const MOST: Metric<'_> =
    Metric::gauge("node_cooling_device_max_state", "Maximum throttle state of the cooling device");

pub(super) fn thermal(source: &Source, found: &mut Families) -> Went {
    const BELOW: &str = "sys/class/thermal";
    let root = &source.root;
    for entry in root.names(BELOW)? {
        let kind = root.word(&format!("{BELOW}/{entry}/type")).unwrap_or_default();
        let number = |file: &str| root.number(&format!("{BELOW}/{entry}/{file}"));
        if let Some(zone) = entry.strip_prefix("thermal_zone") {
            // A sensor may refuse to be read while its device sleeps.
            let Some(temperature) = number("temp") else { continue };
            found.add(&ZONE, &[("zone", zone), ("type", &kind)], temperature / 1000.0);
        } else if let Some(name) = entry.strip_prefix("cooling_device") {
            let labels = [("name", name), ("type", kind.as_str())];
            if let (Some(current), Some(most)) = (number("cur_state"), number("max_state")) {
                found.add(&CURRENT, &labels, current);
                found.add(&MOST, &labels, most);
            }
        }
    }
    Ok(())
}

/// A supply's file, the name of its metric, and the unit. The kernel counts in millionths.
const SUPPLY: [(&str, &str, f64); 12] = [
    ("online", "online", 1.0),
    ("present", "present", 1.0),
    ("capacity", "capacity", 1.0),
    ("cycle_count", "cyclecount", 1.0),
    ("current_now", "current_ampere", 1e-6),
    ("voltage_now", "voltage_volt", 1e-6),
    ("power_now", "power_watt", 1e-6),
    ("energy_now", "energy_watthour", 1e-6),
    ("energy_full", "energy_full", 1e-6),
    ("charge_now", "charge_ampere", 1e-6),
    ("charge_full", "charge_full", 1e-6),
    ("temp", "temp_celsius", 0.1),
];

pub(super) fn power(source: &Source, found: &mut Families) -> Went {
    const BELOW: &str = "sys/class/power_supply";
    for supply in source.root.names(BELOW)? {
        for (file, suffix, unit) in SUPPLY {
            let Some(value) = source.root.number(&format!("{BELOW}/{supply}/{file}")) else {
                continue;
            };
            let name = format!("node_power_supply_{suffix}");
            let help = format!("{suffix} value of /sys/class/power_supply/<power_supply>.");
            found.add(&Metric::gauge(&name, &help), &[("power_supply", &supply)], value * unit);
        }
    }
    Ok(())
}
