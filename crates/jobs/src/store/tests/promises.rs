//! One suite for every database.

use super::{asked, memory};
use crate::decide::{Ended, Lease, Next};
use crate::store::{Claim, Database as _, Ending, Look, News, Postgres, Store};
use crate::token::{self, Scope};
use crate::{Cause, State, TaskResult};
use std::collections::BTreeSet;
use testkit::cluster::Cluster;

const LEASE: Lease = Lease { ms: 1_000 };

fn jobs(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn claim(store: &Store, server: &str, now: i64) -> Option<Claim> {
    store.claim(server, &jobs(&["mail", "web"]), LEASE, now).expect("the database answers")
}

fn ending(how: Ended, retries: u8) -> Ending<'static> {
    Ending { how, says: "it ended", retries }
}

/// Everything, each part on jobs that the parts before have left alone.
fn all(store: &Store) {
    a_run_goes_its_way(store);
    one_of_a_group_at_a_time(store);
    an_orphan_is_tried_once_more(store);
    what_fails_is_tried_again(store);
    a_time_comes_once(store);
    a_delivery_counts_once(store);
    who_waits_can_be_taken_back(store);
    text_is_found(store);
    a_token_counts_until_it_is_revoked(store);
    the_past_is_forgotten(store);
}

fn a_run_goes_its_way(store: &Store) {
    let id = store.ask(&asked("mail"), 5).expect("it waits");
    let waiting = store.run(id).expect("it is there").expect("it is there");
    assert_eq!(
        (waiting.state, &waiting.asked, waiting.queued),
        (State::Waiting, &asked("mail"), 5)
    );
    assert_eq!(store.claim("one", &jobs(&["web"]), LEASE, 10), Ok(None), "not its job");
    let claim = claim(store, "one", 10).expect("it starts");
    assert_eq!((claim.run.id, claim.run.attempt), (id, 1));
    let text = "th\u{e9} \u{1f989} '; DROP TABLE run; --\0\n";
    let tasks = vec![("mx".to_owned(), "install".to_owned(), TaskResult::Changed)];
    assert_eq!(store.keep(&claim, &News { text: text.into(), tasks }, 20), Ok(true));
    assert_eq!(store.renew(&claim, LEASE, 30), Ok(Some(false)));
    assert_eq!(store.end(&claim, &ending(Ended::Exited(Some(0)), 0), 40), Ok(true));
    assert_eq!(store.end(&claim, &ending(Ended::Exited(Some(0)), 0), 41), Ok(false), "once");
    let run = store.run(id).expect("it is there").expect("it is there");
    assert_eq!(
        (run.state, run.exit, run.started, run.ended),
        (State::Done, Some(0), Some(10), Some(40))
    );
    assert_eq!(run.took(99), Some(30));
    let output = store.output(id, 0).expect("it printed");
    assert_eq!(output.first().map(|chunk| chunk.text.replace('\u{fffd}', "\0")), Some(text.into()));
    let tasks = store.tasks(id, 0).expect("it has tasks");
    assert_eq!(
        tasks.first().map(|task| (task.host.as_str(), task.result)),
        Some(("mx", TaskResult::Changed))
    );
    assert_eq!(store.runs(Look { most: 1, ..Look::default() }), Ok(vec![run]));
}

fn one_of_a_group_at_a_time(store: &Store) {
    let grouped = |job: &str| crate::Asked { group: "hosts".into(), ..asked(job) };
    store.ask(&grouped("mail"), 100).expect("it waits");
    store.ask(&grouped("web"), 100).expect("it waits");
    let first = claim(store, "one", 100).expect("one starts");
    assert_eq!(claim(store, "two", 100), None, "the group is busy");
    store.end(&first, &ending(Ended::Exited(Some(0)), 0), 110).expect("it ends");
    let second = claim(store, "two", 110).expect("the other starts");
    store.end(&second, &ending(Ended::Exited(Some(0)), 0), 120).expect("it ends");
}

