//! One disk, as `/sys/block` describes it.

use crate::tree::Root;
use serde_json::{Value, json};

/// What tells one disk from another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disk {
    /// The name that it has until the next start, such as `sda`.
    pub device: String,
    /// Its size.
    pub bytes: u64,
    /// The number that its maker gave it, or nothing.
    pub serial: String,
    /// Its world-wide name, or nothing.
    pub wwn: String,
    /// What its maker calls it, or nothing.
    pub model: String,
}

impl Disk {
    /// The disk that has this name now; nothing if none has.
    pub(super) fn read(root: &Root, device: &str) -> Option<Self> {
        let below = format!("sys/block/{device}");
        if !root.has(&below) {
            return None;
        }
        let first = |files: &[&str]| {
            let words = files.iter().filter_map(|file| root.word(&format!("{below}/{file}")));
            words.map(|word| plain(&word)).find(|word| !word.is_empty()).unwrap_or_default()
        };
        let sectors = root.word(&format!("{below}/size")).and_then(|word| word.parse::<u64>().ok());
        Some(Self {
            device: device.to_owned(),
            // The kernel counts in sectors of 512 bytes, whatever the disk's are.
            bytes: sectors.unwrap_or_default().saturating_mul(512),
            // In this order: virtio, NVMe, SCSI and ATA.
            serial: first(&["serial", "device/serial", "device/vpd_pg80"]),
            wwn: first(&["wwid", "device/wwid"]),
            model: first(&["device/model"]),
        })
    }

    /// What it is known by, over starts and slots; nothing if it has neither name nor number.
    pub(super) fn key(&self) -> Option<&str> {
        [&self.wwn, &self.serial].into_iter().map(String::as_str).find(|key| !key.is_empty())
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "device": self.device, "bytes": self.bytes, "serial": self.serial, "wwn": self.wwn, "model": self.model,
        })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        Some(Self {
            device: text("device")?,
            bytes: value.get("bytes")?.as_u64()?,
            serial: text("serial")?,
            wwn: text("wwn")?,
            model: text("model")?,
        })
    }
}

/// A word without what a page of SCSI has around it: lengths and filling.
fn plain(word: &str) -> String {
    let printed: String = word.chars().filter(|c| !c.is_control() && *c != '\u{fffd}').collect();
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}
