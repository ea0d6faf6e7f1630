//! Runs one route through the filters that it must have passed, one after the other.

use super::doors::{Door, Doors, Way};
use policy::symbolic::Example;
use policy::{Condition, Destination, Filter, Reason, Roas, Route, Source, Statement, run};
use std::ops::Not as _;

/// A route that does what it must not.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// As it came: from a neighbour, or in our table.
    pub(super) came: Route,
    /// The ROAs that it takes.
    pub(super) roas: Roas,
}

/// What happens to a route on its way.
#[derive(Debug, Clone)]
enum Step<'a> {
    /// It must pass this filter.
    Filter(&'a Filter),
    /// This must hold.
    Holds(Condition),
    /// It goes to another router of ours.
    Told,
}

/// The way of a route.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps<'a>(Vec<Step<'a>>);

impl<'a> Steps<'a> {
    /// Out of a table, if a condition holds there.
    pub(super) fn out(door: &'a Door, condition: Condition) -> Self {
        let steps = [Step::Holds(condition), Step::Holds(Doors::kept().not())];
        Self(steps.into_iter().chain([Step::Filter(&door.export)]).collect())
    }

    /// Into a table, where a condition holds then.
    pub(super) fn into(doors: &Doors, door: &'a Door, condition: Condition) -> Self {
        let steps =
            [Step::Holds(doors.looped().not()), Step::Filter(&door.import), Step::Holds(condition)];
        Self(steps.into())
    }

    /// From one session to another.
    pub(super) fn between(doors: &'a Doors, (from, to): (&'a Door, &'a Door), way: Way) -> Self {
        let mut steps = vec![Step::Holds(doors.looped().not()), Step::Filter(&from.import)];
        if let Way::Inside(pair) = way
            && let Some((told, taken)) = doors.inside.get(pair)
        {
            steps.push(Step::Holds(Doors::untold().not()));
            steps.extend([Step::Filter(told), Step::Told, Step::Filter(taken)]);
        }
        steps.extend([Step::Holds(Doors::kept().not()), Step::Filter(&to.export)]);
        Self(steps)
    }

    /// The route as it ends, if it comes through.
    pub(super) fn run(&self, Example { route: came, roas }: Example) -> Option<Shown> {
        let mut left = came.clone();
        for step in &self.0 {
            left = match step {
                Step::Filter(filter) => passed(filter, &left, &roas)?,
                Step::Holds(condition) => passed(&only(condition, &left), &left, &roas)?,
                Step::Told => {
                    Route { source: Source::Bgp, destination: Destination::AsLearnt, ..left }
                }
            };
        }
        Some(Shown { came, roas })
    }
}

fn passed(filter: &Filter, route: &Route, roas: &Roas) -> Option<Route> {
    let verdict = run(filter, route, roas);
    verdict.accepted.then_some(verdict.route)
}

/// A filter that lets through what a condition holds for.
fn only(condition: &Condition, route: &Route) -> Filter {
    Filter {
        name: String::new(),
        about: String::new(),
        family: policy::Family::of(&route.net),
        body: vec![Statement::refuse(condition.clone().not(), Reason::OPERATOR)],
        otherwise: None,
    }
}
