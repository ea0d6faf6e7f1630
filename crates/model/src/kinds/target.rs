//! What a rule or an invariant can point at by one word.

use super::{Host, Pool, Segment, Vip};
use crate::names::Names;
use crate::table::Id;
use crate::value::{Value, Wrong, shorten, unexpected};
use ipnet::IpNet;
use std::net::IpAddr;
use toml::de::DeValue;

/// A host, a VIP, a segment, a pool by its name, or an address or prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Every address of a host.
    Host(Id<Host>),
    /// A virtual address.
    Vip(Id<Vip>),
    /// The prefixes of a segment.
    Segment(Id<Segment>),
    /// The prefixes of a pool.
    Pool(Id<Pool>),
    /// A prefix.
    Prefix(IpNet),
}

/// The kinds that a target's name is looked up in. A name in two of them is ambiguous.
const KINDS: [&str; 4] = ["host", "vip", "segment", "pool"];

impl Value for Target {
    fn expects() -> String {
        "the name of a host, VIP, segment or pool, or a prefix".into()
    }

    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Prefix(address.into()));
        }
        if text.parse::<IpNet>().is_ok() {
            return IpNet::read(value, names).map(Self::Prefix);
        }
        let (kinds, name) = match text.split_once('.') {
            Some((kind, name)) if KINDS.contains(&kind) => (vec![kind], name),
            _ => (KINDS.to_vec(), text),
        };
        let found: Vec<(&str, usize)> = kinds
            .iter()
            .filter_map(|kind| names.index(kind, name).map(|index| (*kind, index)))
            .collect();
        match found.as_slice() {
            [(kind, index)] => Ok(Self::of(kind, *index)),
            [] => Err(nothing(name, names)),
            [(kind, _), ..] => Err(Wrong::new(format!("`{name}` names several things"))
                .hint(format!("say which: \"{kind}.{name}\""))),
        }
    }
}

impl Target {
    fn of(kind: &str, index: usize) -> Self {
        match kind {
            "host" => Self::Host(Id::new(index)),
            "vip" => Self::Vip(Id::new(index)),
            "segment" => Self::Segment(Id::new(index)),
            _ => Self::Pool(Id::new(index)),
        }
    }
}

fn nothing(name: &str, names: &Names) -> Wrong {
    let says = format!("there is no host, VIP, segment or pool named `{}`", shorten(name));
    let wrong = Wrong { code: "M-REFERENCE", says, hint: None };
    match names.nearest(&KINDS, name) {
        Some(near) => wrong.hint(format!("did you mean `{near}`?")),
        None => wrong,
    }
}
