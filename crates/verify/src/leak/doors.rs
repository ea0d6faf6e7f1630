//! What the judgement of leaks looks at: the sessions with the outside and the ways between them.

use std::collections::BTreeMap;

use policy::standard::{Marks, Network, Relation};
use policy::{Community, Family, Filter, PrefixPattern};

/// Every session of one family, and how routes travel between the routers that have them.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    pub(super) family: Family,
    pub(super) own_asn: u32,
    pub(super) marks: Marks,
    pub(super) all: Vec<Door>,
    /// Pairs of internal filters, what one router tells and what the other takes; each pair once.
    pub(super) inside: Vec<(Filter, Filter)>,
    /// From a router to a router, by which pair.
    pub(super) told: BTreeMap<(usize, usize), usize>,
}

/// One session with the outside.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// As people write it: `verixi/edge-01`.
    pub(super) name: String,
    /// The router that has it.
    pub(super) router: usize,
    pub(super) relation: Relation,
    pub(super) asn: u32,
    pub(super) import: Filter,
    pub(super) export: Filter,
    /// What it may announce at the most; everything where that is not declared.
    pub(super) cone: Option<Vec<PrefixPattern>>,
    /// Whether it may announce more than any one network has: then nothing keeps it from passing on
    /// what it hears from others.
    pub(super) boundless: bool,
    /// The community by which it drops packets for us.
    pub(super) drops: Option<Community>,
    /// Whether the roles of BGP mark what comes in by it (RFC 9234 section 5).
    pub(super) role: Role,
}

/// What the role of a session does by itself (RFC 9234 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It keeps nothing back.
    Silent,
    /// What comes from there may not go to such a one again.
    Lateral,
}

/// A way from one session to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Both are on one router.
    Here,
    /// Over internal BGP, through this pair of filters.
    Inside(usize),
}

impl Door {
    /// Whether we are nobody's provider here: what comes from one such may not go to another.
    pub(super) fn is_lateral(&self) -> bool {
        self.relation != Relation::Customer
    }

    /// Whether what comes in by it may be another network's that is not its customer.
    pub(super) fn may_leak(&self) -> bool {
        self.is_lateral() || self.boundless
    }
}

impl Doors {
    pub(super) fn new(network: &Network, family: Family) -> Self {
        Self {
            family,
            own_asn: network.own_asn,
            marks: network.marks(),
            all: Vec::new(),
            inside: Vec::new(),
            told: BTreeMap::new(),
        }
    }

    /// The ways from one session to another.
    pub(super) fn ways(&self, from: &Door, to: &Door) -> impl Iterator<Item = Way> + use<> {
        let here = (from.router == to.router).then_some(Way::Here);
        let told = self.told.get(&(from.router, to.router)).copied().map(Way::Inside);
        here.into_iter().chain(told)
    }
}
