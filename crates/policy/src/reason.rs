//! Why a route is refused: one table, from which BIRD's tags and the pages for people are printed.

use std::fmt;

/// The second number of the large community that carries a reason: `(OWN, 1101, number)`.
///
/// Exchanges use the same number, so looking glasses know it.
pub const REASON_FUNCTION: u32 = 1101;

/// Why a route was refused. The number is stable: it is on the wire and in people's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The third number of the large community.
    pub number: u32,
    /// The rule, as in the rule list of the manual.
    pub code: &'static str,
    /// One short sentence for people.
    pub says: &'static str,
}

impl Reason {
    const fn new(number: u32, code: &'static str, says: &'static str) -> Self {
        Self { number, code, says }
    }

    /// The path is empty, or does not begin with the neighbour's own ASN.
    pub const FIRST_AS: Self = Self::new(3, "I3", "path does not begin with the neighbour");
    /// The next hop is not the neighbour.
    pub const NEXT_HOP: Self = Self::new(4, "I4", "next hop is not the neighbour");
    /// A blackhole request outside the customer's cone, or not for a single address (RFC 7999).
    pub const BLACKHOLE: Self = Self::new(5, "I5", "blackhole outside the cone or not one address");
    /// A default route that nobody asked for.
    pub const DEFAULT_ROUTE: Self = Self::new(6, "I6", "default route");
    /// Our own prefix, or a part of it, from outside.
    pub const OWN_PREFIX: Self = Self::new(7, "I7", "our own prefix or a part of it");
    /// Space that must not be in the global table (RFC 6890).
    pub const BOGON_PREFIX: Self = Self::new(8, "I8", "bogon prefix");
    /// The peering LAN of an exchange.
    pub const EXCHANGE_LAN: Self = Self::new(9, "I9", "peering LAN of an exchange");
    /// Too long or too short a prefix.
    pub const LENGTH: Self = Self::new(10, "I10", "prefix too long or too short");
    /// An ASN that nobody may use in public (RFC 7607, 6996, 5398, 7300).
    pub const BOGON_ASN: Self = Self::new(11, "I11", "bogon ASN in the path");
    /// A path of absurd length.
    pub const PATH_LENGTH: Self = Self::new(12, "I12", "path too long");
    /// An aggregate with an `AS_SET` (RFC 9774).
    pub const AS_SET: Self = Self::new(13, "I13", "AS_SET in the path");
    /// The origin or the length contradicts the signed ROA (RFC 6811).
    pub const RPKI_INVALID: Self = Self::new(14, "I14", "RPKI invalid");
    /// A prefix that the neighbour did not register.
    pub const NOT_REGISTERED: Self =
        Self::new(15, "I15", "prefix not registered for the neighbour");
    /// A path with an ASN outside the neighbour's set.
    pub const NOT_IN_CONE: Self = Self::new(150, "I15", "ASN not registered for the neighbour");
    /// A large transit network behind somebody who is not our transit: a leak (RFC 7908).
    pub const TIER1: Self = Self::new(16, "I16", "transit network behind a peer or customer");
    /// Not marked as ours or a member's.
    pub const NOT_OURS: Self = Self::new(101, "E1", "neither our own nor a member's");
    /// Not something that this customer asked to hear.
    pub const NOT_ASKED: Self = Self::new(111, "E1", "not in the view that the customer asked for");
    /// A part of a prefix that we announce as a whole, or too long for the global table.
    pub const MORE_SPECIFIC: Self = Self::new(102, "E2", "more specific than we announce");
    /// Space that we must not announce.
    pub const BOGON_OUT: Self = Self::new(112, "E2", "bogon prefix or default route");
    /// Signed otherwise: nobody would believe us.
    pub const INVALID_OUT: Self = Self::new(122, "E2", "RPKI invalid");
    /// Inside, nobody knows a way to its next hop any more: we would attract packets to drop them.
    pub const LOST: Self = Self::new(104, "E4", "its next hop cannot be reached");
    /// A blackhole for which this neighbour gave no community.
    pub const BLACKHOLE_OUT: Self =
        Self::new(105, "E1", "blackhole that the neighbour does not take");
    /// Inside, every route carries one of our marks.
    pub const UNMARKED: Self = Self::new(201, "B1", "without a mark of ours");
    /// Inside, this kind of router does not tell or hear this.
    pub const NOT_BETWEEN: Self = Self::new(202, "B1", "not told between these routers");
    /// A prefix that is not declared for our network.
    pub const NOT_DECLARED: Self = Self::new(203, "B1", "not a declared prefix of ours");
    /// A rule that the operator wrote.
    pub const OPERATOR: Self = Self::new(300, "OP", "refused by a rule of the operator");
    /// A route of one address family met a filter of the other.
    pub const FAMILY: Self = Self::new(999, "X0", "wrong address family for this filter");
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.says)
    }
}

/// Every reason there is, in the order of their numbers.
pub const REASONS: &[Reason] = &[
    Reason::FIRST_AS,
    Reason::NEXT_HOP,
    Reason::BLACKHOLE,
    Reason::DEFAULT_ROUTE,
    Reason::OWN_PREFIX,
    Reason::BOGON_PREFIX,
    Reason::EXCHANGE_LAN,
    Reason::LENGTH,
    Reason::BOGON_ASN,
    Reason::PATH_LENGTH,
    Reason::AS_SET,
    Reason::RPKI_INVALID,
    Reason::NOT_REGISTERED,
    Reason::TIER1,
    Reason::NOT_OURS,
    Reason::MORE_SPECIFIC,
    Reason::LOST,
    Reason::BLACKHOLE_OUT,
    Reason::NOT_ASKED,
    Reason::BOGON_OUT,
    Reason::INVALID_OUT,
    Reason::NOT_IN_CONE,
    Reason::UNMARKED,
    Reason::NOT_BETWEEN,
    Reason::NOT_DECLARED,
    Reason::OPERATOR,
    Reason::FAMILY,
];

#[cfg(test)]
mod tests {
    use super::REASONS;

    #[test]
    fn numbers_rise_so_none_is_used_twice() {
        assert!(REASONS.is_sorted_by(|a, b| a.number < b.number));
    }
}
