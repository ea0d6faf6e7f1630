//! What the proof is told: orders of upgrade, and what the network cannot survive.

use super::{Host, Invariant, KINDS, Kind};
use crate::fields::{At, Fields};
use crate::names::Names;
use crate::table::{Id, Named};
use crate::value::{Value, Wrong, shorten, unexpected};
use toml::de::DeValue;

/// An order in which hosts are taken down, upgraded and brought back: the proof shows that what it
/// keeps holds in every step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Its name.
    pub name: String,
    /// What is upgraded, and when.
    pub description: Option<String>,
    /// The hosts that are down together, step after step: `[["edge-01", "core-01"], ["edge-02"]]`.
    /// Those of one step are back before the next begins.
    pub steps: Vec<Vec<Id<Host>>>,
    /// The invariants that must hold in every step. Default: every one of kind `reach` that survives
    /// a failure.
    pub keeps: Vec<Id<Invariant>>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Upgrade {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Upgrade {
    const KIND: &'static str = "upgrade";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            steps: fields.lists("steps"),
            keeps: fields.list("keeps"),
            at: fields.at(),
        }
    }
}

/// What the network cannot survive, and why that is accepted. It has no end, unlike a waiver: it
/// belongs to the network as it is built.
///
/// A violation is accepted if its property is this one, if it is about every object of `on`, and if
/// everything in `without` failed in it, by itself or with its hypervisor or site; what is left out
/// matches anything. An invariant that is broken although nothing failed is never accepted: lower what
/// it asks, or delete it.
///
/// ```toml
/// [accept.one-vpn]
/// property = "V-INVARIANT"
/// on       = ["invariant.members-out", "pool.vpn"]
/// without  = ["host.vpn-01"]
/// reason   = "there is one concentrator: its members wait until it is repaired"
///
/// [accept.a-site-is-a-site]
/// property = "V-INVARIANT"
/// without  = ["site.louise"]
/// reason   = "everything but backups and monitoring stands there"
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// Its name.
    pub name: String,
    /// The property that is violated, by its code, such as `V-INVARIANT`.
    pub property: String,
    /// The objects that the violation is about, as `kind.name`, all of them; nothing means any.
    pub on: Vec<String>,
    /// What failed, all of it: `host.NAME`, `link.HOST/INTERFACE`, `segment.NAME`,
    /// `session.NEIGHBOR/SESSION`, `daemon.HOST/bird`, `daemon.HOST/keepalived`, `site.NAME`; nothing
    /// means whatever failed.
    pub without: Vec<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Where it is declared.
    pub at: At,
}

impl Named for Accept {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Accept {
    const KIND: &'static str = "accept";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            property: fields.need::<Property>("property").0,
            on: fields.list::<Object>("on").into_iter().map(|Object(key)| key).collect(),
            without: fields.list::<Failing>("without").into_iter().map(|f| f.0).collect(),
            reason: fields.need("reason"),
            at: fields.at(),
        }
    }
}

/// The code of a property.
#[derive(Default)]
struct Property(String);

impl Value for Property {
    fn expects() -> String {
        "the code of a property such as \"V-INVARIANT\"".into()
    }

    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let fine = |c: char| c.is_ascii_uppercase() || c == '-';
        let code =
            text.strip_prefix("V-").filter(|rest| !rest.is_empty() && rest.chars().all(fine));
        code.map(|_| Self(text.to_owned())).ok_or_else(|| unexpected::<Self>(value))
    }
}

/// A declared object, as `kind.name`.
struct Object(String);

impl Value for Object {
    fn expects() -> String {
        "a declared object such as \"invariant.members-out\"".into()
    }

    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let parts = text.split_once('.').filter(|(kind, _)| KINDS.contains(kind));
        let (kind, name) = parts.ok_or_else(|| unexpected::<Self>(value))?;
        declared(kind, name, names).map(|()| Self(text.to_owned()))
    }
}

/// Something that can fail, in the words of a failure set.
struct Failing(String);

impl Value for Failing {
    fn expects() -> String {
        "what can fail: \"host.NAME\", \"link.HOST/INTERFACE\", \"segment.NAME\", \"session.NEIGHBOR/SESSION\", \"daemon.HOST/bird\", \"daemon.HOST/keepalived\" or \"site.NAME\"".into()
    }

    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let (what, name) = text.split_once('.').ok_or_else(|| unexpected::<Self>(value))?;
        let (kind, name) = match (what, name.split_once('/')) {
            ("host" | "segment" | "site", None) => (what, name),
            ("daemon", Some((host, "bird" | "keepalived"))) => ("host", host),
            ("link", Some((host, nic))) if !nic.is_empty() => ("host", host),
            ("session", Some((neighbor, session))) if !session.is_empty() => ("neighbor", neighbor),
            _ => return Err(unexpected::<Self>(value)),
        };
        declared(kind, name, names).map(|()| Self(text.to_owned()))
    }
}

fn declared(kind: &str, name: &str, names: &Names) -> Result<(), Wrong> {
    if names.index(kind, name).is_some() {
        return Ok(());
    }
    let says = format!("there is no {kind} named `{}`", shorten(name));
    let wrong = Wrong { code: "M-REFERENCE", says, hint: None };
    Err(match names.nearest(&[kind], name) {
        Some(near) => wrong.hint(format!("did you mean `{near}`?")),
        None => wrong,
    })
}
