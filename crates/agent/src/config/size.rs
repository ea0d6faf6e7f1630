//! An amount of bytes as people write it: `"64 MiB"`.

use serde::{Deserialize, Deserializer};

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];
/// Less would hold nothing.
const LEAST: u64 = 1 << 20;

/// An amount of bytes, a mebibyte at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u64);

impl Size {
    /// The size that a text says.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(word, unit)| Some((text.trim().strip_suffix(word)?.trim_end(), *unit)))?;
        let bytes = digits.parse::<u64>().ok()?.checked_mul(unit)?;
        (bytes >= LEAST).then_some(Self(bytes))
    }

    /// How many bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl Default for Size {
    /// A gibibyte: most of a year of a host.
    fn default() -> Self {
        Self(1 << 30)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is no size: write it as \"64 MiB\", 1 MiB at least"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn reads_sizes_with_their_units() {
        let bytes = |text| Size::parse(text).map(Size::bytes);
        assert_eq!(bytes("1 GiB"), Some(1 << 30));
        assert_eq!(bytes("120MB"), Some(120_000_000));
        assert_eq!(bytes("2097152 B"), Some(2 << 20));
        for bad in ["", "1", "MiB", "-1 GiB", "1.5 GiB", "1 KiB", "99999999999 GiB", "1 TiBB"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
