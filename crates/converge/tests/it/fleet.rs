//! Many hosts at once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use converge::{Act, Job, Outcome, Progress, Trouble, converge_all};
use host::wire::{Answer, Request};
use machine::{Machine, Recorded, Unreachable};

use crate::lab::{Lab, Safe, router};

/// Counts how many exchanges run at the same time.
struct Crowd<'a> {
    name: String,
    now: &'a AtomicUsize,
    most: &'a AtomicUsize,
}

impl Machine for Crowd<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, _requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        self.now.fetch_sub(1, Ordering::SeqCst);
        Err(Unreachable::new(&self.name, "it is only counted"))
    }
}

#[test]
fn no_more_hosts_at_a_time_than_workers() {
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let crowd: Vec<Crowd<'_>> = (0..12)
        .map(|number| Crowd { name: format!("host-{number}"), now: &now, most: &most })
        .collect();
    let tree = router();
    let jobs: Vec<Job<'_>> = crowd.iter().map(|machine| Job { desired: &tree, machine }).collect();
    let reports = converge_all(&jobs, Act::Plan, &Safe("x"), 3, &|_, _| {});
    assert_eq!(reports.len(), 12);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn one_silent_host_is_unknown_and_stops_no_other() {
    let (lab, tree) = (Lab::new(), router());
    let (here, silent) = (lab.machine(), Recorded::new("edge-02", []));
    let jobs = [Job { desired: &tree, machine: &silent }, Job { desired: &tree, machine: &here }];
    let ended = Mutex::new(BTreeSet::new());
    let progress = |name: &str, progress: Progress<'_>| {
        if let Progress::Ended(report) = progress {
            ended.lock().unwrap().insert((name.to_owned(), report.is_ok()));
        }
    };
    let reports = converge_all(&jobs, Act::Apply, &Safe("x"), 8, &progress);
    assert!(matches!(reports["edge-02"], Err(Trouble::Unreachable(_))));
    let report = reports["edge-01"].as_ref().unwrap();
    assert!(matches!(report.outcome, Some(Outcome::Done { .. })));
    let ended = ended.into_inner().unwrap();
    assert_eq!(ended, [("edge-01".into(), true), ("edge-02".into(), false)].into());
}

#[test]
fn planning_touches_nothing() {
    let (lab, tree) = (Lab::new(), router());
    let machine = lab.machine();
    let jobs = [Job { desired: &tree, machine: &machine }];
    let reports = converge_all(&jobs, Act::Plan, &Safe("x"), 1, &|_, _| {});
    let report = reports["edge-01"].as_ref().unwrap();
    assert!(!report.plan.is_empty() && report.outcome.is_none());
    assert!(!lab.at("/etc").exists() && !lab.at("/var/lib/ketupa").exists());
}
