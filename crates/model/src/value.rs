//! The values that may stand behind a key: each is checked once, here, and is a type afterwards.

use crate::names::Names;
use crate::table::Id;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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

/// At most sixty characters of what somebody wrote.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
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

impl Value for Ipv4Addr {
    fn expects() -> String {
        "an IPv4 address such as \"192.0.2.1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
impl Value for Ipv6Addr {
    fn expects() -> String {
        "an IPv6 address such as \"2001:db8::1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}
impl Value for IpAddr {
    fn expects() -> String {
        "an address such as \"192.0.2.1\" or \"2001:db8::1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// Refuses a prefix with bits beyond its length, and says which prefix was meant.
fn network<T>(value: &DeValue<'_>, trunc: impl Fn(&T) -> T) -> Result<T, Wrong>
where
    T: Value + FromStr + PartialEq + std::fmt::Display,
{
    let prefix: T = parsed(value)?;
    let network = trunc(&prefix);
    if network == prefix {
        return Ok(prefix);
    }
    Err(Wrong::new(format!("`{prefix}` has bits beyond its prefix length"))
        .hint(format!("write \"{network}\"")))
}

impl Value for Ipv4Net {
    fn expects() -> String {
        "an IPv4 prefix such as \"192.0.2.0/24\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}
impl Value for Ipv6Net {
    fn expects() -> String {
        "an IPv6 prefix such as \"2001:db8::/32\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}
impl Value for IpNet {
    fn expects() -> String {
        "a prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        network(value, Self::trunc)
    }
}

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

/// A closed set of words.
pub(crate) trait Word: Copy + 'static {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Word> Value for T {
    fn expects() -> String {
        let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("one of {}", words.join(", "))
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<T>(value))?;
        let found = T::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let wrong = unexpected::<T>(value);
            match nearest(text, T::WORDS.iter().map(|(word, _)| *word)) {
                Some(word) => wrong.hint(format!("did you mean \"{word}\"?")),
                None => wrong,
            }
        })
    }
}

/// The word for a variant.
pub(crate) fn word<T: Word + PartialEq>(meaning: T) -> &'static str {
    T::WORDS.iter().find(|(_, variant)| *variant == meaning).map_or("?", |(word, _)| word)
}

/// The candidate that somebody probably meant.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.len() > 80 {
        return None;
    }
    let scored = candidates.into_iter().filter(|word| word.len() <= 80);
    let scored = scored.map(|word| (strsim::damerau_levenshtein(written, word), word));
    let limit = 1 + written.chars().count() / 4;
    scored.filter(|(distance, _)| *distance <= limit).min().map(|(_, word)| word)
}

/// An autonomous system number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Asn(pub u32);

impl std::fmt::Display for Asn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Asn {
    /// Whether it is for private use (RFC 6996).
    pub fn is_private(self) -> bool {
        matches!(self.0, 64_512..=65_534 | 4_200_000_000..=4_294_967_294)
    }
}

impl Value for Asn {
    fn expects() -> String {
        "an AS number such as 64500".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let asn = integer::<u32>(value).map_err(|_| unexpected::<Self>(value))?;
        match asn {
            0 | 23_456 | 65_535 | u32::MAX => {
                Err(Wrong::new(format!("AS {asn} is reserved and cannot speak BGP")))
            }
            _ => Ok(Self(asn)),
        }
    }
}

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mac(pub [u8; 6]);

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs = self.0.map(|byte| format!("{byte:02x}"));
        f.write_str(&pairs.join(":"))
    }
}

impl FromStr for Mac {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes: Vec<u8> = text
            .split(':')
            .map(|part| if part.len() == 2 { u8::from_str_radix(part, 16) } else { "x".parse() })
            .collect::<Result<_, _>>()
            .map_err(|_| ())?;
        bytes.try_into().map(Self).map_err(|_| ())
    }
}

impl Value for Mac {
    fn expects() -> String {
        "an Ethernet address such as \"02:00:00:00:00:01\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let mac: Self = parsed(value)?;
        if mac.0.first().is_some_and(|byte| byte & 1 == 1) {
            return Err(Wrong::new(format!("`{mac}` is a group address, not one of a host")));
        }
        Ok(mac)
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

/// A reference to a secret: never the secret itself. Resolved on the operator's machine at apply time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Secret(pub String);

impl Value for Secret {
    fn expects() -> String {
        "a secret's name such as \"pass:infra/bgp/verixi\", \"age:FILE\" or \"env:NAME\"".into()
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = String::read(value, names).map_err(|_| unexpected::<Self>(value))?;
        let (store, name) = text.split_once(':').unwrap_or_default();
        let known = matches!(store, "pass" | "age" | "env");
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c);
        if !known || name.is_empty() || !name.chars().all(fine) || name.contains("..") {
            // What was written may be the secret itself: it is not repeated.
            return Err(Wrong::new(format!("expected {}", Self::expects()))
                .hint("put the secret in the password store and write its name here"));
        }
        Ok(Self(text))
    }
}

/// A transport protocol and a port, or a protocol without ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Port {
    /// `tcp/443`, or `tcp/8000-8010`: first and last port.
    Tcp(u16, u16),
    /// `udp/53`: first and last port.
    Udp(u16, u16),
    /// Ping and the ICMP errors of both families.
    Icmp,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, first, last) = match self {
            Self::Tcp(first, last) => ("tcp", first, last),
            Self::Udp(first, last) => ("udp", first, last),
            Self::Icmp => return write!(f, "icmp"),
        };
        if first == last { write!(f, "{name}/{first}") } else { write!(f, "{name}/{first}-{last}") }
    }
}

