//! Which rule of the operator is at fault: the one without which the same route does not come through.

use super::ask::Wrong;
use super::collect::At;
use super::confirm::Steps;
use super::doors::{Door, Doors};
use super::judge::{Found, Proof};
use model::kinds::{Policy, PolicyRule};
use model::{Isp, Named as _, Place};
use policy::{Filter, Statement};

/// A rule of the operator: as people call it, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) place: Place,
}

/// The rule at fault, if one is.
pub(super) fn blame(isp: &Isp, (doors, places): (&Doors, &[At]), found: &Found) -> Option<Rule> {
    let Proof::Route(shown) = &found.proof else { return None };
    let door = |at: Option<usize>| at.and_then(|at| doors.all.get(at));
    let policy = |at: Option<usize>| {
        let (neighbor, _) = places.get(at?)?;
        Some(isp.policy_for(&isp.neighbors[*neighbor]))
    };
    let comes = |from: Option<&Door>, to: Option<&Door>| {
        let example =
            policy::symbolic::Example { route: shown.came.clone(), roas: shown.roas.clone() };
        steps(doors, found, (from, to)).is_some_and(|steps| steps.run(example).is_some())
    };
    let imports = policy(found.from).and_then(|policy| {
        let without = |name: &str| {
            let changed = door(found.from)?;
            let import = cut(&changed.import, name);
            let changed = Door { import, ..changed.clone() };
            Some(comes(Some(&changed), door(found.to)))
        };
        guilty((&policy, "import", &policy.import), without)
    });
    imports.or_else(|| {
        let policy = policy(found.to)?;
        let without = |name: &str| {
            let changed = door(found.to)?;
            let export = cut(&changed.export, name);
            let changed = Door { export, ..changed.clone() };
            Some(comes(door(found.from), Some(&changed)))
        };
        guilty((&policy, "export", &policy.export), without)
    })
}

/// The first rule without which nothing comes through.
fn guilty(
    (policy, direction, rules): (&Policy, &str, &[PolicyRule]),
    without: impl Fn(&str) -> Option<bool>,
) -> Option<Rule> {
    let numbered = (1..).zip(rules);
    let named = |(number, rule): (usize, &PolicyRule)| {
        let comes = without(&format!("Policy {}, rule {number}", policy.name()))?;
        let name = format!("rule {number} of policy.{}.{direction}", policy.name());
        (!comes).then_some(Rule { name, place: rule.at.place })
    };
    numbered.into_iter().find_map(named)
}

/// A filter without a rule: without what stands between its comment and the next one.
fn cut(filter: &Filter, name: &str) -> Filter {
    let mut inside = false;
    let mut kept = Vec::new();
    for statement in &filter.body {
        if let Statement::Note(text) = statement {
            let rest = text.strip_prefix(name);
            inside = rest.is_some_and(|rest| rest.starts_with('.') || rest.starts_with(':'));
        }
        if !inside {
            kept.push(statement.clone());
        }
    }
    Filter { body: kept, ..filter.clone() }
}

/// The way of what was found, with other sessions in the place of those that it took.
fn steps<'a>(
    doors: &'a Doors,
    found: &Found,
    (from, to): (Option<&'a Door>, Option<&'a Door>),
) -> Option<Steps<'a>> {
    let asked = |all: Vec<(Wrong, policy::Condition)>| {
        all.into_iter().find(|(wrong, _)| *wrong == found.wrong).map(|(_, condition)| condition)
    };
    match (from, to) {
        (Some(from), Some(to)) => Some(Steps::between(doors, (from, to), found.way?)),
        (Some(from), None) => Some(Steps::into(doors, from, asked(doors.at_import(from))?)),
        (None, Some(to)) => Some(Steps::out(to, asked(doors.at_export(to))?)),
        (None, None) => None,
    }
}
