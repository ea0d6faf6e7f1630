//! What a server holds: the desk, and what the watch keeps; for pages, the API and the threads beside them.

use crate::counts::Counts;
use crate::held::Held;
use crate::rules::Rules;
use jobs::desk::Desk;
use jobs::secret;
use jobs::token::Scope;
use std::sync::Arc;

/// Whether the browser sends the cookie over encrypted connections only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// A proxy with TLS is before this server.
    Secure,
    /// It is reached on this machine, or over a tunnel.
    Plain,
}

/// How the server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// By which connections.
    pub cookies: Cookies,
}

/// A secret that counts as a token without being in the desk's database, such as the one that the declared
/// network gives to all agents. Only its hash is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    hash: String,
    scopes: Vec<Scope>,
}

impl Key {
    /// A secret, what it is called, and what its bearer may do.
    pub fn new(name: &str, secret: &str, scopes: Vec<Scope>) -> Self {
        Self { name: name.to_owned(), hash: secret::hash(secret), scopes }
    }

    /// What its bearer may do, if this is it.
    pub(crate) fn opened_by(&self, shown: &str) -> Option<&[Scope]> {
        let same = secret::same(secret::hash(shown).as_bytes(), self.hash.as_bytes());
        same.then_some(self.scopes.as_slice())
    }
}

/// Everything that one server serves.
pub struct House {
    /// Jobs, and tokens.
    pub desk: Arc<Desk>,
    /// What was measured; times in milliseconds.
    pub metrics: Held<metrics::Store>,
    /// What was written to logs; times in nanoseconds.
    pub logs: Held<logs::Store>,
    /// What rules made of it.
    pub rules: Rules,
    /// What counts as a token besides those of the desk.
    pub keys: Vec<Key>,
    /// How it is reached.
    pub settings: Settings,
    /// What it counts of itself.
    pub counts: Counts,
    /// What the process takes of the machine, in the text format of exporters.
    pub process: fn() -> String,
}
