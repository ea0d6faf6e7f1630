//! Several servers on one queue, dying and being slow by chance: never two at once, never one lost.

use super::{asked, connections, memory};
use crate::decide::{Ended, Lease};
use crate::store::{Claim, Ending, Look, Postgres, Store};
use crate::{Asked, Millis, State};
use proptest::prelude::*;
use std::collections::BTreeSet;
use testkit::cluster::Cluster;

const LEASE: Lease = Lease { ms: 600 };
const SERVERS: usize = 3;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Somebody asks for a job; two jobs are of one group.
    Ask(u8),
    /// A server looks for work, and for the dead.
    Tick(usize),
    /// A server's process ends with this status.
    End(usize, i64),
    /// A server and its process are killed.
    Kill(usize),
    /// Time passes; servers that are not deaf say that they live, as often as they must.
    Pass(Millis),
    /// A server cannot reach the database until this is said again.
    Deaf(usize),
}

/// A server as the test knows it.
#[derive(Default)]
struct Server {
    claim: Option<Claim>,
    deaf: bool,
    /// When it was last heard.
    heard: Millis,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..3u8).prop_map(Event::Ask),
        6 => (0..SERVERS).prop_map(Event::Tick),
        3 => (0..SERVERS, 0..2i64).prop_map(|(server, status)| Event::End(server, status)),
        1 => (0..SERVERS).prop_map(Event::Kill),
        4 => (1..700i64).prop_map(Event::Pass),
        1 => (0..SERVERS).prop_map(Event::Deaf),
    ]
}

struct World<'a> {
    stores: Vec<&'a Store>,
    servers: Vec<Server>,
    now: Millis,
    asked: BTreeSet<i64>,
}

impl World<'_> {
    fn step(&mut self, event: Event) {
        match event {
            Event::Ask(job) => self.ask(job),
            Event::Tick(server) => self.tick(server),
            Event::End(server, status) => self.end(server, status),
            Event::Kill(server) => self.servers[server].claim = None,
            Event::Pass(ms) => self.pass(ms),
            Event::Deaf(server) => self.servers[server].deaf ^= true,
        }
        self.never_two_at_once();
    }

    fn ask(&mut self, job: u8) {
        let group = if job == 0 { "alone" } else { "together" };
        let asked = Asked { group: group.into(), ..asked(&format!("job-{job}")) };
        self.asked.insert(self.stores[0].ask(&asked, self.now).unwrap());
    }

    fn tick(&mut self, number: usize) {
        if self.servers[number].deaf {
            return;
        }
        self.stores[number].reap(self.now).unwrap();
        if self.servers[number].claim.is_none() {
            let jobs = (0..3).map(|job| format!("job-{job}")).collect();
            let name = format!("server-{number}");
            let claim = self.stores[number].claim(&name, &jobs, LEASE, self.now).unwrap();
            self.servers[number].claim = claim;
            self.servers[number].heard = self.now;
        }
    }

    fn end(&mut self, number: usize, status: i64) {
        if self.servers[number].deaf {
            return;
        }
        if let Some(claim) = self.servers[number].claim.take() {
            let ending = Ending { how: Ended::Exited(Some(status)), says: "", retries: 1 };
            let was_mine = self.stores[number].end(&claim, &ending, self.now).unwrap();
            assert!(was_mine, "what a live server ends is its own");
        }
    }

    /// Time passes in beats: whoever is heard renews, the process of whoever is not dies.
    fn pass(&mut self, ms: Millis) {
        let until = self.now + ms;
        while self.now < until {
            self.now = (self.now + LEASE.beat_ms()).min(until);
            for (server, store) in self.servers.iter_mut().zip(&self.stores) {
                let Some(claim) = &server.claim else { continue };
                if !server.deaf {
                    let renewed = store.renew(claim, LEASE, self.now).unwrap();
                    assert!(renewed.is_some(), "a lease that is renewed in time holds");
                    server.heard = self.now;
                } else if self.now - server.heard >= LEASE.patience_ms() {
                    server.claim = None;
                }
            }
            self.never_two_at_once();
        }
    }

    fn never_two_at_once(&self) {
        let live: Vec<&str> = self
            .servers
            .iter()
            .filter_map(|server| Some(server.claim.as_ref()?.run.asked.group.as_str()))
            .collect();
        let groups: BTreeSet<&str> = live.iter().copied().collect();
        assert_eq!(groups.len(), live.len(), "two processes of one group: {live:?}");
    }

    /// When everything is well again, every run comes to an end.
    fn never_lost(&mut self) {
        for server in &mut self.servers {
            server.deaf = false;
        }
        for _ in 0..20 * self.asked.len() + 20 {
            for server in 0..SERVERS {
                self.step(Event::Tick(server));
            }
            for server in 0..SERVERS {
                self.step(Event::End(server, 0));
            }
            self.step(Event::Pass(2 * LEASE.ms));
            self.now += 20_000;
        }
        for id in &self.asked {
            let run = self.stores[0].run(*id).unwrap().expect("nothing is forgotten");
            assert!(run.state.is_over(), "{run:?}");
            assert!(run.attempt <= 1 + run.failures + run.lost, "{run:?}");
            assert!(run.lost <= 2 && (run.lost < 2 || run.state == State::Lost), "{run:?}");
        }
    }
}

fn live(stores: Vec<&Store>, events: &[Event], begin: Millis) {
    let servers = (0..SERVERS).map(|_| Server::default()).collect();
    let mut world = World { stores, servers, now: begin, asked: BTreeSet::new() };
    for event in events {
        world.step(*event);
    }
    world.never_lost();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn never_two_at_once_and_never_lost(events in prop::collection::vec(event(), 1..60)) {
        let store = memory();
        live(vec![&store; SERVERS], &events, 0);
    }
}

#[test]
fn real_postgresql_gives_each_run_to_one_of_many_at_once() {
    let cluster = Cluster::start("many");
    let open = || -> Box<dyn crate::store::Database> {
        Box::new(Postgres::open(&cluster.address()).expect("it answers"))
    };
    let stores = connections(open, 4);
    let ids: BTreeSet<i64> = (0..60)
        .map(|n| Asked { group: format!("g{n}"), ..asked("mail") })
        .map(|asked| stores[0].ask(&asked, 0).expect("it waits"))
        .collect();
    let jobs: BTreeSet<String> = ["mail".to_owned()].into();
    let take = |name: &str, of: &Store| -> Vec<i64> {
        std::iter::from_fn(|| of.claim(name, &jobs, LEASE, 1).expect("the database answers"))
            .map(|claim| claim.run.id)
            .collect()
    };
    let take = &take;
    let claimed: Vec<i64> = std::thread::scope(|scope| {
        let named = ["a", "b", "c", "d"].into_iter().zip(&stores);
        let threads: Vec<_> =
            named.map(|(name, store)| scope.spawn(move || take(name, store))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!((claimed.len(), claimed.iter().copied().collect::<BTreeSet<_>>()), (60, ids));
    assert_eq!(stores[1].runs(Look { most: 1, ..Look::default() }).expect("runs").len(), 1);
}