impl FromStr for Port {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "icmp" {
            return Ok(Self::Icmp);
        }
        let (protocol, ports) = text.split_once('/').ok_or(())?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let first: u16 = first.parse().map_err(|_| ())?;
        let last: u16 = last.parse().map_err(|_| ())?;
        match protocol {
            "tcp" if 0 < first && first <= last => Ok(Self::Tcp(first, last)),
            "udp" if 0 < first && first <= last => Ok(Self::Udp(first, last)),
            _ => Err(()),
        }
    }
}

impl Value for Port {
    fn expects() -> String {
        "\"tcp/443\", \"udp/53\", \"tcp/8000-8010\" or \"icmp\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// A large BGP community (RFC 8092).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LargeCommunity(pub u32, pub u32, pub u32);

/// A standard (RFC 1997) or large (RFC 8092) BGP community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Community {
    /// `65535:666`
    Standard(u16, u16),
    /// `204059:0:20`
    Large(LargeCommunity),
}

impl std::fmt::Display for Community {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Standard(a, b) => write!(f, "{a}:{b}"),
            Self::Large(LargeCommunity(a, b, c)) => write!(f, "{a}:{b}:{c}"),
        }
    }
}

impl FromStr for Community {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Vec<u32> =
            text.split(':').map(str::parse).collect::<Result<_, _>>().map_err(|_| ())?;
        match numbers.as_slice() {
            [a, b] => {
                let (a, b) = (u16::try_from(*a), u16::try_from(*b));
                Ok(Self::Standard(a.map_err(|_| ())?, b.map_err(|_| ())?))
            }
            [a, b, c] => Ok(Self::Large(LargeCommunity(*a, *b, *c))),
            _ => Err(()),
        }
    }
}

impl Value for Community {
    fn expects() -> String {
        "a BGP community such as \"65535:666\" or \"204059:0:20\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        parsed(value)
    }
}

/// A reference by name to an object of another kind.
impl<T: crate::kinds::Kind> Value for Id<T> {
    fn expects() -> String {
        format!("the name of a {}", T::KIND)
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let name = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        if let Some(index) = names.index(T::KIND, name) {
            return Ok(Self::new(index));
        }
        let kind = T::KIND;
        let says = format!("there is no {kind} named `{}`", shorten(name));
        let wrong = Wrong { code: "M-REFERENCE", says, hint: None };
        Err(match nearest(name, names.of(kind)) {
            Some(near) => wrong.hint(format!("did you mean `{near}`?")),
            None => wrong.hint(format!("declare it: [{kind}.{}]", shorten(name))),
        })
    }
}
