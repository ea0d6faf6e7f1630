//! Sends what waits, strictly in order: the newest only after all that is older.
//!
//! What the server does not take now is sent again as it was, after a while that grows and that chance
//! spreads, so that many hosts do not come back at once.

use crate::outbox::{Outbox, log};
use crate::post::{Client, Went};
use metrics::queue::Parcel;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where remote write goes.
const PATH: &str = "/api/v1/write";
const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-protobuf"),
    ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];
/// Samples of a request: twenty scrapes of a thousand series.
const MOST: u64 = 20_000;
/// A request that is too large with so few samples will never be small enough.
const LEAST: u64 = 500;
/// The time between two requests while much waits: a hundred thousand samples a second, a month of
/// a thousand series in half an hour, and a server that many hosts come back to stays of use.
const PACE: Duration = Duration::from_millis(200);
/// What comes in at nearly the same time travels together.
const LINGER: Duration = Duration::from_millis(500);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How much a power cut may take of what could not be sent: what came within this time.
const SYNC: Duration = Duration::from_secs(15);
/// How soon it is seen that the process shall end.
const TICK: Duration = Duration::from_millis(250);
/// A trouble that lasts is told again after this time.
const REMIND: Duration = Duration::from_secs(600);

/// What is known of how sending goes.
#[derive(Debug)]
struct Sender<'a> {
    outbox: &'a Outbox,
    client: &'a Client,
    most: u64,
    failures: u32,
    told: Option<Instant>,
}

/// Sends until the process shall end.
pub(crate) fn run(outbox: &Outbox, client: &Client, stop: &AtomicBool) {
    let mut sender = Sender { outbox, client, most: MOST, failures: 0, told: None };
    let mut synced = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        outbox.wait(TICK);
        if synced.elapsed() >= SYNC {
            outbox.sync();
            synced = Instant::now();
        }
        if outbox.is_empty() {
            continue;
        }
        if sender.failures == 0 && outbox.waiting().samples < MOST {
            rest(LINGER, stop);
        }
        let begin = Instant::now();
        if let Some(parcel) = outbox.next(sender.most) {
            let wait = sender.send(&parcel);
            rest(wait.max(PACE.saturating_sub(begin.elapsed())), stop);
        }
    }
    outbox.sync();
}

impl Sender<'_> {
    /// Sends something once; how long to wait before the next try.
    fn send(&mut self, parcel: &Parcel) -> Duration {
        let told = &self.outbox.told;
        let went = self.client.post(PATH, &HEADERS, &parcel.body);
        if went != Went::Taken {
            told.failures.fetch_add(1, Ordering::Relaxed);
        }
        match went {
            Went::Taken => {
                told.sent.fetch_add(parcel.samples, Ordering::Relaxed);
                told.last_s.store(now_s(), Ordering::Relaxed);
                self.outbox.taken(parcel);
                self.well()
            }
            Went::Never(why) => self.drop(parcel, &why),
            Went::Smaller(why) if self.most <= LEAST => self.drop(parcel, &why),
            Went::Smaller(_) => {
                self.most /= 2;
                Duration::ZERO
            }
            Went::Later(wait, why) => self.later(wait, &why),
            Went::Broken(why) | Went::Disputed(why) => self.later(None, &why),
        }
    }

    fn well(&mut self) -> Duration {
        if self.failures > 0 {
            log("sending", "the server takes what is sent again");
        }
        self.failures = 0;
        self.told = None;
        self.most = (self.most * 2).min(MOST);
        Duration::ZERO
    }

    /// What will never be taken shall not keep the rest from being sent.
    fn drop(&mut self, parcel: &Parcel, why: &str) -> Duration {
        self.outbox.told.refused.fetch_add(parcel.samples, Ordering::Relaxed);
        log("dropped", &format!("{} samples are dropped: {why}", parcel.samples));
        self.outbox.taken(parcel);
        self.well()
    }

    fn later(&mut self, wait: Option<Duration>, why: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.told.is_none_or(|told| told.elapsed() >= REMIND) {
            let waiting = self.outbox.waiting().samples;
            log("waiting", &format!("{waiting} samples wait, and are sent later: {why}"));
            self.told = Some(Instant::now());
        }
        wait.map_or_else(|| backoff(self.failures, chance()), |wait| wait + backoff(1, chance()))
    }
}

/// How long to wait after so many failures: between half of a time that doubles, and all of it.
fn backoff(failures: u32, chance: u32) -> Duration {
    let doubled = FIRST_WAIT * 2_u32.pow(failures.saturating_sub(1).min(6));
    let most = doubled.min(LONGEST_WAIT);
    most / 2 + most / 2 * (chance % 1000) / 1000
}

/// The keys of a fresh map of the standard library are the chance that is at hand.
fn chance() -> u32 {
    u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Waits, but for no longer than the process shall go on.
pub(crate) fn rest(time: Duration, stop: &AtomicBool) {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(TICK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_are_spread() {
        let at = |failures, chance| backoff(failures, chance).as_millis();
        assert_eq!((at(1, 0), at(1, 999)), (500, 999));
        assert_eq!(at(3, 500), 3000);
        assert_eq!((at(7, 0), at(u32::MAX, 999)), (30_000, 59_970));
        let spread: std::collections::BTreeSet<u32> = (0..50).map(|_| chance() % 1000).collect();
        assert!(spread.len() > 20, "{spread:?}");
    }
}
