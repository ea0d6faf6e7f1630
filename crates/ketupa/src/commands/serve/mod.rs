//! `ketupa serve`: the job desk, the store of measurements, their pages and their API.

mod book;
mod forward;
mod job;
mod logged;
mod measure;
mod rules;
mod token;
mod unit;

pub(super) use job::{guard, run as job};
pub(super) use token::run as token;

use super::converge::named;
use super::{End, Error};
use crate::cli::serve::Serve;
use crate::input;
use crate::screen::{Screen, counted};
use converge::{Keys, Vault as _};
use jobs::decide::Lease;
use jobs::desk::{Desk, Outside, Settings};
use jobs::run::Guard;
use jobs::spec::{self, Spec};
use jobs::token::Scope;
use jobs::work::Site;
use model::Isp;
use model::kinds::Watch;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between telling a process to end and killing it.
const GRACE: Duration = Duration::from_secs(10);
/// Of what a run prints.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
const DAY_MS: i64 = 86_400_000;

pub(super) fn run(args: &Serve, screen: &mut Screen) -> Result<End, Error> {
    if args.print_unit {
        screen.text(&unit::unit(args)?)?;
        return Ok(End::Well);
    }
    if !args.listen.ip().is_loopback() && !args.behind_tls {
        let says = "tokens would travel in clear: listen on 127.0.0.1 behind a proxy with TLS, and say --behind-tls";
        return Err(Error::Usage(says.into()));
    }
    let directory = args.place.dir.canonicalize();
    let directory = directory.map_err(|e| Error::file("open", &args.place.dir, e))?;
    let store = book::open(&args.book)?;
    let settings = settings(args, &directory)?;
    let watch = isp(&directory).map_err(Error::Message)?.watch;
    let data = book::private(&args.book.data)?;
    let watching = rules::Watching::new(directory.clone(), args.rules.clone(), &data)?;
    let outside = Provider { directory, identity: args.access.identity.clone() };
    let desk = Desk::new(store, settings, Box::new(outside)).map_err(Error::Message)?;
    let measure = measure::Measure::new(args, &watch)?;
    let logged = logged::Logged::new(args)?;
    let receivers = forward::all(&args.forward, &watch.forward)?;
    let listener = TcpListener::bind(args.listen).map_err(|e| {
        Error::Message(format!(
            "cannot listen on {}: {e}; --listen names another address and port",
            args.listen
        ))
    })?;
    // Port 0 is any: what it became is told.
    let address = listener.local_addr().unwrap_or(args.listen);
    screen.say(format!("{} jobs, http://{address}", desk.declared().jobs.len()));
    let cookies = if args.behind_tls { web::Cookies::Secure } else { web::Cookies::Plain };
    let house = web::House {
        desk: Arc::new(desk),
        metrics: web::Held::new(measure::now),
        logs: web::Held::new(logged::now),
        keys: agents(&watch, args, screen),
        rules: web::Rules::default(),
        settings: web::Settings { cookies },
        counts: web::Counts::default(),
        process: measure::process,
    };
    measure.open(&house)?;
    logged.open(&house)?;
    forward::forget_others(&house, &receivers);
    let mut beside: Vec<Beside> = vec![
        Box::new(move |house| measure.work(house)),
        Box::new(move |house| logged.work(house)),
        Box::new(move |house| watching.work(house)),
    ];
    beside.extend(
        receivers
            .into_iter()
            .map(|receiver| -> Beside { Box::new(move |house| receiver.work(house)) }),
    );
    serve(&Arc::new(house), listener, beside)
}

/// What goes on beside the answers, in a thread of its own, until the desk is told to stop.
type Beside = Box<dyn FnOnce(&web::House) + Send>;

