//! `ketupa twin up` and `apply`: from the declared network to one that lives.

use super::interrupt::Undo;
use super::{DIRECTORY, End, Error};
use crate::cli::twin::TwinUp;
use crate::commands::render::tree;
use crate::input;
use crate::screen::{Screen, counted};
use component::Tree;
use model::Isp;
use rehearse::{Phase, Rehearsal};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

/// Why there are no agents to run.
const NOBODY_LISTENS: &str = "no host has an agent, because [watch] does not say where to send: declare \
                              `server`, the host that runs `ketupa serve`, or `url`, its address";

/// An ISP that is proved and rendered.
struct Ready {
    isp: Isp,
    tree: Tree,
    name: String,
}

fn ready(args: &TwinUp, screen: &mut Screen) -> Result<Option<Ready>, Error> {
    let folder = args.place.dir.canonicalize();
    let folder = folder.map_err(|e| Error::file("open", &args.place.dir, e))?;
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(None);
    };
    let today = crate::commands::today(args.today);
    let Some(tree) = tree(&isp, &read.directory, today, screen)? else { return Ok(None) };
    if args.agents && isp.watch_url().is_none() {
        return Err(Error::Message(NOBODY_LISTENS.into()));
    }
    let tree = if args.agents { tree } else { rehearse::without_agents(tree) };
    let name = args.name.clone().unwrap_or_else(|| twin::lab::name_of(&folder));
    Ok(Some(Ready { isp, tree, name }))
}

/// Containers, bridges and mounts are root's to make: said before anything is begun.
pub(super) fn root() -> Result<(), Error> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Error::Message("a twin is made by root: run the same with sudo".into()))
}

pub(crate) fn up(args: &TwinUp, screen: &mut Screen) -> Result<End, Error> {
    root()?;
    let begun = Instant::now();
    let Some(Ready { isp, tree, name }) = ready(args, screen)? else { return Ok(End::Wrong) };
    let teller = Teller::new(begun);
    let undo = Undo::watch(&name);
    let (rehearsal, scene) =
        Rehearsal::up(&name, &isp, &tree, &|phase| teller.tell(&phase)).map_err(Error::Message)?;
    remember(&rehearsal, &args.place.dir)?;
    for stand_in in &scene.stand_ins {
        screen.say(format!("stands in: {stand_in}"));
    }
    if !args.no_wait {
        rehearsal.wait(&isp, &|phase| teller.tell(&phase)).map_err(Error::Message)?;
    }
    drop(undo);
    let seconds = begun.elapsed().as_secs_f32();
    screen.say(format!("{name} is up after {seconds:.1} s; `ketupa twin status` shows it"));
    Ok(End::Well)
}

pub(crate) fn apply(args: &TwinUp, screen: &mut Screen) -> Result<End, Error> {
    let Some(Ready { isp, tree, name }) = ready(args, screen)? else { return Ok(End::Wrong) };
    let rehearsal = Rehearsal::open(&name).map_err(Error::Message)?;
    let scene = rehearse::scene::scene(&name, &isp, &tree);
    if scene.lab != *rehearsal.twin().lab() {
        let says = format!(
            "the cables of {name} changed, or it was brought up with agents and `--agents` is missing \
             here, or the reverse: `ketupa twin up` brings it up anew"
        );
        return Err(Error::Message(says));
    }
    let reports = rehearsal.configure(&isp, &scene, &|_| ()).map_err(Error::Message)?;
    for report in reports.values().flatten().filter(|report| !report.plan.is_empty()) {
        screen.text(&report.plan.to_string())?;
    }
    let failed = rehearse::stage::failures(&reports);
    if !failed.is_empty() {
        return Err(Error::Message(failed.join("\n")));
    }
    let changed = reports.values().flatten().filter(|report| !report.plan.is_empty()).count();
    screen.say(format!("{changed} of {} hosts changed", reports.len()));
    remember(&rehearsal, &args.place.dir)?;
    Ok(End::Well)
}

/// Keeps the path of the directory for later questions.
pub(super) fn remember(rehearsal: &Rehearsal, directory: &Path) -> Result<(), Error> {
    let path = rehearsal.folder().join(DIRECTORY);
    let whole = directory.canonicalize().map_err(|e| Error::file("open", directory, e))?;
    std::fs::write(&path, whole.display().to_string()).map_err(|e| Error::file("write", &path, e))
}

/// Says what is going on: one line that changes on a terminal, plain lines elsewhere.
pub(super) struct Teller {
    begun: Instant,
    configured: Mutex<usize>,
    terminal: bool,
}

impl Teller {
    pub(super) fn new(begun: Instant) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { begun, configured: Mutex::new(0), terminal }
    }

    pub(super) fn tell(&self, phase: &Phase) {
        match phase {
            Phase::Image(line) => self.passing(&format!("installing the twin's packages: {line}")),
            Phase::Cabled(hosts, segments) => {
                self.lasting(&format!("{hosts} hosts run, on {segments} segments"));
            }
            Phase::Configured(host, Ok(())) => {
                let mut done =
                    self.configured.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *done += 1;
                self.passing(&format!("{done} hosts configured: {host}"));
            }
            Phase::Configured(host, Err(why)) => self.lasting(&format!("{host}: {why}")),
            Phase::Ready(what, ready, all) => self.lasting(&format!("{ready} of {all} {what}")),
        }
    }

    fn lasting(&self, text: &str) {
        let seconds = self.begun.elapsed().as_secs_f32();
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        self.write(&format!("{clear}{seconds:6.1} s  {text}\n"));
    }

    /// Something that the next line replaces; elsewhere than on a terminal it would only be noise.
    fn passing(&self, text: &str) {
        if self.terminal {
            let short: String = text.chars().take(76).collect();
            self.write(&format!("\r\x1b[K{short}"));
        }
    }

    #[expect(clippy::unused_self, reason = "the one place where this talks")]
    fn write(&self, text: &str) {
        // Nobody is left to tell that standard error is closed.
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
}
