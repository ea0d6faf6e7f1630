//! A change that could cut its host off stands only when the host is reached anew.

use std::sync::Mutex;

use component::tree::{HostTree, Unit};
use converge::{Guard, Origin, Outcome, Plan, Revision, Terms, apply_guarded};
use host::wire::{Answer, Confirmed, End, Outcome as Done, Request};
use machine::{Machine, Unreachable};

use crate::lab::{Lab, Safe, router};

/// A host that answers as told, apart on the connection that was open and on new ones.
#[derive(Default)]
struct Host {
    old: Mutex<Vec<Option<Answer>>>,
    new: Mutex<Vec<Option<Answer>>>,
    asked_anew: Mutex<Vec<Request>>,
}

impl Host {
    fn new(old: Vec<Option<Answer>>, new: Vec<Option<Answer>>) -> Self {
        Self { old: Mutex::new(old), new: Mutex::new(new), asked_anew: Mutex::default() }
    }
}

fn next(tape: &Mutex<Vec<Option<Answer>>>) -> Result<Answer, Unreachable> {
    let mut tape = tape.lock().unwrap();
    let answer = if tape.is_empty() { None } else { tape.remove(0) };
    answer.ok_or_else(|| Unreachable::new("edge-01", "it does not answer"))
}

impl Machine for Host {
    fn name(&self) -> &'static str {
        "edge-01"
    }

    fn exchange(&self, _: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        Ok(vec![next(&self.old)?])
    }

    fn ask_anew(&self, request: Request) -> Result<Answer, Unreachable> {
        self.asked_anew.lock().unwrap().push(request);
        next(&self.new)
    }
}

fn done(end: End) -> Answer {
    Answer::Applied(Done { recovered: None, steps: vec!["step".into()], end })
}

fn gone() -> Confirmed {
    Confirmed::Gone { why: "it is undone already".into() }
}

fn carrier() -> HostTree {
    let mut tree = router();
    let carries = |unit: &Unit| Unit { cuts_off: true, ..unit.clone() };
    tree.units = tree.units.iter().map(|(name, unit)| (name.clone(), carries(unit))).collect();
    tree
}

fn applied(plan: &Plan, host: &Host) -> Outcome {
    let guard = Guard { id: "night-1".into(), within_s: 1 };
    let revision = Revision::Commit("1f".repeat(20));
    let origin = Origin { who: "ada@desk".into(), run: guard.id.clone(), revision };
    apply_guarded(plan, host, &Safe("x"), &Terms { origin, guard })
}

#[test]
fn only_what_can_cut_a_host_off_has_to_be_confirmed() {
    let lab = Lab::new();
    assert!(!lab.plan(&router()).cuts_off);
    let host = Host::new(vec![Some(done(End::Done))], Vec::new());
    assert!(matches!(applied(&lab.plan(&router()), &host), Outcome::Done { .. }));
    assert!(host.asked_anew.lock().unwrap().is_empty());

    assert!(lab.plan(&carrier()).cuts_off);
    lab.apply(&carrier());
    assert!(!lab.plan(&carrier()).cuts_off);
    // Whatever goes may have been good for something.
    assert!(lab.plan(&HostTree::default()).cuts_off);
}

#[test]
fn it_stands_when_the_host_is_reached_anew() {
    let plan = Lab::new().plan(&carrier());
    let host = Host::new(
        vec![Some(done(End::Awaiting))],
        vec![
            None,
            Some(Answer::Confirmed(Confirmed::Busy)),
            Some(Answer::Confirmed(Confirmed::Stands)),
        ],
    );
    let Outcome::Done { steps } = applied(&plan, &host) else { panic!("it stands") };
    assert_eq!(steps, ["step", "confirmed over a new connection"]);
    let asked = host.asked_anew.into_inner().unwrap();
    assert!(asked.iter().all(|one| *one == Request::Confirm { id: "night-1".into() }));
}

#[test]
fn a_lost_answer_is_asked_for_anew() {
    let plan = Lab::new().plan(&carrier());
    let host = Host::new(vec![None], vec![Some(Answer::Confirmed(Confirmed::Stands))]);
    assert!(matches!(applied(&plan, &host), Outcome::Done { .. }));
}

#[test]
fn what_the_host_undid_is_told_in_its_own_words() {
    let plan = Lab::new().plan(&carrier());
    let said = Some(Answer::Recovered(Ok(Some("the host undid it".into()))));
    // Silent for as long as it may take.
    let new = vec![None, None, None, None, Some(Answer::Confirmed(gone())), None, said];
    let host = Host::new(vec![Some(done(End::Awaiting))], new);
    let Outcome::RolledBack { why, troubles, .. } = applied(&plan, &host) else {
        panic!("it is undone")
    };
    assert!(why.starts_with("no new connection reached it within 1 s: it does not"), "{why}");
    assert!(why.ends_with("the host undid it") && troubles.is_empty(), "{why}");
}

#[test]
fn what_the_host_could_not_put_back_is_told_apart() {
    let plan = Lab::new().plan(&carrier());
    let said = "the host undid it, but: bird does not start (2 s ago)";
    let new = vec![Some(Answer::Confirmed(gone())), Some(Answer::Recovered(Ok(Some(said.into()))))];
    let host = Host::new(vec![Some(done(End::Awaiting))], new);
    let Outcome::RolledBack { why, troubles, .. } = applied(&plan, &host) else {
        panic!("it is undone")
    };
    assert!(why.ends_with("the host undid it"), "{why}");
    assert_eq!(troubles, ["bird does not start (2 s ago)"]);
}
