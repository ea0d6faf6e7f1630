//! All filters of a router as one text for BIRD.

use policy::{AsnSet, Condition, Filter, Function, PathCondition, Statement, bird};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Prints filters. A filter with a scope belongs to a policy that is not the ISP's: where a
/// function or a list of that policy differs from one of the same name, the scope is added to it.
pub(super) fn text(
    filters: Vec<(Filter, Option<String>)>,
    names: &bird::Names,
) -> Result<String, bird::Clash> {
    // The ISP's own policy has the plain names, so its filters are seen first.
    let mut known = Known::default();
    for (filter, _) in filters.iter().filter(|(_, scope)| scope.is_none()) {
        known.learn(&filter.body);
    }
    let scoped = filters.into_iter().map(|(filter, scope)| {
        known.learn(&filter.body);
        match scope {
            Some(scope) => Filter { body: known.scoped(&filter.body, &scope), ..filter },
            None => filter,
        }
    });
    bird::print(&scoped.collect::<Vec<_>>(), names)
}

/// What each plain name stands for.
#[derive(Debug, Default)]
struct Known {
    functions: BTreeMap<String, Arc<Function>>,
    asns: BTreeMap<String, AsnSet>,
}

impl Known {
    /// Takes the names that are new.
    fn learn(&mut self, body: &[Statement]) {
        for statement in body {
            match statement {
                Statement::Call(function) => {
                    let name = function.name.clone();
                    self.functions.entry(name).or_insert_with(|| Arc::clone(function));
                    self.learn(&function.body);
                }
                Statement::If { when, then, otherwise } => {
                    if let Some(set) = listed(when) {
                        let name = set.name.clone().unwrap_or_default();
                        self.asns.entry(name).or_insert_with(|| set.clone());
                    }
                    self.learn(then);
                    self.learn(otherwise);
                }
                Statement::Note(_) | Statement::Do(_) => {}
            }
        }
    }

    fn scoped(&self, body: &[Statement], scope: &str) -> Vec<Statement> {
        body.iter().map(|statement| self.statement(statement, scope)).collect()
    }

    fn statement(&self, statement: &Statement, scope: &str) -> Statement {
        match statement {
            Statement::Call(function) if self.functions.get(&function.name) != Some(function) => {
                Statement::Call(Arc::new(Function {
                    name: format!("{}_{scope}", function.name),
                    body: self.scoped(&function.body, scope),
                    ..Function::clone(function)
                }))
            }
            Statement::If { when, then, otherwise } => Statement::If {
                when: self.condition(when, scope),
                then: self.scoped(then, scope),
                otherwise: self.scoped(otherwise, scope),
            },
            Statement::Call(_) | Statement::Note(_) | Statement::Do(_) => statement.clone(),
        }
    }

    fn condition(&self, condition: &Condition, scope: &str) -> Condition {
        match listed(condition) {
            Some(set) if self.asns.get(set.name.as_deref().unwrap_or_default()) != Some(set) => {
                let name = format!("{}_{scope}", set.name.as_deref().unwrap_or_default());
                let set = AsnSet::named(&name, set.ranges());
                Condition::Path(PathCondition::Contains(set))
            }
            Some(_) | None => condition.clone(),
        }
    }
}

/// The named list of ASNs that a condition looks for: of all that conditions name, only the list
/// of large transits depends on the policy.
fn listed(condition: &Condition) -> Option<&AsnSet> {
    let Condition::Path(PathCondition::Contains(set)) = condition else { return None };
    set.name.as_ref().map(|_| set)
}
