//! What a rule or an invariant can point at by one word.

use super::{Host, Neighbor, Pool, Segment, Service, Vip, Zone};
use crate::names::Names;
use crate::table::Id;
use crate::value::{Value, Wrong, shorten, unexpected};
use ipnet::IpNet;
use std::net::IpAddr;
use toml::de::DeValue;

/// A host, a VIP, a segment, a pool, a zone, a neighbour, a service, or an address or prefix.
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
    /// The prefixes of a zone's segments; the zone of the rest means the Internet.
    Zone(Id<Zone>),
    /// What is behind a neighbour: traffic that comes in or goes out by its sessions.
    Neighbor(Id<Neighbor>),
    /// The addresses at which a service answers: those of the proxies, or of its own hosts.
    Service(Id<Service>),
    /// A prefix.
    Prefix(IpNet),
}

/// A target that stands for addresses by itself: all that a firewall rule can have at its ends.
pub(crate) struct Addresses(pub(crate) Target);

/// The kinds that a bare name is looked up in. A name in two of them is ambiguous.
const BARE: [&str; 4] = ["host", "vip", "segment", "pool"];

/// The kinds that are always written out: their names often are those of segments and VIPs too.
const WRITTEN_OUT: [&str; 3] = ["zone", "neighbor", "service"];

impl Value for Target {
    fn expects() -> String {
        "the name of a host, VIP, segment or pool, `zone.NAME`, `neighbor.NAME`, `service.NAME`, or a prefix".into()
    }

    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Prefix(address.into()));
        }
        if text.parse::<IpNet>().is_ok() {
            return IpNet::read(value, names).map(Self::Prefix);
        }
        let known = |kind: &str| BARE.contains(&kind) || WRITTEN_OUT.contains(&kind);
        let (kinds, name) = match text.split_once('.') {
            Some((kind, name)) if known(kind) => (vec![kind], name),
            _ => (BARE.to_vec(), text),
        };
        let found: Vec<(&str, usize)> = kinds
            .iter()
            .filter_map(|kind| names.index(kind, name).map(|index| (*kind, index)))
            .collect();
        match found.as_slice() {
            [(kind, index)] => Ok(Self::of(kind, *index)),
            [] => Err(nothing(&kinds, name, names)),
            [(kind, _), ..] => Err(Wrong::new(format!("`{name}` names several things"))
                .hint(format!("say which: \"{kind}.{name}\""))),
        }
    }
}

impl Value for Addresses {
    fn expects() -> String {
        "the name of a host, VIP, segment or pool, or a prefix".into()
    }

    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let refused = |what: &str, hint: &str| {
            Err(Wrong::new(format!("a rule cannot have {what} at its end")).hint(hint))
        };
        match Target::read(value, names) {
            Ok(Target::Zone(_)) => refused(
                "a zone",
                "zones stand in `from` and `to` of the group: name a segment here, or make a group of its own",
            ),
            Ok(Target::Neighbor(_)) => refused(
                "a neighbour",
                "packets do not say which neighbour sent them: name the prefixes, or the segment that it is on",
            ),
            Ok(Target::Service(_)) => refused(
                "a service",
                "name what packets are addressed to: the VIP in front of it, or its hosts",
            ),
            Ok(
                target @ (Target::Host(_)
                | Target::Vip(_)
                | Target::Segment(_)
                | Target::Pool(_)
                | Target::Prefix(_)),
            ) => Ok(Self(target)),
            Err(_) if value.as_str().is_none() => Err(unexpected::<Self>(value)),
            Err(wrong) => Err(wrong),
        }
    }
}

impl Target {
    fn of(kind: &str, index: usize) -> Self {
        match kind {
            "host" => Self::Host(Id::new(index)),
            "vip" => Self::Vip(Id::new(index)),
            "segment" => Self::Segment(Id::new(index)),
            "zone" => Self::Zone(Id::new(index)),
            "neighbor" => Self::Neighbor(Id::new(index)),
            "service" => Self::Service(Id::new(index)),
            _ => Self::Pool(Id::new(index)),
        }
    }
}

fn nothing(kinds: &[&str], name: &str, names: &Names) -> Wrong {
    let of = match kinds {
        ["vip"] => "VIP",
        [kind] => kind,
        _ => "host, VIP, segment or pool",
    };
    let says = format!("there is no {of} named `{}`", shorten(name));
    let wrong = Wrong { code: "M-REFERENCE", says, hint: None };
    let mut others = BARE.iter().chain(&WRITTEN_OUT);
    match (others.find(|kind| names.index(kind, name).is_some()), names.nearest(kinds, name)) {
        (Some(kind), _) => wrong.hint(format!("did you mean `{kind}.{name}`?")),
        (None, Some(near)) => wrong.hint(format!("did you mean `{near}`?")),
        (None, None) => wrong,
    }
}
