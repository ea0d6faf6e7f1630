//! What members use: names, backends, databases, certificates.

use super::{Duty, Host, Kind};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use crate::value::{Secret, Word};

/// A service that people use by name over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The DNS names under which it answers.
    pub names: Vec<String>,
    /// The hosts that run it: the proxy's backends.
    pub hosts: Vec<Id<Host>>,
    /// How it is served on its hosts. Default: `static`.
    pub serve: Serve,
    /// The port on its hosts that the proxy connects to. Default: 80 for what Caddy serves, 8080 for an application.
    pub port: u16,
    /// Where files are served from. Default: `/srv/www/NAME`.
    pub root: Option<String>,
    /// The path that says that it lives. Default: `/`.
    pub health: String,
    /// The database that it needs, by name.
    pub database: Option<String>,
    /// Who may reach it. Default: `public`.
    pub exposure: Exposure,
    /// The team that answers for it.
    pub owner: Option<Id<Duty>>,
    /// The certificate that covers its names.
    pub certificate: Option<Id<Certificate>>,
    /// Where it is declared.
    pub at: At,
}

/// How a service is served on its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Serve {
    /// Files, by Caddy.
    Static,
    /// PHP-FPM behind Caddy.
    Php,
    /// An application that speaks HTTP itself: `HAProxy` connects to it directly.
    App,
}

/// Who may reach a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// Everybody.
    Public,
    /// Only from our own prefixes.
    Members,
}

impl Word for Serve {
    const WORDS: &'static [(&'static str, Self)] =
        &[("static", Self::Static), ("php", Self::Php), ("app", Self::App)];
}

impl Word for Exposure {
    const WORDS: &'static [(&'static str, Self)] =
        &[("public", Self::Public), ("members", Self::Members)];
}

impl Named for Service {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Service {
    const KIND: &'static str = "service";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let serve = fields.or("serve", Serve::Static);
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            names: fields.some("names"),
            hosts: fields.some("hosts"),
            serve,
            port: fields.or("port", if serve == Serve::App { 8080 } else { 80 }),
            root: fields.get("root"),
            health: fields.or("health", "/".to_owned()),
            database: fields.get("database"),
            exposure: fields.or("exposure", Exposure::Public),
            owner: fields.get("owner"),
            certificate: fields.get("certificate"),
            at: fields.at(),
        }
    }
}

/// A TLS certificate that the proxies present.
///
/// Ketupa asks no authority for one: key and chain are a secret, wherever they came from, and a new one is
/// in place with the next apply. Caddy stands behind the proxies and needs none; one that faces the
/// Internet by itself gets its own by ACME, as its `Caddyfile` says, without a line here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its name.
    pub name: String,
    /// The DNS names that it covers; `*.example.org` covers one label.
    pub names: Vec<String>,
    /// The secret that holds key and chain in PEM.
    pub secret: Secret,
    /// Where it is declared.
    pub at: At,
}

impl Certificate {
    /// Whether it is valid for a DNS name (RFC 6125 section 6.4: a wildcard is one whole label).
    pub fn covers(&self, name: &str) -> bool {
        let one_label_less = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        self.names.iter().any(|own| own == name || Some(own) == one_label_less.as_ref())
    }
}

impl Named for Certificate {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Certificate {
    const KIND: &'static str = "certificate";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            names: fields.some("names"),
            secret: fields.need("secret"),
            at: fields.at(),
        }
    }
}
