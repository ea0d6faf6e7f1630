//! One attempt of a run: from its folder to what is written of its end.

use super::events::Events;
use super::guard::Patience;
use super::output::Output;
use super::process::{Guard, Printed, Process};
use crate::decide::{Ended, Lease};
use crate::says;
use crate::spec::Spec;
use crate::store::{Claim, Ending, News, Store, Trouble};
use crate::work::{Site, Work, work};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long is waited for output before other things are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often what was printed is kept.
const KEEP: Duration = Duration::from_millis(300);
/// How often is tried to keep what was printed last, a beat apart: the lease ends then.
const LAST_TRIES: usize = 4;
/// What something that outlives its guard may hold the output open for.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// What every attempt of this server needs.
pub struct Bench<'a> {
    /// Where what it prints is kept.
    pub store: &'a Store,
    /// How processes are started here.
    pub site: &'a Site,
    /// How their guard is.
    pub guard: &'a Guard,
    /// Where runs have their folders.
    pub folders: &'a Path,
    /// How long a server has a run.
    pub lease: Lease,
    /// Between telling a process to end and killing it.
    pub grace: Duration,
    /// How many bytes of output are kept.
    pub most_output: usize,
    /// Opens secrets.
    pub reveal: &'a (dyn Fn(&str) -> Result<String, String> + Sync),
    /// Whether this server wants to stop: then what runs is handed back.
    pub stops: &'a (dyn Fn() -> bool + Sync),
}

/// An attempt that is under way.
struct Attempt<'a> {
    bench: &'a Bench<'a>,
    claim: &'a Claim,
    process: Process,
    output: Output,
    events: Events,
    /// What is not kept yet.
    news: News,
    begun: Instant,
    limit: Duration,
    renewed: Instant,
    kept: Instant,
    /// Why it was told to end.
    told: Option<Ended>,
}

/// Who has the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Another,
}

/// Does what a claimed run asks for, and writes how it ended.
pub fn attempt(bench: &Bench<'_>, claim: &Claim, spec: &Spec) -> Result<(), Trouble> {
    let folder = Folder::new(bench.folders, claim);
    let prepared = folder
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|folder| prepare(bench, claim, spec, &folder.0));
    // Secrets can take their time: nothing starts with a lease that may be over.
    if prepared.is_ok() && !renewed(bench, claim)? {
        return Ok(());
    }
    let begun = prepared.and_then(|work| begin(bench, claim, spec, &work));
    let (how, says) = match begun {
        Ok(mut attempt) => match attempt.follow() {
            Some(how) => (how, said(how, spec)),
            // It is another server's by now: nothing that this one says counts.
            None => return Ok(()),
        },
        Err(why) => (Ended::NotStarted, why),
    };
    let ending = Ending { how, says: &says, retries: spec.retries };
    patiently(bench.lease, || bench.store.end(claim, &ending, bench.store.now()?)).map(|_| ())
}

fn said(how: Ended, spec: &Spec) -> String {
    match how {
        Ended::Exited(Some(0)) | Ended::NotStarted => String::new(),
        Ended::Exited(Some(status)) => format!("it ended with status {status}"),
        Ended::Exited(None) => says::KILLED.into(),
        Ended::TooLong => says::about(says::TOO_LONG, &spec.time_limit_s.to_string()),
        Ended::Cancelled => says::CANCELLED.into(),
        Ended::HandedBack => says::HANDED_BACK.into(),
    }
}

/// Tries for as long as the lease holds: a database may be away for a moment.
fn patiently<T>(lease: Lease, ask: impl Fn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let pause = Duration::from_millis(lease.beat_ms().unsigned_abs());
    for _ in 0..4 {
        if let Ok(answer) = ask() {
            return Ok(answer);
        }
        std::thread::sleep(pause);
    }
    ask()
}

/// Whether the run is still this server's, and was a moment ago.
fn renewed(bench: &Bench<'_>, claim: &Claim) -> Result<bool, Trouble> {
    let asked = Instant::now();
    let renewed = bench.store.renew(claim, bench.lease, bench.store.now()?)?;
    Ok(renewed.is_some() && asked.elapsed() < bench.beat())
}

fn prepare(bench: &Bench<'_>, claim: &Claim, spec: &Spec, folder: &Path) -> Result<Work, String> {
    let vault = spec.vault.as_deref().map(bench.reveal).transpose()?;
    let work = work(spec, &claim.run.asked.parameters, bench.site, folder, vault);
    files(&work, folder).map(|()| work)
}

fn begin<'a>(
    bench: &'a Bench<'a>,
    claim: &'a Claim,
    spec: &Spec,
    work: &Work,
) -> Result<Attempt<'a>, String> {
    let mut output = Output::new(bench.most_output);
    if claim.run.attempt > 1 {
        output.note(&format!("— attempt {} on {} —", claim.run.attempt, claim.server));
    }
    let program = work.argv.first().map(|word| word.display().to_string()).unwrap_or_default();
    let process = Process::start(work, bench.guard, bench.patience());
    let process = process.map_err(|error| format!("cannot start {program}: {error}"))?;
    let now = Instant::now();
    Ok(Attempt {
        bench,
        claim,
        process,
        output,
        events: Events::of(work.events.as_deref()),
        news: News::default(),
        begun: now,
        limit: Duration::from_secs(spec.time_limit_s),
        renewed: now,
        kept: now,
        told: None,
    })
}

