//! Sends what waits, the oldest first.

use super::say;
use super::spool::{Fate, Spool};
use crate::post::{Client, Went};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often is looked for something to send, and for the end.
const LOOK: Duration = Duration::from_millis(200);
/// Between attempts: doubled each time.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

pub(super) fn run(spool: &Spool, client: &Client, stop: &AtomicBool) {
    let mut wait = FIRST;
    let mut told = String::new();
    while !stop.load(Ordering::Relaxed) {
        let Some((number, body)) = spool.oldest() else {
            std::thread::sleep(LOOK);
            continue;
        };
        let headers = [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")];
        match client.post("/loki/api/v1/push", &headers, &body) {
            Went::Taken => {
                wait = FIRST;
                told.clear();
                spool.done(number, Fate::Sent);
            }
            Went::Never(why) | Went::Smaller(why) => {
                say(&format!("lines that the server will not take are dropped: {why}"));
                spool.done(number, Fate::Refused);
            }
            Went::Later(after, why) => {
                later(&mut told, why);
                rest(after.unwrap_or(wait), stop);
                wait = (wait * 2).min(LONGEST);
            }
            Went::Broken(why) | Went::Disputed(why) => {
                later(&mut told, why);
                rest(wait, stop);
                wait = (wait * 2).min(LONGEST);
            }
        }
    }
}

/// Says why lines wait, where it is another reason than before.
fn later(told: &mut String, why: String) {
    if *told != why {
        say(&format!("lines wait: {why}"));
        *told = why;
    }
}

/// Waits, unless it is told to stop.
fn rest(wait: Duration, stop: &AtomicBool) {
    let mut left = wait;
    while !left.is_zero() && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(left));
        left = left.saturating_sub(LOOK);
    }
}