fn an_orphan_is_tried_once_more(store: &Store) {
    let id = store.ask(&asked("mail"), 1_000).expect("it waits");
    let dead = claim(store, "one", 1_000).expect("it starts");
    assert_eq!(store.reap(2_000), Ok(vec![]), "the lease holds to its last moment");
    let reaped = store.reap(2_001).expect("the database answers");
    assert_eq!(
        reaped.iter().map(|(run, next)| (run.id, *next)).collect::<Vec<_>>(),
        [(id, Next::Again(2_001))]
    );
    let alive = claim(store, "two", 2_001).expect("it starts again");
    assert_eq!(alive.run.attempt, 2);
    // The first server was only slow: nothing that it says counts.
    let news = News { text: "late\n".into(), tasks: vec![] };
    assert_eq!(store.keep(&dead, &news, 2_002), Ok(false));
    assert_eq!(store.renew(&dead, LEASE, 2_002), Ok(None));
    assert_eq!(store.end(&dead, &ending(Ended::Exited(Some(0)), 9), 2_002), Ok(false));
    assert_eq!(store.output(id, 0), Ok(vec![]));
    // A lease that ran out cannot be renewed, even if nobody saw it.
    assert_eq!(store.renew(&alive, LEASE, 3_002), Ok(None));
    let reaped = store.reap(3_002).expect("the database answers");
    assert_eq!(reaped.first().map(|(_, next)| *next), Some(Next::Over(State::Lost)));
    assert_eq!(claim(store, "two", 4_000), None, "it is not tried for ever");
}

fn what_fails_is_tried_again(store: &Store) {
    let id = store.ask(&asked("web"), 5_000).expect("it waits");
    let first = claim(store, "one", 5_000).expect("it starts");
    store.end(&first, &ending(Ended::Exited(Some(2)), 1), 5_100).expect("it fails");
    assert_eq!(claim(store, "one", 5_100), None, "not at once");
    let second = claim(store, "one", 60_000).expect("it starts again");
    store.end(&second, &ending(Ended::Exited(Some(2)), 1), 60_100).expect("it fails");
    let run = store.run(id).expect("it is there").expect("it is there");
    assert_eq!((run.state, run.failures, run.exit), (State::Failed, 2, Some(2)));
    // What is handed back has not failed.
    store.ask(&asked("web"), 61_000).expect("it waits");
    let handed = claim(store, "one", 61_000).expect("it starts");
    store.end(&handed, &ending(Ended::HandedBack, 0), 61_100).expect("it is handed back");
    let taken = claim(store, "two", 61_100).expect("another takes it");
    assert_eq!((taken.run.failures, taken.run.lost), (0, 0));
    store.end(&taken, &ending(Ended::Exited(Some(0)), 0), 61_200).expect("it ends");
}

fn a_time_comes_once(store: &Store) {
    let planned = crate::Asked { cause: Cause::Schedule, ..asked("mail") };
    let plan = |now, due: i64| {
        let planned = planned.clone();
        store
            .plan("mail", "* * * * * UTC", now, move |seen| (due > seen).then_some((due, planned)))
            .expect("the database answers")
    };
    assert_eq!(plan(100_000, 90_000), None, "a new schedule begins now");
    let id = plan(110_000, 105_000).expect("its time came");
    assert_eq!(plan(110_000, 105_000), None, "for one server");
    assert_eq!(plan(120_000, 115_000), None, "one that waits is enough");
    assert!(store.cancel(id, "somebody", 120_000).expect("it waits"));
    assert!(plan(130_000, 125_000).is_some());
    // A server that knows another schedule loses no time of it, and starts nothing twice.
    let other = |now, due: i64| {
        let planned = crate::Asked { job: "web".into(), ..planned.clone() };
        store
            .plan("web", &format!("{due}"), now, move |seen| (due > seen).then_some((due, planned)))
            .expect("the database answers")
    };
    assert_eq!(other(10, 5), None);
    let id = other(130_000, 129_999).expect("its time came");
    assert!(store.cancel(id, "somebody", 130_000).expect("it waits"));
    assert_eq!(other(130_001, 129_998), None);
    let run = claim(store, "one", 130_000).expect("it starts");
    store.end(&run, &ending(Ended::Exited(Some(0)), 0), 130_100).expect("it ends");
}

fn a_delivery_counts_once(store: &Store) {
    let first = store.ask_once(&asked("mail"), "d1", 140_000).expect("the database answers");
    assert!(first.is_some());
    assert_eq!(store.ask_once(&asked("mail"), "d1", 140_001), Ok(None));
    let other = store.ask_once(&asked("web"), "d1", 140_002).expect("the database answers");
    for id in [first, other].into_iter().flatten() {
        assert_eq!(store.cancel(id, "somebody", 140_003), Ok(true));
    }
}