/// Works and answers until somebody says stop.
fn serve(
    house: &Arc<web::House>,
    listener: TcpListener,
    beside: Vec<Beside>,
) -> Result<End, Error> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let desk = &house.desk;
    let signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]);
    let mut signals = signals.map_err(|e| Error::Message(format!("cannot hear signals: {e}")))?;
    let handle = signals.handle();
    let told = desk.clone();
    let ears = std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            told.stop();
        }
    });
    let worker = desk.clone();
    let work = std::thread::spawn(move || worker.work());
    let beside: Vec<_> = beside
        .into_iter()
        .map(|part| {
            let house = house.clone();
            std::thread::spawn(move || part(&house))
        })
        .collect();
    let answered = web::serve(house.clone(), listener);
    desk.stop();
    handle.close();
    let threads = [work, ears].into_iter().chain(beside);
    let ended = threads.map(std::thread::JoinHandle::join).filter(Result::is_err).count() == 0;
    // Nobody asks any more: what was kept is on the disk, and the directory is another's.
    drop(house.metrics.close());
    drop(house.logs.close());
    answered.map_err(|e| Error::Message(format!("cannot answer any more: {e}")))?;
    if ended { Ok(End::Well) } else { Err(Error::Message("a part of the desk failed".into())) }
}

fn settings(args: &Serve, directory: &Path) -> Result<Settings, Error> {
    let program = std::env::current_exe();
    let program = program.map_err(|e| Error::Message(format!("cannot find this program: {e}")))?;
    let guard = Guard { argv: vec![program.clone().into(), "job-guard".into()] };
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    Ok(Settings {
        server: jobs::desk::server_name(),
        site: site(args, program, directory)?,
        guard,
        folders: book::folders(&args.book.data)?,
        lease: Lease { ms: i64::from(args.lease) * 1_000 },
        slots: usize::from(args.slots),
        grace: GRACE,
        stop_within: seconds(args.stop_within),
        most_output: MOST_OUTPUT,
        keep_ms: i64::from(args.keep) * DAY_MS,
    })
}

/// What runs have in common: a run is in another directory than this server.
fn site(args: &Serve, program: PathBuf, directory: &Path) -> Result<Site, Error> {
    let found = |file: &Path| file.canonicalize().map_err(|e| Error::file("open", file, e));
    let mut reach: Vec<OsString> = Vec::new();
    for (option, file) in named(&args.access) {
        reach.extend([option.into(), found(file)?.into()]);
    }
    let ssh_config = args.access.ssh_config.as_deref().map(found).transpose()?;
    Ok(Site { program, directory: directory.to_owned(), reach, ssh_config })
}

/// What the desk has from outside: the declared jobs, secrets, and somebody who listens.
struct Provider {
    directory: PathBuf,
    /// What opens `age:` secrets.
    identity: Option<PathBuf>,
}

/// The secret that the declared network gives to all its agents. One that cannot be opened keeps agents out, and
/// they wait; jobs go on.
fn agents(watch: &Watch, args: &Serve, screen: &mut Screen) -> Vec<web::Key> {
    let Some(token) = &watch.token else { return Vec::new() };
    match Keys::new(args.access.identity.clone()).reveal(&token.0) {
        Ok(secret) if !secret.trim().is_empty() => {
            let scopes = vec![Scope::WriteMetrics, Scope::WriteLogs];
            vec![web::Key::new("agents", secret.trim(), scopes)]
        }
        Ok(_) => {
            screen.say("the token of [watch] is empty: agents are not let in");
            Vec::new()
        }
        Err(missing) => {
            let says = "agents are not let in until this server is started again";
            screen.say(format!("the token of [watch] cannot be had, {says}: {missing}"));
            Vec::new()
        }
    }
}

/// The jobs that a directory declares.
fn declared(directory: &Path) -> Result<BTreeMap<String, Spec>, String> {
    spec::all(&isp(directory)?)
}

/// The network that a directory declares.
fn isp(directory: &Path) -> Result<Isp, String> {
    let read = input::read(directory).map_err(|error| error.to_string())?;
    let shown = directory.display();
    read.isp.ok_or_else(|| {
        format!("{shown}: {}; `ketupa check {shown}` shows them", counted(&read.findings))
    })
}

impl Outside for Provider {
    fn jobs(&self) -> Result<BTreeMap<String, Spec>, String> {
        declared(&self.directory)
    }

    fn reveal(&self, name: &str) -> Result<String, String> {
        // Asked anew each time: one that was changed must not count any more.
        let keys = Keys::new(self.identity.clone());
        keys.reveal(name).map_err(|missing| missing.to_string())
    }

    fn say(&self, text: &str) {
        // Nobody is left to tell that standard error is closed.
        drop(writeln!(std::io::stderr(), "{text}"));
    }
}
