//! What the host is: kernel, distribution, mainboard.

use super::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::Trouble;
use std::collections::BTreeMap;

const UNAME: Metric<'_> = Metric::gauge(
    "node_uname_info",
    "Labeled system information as provided by the uname system call.",
);

#[expect(clippy::unnecessary_wraps, reason = "a collector")]
pub(super) fn uname(_source: &Source, found: &mut Families) -> Went {
    let uname = rustix::system::uname();
    let labels = [
        ("sysname", &*uname.sysname().to_string_lossy()),
        ("release", &uname.release().to_string_lossy()),
        ("version", &uname.version().to_string_lossy()),
        ("machine", &uname.machine().to_string_lossy()),
        ("nodename", &uname.nodename().to_string_lossy()),
        ("domainname", &uname.domainname().to_string_lossy()),
    ];
    found.add(&UNAME, &labels, 1.0);
    Ok(())
}

/// The keys of `os-release` that are told.
const KEYS: [&str; 12] = [
    "BUILD_ID",
    "ID",
    "ID_LIKE",
    "IMAGE_ID",
    "IMAGE_VERSION",
    "NAME",
    "PRETTY_NAME",
    "VARIANT",
    "VARIANT_ID",
    "VERSION",
    "VERSION_CODENAME",
    "VERSION_ID",
];
const OS: Metric<'_> = Metric::gauge(
    "node_os_info",
    "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, \
     name, pretty_name, variant, variant_id, version, version_codename, version_id.",
);
const VERSION: Metric<'_> =
    Metric::gauge("node_os_version", "Metric containing the major.minor part of the OS version.");

pub(super) fn os(source: &Source, found: &mut Families) -> Went {
    let text =
        source.root.read("etc/os-release").or_else(|_| source.root.read("usr/lib/os-release"))?;
    let values: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim().trim_matches(['"', '\''])))
        .collect();
    let value = |key: &str| values.get(key).copied().unwrap_or_default();
    let names = KEYS.map(str::to_lowercase);
    let labels: Vec<(&str, &str)> =
        names.iter().zip(KEYS).map(|(name, key)| (name.as_str(), value(key))).collect();
    found.add(&OS, &labels, 1.0);
    let mut parts = value("VERSION_ID").splitn(3, '.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("0"));
    if let Ok(version) = format!("{major}.{minor}").parse() {
        let labels = [("id", value("ID")), ("id_like", value("ID_LIKE")), ("name", value("NAME"))];
        found.add(&VERSION, &labels, version);
    }
    Ok(())
}

/// The files of `/sys/class/dmi/id` that are told; a serial number only root may read.
const DMI: [&str; 20] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "sys_vendor",
];
const BOARD: Metric<'_> = Metric::gauge(
    "node_dmi_info",
    "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, \
     board_asset_tag, board_name, board_serial, board_vendor, board_version, chassis_asset_tag, \
     chassis_serial, chassis_vendor, chassis_version, product_family, product_name, product_serial, \
     product_sku, product_uuid, product_version, system_vendor if provided by DMI.",
);

pub(super) fn dmi(source: &Source, found: &mut Families) -> Went {
    const BELOW: &str = "sys/class/dmi/id";
    if !source.root.has(BELOW) {
        return Err(Trouble::Nothing);
    }
    let values: Vec<(&str, String)> = DMI
        .into_iter()
        .filter_map(|file| Some((file, source.root.word(&format!("{BELOW}/{file}"))?)))
        .map(|(file, value)| (if file == "sys_vendor" { "system_vendor" } else { file }, value))
        .collect();
    let labels: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    found.add(&BOARD, &labels, 1.0);
    Ok(())
}
