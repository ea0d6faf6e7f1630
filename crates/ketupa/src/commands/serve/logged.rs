//! The store of logs beside the desk: opened, and kept in order.

use crate::cli::serve::Serve;
use crate::commands::Error;
use logs::logql::selector;
use logs::{Class, Settings, Store, Sync};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use web::House;

/// How often is looked whether something is due.
const LOOK: Duration = Duration::from_millis(200);
/// How often the store does what is due.
const TICK: Duration = Duration::from_secs(5);

/// The store that this server has, or waits for.
pub(super) struct Logged {
    directory: PathBuf,
    settings: Settings,
    /// What was told already.
    told: Vec<String>,
}

impl Logged {
    pub(super) fn new(args: &Serve) -> Result<Self, Error> {
        let kept = &args.kept;
        let classes = kept.keep_logs_of.iter().map(|text| class(text)).collect::<Result<_, _>>()?;
        let settings = Settings {
            // Senders forget what was answered: it has to outlast a power cut.
            sync: Sync::Append,
            days: i64::from(kept.keep_logs),
            most_bytes: u64::from(kept.most_logs) << 30,
            classes,
            ..Settings::default()
        };
        let directory = super::book::private(&args.book.data)?.join("logs");
        Ok(Self { directory, settings, told: Vec::new() })
    }

    /// Opens the store. Another server on this directory may have it: then it is waited for.
    pub(super) fn open(&self, house: &House) -> Result<(), Error> {
        match Store::open(&self.directory, self.settings.clone()) {
            Ok(store) => house.logs.open(store),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                say("the logs are another server's until it ends");
            }
            Err(error) => return Err(Error::Message(format!("cannot open the logs: {error}"))),
        }
        Ok(())
    }

    /// Does what is due until the desk is told to stop.
    pub(super) fn work(mut self, house: &House) {
        let mut ticked: Option<Instant> = None;
        while !house.desk.is_stopping() {
            if ticked.is_none_or(|last| last.elapsed() >= TICK) {
                ticked = Some(Instant::now());
                self.tick(house);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn tick(&mut self, house: &House) {
        if !house.logs.is_open() {
            if let Ok(store) = Store::open(&self.directory, self.settings.clone()) {
                say("the logs are here now");
                house.logs.open(store);
            }
            return;
        }
        let now = house.logs.now();
        let ticked = house.logs.change(|store| (store.tick(now), store.notices()));
        let Ok((ticked, notices)) = ticked else { return };
        for notice in &notices {
            say(notice);
        }
        if let Err(error) = ticked.and_then(|()| merge(house, now)) {
            self.tell(format!("the logs are not in order: {error}"));
        }
        for damage in house.logs.read(Store::damage).unwrap_or_default() {
            self.tell(format!("the logs are damaged: {damage}"));
        }
    }

    /// Says something once.
    fn tell(&mut self, text: String) {
        /// What differs each time would fill the memory.
        const MOST: usize = 1_000;
        if !self.told.contains(&text) && self.told.len() < MOST {
            say(&text);
            self.told.push(text);
        }
    }
}

/// The machine's clock, in nanoseconds since 1970.
pub(super) fn now() -> i64 {
    super::measure::now().saturating_mul(1_000_000)
}

/// Makes one file of several; pushes and questions go on meanwhile.
fn merge(house: &House, now: i64) -> std::io::Result<()> {
    let due = house.logs.change(|store| store.merge_due(now));
    let Ok(Some(merge)) = due else { return Ok(()) };
    merge.work()?;
    house.logs.change(|store| store.merge_done(&merge)).unwrap_or(Ok(()))
}

/// `{job="x"}=7`
fn class(text: &str) -> Result<Class, Error> {
    let odd = |why: String| Error::Usage(format!("--keep-logs-of {text}: {why}"));
    let (streams, days) = text
        .rsplit_once('=')
        .ok_or_else(|| odd("expected SELECTOR=DAYS, such as {job=\"conntrack\"}=7".into()))?;
    let days = days.parse().ok().filter(|days| (1..=36_500).contains(days));
    let days = days.ok_or_else(|| odd("expected a number of days after the last =".into()))?;
    let matchers = selector(streams).map_err(|wrong| odd(wrong.to_string()))?;
    Ok(Class { name: streams.to_owned(), matchers, days })
}

fn say(text: &str) {
    // Nobody is left to tell that standard error is closed.
    drop(writeln!(std::io::stderr(), "{text}"));
}
