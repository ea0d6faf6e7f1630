//! Random routes go through a real BIRD and through the interpreter; both must agree on everything.
//!
//! BIRD runs alone in a network namespace. The test speaks BGP to it, one session for each filter,
//! and gives it static routes beside; channels keep what they refuse, so that verdict, reason and
//! every attribute can be read back.
#![expect(clippy::print_stdout, reason = "a comparison that tells no figures proves nothing")]

mod daemon;
mod filters;
mod routes;
mod speaker;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ipnet::IpNet;
use policy::{Destination, Family, Filter, REASONS, Reason, Route, Source, bird, run};

use crate::sample;
use daemon::{Daemon, Plan};
use routes::Dice;
use table::{Judged, Row};

/// Routes for each filter of the house and each family, by BGP and as statics.
const HOUSE: (usize, usize) = (2500, 500);

/// Random filters of each family, and routes for each of them.
const RANDOM: usize = 50;
const ANY: (usize, usize) = (500, 100);

#[test]
fn interpreter_and_bird_agree_on_every_route() {
    if daemon::enter_namespace("against_bird::interpreter_and_bird_agree_on_every_route") {
        return;
    }
    let seed = daemon::seed();
    let mut dice = Dice::new(seed);
    let mut plans = Vec::new();
    for family in [Family::V4, Family::V6] {
        for filter in sample::filters(family) {
            let profile = routes::Profile::of(&filter);
            plans.push(plan(&mut dice, (plans.len() + 1, HOUSE), filter, profile));
        }
    }
    let report = compared(&plans);
    report.tell(seed);
    report.met_everything();
}

#[test]
fn interpreter_and_bird_agree_on_any_filter() {
    if daemon::enter_namespace("against_bird::interpreter_and_bird_agree_on_any_filter") {
        return;
    }
    let seed = daemon::seed();
    let mut dice = Dice::new(seed);
    let mut plans = Vec::new();
    for family in [Family::V4, Family::V6] {
        let (filter, profile) = (filters::corners(family), routes::Profile::plain(family));
        plans.push(plan(&mut dice, (plans.len() + 1, ANY), filter, profile));
    }
    for number in 0..2 * RANDOM {
        let family = if number % 2 == 0 { Family::V4 } else { Family::V6 };
        let filter = filters::random(&mut dice, family, number);
        let profile = routes::Profile::plain(family);
        plans.push(plan(&mut dice, (plans.len() + 1, ANY), filter, profile));
    }
    compared(&plans).tell(seed);
}

fn plan(
    dice: &mut Dice,
    (index, (by_bgp, by_static)): (usize, (usize, usize)),
    filter: Filter,
    profile: routes::Profile,
) -> Plan {
    let bgp = routes::many(dice, &profile, Source::Bgp, by_bgp);
    let statics = routes::many(dice, &profile, Source::Static, by_static);
    Plan { index, filter, profile, bgp, statics }
}

/// Starts BIRD with the plans' filters and sends it their routes.
fn compared(plans: &[Plan]) -> Report {
    let mut daemon = Daemon::start(plans);
    let mut report = Report::default();
    for plan in plans {
        daemon.feed(plan);
        report.bogus = daemon.bogus();
        report.compare(plan, &daemon.table(&plan.bgp_table()), &plan.bgp);
        report.compare(plan, &daemon.table(&plan.static_table()), &plan.statics);
    }
    report
}

/// What was compared, how often each verdict was seen, and where the two disagree.
#[derive(Default)]
struct Report {
    seen: BTreeMap<String, BTreeMap<Option<Reason>, usize>>,
    wrong: Vec<String>,
    bogus: BTreeSet<IpNet>,
    ignored: usize,
}

impl Report {
    fn compare(&mut self, plan: &Plan, told: &BTreeMap<IpNet, Row>, sent: &[Route]) {
        let roas = sample::roas();
        for route in sent {
            if !told.contains_key(&route.net) && self.bogus.contains(&route.net) {
                self.ignored += 1;
                continue;
            }
            let expected = run(&plan.filter, route, &roas);
            let counts = self.seen.entry(bird::filter_name(&plan.filter)).or_default();
            *counts.entry(expected.reason).or_default() += 1;
            let judged = if expected.accepted { Judged::Accepted } else { Judged::Refused };
            let wanted = Row { judged, route: expected.route.clone() };
            match told.get(&route.net) {
                Some(row) if *row == wanted => {}
                other => self.wrong.push(format!(
                    "{}\n  sent {route:?}\n  ours {wanted:?} {:?}\n  BIRD {other:?}",
                    plan.filter.name, expected.reason
                )),
            }
        }
    }

    /// Prints the figures; stops at the first differences.
    fn tell(&self, seed: u64) {
        let mut text = String::new();
        for (name, counts) in &self.seen {
            let all: usize = counts.values().sum();
            let accepted = counts.get(&None).copied().unwrap_or_default();
            let _ = writeln!(text, "{name}: {all} routes, {}% accepted", 100 * accepted / all);
        }
        let total = self.total();
        let all: usize = total.values().sum();
        let _ = writeln!(text, "all: {all} routes compared (seed {seed})");
        let _ = writeln!(text, "{:>8} more that BIRD ignores before any filter", self.ignored);
        for (reason, count) in &total {
            let words = reason.map_or_else(|| "accepted".to_owned(), |reason| reason.to_string());
            let share = 1000 * count / all;
            let _ = writeln!(text, "{count:>8} {:>3}.{}%  {words}", share / 10, share % 10);
        }
        println!("{text}");
        let wrong = self.wrong.len();
        let first = self.wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.wrong.is_empty(), "{wrong} of {all} routes differ, the first:\n{first}");
    }

    fn total(&self) -> BTreeMap<Option<Reason>, usize> {
        let mut total = BTreeMap::new();
        for (reason, count) in self.seen.values().flatten() {
            *total.entry(*reason).or_default() += count;
        }
        total
    }

    /// A comparison that never met a reason proves nothing about it.
    fn met_everything(&self) {
        let total = self.total();
        let unmet: Vec<_> = REASONS
            .iter()
            .filter(|reason| **reason != Reason::FAMILY && !total.contains_key(&Some(**reason)))
            .collect();
        assert!(unmet.is_empty(), "no route was refused for {unmet:?}: make the dice meet it");
        for (name, counts) in &self.seen {
            assert!(counts.contains_key(&None), "{name} accepted no route");
            assert!(counts.len() > 1, "{name} refused no route");
        }
    }
}

/// What BIRD tells of where packets go.
fn destination(word: &str) -> Destination {
    match word {
        "blackhole" => Destination::Blackhole,
        "unreachable" => Destination::Unreachable,
        _ => Destination::AsLearnt,
    }
}
