//! What keeps the provider alive: checks, backups, duties, invariants, and what is waived for a time.

use super::{Host, Kind, Service, Target};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::table::{Id, Named};
use crate::value::{Port, Seconds, ServiceUnit, Word, word};
use jiff::civil::Date;

/// A question that is asked again and again from outside.
///
/// Every host, session, VIP, service and certificate is asked after without one: a check says how often
/// services are asked and what they must answer, and what hosts are asked besides an echo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub description: Option<String>,
    /// The services that it watches.
    pub services: Vec<Id<Service>>,
    /// The hosts that it watches.
    pub hosts: Vec<Id<Host>>,
    /// How often. Default: `60s`.
    pub every: Seconds,
    /// Text that the answer must contain.
    pub contains: Option<String>,
    /// What its hosts are asked. Default: `icmp`.
    pub asks: Asks,
    /// The port of its hosts that is asked. Default: that of the protocol; `tcp` has none.
    pub port: Option<u16>,
    /// The DNS name that is asked for. Default: that of the host.
    pub asks_for: Option<String>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Check {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Check {
    const KIND: &'static str = "check";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let check = Self {
            name: name.to_owned(),
            description: fields.get("description"),
            services: fields.list("services"),
            hosts: fields.list("hosts"),
            every: fields.or("every", Seconds(60)),
            contains: fields.get("contains"),
            asks: fields.or("asks", Asks::Icmp),
            port: fields.get("port"),
            asks_for: fields.get("asks_for"),
            at: fields.at(),
        };
        for finding in check.misfits() {
            fields.finding(finding);
        }
        check
    }
}

/// What a host is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// An echo.
    Icmp,
    /// Whether a port takes connections.
    Tcp,
    /// A page.
    Http,
    /// A page over TLS, with a good certificate.
    Https,
    /// A name.
    Dns,
    /// Whether it takes mail.
    Smtp,
}

impl Word for Asks {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("icmp", Self::Icmp),
        ("tcp", Self::Tcp),
        ("http", Self::Http),
        ("https", Self::Https),
        ("dns", Self::Dns),
        ("smtp", Self::Smtp),
    ];
}

impl Asks {
    /// As it is declared.
    pub fn word(self) -> &'static str {
        word(self)
    }

    /// The port of the protocol, where it has one.
    fn port(self) -> Option<u16> {
        match self {
            Self::Icmp | Self::Tcp => None,
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Dns => Some(53),
            Self::Smtp => Some(25),
        }
    }
}

impl Check {
    /// The port that is asked; 0 for an echo.
    pub fn port(&self) -> u16 {
        self.port.or_else(|| self.asks.port()).unwrap_or_default()
    }

    /// Keys that do not fit what it asks.
    fn misfits(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        if self.asks == Asks::Tcp && self.port() == 0 {
            let says = format!("{} asks `tcp` and lacks the key `port`", self.at.key);
            wrong.push(Finding::error("M-MISSING-KEY", self.at.place, says));
        }
        if self.asks == Asks::Icmp && self.port.is_some() {
            let says = format!("{} asks `icmp`, which has no `port`", self.at.key);
            wrong.push(Finding::error("M-VALUE", self.at.field("port"), says));
        }
        if !(1..=86_400).contains(&self.every.0) {
            let says = format!("`every` of {} is not between 1s and 24h", self.at.key);
            wrong.push(Finding::error("M-VALUE", self.at.field("every"), says));
        }
        wrong
    }
}

/// What is saved where, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The services whose data is saved.
    pub services: Vec<Id<Service>>,
    /// The hosts that are saved as a whole.
    pub hosts: Vec<Id<Host>>,
    /// The host that keeps the copies.
    pub to: Id<Host>,
    /// The service of systemd that makes it, on each host that is saved: when it ended well, the host's agent
    /// tells. That of a `[timer.NAME]` is `ketupa-NAME.service`.
    pub unit: Option<ServiceUnit>,
    /// How often. Default: `24h`.
    pub every: Seconds,
    /// How many copies are kept. Default: 14.
    pub keep: u32,
    /// Where it is declared.
    pub at: At,
}

impl Named for Backup {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Backup {
    const KIND: &'static str = "backup";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            services: fields.list("services"),
            hosts: fields.list("hosts"),
            to: fields.need("to"),
            unit: fields.get("unit"),
            every: fields.or("every", Seconds(86_400)),
            keep: fields.or("keep", 14),
            at: fields.at(),
        }
    }
}

/// A duty that somebody has: a role and how it is reached, never a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Its name.
    pub name: String,
    /// What it includes.
    pub description: Option<String>,
    /// Where it is reached: a list, a room, a shared number.
    pub contact: Option<String>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Duty {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Duty {
    const KIND: &'static str = "duty";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            contact: fields.get("contact"),
            at: fields.at(),
        }
    }
}

/// Something that must hold whatever fails: proved on the model before a change is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invariant {
    /// Its name.
    pub name: String,
    /// Why it must hold.
    pub description: Option<String>,
    /// What must hold.
    pub kind: InvariantKind,
    /// Where the traffic comes from; nothing means the Internet. `neighbor.NAME` is whatever comes in
    /// by its sessions.
    pub from: Vec<Target>,
    /// Where it goes; nothing means the Internet. `neighbor.NAME` is whatever goes out by its
    /// sessions.
    pub to: Vec<Target>,
    /// To which ports. Default: any.
    pub ports: Vec<Port>,
    /// The hosts that a `waypoint` passes one of, and an `avoid` none.
    pub through: Vec<Id<Host>>,
    /// How many failures at once it must survive, from 0 to 2. Default: 0.
    pub survives: u8,
    /// Where it is declared.
    pub at: At,
}

/// What an invariant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum InvariantKind {
    /// `from` reaches `to`.
    #[default]
    Reach,
    /// `from` never reaches `to`.
    Isolate,
    /// Every path passes one of `through`.
    Waypoint,
    /// No path passes any of `through`.
    Avoid,
    /// At most one host answers for `to`.
    OneOwner,
}

impl Word for InvariantKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("reach", Self::Reach),
        ("isolate", Self::Isolate),
        ("waypoint", Self::Waypoint),
        ("avoid", Self::Avoid),
        ("one-owner", Self::OneOwner),
    ];
}

impl Named for Invariant {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Invariant {
    const KIND: &'static str = "invariant";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            kind: fields.need("kind"),
            from: fields.list("from"),
            to: fields.list("to"),
            ports: fields.list("ports"),
            through: fields.list("through"),
            survives: fields.or("survives", 0),
            at: fields.at(),
        }
    }
}

/// A finding that is accepted for a time, with the reason. On the day after the last one it stands
/// again, and the waiver is told as expired.
///
/// ```toml
/// [waiver.one-validator]
/// lint   = "N3-VALIDATORS"
/// reason = "the second validator waits for a disk"
/// until  = 2022-03-31
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub name: String,
    /// The finding's code, such as `P12-MEMORY`.
    pub lint: String,
    /// The objects that it is about, as `kind.name`; nothing means every one.
    pub on: Vec<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
    /// Where it is declared.
    pub at: At,
}

impl Named for Waiver {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Waiver {
    const KIND: &'static str = "waiver";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            lint: fields.need("lint"),
            on: fields.list("on"),
            reason: fields.need("reason"),
            until: fields.need("until"),
            at: fields.at(),
        }
    }
}
