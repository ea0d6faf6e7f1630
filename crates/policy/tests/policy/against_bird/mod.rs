//! Random routes go through a real BIRD and through the interpreter; both must agree on everything.
//!
//! BIRD runs alone in a network namespace. The test speaks BGP to it, one session for each filter,
//! and gives it static routes beside; channels keep what they refuse, so that verdict, reason and
//! every attribute can be read back.
#![expect(clippy::print_stdout, reason = "a comparison that tells no figures proves nothing")]

mod daemon;
mod routes;
mod speaker;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ipnet::IpNet;
use policy::{Destination, Family, REASONS, Reason, Route, Source, bird, run};

use crate::sample;
use daemon::{Daemon, Plan};
use routes::Dice;
use table::{Judged, Row};

/// Routes for each filter and family that come by BGP, and as statics.
const BY_BGP: usize = 2500;
const BY_STATIC: usize = 500;

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
            plans.push(Plan {
                index: plans.len() + 1,
                bgp: routes::many(&mut dice, &profile, Source::Bgp, BY_BGP),
                statics: routes::many(&mut dice, &profile, Source::Static, BY_STATIC),
                profile,
                filter,
            });
        }
    }
    let mut daemon = Daemon::start(&plans);
    let mut report = Report::default();
    for plan in &plans {
        daemon.feed(plan);
        report.bogus = daemon.bogus();
        report.compare(plan, &daemon.table(&plan.bgp_table()), &plan.bgp);
        report.compare(plan, &daemon.table(&plan.static_table()), &plan.statics);
    }
    drop(daemon);
    report.finish(seed);
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

    fn finish(&self, seed: u64) {
        let mut text = String::new();
        let mut total: BTreeMap<Option<Reason>, usize> = BTreeMap::new();
        for (name, counts) in &self.seen {
            let all: usize = counts.values().sum();
            let accepted = counts.get(&None).copied().unwrap_or_default();
            let _ = writeln!(text, "{name}: {all} routes, {}% accepted", 100 * accepted / all);
            for (reason, count) in counts {
                *total.entry(*reason).or_default() += count;
            }
        }
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
        let unseen: Vec<_> = REASONS
            .iter()
            .filter(|reason| **reason != Reason::FAMILY && !total.contains_key(&Some(**reason)))
            .collect();
        assert!(unseen.is_empty(), "no route was refused for {unseen:?}: make the dice meet it");
    }
}

/// What BIRD tells of where packets go.
fn destination(word: &str) -> Destination {
    if word == "blackhole" { Destination::Blackhole } else { Destination::AsLearnt }
}
