//! The syntax tree of policy: conditions, actions, functions, filters.

use std::ops::Not;
use std::sync::Arc;

use ipnet::IpNet;

use crate::reason::Reason;
use crate::route::{Community, Family, Large, Origin, Source};
use crate::set::{AsnSet, CommunitySet, LargeSet, PrefixSet};

/// What origin validation says of a route (RFC 6811).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoaState {
    /// A ROA allows it.
    Valid,
    /// ROAs cover it, and none allows it.
    Invalid,
    /// No ROA covers it.
    Unknown,
}

/// A table of ROAs of one family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoaTable {
    /// Its name in BIRD's configuration.
    pub name: String,
    /// The family of its prefixes.
    pub family: Family,
}

/// The ASN that origin validation takes for the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoaOrigin {
    /// The last ASN of the path, before any set.
    Path,
    /// A fixed one: ours, for a member who has only a private ASN.
    Asn(u32),
}

/// A question about an AS path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathCondition {
    /// It has an ASN of the set, anywhere.
    Contains(AsnSet),
    /// It begins with this ASN: the neighbour's.
    First(u32),
    /// The last ASN before any `AS_SET` is in the set.
    Origin(AsnSet),
    /// It has only ASNs of the set; so has the empty path.
    Within(AsnSet),
    /// It is longer than this.
    Longer(u32),
    /// It is empty.
    Empty,
    /// It has no ASN before its first `AS_SET`, or does not end where its first sequence does.
    /// BIRD 2.0.12 has no direct question for a set: this one errs only on `1 {2} 1`, and on the
    /// empty path, which it takes for a set.
    Aggregated,
}

/// A question about a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Holds for every route.
    Always,
    /// The inner one does not hold.
    Not(Box<Self>),
    /// All hold; true of none.
    All(Vec<Self>),
    /// At least one holds; false of none.
    Any(Vec<Self>),
    /// The prefix is of this family.
    Family(Family),
    /// The prefix is in the set.
    Net(PrefixSet),
    /// The prefix's length is in `0..=1`.
    Length(u8, u8),
    /// Something about the AS path.
    Path(PathCondition),
    /// Origin code.
    Origin(Origin),
    /// Local preference; no value equals none.
    LocalPref(u32),
    /// MED; no value equals none.
    Med(u32),
    /// It carries a standard community of the set.
    Community(CommunitySet),
    /// It carries a large community of the set.
    Large(LargeSet),
    /// It carries at least this many standard communities.
    CommunitiesAtLeast(u32),
    /// It carries at least this many large communities.
    LargeAtLeast(u32),
    /// The BGP next hop lies in one of these.
    NextHop(Vec<IpNet>),
    /// One of these kinds of protocol brought it.
    Source(Vec<Source>),
    /// Packets that follow it are answered as unreachable.
    Unreachable,
    /// Origin validation says this. Never holds for the other family than the table's.
    Roa {
        /// Where the ROAs are.
        table: RoaTable,
        /// Whom to take for the origin.
        origin: RoaOrigin,
        /// The state asked for.
        state: RoaState,
    },
}

impl Condition {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if let Self::All(mut all) = self {
            all.push(other);
            Self::All(all)
        } else {
            Self::All(vec![self, other])
        }
    }

    /// It carries this standard community.
    pub fn community(community: Community) -> Self {
        Self::Community(CommunitySet::one(community))
    }

    /// It carries this large community.
    pub fn large(large: Large) -> Self {
        Self::Large(LargeSet::one(large))
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        if let Self::Not(inner) = self { *inner } else { Self::Not(Box::new(self)) }
    }
}

/// Something done to a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sets the local preference.
    SetLocalPref(u32),
    /// Sets the MED.
    SetMed(u32),
    /// Sets the origin code.
    SetOrigin(Origin),
    /// Adds a standard community, unless it is there.
    AddCommunity(Community),
    /// Takes away every standard community of the set.
    DeleteCommunities(CommunitySet),
    /// Takes away all standard communities.
    ClearCommunities,
    /// Adds a large community, unless it is there.
    AddLarge(Large),
    /// Takes away every large community of the set.
    DeleteLarge(LargeSet),
    /// Takes away all large communities.
    ClearLarge,
    /// Puts an ASN in front of the path, several times.
    Prepend {
        /// Which.
        asn: u32,
        /// How often.
        times: u8,
    },
    /// Takes every ASN of the set out of the path.
    DeletePath(AsnSet),
    /// Drops the packets (RFC 5635, RFC 7999).
    Blackhole,
    /// Ends the filter: the route passes.
    Accept,
    /// Ends the filter: the route does not pass; it is marked with the reason first.
    Reject(Reason),
}

/// One step of a filter or function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A comment for those who read the configuration.
    Note(String),
    /// Does something.
    Do(Action),
    /// Does one of two things.
    If {
        /// The question.
        when: Condition,
        /// If it holds.
        then: Vec<Self>,
        /// If it does not.
        otherwise: Vec<Self>,
    },
    /// Does what the function does. A function of the other family is passed over.
    Call(Arc<Function>),
}

impl Statement {
    /// A comment.
    pub fn note(text: &str) -> Self {
        Self::Note(text.to_owned())
    }

    /// Does several things if a condition holds.
    pub fn when(condition: Condition, then: Vec<Self>) -> Self {
        Self::If { when: condition, then, otherwise: Vec::new() }
    }

    /// Refuses if a condition holds.
    pub fn refuse(condition: Condition, reason: Reason) -> Self {
        Self::when(condition, vec![Self::Do(Action::Reject(reason))])
    }
}

/// A named part of policy that several filters share. It owns what it calls, so it cannot call
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, without the prefix that the printer adds. Equal names must mean equal functions.
    pub name: String,
    /// What it is for: printed above it.
    pub about: String,
    /// The family for which it makes sense, if one.
    pub family: Option<Family>,
    /// What it does. It may end the whole filter, as in BIRD.
    pub body: Vec<Statement>,
}

/// A whole policy for one direction of one session, or for one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its name, without the prefix that the printer adds.
    pub name: String,
    /// What it is for: printed above it.
    pub about: String,
    /// The family of the channel that uses it.
    pub family: Family,
    /// What it does.
    pub body: Vec<Statement>,
    /// What happens to a route that `body` does not decide: `None` accepts it.
    pub otherwise: Option<Reason>,
}

/// A rule that the operator declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Why it is there: printed above it.
    pub about: String,
    /// When it applies.
    pub when: Condition,
    /// What it does.
    pub then: Vec<Action>,
}

impl Rule {
    /// The rule as a step of a filter.
    pub fn statements(&self) -> Vec<Statement> {
        let then: Vec<Statement> = self.then.iter().cloned().map(Statement::Do).collect();
        let mut statements = vec![Statement::note(&self.about)];
        if self.when == Condition::Always {
            statements.extend(then);
        } else {
            statements.push(Statement::when(self.when.clone(), then));
        }
        statements
    }
}
