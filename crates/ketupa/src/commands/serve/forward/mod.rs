//! Sends what the store of measurements holds and gets on to others, by remote write.
//!
//! Each receiver has a feed of its own. What it could not take is sent again; what it will never take
//! is left out alone, counted and told.

mod parts;

use crate::cli::forward::Forward;
use crate::commands::Error;
use agent::post::{Client, Went};
use metrics::wire::remote_write;
use metrics::{BySeries, Cursor, Feed, Portion, Store};
use parts::Refused;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, VecDeque};
use std::io::Write as _;
use std::time::{Duration, Instant};
use web::House;

/// Samples of one request.
const MOST: usize = 10_000;
/// Between looks for something new.
const PAUSE: Duration = Duration::from_millis(500);
/// Between tries, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// A receiver that broke off may have lost what it took within this time: `VictoriaMetrics` writes
/// to its disk every few seconds.
const DOUBTFUL: Duration = Duration::from_secs(15);
const HEADERS: [(&str, &str); 3] = [
    ("Content-Encoding", "snappy"),
    ("Content-Type", "application/x-protobuf"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];

/// All receivers that were asked for, on the command line or in `[watch]`.
pub(super) fn all(args: &Forward, declared: &[String]) -> Result<Vec<Receiver>, Error> {
    let urls: BTreeSet<&String> = args.to.iter().chain(declared).collect();
    let about = [args.from.is_some(), args.token_file.is_some(), args.ca.is_some()];
    if urls.is_empty() && (about.contains(&true) || args.tenant.is_some()) {
        let says = "nobody gets the measurements: say --forward URL, or `forward` in [watch]";
        return Err(Error::Usage(says.into()));
    }
    urls.into_iter().map(|url| Receiver::new(url, args)).collect()
}

/// Forgets the feeds of receivers that are not asked for any more.
pub(super) fn forget_others(house: &House, receivers: &[Receiver]) {
    let names: Vec<&str> = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
    if let Ok(Err(error)) = house.metrics.change(|store| store.keep_feeds(&names)) {
        say(&format!("what was kept for other receivers cannot be removed: {error}"));
    }
}

/// Somebody who gets everything.
pub(super) struct Receiver {
    /// What its feed is called.
    name: String,
    url: String,
    from: Option<i64>,
    tenant: Option<String>,
    client: Client,
    feed: Option<Feed>,
    /// Where the feed was, lately.
    passed: VecDeque<(Instant, Cursor)>,
    /// Tries in vain since the last that was none.
    failed: u32,
    most: usize,
    refused: u64,
    /// The newest time of what it took, in milliseconds since 1970.
    reached: Option<i64>,
}

impl Receiver {
    fn new(url: &str, args: &Forward) -> Result<Self, Error> {
        let client = Client::new(url, args.token_file.clone(), args.ca.as_deref());
        let client = client.map_err(Error::Message)?;
        let digest = Sha256::digest(url.as_bytes());
        let number = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Ok(Self {
            name: format!("{number:016x}"),
            url: url.to_owned(),
            from: args.from.map(jiff::Timestamp::as_millisecond),
            tenant: args.tenant.clone(),
            client,
            feed: None,
            passed: VecDeque::new(),
            failed: 0,
            most: MOST,
            refused: 0,
            reached: None,
        })
    }

    /// Sends until the desk is told to stop.
    pub(super) fn work(mut self, house: &House) {
        while !house.desk.is_stopping() {
            let pause = self.step(house).unwrap_or_else(|why| self.later(None, &why));
            let until = Instant::now() + pause;
            while Instant::now() < until && !house.desk.is_stopping() {
                std::thread::sleep(PAUSE.min(until.saturating_duration_since(Instant::now())));
            }
        }
    }

    /// Sends what is next; how long to wait then.
    fn step(&mut self, house: &House) -> Result<Duration, String> {
        if !house.metrics.is_open() {
            // Another server has the store, and its feeds.
            self.feed = None;
            return Ok(PAUSE);
        }
        let Some(mut feed) = self.feed.take() else {
            let (name, from) = (self.name.clone(), self.from);
            self.feed = Some(changed(house, |store| store.feed(&name, from))?);
            return Ok(Duration::ZERO);
        };
        let most = self.most;
        let next = house.metrics.read(|store| feed.next(store, most));
        let next = next.map_err(|away| away.to_string())?;
        let Some(portion) = next.map_err(|error| error.to_string())? else {
            self.feed = Some(feed);
            self.tell(house, 0);
            return Ok(PAUSE);
        };
        if let Some(lost) = &portion.lost {
            self.say(lost);
        }
        // What waits is as old as the newest that it has; before the first, as the newest that waits.
        let newest = newest(&portion.series);
        let since = self.reached.or(newest).unwrap_or_else(|| house.metrics.now());
        self.tell(house, house.metrics.now().saturating_sub(since));
        let went = self.send(&portion.series);
        let pause = self.settle(house, &mut feed, &portion, went);
        self.feed = Some(feed);
        pause
    }

    /// What follows from how it went.
    fn settle(
        &mut self,
        house: &House,
        feed: &mut Feed,
        portion: &Portion,
        went: Went,
    ) -> Result<Duration, String> {
        match went {
            Went::Taken => self.taken(house, feed, portion),
            Went::Never(_) | Went::Disputed(_) => {
                match parts::send(portion.series.clone(), &mut |part| self.send(part)) {
                    Ok(refused) => {
                        self.refused(refused);
                        self.taken(house, feed, portion)
                    }
                    Err(went) => Ok(self.not_now(feed, went)),
                }
            }
            Went::Smaller(_) | Went::Later(..) | Went::Broken(_) => Ok(self.not_now(feed, went)),
        }
    }

    /// What follows from an answer that takes nothing, or from none. An answer, whatever it says, comes from
    /// one that is there and has what it took.
    fn not_now(&mut self, feed: &mut Feed, went: Went) -> Duration {
        match went {
            Went::Taken => Duration::ZERO,
            Went::Smaller(why) => {
                self.most = (self.most / 2).max(1);
                self.later(None, &why)
            }
            Went::Broken(why) => {
                self.go_back(feed);
                self.later(None, &why)
            }
            Went::Later(wait, why) => self.later(wait, &why),
            Went::Never(why) | Went::Disputed(why) => self.later(None, &why),
        }
    }

    fn taken(
        &mut self,
        house: &House,
        feed: &mut Feed,
        portion: &Portion,
    ) -> Result<Duration, String> {
        if std::mem::take(&mut self.failed) > 0 {
            self.say("it takes measurements again");
        }
        self.reached = self.reached.max(newest(&portion.series));
        let now = Instant::now();
        self.passed.push_back((now, feed.cursor().clone()));
        while self.passed.get(1).is_some_and(|(then, _)| now - *then > DOUBTFUL) {
            self.passed.pop_front();
        }
        feed.go_on_from(&portion.after);
        // Who starts after this process goes on before what the receiver may have lost meanwhile.
        let sure = self.passed.front().map_or(&portion.after, |(_, cursor)| cursor);
        changed(house, |store| store.keep_place(feed, sure))?;
        let is_last = portion.samples < self.most / 4;
        if is_last {
            self.tell(house, 0);
        }
        Ok(if is_last { PAUSE } else { Duration::ZERO })
    }

    /// Goes back to before what a receiver may have lost with its connection.
    fn go_back(&mut self, feed: &mut Feed) {
        if let Some((_, cursor)) = self.passed.front() {
            feed.go_on_from(cursor);
            self.passed.clear();
        }
    }

    /// How long to wait after a try in vain: longer each time, and not all at once.
    fn later(&mut self, wait: Option<Duration>, why: &str) -> Duration {
        if self.failed == 0 {
            self.say(&format!("it does not take measurements now, and will get them later: {why}"));
        }
        let (first, longest) = BACK_OFF;
        let pause = first.saturating_mul(1 << self.failed.min(10)).min(longest);
        self.failed = self.failed.saturating_add(1);
        let chance = jiff::Timestamp::now().subsec_nanosecond().unsigned_abs() % 1_000;
        wait.unwrap_or(pause.mul_f64(0.5 + f64::from(chance) / 2_000.0))
    }

    fn send(&self, series: &BySeries) -> Went {
        if series.is_empty() {
            return Went::Taken;
        }
        let body = remote_write::request(
            series.iter().map(|(labels, values)| (labels, values.as_slice())),
        );
        let mut headers = HEADERS.to_vec();
        headers.extend(self.tenant.as_deref().map(|tenant| ("X-Scope-OrgID", tenant)));
        self.client.post("", &headers, &body)
    }

    fn refused(&mut self, refused: Refused) {
        let Some(why) = refused.why else { return };
        if self.refused == 0 {
            self.say(&format!("it refuses samples, which are left out: {why}"));
        }
        self.refused = self.refused.saturating_add(refused.samples as u64);
    }

    /// Tells how far behind it is, in milliseconds.
    fn tell(&self, house: &House, behind: i64) {
        house.counts.fed(&self.url, web::Fed { behind: behind.max(0), dropped: self.refused });
    }

    fn say(&self, text: &str) {
        say(&format!("{}: {text}", self.url));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.refused > 0 {
            self.say(&format!("{} samples were refused", self.refused));
        }
    }
}

/// The newest time of samples.
fn newest(series: &BySeries) -> Option<i64> {
    series.iter().filter_map(|(_, values)| values.last()).map(|(time, _)| *time).max()
}

fn changed<T>(
    house: &House,
    change: impl FnOnce(&mut Store) -> std::io::Result<T>,
) -> Result<T, String> {
    let changed = house.metrics.change(change).map_err(|away| away.to_string())?;
    changed.map_err(|error| error.to_string())
}

fn say(text: &str) {
    // Nobody is left to tell that standard error is closed.
    drop(writeln!(std::io::stderr(), "{text}"));
}
