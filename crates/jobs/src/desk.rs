//! The desk of one server: asks for what is due, takes what may start, on threads.
#![expect(clippy::disallowed_methods, reason = "the desk waits between its looks")]

use crate::decide::Lease;
use crate::run::Guard;
use crate::run::attempt::{Bench, attempt};
use crate::spec::Spec;
use crate::store::{Claim, Store, Trouble};
use crate::token::Token;
use crate::work::Site;
use crate::{Cause, Millis, schedule, secret};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often the past is forgotten.
const FORGET: Duration = Duration::from_secs(3_600);
/// How long the secret of a webhook is kept.
const HOOK_SECRET: Duration = Duration::from_secs(60);
/// How often the declared jobs are read again.
const READ: Duration = Duration::from_secs(20);
/// How long deliveries of webhooks are remembered.
const DELIVERIES_MS: Millis = 400 * 86_400_000;

/// What this server was told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What servers call it: another name for each start.
    pub server: String,
    /// How processes are started here.
    pub site: Site,
    /// How their guard is.
    pub guard: Guard,
    /// Where runs have their folders.
    pub folders: PathBuf,
    /// How long a server has a run.
    pub lease: Lease,
    /// How many runs are under way here at once.
    pub slots: usize,
    /// Between telling a process to end and killing it.
    pub grace: Duration,
    /// How long runs may go on when this server stops; then they are handed back.
    pub stop_within: Duration,
    /// How many bytes of a run's output are kept.
    pub most_output: usize,
    /// How long runs are remembered.
    pub keep_ms: Millis,
}

/// What the desk has from outside.
pub trait Outside: Send + Sync {
    /// The declared jobs, or why they cannot be read.
    fn jobs(&self) -> Result<BTreeMap<String, Spec>, String>;
    /// The secret of this name.
    fn reveal(&self, name: &str) -> Result<String, String>;
    /// Says something to whoever watches this server.
    fn say(&self, text: &str);
}

/// The declared jobs, as they were last read.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// By name.
    pub jobs: BTreeMap<String, Spec>,
    /// Why newer ones cannot be had.
    pub trouble: Option<String>,
}

/// Why somebody does not get what they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing.
    Unknown(String),
    /// It is asked for in a wrong way.
    Wrong(String),
    /// The database did not do it.
    Broken(Trouble),
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        Self::Broken(trouble)
    }
}

/// What servers call this one: its machine, and something by chance, for it may start again.
pub fn server_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{name}-{:08x}", secret::chance() >> 32)
}

/// When a secret was opened, and what that gave.
type Opened = (Instant, Result<String, String>);

/// One server's desk.
pub struct Desk {
    /// What servers share.
    pub store: Store,
    settings: Settings,
    outside: Box<dyn Outside>,
    declared: RwLock<Arc<Declared>>,
    stops: AtomicBool,
    stopped: Mutex<Option<Instant>>,
    busy: AtomicUsize,
    hooks: Mutex<BTreeMap<String, Opened>>,
    /// When each schedule comes next: of this text, then.
    next: Mutex<BTreeMap<String, (String, Millis)>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("server", &self.settings.server).finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk that does nothing yet. Jobs that cannot be read now are no reason to go on.
    pub fn new(
        store: Store,
        settings: Settings,
        outside: Box<dyn Outside>,
    ) -> Result<Self, String> {
        let declared = Declared { jobs: outside.jobs()?, trouble: None };
        Ok(Self {
            store,
            settings,
            outside,
            declared: RwLock::new(Arc::new(declared)),
            stops: AtomicBool::new(false),
            stopped: Mutex::new(None),
            busy: AtomicUsize::new(0),
            hooks: Mutex::default(),
            next: Mutex::default(),
        })
    }

    /// The declared jobs.
    pub fn declared(&self) -> Arc<Declared> {
        self.declared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a run of a job into the queue.
    pub fn ask(
        &self,
        job: &str,
        cause: Cause,
        who: &str,
        parameters: BTreeMap<String, String>,
    ) -> Result<i64, Refusal> {
        let now = self.store.now()?;
        let asked = self.spec(job)?.asked(cause, who, parameters, now).map_err(Refusal::Wrong)?;
        Ok(self.store.ask(&asked, now)?)
    }

    /// The same for a call of a webhook: nothing where it was seen before, and `Unknown` where it was not
    /// made with the job's secret, so that nobody learns which jobs have one.
    pub fn called(
        &self,
        job: &str,
        proofs: crate::webhook::Proofs<'_>,
        body: &[u8],
    ) -> Result<Option<i64>, Refusal> {
        let unknown = || Refusal::Unknown("no job answers to this call".into());
        let spec = self.spec(job).map_err(|_| unknown())?;
        let name = spec.webhook.as_deref().ok_or_else(unknown)?;
        let secret = self.hook_secret(name).map_err(|why| {
            self.outside.say(&format!("the webhook of {job} has no secret: {why}"));
            unknown()
        })?;
        let delivery = crate::webhook::check(&secret, proofs, body).ok_or_else(unknown)?;
        let now = self.store.now()?;
        let asked = spec.asked(Cause::Webhook, "webhook", BTreeMap::new(), now);
        Ok(self.store.ask_once(&asked.map_err(Refusal::Wrong)?, &delivery.0, now)?)
    }

    /// The secret of a webhook. It is kept for a while: anybody may call, and opening one can take a program.
    fn hook_secret(&self, name: &str) -> Result<String, String> {
        let mut known = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = known.get(name).filter(|(at, _)| at.elapsed() < HOOK_SECRET) {
            return secret.clone();
        }
        let secret = self.outside.reveal(name);
        known.insert(name.to_owned(), (Instant::now(), secret.clone()));
        secret
    }

    /// Wants a run to end.
    pub fn cancel(&self, id: i64, who: &Token) -> Result<bool, Refusal> {
        Ok(self.store.cancel(id, &who.name, self.store.now()?)?)
    }

    fn spec(&self, job: &str) -> Result<Spec, Refusal> {
        let declared = self.declared();
        let unknown = || Refusal::Unknown(format!("no job `{job}` is declared"));
        declared.jobs.get(job).cloned().ok_or_else(unknown)
    }

    /// Takes nothing new from now on; [`Desk::work`] comes back when what is under way has ended or is handed
    /// back.
    pub fn stop(&self) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert_with(Instant::now);
        self.stops.store(true, Ordering::SeqCst);
    }

