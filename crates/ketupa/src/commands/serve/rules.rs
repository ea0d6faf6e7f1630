//! The thread that evaluates rules: those that follow from the model and those of files. What it knows of
//! alerts is in the data directory, so that a restart forgets nothing.

use super::measure::now;
use crate::commands::Error;
use crate::commands::rules::read_named;
use crate::input;
use metrics::{Labels, NAME};
use serde_json::json;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::{Alert, Dependencies, Group, Phase, Samples, State};
use web::{Held, House, Told};

/// How often is looked whether a group is due.
const LOOK: Duration = Duration::from_millis(500);
/// How often the model and the files of rules are read anew.
const READ: Duration = Duration::from_secs(60);
/// How often the state is written although no alert changed: of what was made some minutes may be lost.
const WRITE: Duration = Duration::from_secs(300);

/// What is evaluated, and what is known of it.
pub(super) struct Watching {
    directory: PathBuf,
    files: Vec<PathBuf>,
    path: PathBuf,
    state: State,
    groups: Vec<Group>,
    isp: model::Isp,
    known: Dependencies,
    read: Option<Instant>,
    written: Option<Instant>,
    /// What was said already.
    said: Vec<String>,
}

impl Watching {
    /// Begins with what the last server knew. A file of the command line that is none is told to whoever wrote it.
    pub(super) fn new(directory: PathBuf, files: Vec<PathBuf>, data: &Path) -> Result<Self, Error> {
        // Mistakes in one do not keep a watch from beginning: they are told by an alert.
        files.iter().try_for_each(|file| read_named(file).map(drop))?;
        let path = data.join("rules.json");
        let mut watching = Self {
            directory,
            files,
            state: State::default(),
            groups: Vec::new(),
            isp: model::Isp::default(),
            known: Dependencies::default(),
            read: None,
            written: None,
            said: Vec::new(),
            path,
        };
        match std::fs::read(&watching.path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(state) => watching.state = state,
                Err(error) => watching.forgot(&error.to_string()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => watching.forgot(&error.to_string()),
        }
        Ok(watching)
    }

    /// Nothing is lost but how long alerts were on.
    fn forgot(&mut self, why: &str) {
        let shown = self.path.display().to_string();
        self.say(format!("{shown} cannot be read, alerts begin anew: {why}"));
    }

    /// Evaluates what is due until the desk is told to stop.
    pub(super) fn work(mut self, house: &House) {
        while !house.desk.is_stopping() {
            if self.read.is_none_or(|last| last.elapsed() >= READ) {
                self.read = Some(Instant::now());
                let wrong = self.read_anew();
                keep(house, wrong);
            }
            if house.metrics.is_open() {
                self.evaluate(house);
            }
            std::thread::sleep(LOOK);
        }
        self.write();
    }

    /// Reads the model and the files; with mistakes in one of them what was known goes on. How many have some.
    fn read_anew(&mut self) -> usize {
        let isp = input::read(&self.directory).map(|read| read.isp);
        let Ok(Some(isp)) = isp else {
            let shown = self.directory.display().to_string();
            self.say(format!("{shown} has mistakes: the rules stay as they were"));
            return 1;
        };
        let declared = isp.watch.rules.iter().map(|file| self.directory.join(&file.0));
        // Where no agents are told to send to a server, everything would seem to be down.
        let is_watched = isp.watch.server.is_some() || isp.watch.url.is_some();
        let mut groups = if is_watched { watch::rules::of(&isp) } else { Vec::new() };
        let mut mistaken = 0;
        for file in declared.chain(self.files.iter().cloned()).collect::<Vec<_>>() {
            let wrong = match read_named(&file) {
                Ok(Ok(found)) => {
                    groups.extend(found);
                    continue;
                }
                Ok(Err(wrong)) => wrong.iter().map(ToString::to_string).collect(),
                Err(error) => vec![error.to_string()],
            };
            mistaken += 1;
            groups.extend(self.old(&file));
            for one in wrong {
                self.say(one);
            }
        }
        self.known = Dependencies::of(&isp);
        (self.isp, self.groups) = (isp, groups);
        mistaken
    }

    /// What a file said when it was right.
    fn old(&self, file: &Path) -> Vec<Group> {
        let name = file.display().to_string();
        self.groups.iter().filter(|group| group.file == name).cloned().collect()
    }

    fn evaluate(&mut self, house: &House) {
        let before = phases(&self.state);
        let lasts = |state: &State| -> Vec<Option<i64>> {
            self.groups.iter().map(|group| state.last_of(group)).collect()
        };
        let looked = lasts(&self.state);
        watch::evaluate(&self.groups, &mut Kept(&house.metrics), &mut self.state, now());
        if lasts(&self.state) == looked {
            return;
        }
        self.tell(house);
        let changed = phases(&self.state) != before;
        if changed || self.written.is_none_or(|last| last.elapsed() >= WRITE) {
            self.write();
        }
    }

    /// What is asked for by HTTP.
    fn tell(&self, house: &House) {
        let firing = |alert: &Alert| alert.phase == Phase::Firing;
        let mut alerts: Vec<Alert> = self.state.alerts().into_iter().filter(firing).collect();
        alerts.extend(watch::renewals(&self.isp, crate::commands::today(None)));
        let incidents = watch::group_by(alerts, &self.isp, &self.known);
        let incidents = json!({ "status": "success", "data": { "incidents": incidents } });
        house.rules.tell(Told {
            rules: Arc::from(watch::api::rules(&self.groups, &self.state).to_string()),
            alerts: Arc::from(watch::api::alerts(&self.state).to_string()),
            incidents: Arc::from(incidents.to_string()),
        });
    }

    fn write(&mut self) {
        self.written = Some(Instant::now());
        if let Err(error) = self.put() {
            let shown = self.path.display().to_string();
            self.say(format!("{shown} cannot be written: {error}"));
        }
    }

    /// Puts the state beside the old one, then in its place: there is a whole one at any time.
    fn put(&self) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(serde_json::to_string(&self.state)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)
    }

    /// Says something once.
    fn say(&mut self, text: String) {
        /// What differs each time would fill the memory.
        const MOST: usize = 1_000;
        if !self.said.contains(&text) && self.said.len() < MOST {
            // Nobody is left to tell that standard error is closed.
            drop(writeln!(std::io::stderr(), "{text}"));
            self.said.push(text);
        }
    }
}

/// Keeps how the last reading went, as Prometheus tells it of its own: there is an alert on it.
fn keep(house: &House, wrong: usize) {
    let name = "prometheus_config_last_reload_successful";
    let labels = Labels::new([(NAME, name), ("job", "ketupa")]);
    // A store that is another server's, or a full disk: others tell.
    let _ = Kept(&house.metrics).keep(&[(labels, f64::from(u8::from(wrong == 0)))], now());
}

/// Which alerts are on, and how.
fn phases(state: &State) -> Vec<(watch::Words, Phase)> {
    state.alerts().into_iter().map(|alert| (alert.labels, alert.phase)).collect()
}

/// The server's store, for rules.
struct Kept<'a>(&'a Held<metrics::Store>);

impl Samples for Kept<'_> {
    fn ask(&self, question: &str, at: i64) -> Result<Vec<(Labels, f64)>, String> {
        let asked = self.0.read(|store| store.ask(question, at));
        asked.map_err(|away| away.to_string())?
    }

    fn keep(&mut self, made: &[(Labels, f64)], at: i64) -> Result<(), String> {
        let kept = self.0.change(|store| store.keep(made, at));
        kept.map_err(|away| away.to_string())?
    }
}
