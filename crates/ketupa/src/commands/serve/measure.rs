//! The store of measurements beside the desk: opened, kept in order, and told how this server itself is.

use crate::cli::serve::Serve;
use crate::commands::Error;
use metrics::wire::exposition::Target;
use metrics::{Labels, Limits, Settings, Store, Sync};
use model::kinds::Watch;
use model::value::Seconds;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use web::House;

/// How often is looked whether something is due.
const LOOK: Duration = Duration::from_millis(200);
/// How often the store does what is due.
const TICK: Duration = Duration::from_secs(5);
/// How often this server looks at itself.
const SCRAPE: Duration = Duration::from_secs(15);
const DAY_MS: i64 = 86_400_000;

/// The store that this server has, or waits for.
pub(super) struct Measure {
    directory: PathBuf,
    settings: Settings,
    target: Target,
    ticked: Option<Instant>,
    scraped: Option<Instant>,
    /// What was told already.
    told: Vec<String>,
}

impl Measure {
    pub(super) fn new(args: &Serve, watch: &Watch) -> Result<Self, Error> {
        let kept = &args.kept;
        let days = |days: u16| i64::from(days) * DAY_MS;
        let default = Settings::default();
        let series = usize::try_from(kept.most_series).unwrap_or(usize::MAX);
        let settings = Settings {
            // Senders forget what was answered: it has to outlast a power cut.
            sync: Sync::Append,
            limits: Limits { series, ..default.limits },
            keep_raw_ms: days(kept.keep_samples),
            keep_five_minutes_ms: kept
                .keep_five_minutes
                .map_or_else(|| days(in_days(watch.keep)), days),
            keep_hours_ms: days(kept.keep_hours),
            ..default
        };
        let directory = super::book::private(&args.book.data)?.join("metrics");
        let instance = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let labels = Labels::new([("job", "ketupa"), ("instance", &instance)]);
        let target = Target::new(labels);
        Ok(Self { directory, settings, target, ticked: None, scraped: None, told: Vec::new() })
    }

    /// Opens the store. Another server on this directory may have it: then it is waited for.
    pub(super) fn open(&self, house: &House) -> Result<(), Error> {
        match Store::open(&self.directory, self.settings) {
            Ok(store) => house.metrics.open(store),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                say("the measurements are another server's until it ends");
            }
            Err(error) => {
                return Err(Error::Message(format!("cannot open the measurements: {error}")));
            }
        }
        Ok(())
    }

    /// Does what is due until the desk is told to stop.
    pub(super) fn work(mut self, house: &House) {
        while !house.desk.is_stopping() {
            if is_due(self.ticked, TICK) {
                self.ticked = Some(Instant::now());
                self.tick(house);
            }
            if is_due(self.scraped, SCRAPE) {
                self.scraped = Some(Instant::now());
                self.scrape(house);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn tick(&mut self, house: &House) {
        if !house.metrics.is_open() {
            if let Ok(store) = Store::open(&self.directory, self.settings) {
                say("the measurements are here now");
                house.metrics.open(store);
            }
            return;
        }
        let now = house.metrics.now();
        let ticked = house.metrics.change(|store| store.quick_tick(now)).unwrap_or(Ok(()));
        if let Err(error) = ticked.and(write(house, now)) {
            house.counts.failed_tick();
            self.tell(format!("the measurements are not in order: {error}"));
        }
        for damage in house.metrics.read(Store::damage).unwrap_or_default() {
            self.tell(format!("the measurements are damaged: {damage}"));
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

    fn scrape(&mut self, house: &House) {
        let begun = Instant::now();
        let text = house.exposed();
        let (now, took) = (house.metrics.now(), begun.elapsed().as_secs_f64());
        let target = &mut self.target;
        // A store that is not here, or a full disk: the tick tells.
        let _ = house.metrics.change(|store| target.scraped(store, &text, (now, took)).is_ok());
    }
}

/// Writes and merges the files that are to be; senders and questions go on meanwhile.
fn write(house: &House, now: i64) -> std::io::Result<()> {
    let due = house.metrics.change(|store| store.seal_due(now));
    if let Some(mut seal) = due.unwrap_or(Ok(None))? {
        seal.work();
        house.metrics.change(|store| store.seal_done(seal)).unwrap_or(Ok(()))?;
    }
    while let Ok(Some(mut merge)) = house.metrics.change(|store| store.merge_due(now)) {
        merge.work();
        house.metrics.change(|store| store.merge_done(merge)).unwrap_or(Ok(()))?;
        if house.desk.is_stopping() {
            break;
        }
    }
    Ok(())
}

/// As many days as there are in it, one at least.
fn in_days(time: Seconds) -> u16 {
    u16::try_from(time.0 / 86_400).unwrap_or(u16::MAX).max(1)
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}

/// The machine's clock, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// What this process takes, as Prometheus' own clients tell it.
pub(super) fn process() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may hold anything, ends with the last parenthesis.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let fields: Vec<f64> =
        fields.split_whitespace().map(|f| f.parse().unwrap_or_default()).collect();
    let field = |number: usize| fields.get(number).copied().unwrap_or_default();
    let ticks = f64::from(u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100));
    let page = f64::from(u32::try_from(rustix::param::page_size()).unwrap_or(4096));
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let all = [
        ("process_cpu_seconds_total", "counter", (field(11) + field(12)) / ticks),
        ("process_resident_memory_bytes", "gauge", field(21) * page),
        ("process_virtual_memory_bytes", "gauge", field(20)),
        ("process_threads", "gauge", field(17)),
        ("process_open_fds", "gauge", f64::from(u32::try_from(files).unwrap_or(u32::MAX))),
    ];
    let lines = all.map(|(name, kind, value)| format!("# TYPE {name} {kind}\n{name} {value}\n"));
    lines.concat()
}

fn say(text: &str) {
    // Nobody is left to tell that standard error is closed.
    drop(writeln!(std::io::stderr(), "{text}"));
}
