//! Waits until nothing moves any more: for a network in which not everything can come up.

use crate::Rehearsal;
use crate::ask::{Session, output, sessions};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use twin::Twin;

/// What shows that something moves: addresses and routes, in no order that says anything.
const LOOK: &str = "{ ip -o address; ip route; ip -6 route; } \
    | sed 's/valid_lft.*//; s/ expires [0-9]*sec//' | sort | cksum";

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// At least so long: failures are noticed only after a while.
    pub least: Duration,
    /// Nothing may have moved for so long.
    pub still: Duration,
    /// No longer than this.
    pub most: Duration,
}

impl Patience {
    /// After a failure: OSPF's dead interval and what follows from it.
    pub fn after_failure() -> Self {
        let seconds = Duration::from_secs;
        Self { least: seconds(6), still: seconds(3), most: seconds(60) }
    }

    /// After a start: sessions wait a few seconds before they try again.
    pub fn after_start() -> Self {
        let seconds = Duration::from_secs;
        Self { least: seconds(12), still: seconds(6), most: seconds(120) }
    }
}

/// For how long nothing may have moved in a network in which all that can come up is up.
const UP: Duration = Duration::from_secs(3);

/// Waits until no host's addresses and routes change; whether it came to that.
pub fn wait(twin: &Twin, patience: Patience) -> bool {
    rest(twin, patience, || false)
}

/// Waits after a start: not for long where every session is established, because then nothing tries
/// again.
pub fn wait_for_start(rehearsal: &Rehearsal) -> bool {
    let twin = rehearsal.twin();
    let speakers = rehearsal.speakers();
    let established = |host: &&str| {
        let sessions = sessions(twin, host);
        sessions.is_ok_and(|all| !all.is_empty() && all.iter().all(Session::is_established))
    };
    rest(twin, Patience::after_start(), || !speakers.is_empty() && speakers.iter().all(established))
}

fn rest(twin: &Twin, patience: Patience, all_is_up: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    let (mut seen, mut since) = (look(twin), begun);
    while begun.elapsed() < patience.most {
        std::thread::sleep(Duration::from_millis(500));
        let now = look(twin);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        let patient = begun.elapsed() >= patience.least && since.elapsed() >= patience.still;
        if patient || (since.elapsed() >= UP && all_is_up()) {
            return true;
        }
    }
    false
}

/// A sum of what each host that has power holds.
fn look(twin: &Twin) -> BTreeMap<String, String> {
    let living = twin.lab().hosts.iter().filter(|host| twin.pid(&host.name).is_ok());
    let sums = living.map(|host| {
        let sum = output(twin, &host.name, &["sh", "-c", LOOK]).unwrap_or_default();
        (host.name.clone(), sum)
    });
    sums.collect()
}