    /// Whether it was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stops.load(Ordering::SeqCst)
    }

    /// How many runs are under way here.
    pub fn busy(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }

    /// Works until it is told to stop.
    pub fn work(&self) {
        let (mut read, mut forgot) = (Instant::now(), None::<Instant>);
        let mut trouble = None;
        std::thread::scope(|scope| {
            while !self.is_stopping() {
                if read.elapsed() >= READ {
                    read = Instant::now();
                    self.read();
                }
                let looked = self.look(|claim| {
                    self.busy.fetch_add(1, Ordering::SeqCst);
                    scope.spawn(move || self.attempt(&claim));
                });
                self.complain(&mut trouble, looked.err());
                if forgot.is_none_or(|at| at.elapsed() >= FORGET) {
                    forgot = Some(Instant::now());
                    self.complain(&mut trouble, self.forget().err());
                }
                std::thread::sleep(LOOK);
            }
        });
    }

    /// Says what is wrong once, and not at every look.
    fn complain(&self, known: &mut Option<Trouble>, new: Option<Trouble>) {
        if let Some(trouble) = new.as_ref().filter(|trouble| known.as_ref() != Some(trouble)) {
            self.outside.say(&trouble.says);
        }
        *known = new;
    }

    /// Reads the declared jobs again; what cannot be read leaves them as they were.
    fn read(&self) {
        let before = self.declared();
        let new = match self.outside.jobs() {
            Ok(jobs) => Declared { jobs, trouble: None },
            Err(why) => Declared { jobs: before.jobs.clone(), trouble: Some(why) },
        };
        if let Some(why) = new.trouble.as_ref().filter(|why| before.trouble.as_ref() != Some(why)) {
            self.outside.say(&format!("the jobs stay as they were: {why}"));
        }
        *self.declared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// One look: what is due, whose server is dead, what may start.
    fn look(&self, start: impl Fn(Claim)) -> Result<(), Trouble> {
        let declared = self.declared();
        let now = self.store.now()?;
        for (run, _) in self.store.reap(now)? {
            let (id, job) = (run.id, &run.asked.job);
            self.outside.say(&format!("run {id} of {job}: its server died under it"));
        }
        // One whose queue is full must not keep the others, nor its own runs, from going on.
        let planned: Vec<_> = declared.jobs.values().map(|spec| self.plan(spec, now)).collect();
        let mine: BTreeSet<String> = declared.jobs.keys().cloned().collect();
        while self.busy() < self.settings.slots {
            let now = self.store.now()?;
            let claim = self.store.claim(&self.settings.server, &mine, self.settings.lease, now)?;
            let Some(claim) = claim else { break };
            start(claim);
        }
        planned.into_iter().collect()
    }

    /// Asks for a run whose time has come. The database is asked once for each time, and at the first look.
    fn plan(&self, spec: &Spec, now: Millis) -> Result<(), Trouble> {
        let Some(planned) = &spec.schedule else { return Ok(()) };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let text = planned.text();
        if next.get(&spec.name).is_some_and(|(known, at)| *known == text && now < *at) {
            return Ok(());
        }
        let due = |seen| {
            let at = schedule::due(&planned.cron, &planned.zone, seen, now)?;
            let later = at + schedule::delay(planned.jitter_s, secret::chance());
            spec.asked(Cause::Schedule, "schedule", BTreeMap::new(), later)
                .ok()
                .map(|asked| (at, asked))
        };
        self.store.plan(&spec.name, &text, now, due)?;
        next.insert(spec.name.clone(), (text, planned.next(now).unwrap_or(Millis::MAX)));
        Ok(())
    }

    fn forget(&self) -> Result<(), Trouble> {
        let now = self.store.now()?;
        self.store.forget(now - self.settings.keep_ms, now - DELIVERIES_MS, now).map(|_| ())
    }

    fn attempt(&self, claim: &Claim) {
        let settings = &self.settings;
        let bench = Bench {
            store: &self.store,
            site: &settings.site,
            guard: &settings.guard,
            folders: &settings.folders,
            lease: settings.lease,
            grace: settings.grace,
            most_output: settings.most_output,
            reveal: &|name| self.outside.reveal(name),
            stops: &|| self.hands_back(),
        };
        if let Ok(spec) = self.spec(&claim.run.asked.job) {
            let (id, job) = (claim.run.id, &spec.name);
            self.outside.say(&format!("run {id} of {job}: attempt {}", claim.run.attempt));
            if let Err(trouble) = attempt(&bench, claim, &spec) {
                self.outside.say(&format!("run {id} of {job}: {trouble}"));
            }
        }
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether what is under way has had its time since this server was told to stop.
    fn hands_back(&self) -> bool {
        let stopped = *self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.is_some_and(|at| at.elapsed() >= self.settings.stop_within)
    }
}
