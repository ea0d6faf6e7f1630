//! The values that may stand behind a key: each is checked once, here, and is a type afterwards.

mod amount;
mod cron;
mod exporter;
mod network;
mod reference;
mod system;
mod word;

pub use amount::{Cents, Mebibytes, Seconds};
pub use cron::Cron;
pub use exporter::{Exporter, Teller};
pub use network::{Asn, Community, LargeCommunity, Mac, Port};
pub use reference::{Secret, SshDestination};
pub use system::{
    AbsolutePath, AccountName, ArmoredKey, CalendarEvent, CommandLine, DebianVersion, FileMode,
    MountOption, MountSource, PackageName, RepositoryUrl, ServiceUnit, SshKey, SuiteName,
};
pub use word::nearest;
pub(crate) use word::{Word, word};

use crate::names::Names;
use std::str::FromStr;
use toml::de::DeValue;

/// Why a value was not taken.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) says: String,
    pub(crate) hint: Option<String>,
}

impl Wrong {
    pub(crate) fn new(says: impl Into<String>) -> Self {
        Self { code: "M-VALUE", says: says.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A type that can be read from one TOML value.
pub(crate) trait Value: Sized {
    /// What is expected, in words: "an IPv4 address such as `192.0.2.1`".
    fn expects() -> String;
    /// Reads it.
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong>;
}

/// "expected X, found Y", for a value of the wrong type or form.
pub(crate) fn unexpected<T: Value>(value: &DeValue<'_>) -> Wrong {
    let found = match value {
        DeValue::String(text) => format!("`{}`", shorten(text)),
        DeValue::Integer(number) => format!("`{}`", shorten(number.as_str())),
        DeValue::Float(number) => format!("`{}`", shorten(number.as_str())),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(date) => format!("`{date}`"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    Wrong::new(format!("expected {}, found {found}", T::expects()))
}

/// At most sixty characters of what somebody wrote, none of which could drive a terminal.
pub(crate) fn shorten(text: &str) -> String {
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut short: String = text.chars().take(60).map(plain).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

/// Reads a string with `FromStr`.
fn parsed<T: Value + FromStr>(value: &DeValue<'_>) -> Result<T, Wrong> {
    let text = value.as_str().ok_or_else(|| unexpected::<T>(value))?;
    text.parse().map_err(|_| unexpected::<T>(value))
}

impl Value for String {
    fn expects() -> String {
        "text in quotes".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        if let Some(odd) = text.chars().find(|c| c.is_control() || matches!(c, '⟪' | '⟫')) {
            return Err(Wrong::new(format!("the character {odd:?} may not stand in text"))
                .hint("write plain text on one line"));
        }
        Ok(text.to_owned())
    }
}

impl Value for bool {
    fn expects() -> String {
        "`true` or `false`".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| unexpected::<Self>(value))
    }
}

fn integer<T: Value + TryFrom<i128>>(value: &DeValue<'_>) -> Result<T, Wrong> {
    let number = value.as_integer().ok_or_else(|| unexpected::<T>(value))?;
    let parsed = i128::from_str_radix(number.as_str(), number.radix());
    let parsed = parsed.map_err(|_| unexpected::<T>(value))?;
    T::try_from(parsed).map_err(|_| unexpected::<T>(value))
}

impl Value for u32 {
    fn expects() -> String {
        format!("a whole number from 0 to {}", Self::MAX)
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        integer(value)
    }
}
impl Value for u16 {
    fn expects() -> String {
        format!("a whole number from 0 to {}", Self::MAX)
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        integer(value)
    }
}
impl Value for u8 {
    fn expects() -> String {
        format!("a whole number from 0 to {}", Self::MAX)
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        integer(value)
    }
}

/// What a load says of these lines.
#[cfg(test)]
fn said(lines: &str) -> String {
    let isp = "[isp]\nname = \"x\"\nasn = 64500\ndomain = \"x.example\"\n";
    let loaded =
        crate::load(&[crate::Source::new("isp.toml", format!("{isp}{lines}\n").as_bytes())]);
    let says = loaded.findings.into_iter().map(|finding| finding.says);
    says.collect::<Vec<_>>().join("\n")
}