fn who_waits_can_be_taken_back(store: &Store) {
    let id = store.ask(&asked("mail"), 150_000).expect("it waits");
    assert_eq!(store.cancel(id, "somebody", 150_001), Ok(true));
    assert_eq!(store.cancel(id, "somebody", 150_002), Ok(false), "it is over");
    assert_eq!(claim(store, "one", 150_003), None);
    store.ask(&asked("mail"), 150_004).expect("it waits");
    let running = claim(store, "one", 150_005).expect("it starts");
    assert_eq!(store.cancel(running.run.id, "somebody", 150_006), Ok(true));
    assert_eq!(store.renew(&running, LEASE, 150_007), Ok(Some(true)), "its server hears of it");
    store.end(&running, &ending(Ended::Cancelled, 3), 150_008).expect("it ends");
    let run = store.run(running.run.id).expect("it is there").expect("it is there");
    assert_eq!((run.state, run.says.as_str()), (State::Cancelled, "cancelled by somebody"));
}

fn text_is_found(store: &Store) {
    let found = |text: &str| {
        let found = store.search(text, None).expect("the database answers");
        found.into_iter().map(|found| found.line).collect::<Vec<_>>()
    };
    assert_eq!(found("drop table").len(), 1);
    assert_eq!(found("TH\u{c9}").len(), 1, "letters beyond ASCII have a case too");
    assert_eq!(found("%"), Vec::<String>::new(), "a sign of the pattern is a letter here");
    assert_eq!(found(" "), Vec::<String>::new());
    assert_eq!(store.search("drop", Some("web")), Ok(vec![]));
}

fn a_token_counts_until_it_is_revoked(store: &Store) {
    let made = token::make().expect("chance");
    store.add_token(&made, "forge", &[Scope::Read, Scope::Run("mail".into())], 10).expect("kept");
    let bearer = store.bearer(&made.shown, 20).expect("the database answers").expect("it counts");
    assert_eq!((bearer.name.as_str(), bearer.scopes.len()), ("forge", 2));
    assert_eq!(store.bearer(&format!("{}0", made.shown), 20), Ok(None));
    assert_eq!(store.bearer(&made.shown.replace("ketupa_", "ketupa_x"), 20), Ok(None));
    assert_eq!(store.bearer("ketupa_' OR '1'='1_x", 20), Ok(None));
    let session = store.log_in(&bearer, 1_000).expect("a session");
    assert!(store.session(&session, 999).expect("the database answers").is_some());
    assert_eq!(store.session(&session, 1_000), Ok(None), "it is over");
    assert_eq!(store.tokens().expect("the database answers")[0].used, Some(20));
    assert_eq!(store.revoke(&made.id), Ok(true));
    assert_eq!(store.revoke(&made.id), Ok(false));
    assert_eq!(store.bearer(&made.shown, 30), Ok(None));
    assert_eq!(store.session(&session, 30), Ok(None));
}

fn the_past_is_forgotten(store: &Store) {
    let before = store.runs(Look { most: 100, ..Look::default() }).expect("runs");
    let gone = store.forget(60_000, 0, 200_000).expect("the database answers");
    let after = store.runs(Look { most: 100, ..Look::default() }).expect("runs");
    assert_eq!(before.len() - after.len(), usize::try_from(gone).expect("a few"));
    assert!(gone > 3 && !after.is_empty());
    let next = store.ask(&asked("mail"), 200_000).expect("it waits");
    assert!(next > before[0].id, "a number never comes again");
}

#[test]
fn sqlite_keeps_what_is_promised() {
    all(&memory());
}

#[test]
fn real_postgresql_keeps_what_is_promised() {
    let cluster = Cluster::start("promises");
    let database = Postgres::open(&cluster.address()).expect("it answers");
    all(&Store::open(Box::new(database)).expect("the tables are made"));
}

#[test]
fn a_database_of_another_version_is_refused() {
    let mut database = crate::store::Sqlite::in_memory(super::no_clock).expect("SQLite");
    database.execute("CREATE TABLE desk (version BIGINT NOT NULL)", &[]).expect("a table");
    database.execute("INSERT INTO desk (version) VALUES (99)", &[]).expect("a row");
    let refused = Store::open(Box::new(database)).expect_err("it is of another version");
    assert!(refused.says.contains("version 99"), "{refused}");
}

#[test]
fn what_is_no_address_is_not_repeated() {
    let odd = Postgres::open("hush hush").err().expect("no address");
    assert!(!odd.says.contains("hush"), "{odd}");
}
