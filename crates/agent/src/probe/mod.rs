//! What is tried from this host again and again: its table in the configuration, and what came of it last.
//!
//! Names and meanings of the metrics are those of the `blackbox_exporter`.

mod der;
mod dns;
mod held;
mod http;
mod icmp;
mod resolve;
mod run;
mod smtp;
mod stream;
mod tell;
mod tls;
mod tried;

use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use run::{Prober, told_once};
pub use tried::{Tried, once};

/// More than this from one host is a mistake.
const MOST: usize = 2_000;

/// One thing that is tried.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The name of the check: a label of its series.
    pub check: String,
    /// The object that it tells about: another label.
    pub object: String,
    /// What is asked.
    pub asks: Asks,
    /// Who is asked: an address or a name.
    #[serde(default)]
    pub to: String,
    /// The port, if it is not that of the protocol.
    pub port: Option<u16>,
    /// The name of the site or of the certificate, or the name that a DNS server is asked for.
    pub name: Option<String>,
    /// The path of a page.
    pub path: Option<String>,
    /// Text that a page must contain.
    pub contains: Option<String>,
    /// Addresses of which this host shall say whether it holds one.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Certificates (PEM) that are believed instead of the system's.
    pub ca: Option<PathBuf>,
    /// The time between two tries, in seconds.
    #[serde(default = "interval", rename = "interval")]
    pub interval_s: u32,
    /// How long one try may take, in seconds.
    #[serde(default = "timeout", rename = "timeout")]
    pub timeout_s: u32,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    /// An echo.
    Icmp,
    /// Whether a port takes connections.
    Tcp,
    /// A page.
    Http,
    /// A page over TLS, with a certificate that is good for the name.
    Https,
    /// A certificate that is good for the name.
    Tls,
    /// A name.
    Dns,
    /// Whether mail is taken; with a name also TLS, with a certificate that is good for it.
    Smtp,
    /// Whether this host holds one of the addresses.
    Held,
}

impl Asks {
    /// The port of the protocol, if it has one.
    fn port(self) -> Option<u16> {
        match self {
            Self::Icmp | Self::Tcp | Self::Held => None,
            Self::Http => Some(80),
            Self::Https | Self::Tls => Some(443),
            Self::Dns => Some(53),
            Self::Smtp => Some(25),
        }
    }
}

fn interval() -> u32 {
    60
}

fn timeout() -> u32 {
    10
}

impl Probe {
    /// The time between two tries.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s))
    }

    /// How long one try may take: never longer than until the next.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_s.min(self.interval_s)))
    }

    /// The port that is asked.
    fn port(&self) -> u16 {
        self.port.or_else(|| self.asks.port()).unwrap_or_default()
    }

    /// The name that is asked for: of a site, a certificate or a DNS record.
    fn asked_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.to)
    }

    fn wrong(&self) -> Option<&'static str> {
        let line = |text: &String| text.chars().any(char::is_control) || text.is_empty();
        if self.check.is_empty() || self.object.is_empty() {
            return Some("check and object need a name");
        }
        if self.asks == Asks::Held {
            return self.addresses.is_empty().then_some("held needs addresses");
        }
        if self.to.is_empty() {
            return Some("to is missing: an address or a name");
        }
        if self.asks == Asks::Tcp && self.port() == 0 {
            return Some("tcp needs a port");
        }
        // What stands in a request's line must not end it.
        if [&self.name, &self.path].into_iter().flatten().any(line) {
            return Some("name and path are one line each");
        }
        if self.path.as_ref().is_some_and(|path| !path.starts_with('/') || path.contains(' ')) {
            return Some("a path begins with / and has no spaces");
        }
        if !(1..=86_400).contains(&self.interval_s) || self.timeout_s == 0 {
            return Some("interval is 1 to 86400 seconds, timeout 1 or more");
        }
        None
    }
}

/// Refuses what could not be tried, and two with one name.
pub fn check(probes: &[Probe]) -> Result<(), String> {
    if probes.len() > MOST {
        return Err(format!("there may be {MOST} [[probe]] tables at most"));
    }
    let mut seen = BTreeSet::new();
    for probe in probes {
        let place = format!("[[probe]] {}", probe.check);
        if let Some(why) = probe.wrong() {
            return Err(format!("{place}: {why}"));
        }
        if !seen.insert(&probe.check) {
            return Err(format!("{place}: there is another one of this name"));
        }
    }
    Ok(())
}
