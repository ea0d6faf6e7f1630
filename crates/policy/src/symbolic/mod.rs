//! Runs a filter on sets of routes instead of one route: on any announcement there can be.
//!
//! A filter has no loop, so it has finitely many ways through. [`Space::walk`] goes each of them and
//! says for which routes it is taken, and what they become. Where a condition may hold or not, both
//! are followed, each with what it takes: conditions that belong together stay together. What is not
//! taken apart exactly (how long a path is, how many communities there are) counts as possible both
//! ways: the ways found are never too few, and a few too many may be found. So "no route leaves" is
//! a proof, and "a route leaves" is one only with an example that [`crate::run`] lets through:
//! [`Space::example`].

mod bits;
mod classes;
mod example;
mod nets;
mod routes;
mod space;
mod split;

use crate::reason::Reason;
use crate::route::{Community, Family};
use crate::tree::{Action, Condition, Filter, Statement};

use classes::Classes;
use nets::Nets;

pub use example::Example;
pub use routes::Routes;

/// How many ways through a filter are followed before it counts as too complicated.
const MOST: usize = 20_000;

/// All routes of one family, told apart as far as some filters and questions can.
#[derive(Clone, Debug)]
pub struct Space {
    family: Family,
    nets: Nets,
    communities: Classes,
    large: Classes,
    asns: Classes,
}

/// One way through a filter.
#[derive(Clone, Debug)]
pub struct End {
    /// Why the routes are refused; none if they pass.
    pub refused: Option<Reason>,
    /// The routes that go this way, as they leave the filter: without the mark of the reason.
    pub routes: Routes,
}

/// Why nothing can be said about a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// There are too many ways through it.
    Ways,
    /// It names what the space was not made for, or is of the other family.
    Foreign,
}

impl Space {
    /// The communities that BGP itself heeds (RFC 1997).
    pub const HEEDED: [Community; 2] = [Community::NO_EXPORT, Community::NO_ADVERTISE];

    /// All routes.
    pub fn every(&self) -> Routes {
        Routes::every(self)
    }

    /// Those routes for which a condition holds now; in several parts, none if there are none.
    pub fn those(&self, routes: Routes, condition: &Condition) -> Vec<Routes> {
        self.split(condition, routes).holds
    }

    /// Every way that some routes take through a filter.
    ///
    /// # Errors
    /// If it cannot be said.
    pub fn walk(&self, filter: &Filter, routes: Routes) -> Result<Vec<End>, Unclear> {
        if filter.family != self.family {
            return Err(Unclear::Foreign);
        }
        let mut walk = Walk { space: self, ends: Vec::new(), unclear: None };
        let through = walk.steps(&filter.body, vec![routes]);
        if let Some(unclear) = walk.unclear {
            return Err(unclear);
        }
        let undecided = through.into_iter().map(|routes| End { refused: filter.otherwise, routes });
        walk.ends.extend(undecided);
        Ok(walk.ends)
    }
}

struct Walk<'a> {
    space: &'a Space,
    ends: Vec<End>,
    unclear: Option<Unclear>,
}

impl Walk<'_> {
    /// Takes routes through some steps; what comes out is not decided yet.
    fn steps(&mut self, statements: &[Statement], mut all: Vec<Routes>) -> Vec<Routes> {
        for statement in statements {
            if all.is_empty() || self.unclear.is_some() {
                return Vec::new();
            }
            all = self.step(statement, all);
            if all.len() + self.ends.len() > MOST {
                self.unclear = Some(Unclear::Ways);
            }
        }
        all
    }

    fn step(&mut self, statement: &Statement, all: Vec<Routes>) -> Vec<Routes> {
        match statement {
            Statement::Do(action) => self.act(action, all),
            Statement::If { when, then, otherwise } => {
                let (mut holds, mut fails) = (Vec::new(), Vec::new());
                for routes in all {
                    let split = self.space.split(when, routes);
                    holds.extend(split.holds);
                    fails.extend(split.fails);
                }
                let mut through = self.steps(then, holds);
                through.extend(self.steps(otherwise, fails));
                through
            }
            Statement::Call(function) if routes::fits(function.family, self.space) => {
                self.steps(&function.body, all)
            }
            Statement::Note(_) | Statement::Call(_) => all,
        }
    }

    fn act(&mut self, action: &Action, mut all: Vec<Routes>) -> Vec<Routes> {
        let refused = match action {
            Action::Accept => None,
            Action::Reject(reason) => Some(*reason),
            Action::SetLocalPref(_)
            | Action::SetMed(_)
            | Action::SetOrigin(_)
            | Action::AddCommunity(_)
            | Action::DeleteCommunities(_)
            | Action::ClearCommunities
            | Action::AddLarge(_)
            | Action::DeleteLarge(_)
            | Action::ClearLarge
            | Action::Prepend { .. }
            | Action::DeletePath(_)
            | Action::Blackhole => {
                if !all.iter_mut().all(|routes| routes.act(action, self.space)) {
                    self.unclear = Some(Unclear::Foreign);
                }
                return all;
            }
        };
        self.ends.extend(all.into_iter().map(|routes| End { refused, routes }));
        Vec::new()
    }
}
