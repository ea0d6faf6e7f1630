//! Days, sizes, spans of time and money: with their units.

use super::{Value, Wrong, parsed, unexpected};
use crate::names::Names;
use serde::Serialize;
use std::str::FromStr;
use toml::de::DeValue;

/// A calendar day.
impl Value for jiff::civil::Date {
    fn expects() -> String {
        "a date such as 2022-05-01, without quotes".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let date = value.as_datetime().filter(|moment| moment.time.is_none());
        let date = date.and_then(|moment| moment.date).ok_or_else(|| unexpected::<Self>(value))?;
        let (month, day) = (i8::try_from(date.month), i8::try_from(date.day));
        let (Ok(month), Ok(day)) = (month, day) else { return Err(unexpected::<Self>(value)) };
        let year = i16::try_from(date.year).map_err(|_| unexpected::<Self>(value))?;
        Self::new(year, month, day).map_err(|_| unexpected::<Self>(value))
    }
}

/// An amount of memory or disk, in mebibytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Mebibytes(pub u64);

impl std::fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            mebi if mebi >= 1 << 20 && mebi % (1 << 20) == 0 => write!(f, "{} TiB", mebi >> 20),
            mebi if mebi >= 1 << 10 && mebi % (1 << 10) == 0 => write!(f, "{} GiB", mebi >> 10),
            mebi => write!(f, "{mebi} MiB"),
        }
    }
}

impl FromStr for Mebibytes {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, unit) = text.split_once(' ').ok_or(())?;
        let shift = match unit {
            "MiB" => 0,
            "GiB" => 10,
            "TiB" => 20,
            _ => return Err(()),
        };
        let number: u32 = number.parse().map_err(|_| ())?;
        Ok(Self(u64::from(number) << shift))
    }
}

impl Value for Mebibytes {
    fn expects() -> String {
        "a size such as \"512 MiB\", \"4 GiB\" or \"2 TiB\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// A span of time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Seconds(pub u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            s if s > 0 && s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s > 0 && s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s > 0 && s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl FromStr for Seconds {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let unit = text.chars().last().ok_or(())?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(()),
        };
        let number: u32 = text.strip_suffix(unit).ok_or(())?.parse().map_err(|_| ())?;
        Ok(Self(u64::from(number) * factor))
    }
}

impl Value for Seconds {
    fn expects() -> String {
        "a span of time such as \"30s\", \"5m\", \"24h\" or \"7d\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// Money, in cents of the ISP's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Cents(pub i64);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.abs() / 100, self.0.abs() % 100)
    }
}

impl FromStr for Cents {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() != 2 {
            return Err(());
        }
        let whole: u32 = whole.parse().map_err(|_| ())?;
        let part: u32 = part.parse().map_err(|_| ())?;
        Ok(Self(i64::from(whole) * 100 + i64::from(part)))
    }
}

impl Value for Cents {
    fn expects() -> String {
        "an amount of money with two decimals, in quotes, such as \"3.63\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
