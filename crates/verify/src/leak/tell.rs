//! Tells what was found: where it stands, what shows it, one way out.

use super::ask::Wrong;
use super::blame::{Rule, blame};
use super::collect::At;
use super::doors::{Doors, Role, Way};
use super::judge::{Found, Proof};
use crate::element::Failure;
use crate::report::{Counterexample, End, Hop, Violation};
use ipnet::IpNet;
use model::kinds::{Neighbor, Session};
use model::{Finding, Isp, Named as _, Severity};
use policy::Route;
use policy::symbolic::Unclear;
use std::fmt::Write as _;

/// One session, by its neighbour.
type Seen<'a> = (&'a Neighbor, &'a Session);

/// Everything that is needed to tell something.
struct Teller<'a> {
    isp: &'a Isp,
    doors: &'a Doors,
    places: &'a [At],
}

/// What was found, told; the same cause once.
pub(super) fn tell(isp: &Isp, (doors, places): (&Doors, &[At]), found: &[Found]) -> Vec<Violation> {
    let teller = Teller { isp, doors, places };
    let mut told: Vec<Violation> = Vec::new();
    for one in found.iter().filter(|one| !is_said(one, found)) {
        let Some(violation) = teller.violation(one) else { continue };
        keep(&mut told, violation);
    }
    told
}

/// Adds a violation, unless it is there: then the worse stays.
pub(super) fn keep(told: &mut Vec<Violation>, violation: Violation) {
    match told.iter_mut().find(|known| known.id == violation.id) {
        Some(known) if violation.finding.severity == Severity::Error => {
            if known.finding.severity == Severity::Warning {
                *known = violation;
            }
        }
        Some(_) => {}
        None => told.push(violation),
    }
}

/// Whether another finding says the same more clearly.
fn is_said(one: &Found, found: &[Found]) -> bool {
    let clearer = |other: &Found| match one.wrong {
        Wrong::NotOurs => {
            other.wrong == Wrong::Leak
                && one
                    .to
                    .iter()
                    .chain(&one.others)
                    .any(|to| other.to == Some(*to) || other.others.contains(to))
        }
        Wrong::Unmarked => other.wrong == Wrong::Mismarked && other.from == one.from,
        Wrong::Leak | Wrong::Bogon | Wrong::Blackhole | Wrong::Mismarked | Wrong::Cone => false,
    };
    found.iter().any(clearer)
}

impl Wrong {
    fn code(self) -> &'static str {
        match self {
            Self::Leak | Self::NotOurs | Self::Bogon | Self::Blackhole => "V-LEAK",
            Self::Unmarked | Self::Mismarked => "V-UNMARKED",
            Self::Cone => "V-CONE",
        }
    }

    /// What happens, after the word "a route" and where it is from.
    fn says(self) -> &'static str {
        match self {
            Self::Leak => "and is not a customer's",
            Self::NotOurs => "that is neither ours nor a customer's",
            Self::Bogon => "that nobody may announce",
            Self::Blackhole => "that asks for a blackhole which was not offered",
            Self::Unmarked => "is taken without a mark that says where it is from",
            Self::Mismarked => "is marked as our own or a customer's",
            Self::Cone => "is taken, and is not declared for it",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Leak | Self::NotOurs | Self::Bogon | Self::Blackhole => {
                "correct the relation of the neighbour that is wrong, or the rule that lets it through"
            }
            Self::Unmarked | Self::Mismarked => {
                "leave the marks with function 0 of our own AS to the filters: delete the rule that adds one"
            }
            Self::Cone => "list in `prefixes` all that it may announce, and nothing else",
        }
    }
}

/// One way out where a customer may announce everything.
const BOUNDLESS: &str = "correct the relation, if it is a transit or a peer; if it is a customer, list in `prefixes` what \
                         is its own";

