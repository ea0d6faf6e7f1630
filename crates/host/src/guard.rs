//! A dead man's timer: a change that nobody confirms over a new connection is undone by the host itself.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use crate::boot;
use crate::change;
use crate::place::{Place, Root};
use crate::recover;
use crate::run::run;
use crate::store::{Journal, Moment, Phase, Store, Undone};
use crate::wire::{BUT, Confirmed, Guard};

/// How long starting the timer may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How often the timer looks whether it is needed still.
const AGAIN: Duration = Duration::from_millis(250);
/// How long the timer waits for an executor that holds the lock: longer than any change takes.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// How often what cannot be undone is tried again, and after how long.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(10);

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Can a guard have this name and this time? The name becomes that of a unit.
pub(crate) fn check(guard: &Guard) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if guard.id.is_empty() || guard.id.len() > 64 || !guard.id.chars().all(plain) {
        return Err(format!("{:?} cannot name a change", guard.id));
    }
    let fine = (1..=3600).contains(&guard.within_s);
    fine.then_some(()).ok_or_else(|| "a confirmation takes from 1 to 3600 s".into())
}

/// For how many seconds more a change may be confirmed; `None` when it cannot, or no longer.
pub(crate) fn left(journal: &Journal) -> Option<u64> {
    let pending = journal.pending.as_ref().filter(|_| journal.phase == Phase::Awaiting)?;
    let (until, now) = (pending.until.as_ref()?, Moment::now(0).ok()?);
    // Its timer went with the boot before this one.
    let left = until.second.checked_sub(now.second).filter(|_| until.boot == now.boot)?;
    (left > 0).then_some(left)
}

impl Moment {
    /// In so many seconds. Who sets the clock moves nothing.
    pub(crate) fn now(later: u32) -> Result<Self, String> {
        let read = |path: &str| {
            std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
        };
        let uptime = read("/proc/uptime")?;
        let second = uptime.split('.').next().and_then(|whole| whole.parse::<u64>().ok());
        let second = second.ok_or("/proc/uptime tells no time")? + u64::from(later);
        Ok(Self { boot: read("/proc/sys/kernel/random/boot_id")?.trim().to_owned(), second })
    }
}

/// Starts the timer for a change that has to be confirmed.
pub(crate) fn arm(place: &Place, root: &Root, journal: &Journal) -> Result<(), String> {
    let Some(pending) = &journal.pending else { return Ok(()) };
    let undo = place.undo.as_ref().ok_or("this executor cannot set a timer for its own undoing")?;
    let command: Vec<&str> =
        undo.iter().map(String::as_str).chain([pending.guard.id.as_str()]).collect();
    if by_systemd(place, &pending.guard, &command).is_ok() {
        // Its timer goes with this boot.
        return boot::arm(root, &pending.guard.id, &command);
    }
    detached(place, &command).map_err(|why| format!("cannot set the timer of the undoing: {why}"))
}

fn unit(guard: &Guard) -> String {
    format!("ketupa-undo-{}", guard.id)
}

/// systemd keeps the time, and starts again what is killed.
fn by_systemd(place: &Place, guard: &Guard, undo: &[&str]) -> Result<(), String> {
    let (unit, active) =
        (format!("--unit={}", unit(guard)), format!("--on-active={}s", guard.within_s));
    let mut command = vec!["systemd-run", "--quiet", "--collect", &unit, &active];
    command.extend(["--timer-property=AccuracySec=1s", "--property=Restart=on-failure"]);
    command.extend([
        "--property=RestartSec=3s",
        "--description=Undoes an unconfirmed change",
        "--",
    ]);
    command.extend(undo);
    run(place, &command, LIMIT).map(|_said| ())
}

/// A process of its own, where systemd is not the first one. It says a word once it is on its own feet.
fn detached(place: &Place, command: &[&str]) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("no command undoes it".into()) };
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", &place.programs)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let mut word = String::new();
    if let Some(out) = child.stdout.take() {
        let read = BufReader::new(out).read_line(&mut word);
        read.map_err(|error| format!("{program}: {error}"))?;
    }
    if word == READY { Ok(()) } else { Err(format!("{program} did not start")) }
}

/// What the timer's process says when it is ready.
const READY: &str = "armed\n";

/// Ends the timer of a change that is over. One that stays finds nothing to do when its time comes.
pub(crate) fn disarm(place: &Place, journal: &Journal) {
    let Some(pending) = &journal.pending else { return };
    let timer = format!("{}.timer", unit(&pending.guard));
    if Path::new("/run/systemd/transient").join(&timer).exists() {
        let _stays = run(place, &["systemctl", "stop", "--", &timer], LIMIT);
    }
}

