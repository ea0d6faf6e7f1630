//! Lints that belong to BIRD alone.

use component::{Invariant, Level};
use model::ask::Family;
use model::kinds::SegmentKind;
use model::{Finding, Isp, Named as _};
use std::collections::BTreeMap;

/// Every lint of this folder.
pub(super) const ALL: &[Invariant] = &[NAME, OSPF_PASSWORD];

const NAME: Invariant = Invariant {
    code: "N1-BIRD-NAME",
    title: "Every session has a protocol name of its own that BIRD takes",
    level: Level::Error,
    page: "The protocol of a session is named after the neighbour and the session: \
           `bgp_NEIGHBOR_SESSION_4`, with `_` for `-`. BIRD takes at most 64 characters, and filters \
           add `kt_import_` and `_v4`; two sessions of one name would stop it from loading its \
           configuration at all.\n\nGive the neighbour or the session a shorter or another name.\n\n\
           Source: BIRD 2.0.12, `conf/cf-lex.l`, `SYM_MAX_LEN`.",
    find: names,
};

const OSPF_PASSWORD: Invariant = Invariant {
    code: "N1-OSPF-PASSWORD",
    title: "OSPF on the backbones is signed",
    level: Level::Warning,
    page: "Whoever plugs a machine into an unsigned backbone can attract or break all our traffic. \
           With `ospf_password` in `[isp]` every OSPF packet is signed with HMAC SHA-256.\n\n\
           Changing the password on one router after the other breaks the adjacencies in between: \
           plan it.\n\nSource: RFC 5709, RFC 7166; BIRD manual, OSPF, `authentication`.",
    find: unsigned,
};

/// What the printer of filters adds to a session's name, at most: `kt_prefixes_` and `_v4`.
const AROUND: usize = "kt_prefixes__v4".len();
const LONGEST: usize = 63;

fn names(isp: &Isp) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for (neighbor, session) in isp.sessions() {
        let name = session.protocol(neighbor, Family::V4);
        let length = neighbor.name().len() + 1 + session.name.len() + AROUND;
        if length > LONGEST {
            let says =
                format!("the names of {} make a name of {length} characters", session.at.key);
            let hint =
                format!("BIRD takes {LONGEST}: shorten the neighbour's or the session's name");
            findings.push(Finding::error("N1-BIRD-NAME", session.at.place, says).hint(hint));
        }
        if let Some(first) = seen.insert(name.clone(), session.at.place) {
            let says = format!("two sessions would be named `{name}`");
            let finding = Finding::error("N1-BIRD-NAME", session.at.place, says);
            findings.push(finding.also(first, "the other one").hint("rename one of them"));
        }
    }
    findings
}

fn unsigned(isp: &Isp) -> Vec<Finding> {
    let backbone = isp.segments.values().find(|s| s.kind == SegmentKind::Backbone);
    let Some(backbone) = backbone.filter(|_| isp.about.ospf_password.is_none()) else {
        return Vec::new();
    };
    let says = "OSPF on the backbones is not signed";
    let hint = "add `ospf_password = \"pass:…\"` to [isp]";
    let finding = Finding::warning("N1-OSPF-PASSWORD", isp.about.at.place, says).hint(hint);
    vec![finding.also(backbone.at.place, "a backbone")]
}
