//! Everything that can be declared. Each struct is one kind of table; its fields are the keys.

mod account;
mod apt;
mod care;
mod firewall;
mod host;
mod isp;
mod local;
mod jobs;
mod money;
mod nat;
mod neighbor;
mod on;
mod policy;
mod proof;
mod segment;
mod service;
mod site;
mod target;
mod vip;
mod watch;

pub use account::{Account, Group};
pub use apt::{Package, Repository};
pub use care::{Asks, Backup, Check, Duty, Invariant, InvariantKind, Waiver};
pub use firewall::{Action, Rule, RuleGroup, Zone};
pub use host::{Host, MachineKind, Nic, Role, RtrServer};
pub use isp::{About, Roa};
pub use jobs::{Argument, Does, Job, Parameter};
pub use local::{Directory, Link, Mount, Timer};
pub use money::{Cost, Period};
pub use nat::Nat;
pub use neighbor::{BgpRole, Neighbor, Rehearsal, Relation, Session, View};
pub use on::On;
pub use policy::{LocalPreferences, Policy, PolicyRule, RoaMode};
pub use proof::{Accept, Upgrade};
pub use segment::{Pool, Segment, SegmentKind, StaticRoute};
pub use service::{Certificate, Exposure, Serve, Service};
pub use site::{Provider, Site};
pub use target::Target;
pub use vip::Vip;
pub use watch::Watch;

use crate::fields::Fields;
use crate::table::Named;

/// A kind of object: how its table is called and read.
pub(crate) trait Kind: Named + Sized {
    /// The first part of the table's header.
    const KIND: &'static str;
    /// Reads the table of one object.
    fn read(name: &str, fields: &mut Fields<'_>) -> Self;
}

/// The kinds of which there is one table, without a name.
pub const SINGLE: &[&str] = &["isp", "watch"];

/// Every kind, as the first key of a header: the order of the reference manual.
pub const KINDS: &[&str] = &[
    "isp",
    "watch",
    "roa",
    "site",
    "provider",
    "cost",
    "host",
    "segment",
    "pool",
    "route",
    "vip",
    "neighbor",
    "policy",
    "zone",
    "rules",
    "nat",
    "service",
    "certificate",
    "account",
    "group",
    "package",
    "repository",
    "directory",
    "link",
    "mount",
    "timer",
    "check",
    "backup",
    "duty",
    "job",
    "invariant",
    "upgrade",
    "accept",
    "waiver",
];