/// Lets a change stand that awaits it.
pub(crate) fn confirm(place: &Place, id: &str) -> Result<Confirmed, String> {
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let store = Store::open(&root).map_err(|error| format!("cannot open the books: {error}"))?;
    let gone = |why: &str| Ok(Confirmed::Gone { why: why.to_owned() });
    let Some(store) = store else { return gone("no change was ever made here") };
    let lock = store.lock().map_err(|error| format!("cannot lock: {error}"))?;
    let Some(_lock) = lock else { return Ok(Confirmed::Busy) };
    let journal = store.journal().map_err(|error| format!("cannot read the journal: {error}"))?;
    let Some(journal) = journal else {
        // The answer to an earlier confirmation may have been lost.
        let stands = store.confirmed().ok().flatten().as_deref() == Some(id);
        return if stands { Ok(Confirmed::Stands) } else { gone("it is undone already") };
    };
    let Some(pending) = journal.pending.as_ref().filter(|pending| pending.guard.id == id) else {
        return gone("another change was begun since");
    };
    if journal.phase != Phase::Awaiting {
        return gone("it was interrupted, and is undone when its time is over");
    }
    if left(&journal).is_none() {
        return gone("its time is over");
    }
    store.confirm(id).map_err(|error| format!("cannot write the books: {error}"))?;
    change::commit(&root, &store, &journal, &pending.owned)?;
    disarm(place, &journal);
    boot::disarm(&root, &pending.guard.id);
    Ok(Confirmed::Stands)
}

/// Undoes the change named `id` unless it is confirmed in time; returns when it is over in any way.
/// This is what the timer runs. `ready` is called once this process depends on no other.
///
/// # Errors
/// The change could not be undone: whoever starts this may start it again.
pub fn undo(place: &Place, id: &str, ready: impl FnOnce(&str)) -> Result<(), String> {
    // Already the leader where systemd starts it.
    let _is = rustix::process::setsid();
    ready(READY);
    let (begun, mut tries) = (Instant::now(), 0);
    loop {
        let why = match look(place, id) {
            Ok(Look::Over) => {
                forget(place, id);
                return Ok(());
            }
            Ok(Look::Locked) if begun.elapsed() >= PATIENCE => {
                return Err("another executor does not end".into());
            }
            Ok(Look::Locked | Look::Awaiting) => {
                std::thread::sleep(AGAIN);
                continue;
            }
            Ok(Look::Due) => match now_undo(place, id) {
                Ok(()) => return Ok(()),
                Err(why) => why,
            },
            Err(why) => why,
        };
        tries += 1;
        if tries == TRIES {
            return Err(why);
        }
        std::thread::sleep(PAUSE);
    }
}

/// A change that is over needs no undoing at the next boot, whoever was killed before saying so.
fn forget(place: &Place, id: &str) {
    if let Ok(root) = Root::open(place) {
        boot::disarm(&root, id);
    }
}

/// What the timer finds.
enum Look {
    /// The change is over.
    Over,
    /// Its executor, or another, is at work.
    Locked,
    /// It may be confirmed still.
    Awaiting,
    /// It has to be undone.
    Due,
}

fn look(place: &Place, id: &str) -> Result<Look, String> {
    let says = |error: std::io::Error| format!("cannot read the books: {error}");
    let root = match Root::open(place) {
        // A machine that is gone has nothing to undo.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Look::Over),
        root => root.map_err(says)?,
    };
    let Some(store) = Store::open(&root).map_err(says)? else { return Ok(Look::Over) };
    let found = || -> Result<Look, String> {
        let journal = store.journal().map_err(says)?.filter(|journal| is(journal, id));
        Ok(journal.map_or(Look::Over, |journal| match left(&journal) {
            Some(_) => Look::Awaiting,
            None => Look::Due,
        }))
    };
    // Whoever confirms, or asks what is going on, must not meet a lock that only waits; and a change
    // that was on its way when it was looked at may have come further since.
    match found()? {
        Look::Due => match store.lock().map_err(says)? {
            Some(_lock) => found(),
            None => Ok(Look::Locked),
        },
        settled @ (Look::Over | Look::Locked | Look::Awaiting) => Ok(settled),
    }
}

fn is(journal: &Journal, id: &str) -> bool {
    journal.pending.as_ref().is_some_and(|pending| pending.guard.id == id)
}

fn now_undo(place: &Place, id: &str) -> Result<(), String> {
    let says = |error: std::io::Error| format!("cannot read the books: {error}");
    let root = Root::open(place).map_err(says)?;
    let Some(store) = Store::open(&root).map_err(says)? else { return Ok(()) };
    let lock = store.lock().map_err(says)?;
    let _lock = lock.ok_or_else(|| store.busy())?;
    let journal = store.journal().map_err(says)?.filter(|journal| is(journal, id));
    let Some(journal) = journal else { return Ok(()) };
    // Word is left before the journal goes: a kill in between loses neither.
    let what = match journal.phase {
        Phase::Awaiting => "the host undid a change by itself because nobody confirmed it",
        Phase::Staging | Phase::Changing => {
            "the host undid a change by itself that did not come to its end"
        }
    };
    let tell = |what: String| store.tell(&Undone { what, at: now() }).map_err(says);
    tell(what.to_owned())?;
    let troubles = recover::undo(place, &root, &store, &journal).join("; ");
    if store.journal().map_err(says)?.is_some() {
        store.heard().map_err(says)?;
        return Err(format!("it could not be undone: {troubles}"));
    }
    if troubles.is_empty() { Ok(()) } else { tell(format!("{what}{BUT}{troubles}")) }
}