impl Bench<'_> {
    fn beat(&self) -> Duration {
        Duration::from_millis(self.lease.beat_ms().unsigned_abs())
    }

    fn patience(&self) -> Patience {
        let time = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        Patience {
            silence: time(self.lease.patience_ms()),
            last_words: time(self.lease.last_words_ms()),
            grace: self.grace,
        }
    }
}

impl Attempt<'_> {
    /// Follows the process to its end; nothing if another server has the run by then.
    fn follow(&mut self) -> Option<Ended> {
        let beat = self.bench.beat();
        let mut whose = Whose::Ours;
        while whose == Whose::Ours {
            if let Some(ended) = self.listen() {
                self.finish();
                return Some(self.told.unwrap_or(ended));
            }
            self.limits();
            if self.renewed.elapsed() >= beat {
                whose = self.renew(beat);
            }
            if self.kept.elapsed() >= KEEP {
                self.keep();
            }
        }
        None
    }

    /// Hears what it prints, and how it ended.
    fn listen(&mut self) -> Option<Ended> {
        match self.process.printed(LOOK) {
            Printed::Some(piece) => self.output.add(&piece),
            Printed::Nothing => {}
            Printed::Closed => std::thread::sleep(LOOK),
        }
        // What cannot be waited for is asked again at the next look.
        self.process.ended().ok().flatten()
    }

    /// Ends it where it takes too long, or where this server stops.
    fn limits(&mut self) {
        if self.told.is_some() {
            return;
        }
        let why = if self.begun.elapsed() >= self.limit {
            Some(Ended::TooLong)
        } else {
            (self.bench.stops)().then_some(Ended::HandedBack)
        };
        if let Some(why) = why {
            self.tell(why);
        }
    }

    fn tell(&mut self, why: Ended) {
        self.told = Some(why);
        self.process.end();
    }

    /// Says that this server lives. The guard hears it only where that was quick: its patience begins when it
    /// hears, the lease began when the database was asked.
    fn renew(&mut self, beat: Duration) -> Whose {
        let asked = Instant::now();
        let store = self.bench.store;
        let renewed = store.now().and_then(|now| store.renew(self.claim, self.bench.lease, now));
        self.renewed = Instant::now();
        match renewed {
            Ok(None) => return Whose::Another,
            Ok(Some(cancelled)) if asked.elapsed() < beat => {
                self.process.alive();
                if cancelled && self.told.is_none() {
                    self.tell(Ended::Cancelled);
                }
            }
            // The guard hears nothing; when that lasts it ends the process.
            Ok(Some(_)) | Err(_) => {}
        }
        Whose::Ours
    }

    fn keep(&mut self) {
        self.kept = Instant::now();
        self.news.text += &self.output.take();
        self.news.tasks.extend(self.events.take());
        if self.news.is_empty() {
            return;
        }
        let store = self.bench.store;
        // Where the database is away it waits for the next time; its size is bounded as the output is.
        if store.now().and_then(|now| store.keep(self.claim, &self.news, now)).is_ok() {
            self.news = News::default();
        }
    }

    /// What it printed last.
    fn finish(&mut self) {
        let until = Instant::now() + LAST_OUTPUT;
        while Instant::now() < until {
            match self.process.printed(LOOK) {
                Printed::Some(piece) => self.output.add(&piece),
                Printed::Nothing => {}
                Printed::Closed => break,
            }
        }
        self.output.close();
        for _ in 0..LAST_TRIES {
            self.keep();
            if self.news.is_empty() {
                return;
            }
            std::thread::sleep(self.bench.beat());
        }
    }
}

/// A run's own folder, which nobody else may read; gone when the attempt is over.
struct Folder(PathBuf);

impl Folder {
    fn new(folders: &Path, claim: &Claim) -> Result<Self, String> {
        let path = folders.join(format!("{}-{}", claim.run.id, claim.run.attempt));
        let says = |error| format!("cannot make the folder {}: {error}", path.display());
        // One of that name is left of an attempt that died.
        drop(std::fs::remove_dir_all(&path));
        DirBuilder::new().mode(0o700).create(&path).map_err(says)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn files(work: &Work, folder: &Path) -> Result<(), String> {
    for file in &work.files {
        write(&folder.join(file.name), file.mode, &file.text)?;
    }
    work.events.as_deref().map_or(Ok(()), |events| write(events, 0o600, ""))
}

fn write(path: &Path, mode: u32, text: &str) -> Result<(), String> {
    let says = |error| format!("cannot write {}: {error}", path.display());
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(says)
}