impl Teller<'_> {
    fn seen(&self, at: Option<usize>) -> Option<Seen<'_>> {
        let (neighbor, session) = self.places.get(at?)?;
        let neighbor = &self.isp.neighbors[*neighbor];
        Some((neighbor, neighbor.session.get(*session)?))
    }

    fn name(&self, at: usize) -> &str {
        self.doors.all.get(at).map_or("?", |door| door.name.as_str())
    }

    fn violation(&self, found: &Found) -> Option<Violation> {
        let (from, to) = (self.seen(found.from), self.seen(found.to));
        let rule = blame(self.isp, (self.doors, self.places), found);
        let ends = [from, to];
        let first = ends.iter().flatten().next()?;
        let boundless = self.boundless(found);
        let place = match (&rule, boundless) {
            (Some(rule), _) => rule.place,
            (None, Some((neighbor, _))) => neighbor.at.field("prefixes"),
            (None, None) => first.1.at.place,
        };
        let says = self.says(found, rule.as_ref());
        let hint = boundless.map_or(found.wrong.hint(), |_| BOUNDLESS);
        let mut finding = Finding::error(found.wrong.code(), place, says).hint(hint);
        if self.is_weak(found) {
            finding.severity = Severity::Warning;
        }
        for (neighbor, session) in ends.iter().flatten() {
            if session.at.place != place {
                let also = if from.is_some_and(|(_, from)| std::ptr::eq(from, *session)) {
                    "it comes in here"
                } else {
                    "it leaves here"
                };
                finding = finding.also(session.at.place, also);
            }
            finding = finding.about(neighbor.at.key.clone());
        }
        let shown = self.shown(found, (from, to));
        let ends = ends.map(|end| end.map(|(n, _)| n.name()).unwrap_or_default());
        let cause = match (&rule, boundless) {
            (Some(rule), _) => rule.name.clone(),
            (None, Some((neighbor, _))) => neighbor.at.key.clone(),
            (None, None) => ends.join(" > "),
        };
        let id = id(found, &cause);
        Some(Violation { id, finding, shown, others: Vec::new() })
    }

    /// Whether it does not happen as long as something else holds, or may not happen at all.
    fn is_weak(&self, found: &Found) -> bool {
        matches!(found.proof, Proof::Unconfirmed) || self.roles_hold(found)
    }

    /// The customer that a leak comes from, with what it may announce and nobody has.
    fn boundless(&self, found: &Found) -> Option<(&Neighbor, &IpNet)> {
        let door = self.doors.all.get(found.from?)?;
        let (neighbor, _) = self.seen(found.from)?;
        let leaks = found.wrong == Wrong::Leak && door.boundless;
        let of_family = |prefix: &&IpNet| policy::Family::of(prefix) == self.doors.family;
        neighbor.boundless_prefixes().find(of_family).filter(|_| leaks).map(|net| (neighbor, net))
    }

    /// Whether the roles of both sessions stop it (RFC 9234 section 5).
    fn roles_hold(&self, found: &Found) -> bool {
        let role = |at: Option<usize>| {
            at.and_then(|at| self.doors.all.get(at)).is_some_and(|door| door.role == Role::Lateral)
        };
        found.wrong == Wrong::Leak && role(found.from) && role(found.to)
    }

    fn says(&self, found: &Found, rule: Option<&Rule>) -> String {
        let name = |at: Option<usize>| at.map(|at| self.name(at).to_owned());
        let what = found.wrong.says();
        let boundless = self.boundless(found);
        let what = match (found.wrong, found.to) {
            (Wrong::Leak, None) => "leaves where it must not",
            (Wrong::Leak, Some(_)) if boundless.is_some() => "and may be anybody's",
            _ => what,
        };
        let happens = match (name(found.from), name(found.to)) {
            (Some(from), Some(to)) => format!("a route from {from} leaves by {to} {what}"),
            (Some(from), None) => format!("a route from {from} {what}"),
            (None, Some(to)) => format!("a route {what} may leave by {to}"),
            (None, None) => what.to_owned(),
        };
        let more = match found.others.len() {
            0 => String::new(),
            1 => ", and by another session".to_owned(),
            more => format!(", and by {more} other sessions"),
        };
        let roles = if self.roles_hold(found) {
            "; only the BGP roles of the sessions (RFC 9234) hold it back"
        } else {
            ""
        };
        let by = match (rule, boundless) {
            (Some(rule), _) => format!(", because of {}", rule.name),
            (None, Some((neighbor, prefix))) => {
                format!(", because {} is a customer that may announce {prefix}", neighbor.at.key)
            }
            (None, None) => String::new(),
        };
        match found.proof {
            Proof::Route(_) => format!("{happens}{more}{by}{roles}"),
            Proof::Unconfirmed => {
                format!("it cannot be excluded that {happens}: the route that was tried does not")
            }
            Proof::Unclear(Unclear::Ways) => {
                format!(
                    "it cannot be proved whether {happens}: the filters have too many ways through"
                )
            }
            Proof::Unclear(Unclear::Foreign) => {
                format!("it cannot be proved whether {happens}: the filters are not of its family")
            }
        }
    }

    fn shown(
        &self,
        found: &Found,
        (from, to): (Option<Seen<'_>>, Option<Seen<'_>>),
    ) -> Counterexample {
        let route = match &found.proof {
            Proof::Route(shown) => {
                let from = found.from.map_or("our own table", |from| self.name(from));
                Some(written(&shown.came, from))
            }
            Proof::Unconfirmed | Proof::Unclear(_) => None,
        };
        let end = found.to.map(|to| End::Left(self.name(to).to_owned()));
        Counterexample {
            failure: Failure::none(),
            hops: self.hops(found, (from, to)),
            end,
            route,
            ..Counterexample::default()
        }
    }

    /// Neighbour, our routers, neighbour.
    fn hops(&self, found: &Found, (from, to): (Option<Seen<'_>>, Option<Seen<'_>>)) -> Vec<Hop> {
        let hop = |host: &str, by: String, place| Hop {
            host: host.to_owned(),
            input: None,
            output: None,
            by,
            place,
        };
        let mut hops: Vec<Hop> = Vec::new();
        if let Some((neighbor, session)) = from {
            let router = self.isp.hosts[session.host].name();
            let by =
                format!("the import of {} takes it", found.from.map_or("?", |at| self.name(at)));
            hops.push(hop(neighbor.name(), "announces it".to_owned(), Some(neighbor.at.place)));
            hops.push(hop(router, by, Some(session.at.place)));
        }
        if let Some((neighbor, session)) = to {
            let router = self.isp.hosts[session.host].name();
            let mut by =
                format!("the export of {} tells it", found.to.map_or("?", |at| self.name(at)));
            if matches!(found.way, Some(Way::Inside(_))) {
                by = format!("hears it by internal BGP; {by}");
            }
            match hops.last_mut().filter(|_| found.way == Some(Way::Here)) {
                Some(same) => same.by = format!("{}; {by}", same.by),
                None => hops.push(hop(router, by, Some(session.at.place))),
            }
            hops.push(hop(neighbor.name(), "hears it".to_owned(), Some(neighbor.at.place)));
        }
        // It is one way: what was told is heard.
        for at in 1..hops.len() {
            hops[at - 1].output = Some("BGP".to_owned());
            hops[at].input = Some("BGP".to_owned());
        }
        hops
    }
}

/// A route as people write it.
fn written(route: &Route, from: &str) -> String {
    let listed = |all: Vec<String>| all.join(" ");
    let path = listed(route.path.asns().map(|asn| asn.to_string()).collect());
    let standard = route.communities.iter().map(|c| format!("{}:{}", c.0, c.1));
    let large = route.large.iter().map(|l| format!("{}:{}:{}", l.0, l.1, l.2));
    let mut communities: Vec<String> = standard.chain(large).collect();
    let more = communities.len().saturating_sub(8);
    communities.truncate(8);
    let mut text = format!("{} from {from}", route.net);
    if !path.is_empty() {
        write!(text, ", path {path}").ok();
    }
    if !communities.is_empty() {
        write!(text, ", communities {}", listed(communities)).ok();
    }
    if more > 0 {
        write!(text, " and {more} more").ok();
    }
    text
}

/// A name that stays the same as long as the cause does: a rule, a neighbour or two.
fn id(found: &Found, cause: &str) -> String {
    let hash = format!("{:?} {cause}", found.wrong)
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}-{:06x}", found.wrong.code(), hash & 0x00ff_ffff)
}
