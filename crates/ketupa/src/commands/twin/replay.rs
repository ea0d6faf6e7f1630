//! `ketupa twin replay`: what a proof predicts beside what real daemons do.

use super::interrupt::Undo;
use super::up::{Teller, remember};
use super::{DIRECTORY, End, Error, said};
use crate::cli::Format;
use crate::cli::twin::TwinReplay;
use crate::input;
use crate::report::{self, plain};
use crate::screen::{Screen, counted};
use model::Isp;
use rehearse::quiet::{self, Patience};
use rehearse::replay::{Compared, before, breaks, compare};
use rehearse::{Rehearsal, fail};
use serde::Serialize;
use std::time::{Duration, Instant};
use verify::{Options, Violation};

/// What a replay has to tell.
#[derive(Serialize)]
struct Replayed<'a> {
    finding: &'a str,
    says: &'a str,
    failure: Vec<String>,
    /// Whether everything came to rest before it was asked.
    quiet: bool,
    compared: &'a [Compared],
    agrees: bool,
}

pub(crate) fn run(args: &TwinReplay, screen: &mut Screen) -> Result<End, Error> {
    super::up::root()?;
    let dir = &args.place.dir;
    let folder = dir.canonicalize().map_err(|e| Error::file("open", dir, e))?;
    let read = input::read(dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let violation = find(&isp, &args.finding)?;
    let name = args.name.clone().unwrap_or_else(|| twin::lab::name_of(&folder));
    let site = twin::Site::here().map_err(said)?;
    let there = twin::Twin::all(&site).contains(&name);
    let undo = (!there).then(|| Undo::watch(&name));
    let rehearsal =
        if there { open(&name, &folder)? } else { up(&name, &isp, (&read.directory, args))? };
    let replayed = replay(&rehearsal, &isp, &violation);
    if !args.keep {
        if there {
            let mended = fail::mend(rehearsal.twin(), &isp, &breaks(&isp, &violation).0);
            mended.map_err(Error::Message)?;
        } else {
            rehearsal.down().map_err(Error::Message)?;
        }
    }
    drop(undo);
    let (quiet, compared) = replayed.map_err(Error::Message)?;
    tell((&isp, &violation), (quiet, &compared), args.format, screen)
}

/// The violation of this name: most are seen without many failures.
fn find(isp: &Isp, name: &str) -> Result<Violation, Error> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut known = Vec::new();
    for failures in 0..=2 {
        let found = verify::prove(isp, Options { failures, threads });
        let accepted = found.accepted.into_iter().map(|(violation, _)| violation);
        let all: Vec<Violation> = found.violations.into_iter().chain(accepted).collect();
        if let Some(wanted) = all.iter().find(|violation| violation.id == name) {
            return Ok(wanted.clone());
        }
        known.extend(all.into_iter().map(|violation| violation.id));
    }
    known.sort();
    known.dedup();
    let known = if known.is_empty() { "nothing at all".to_owned() } else { known.join(", ") };
    Err(Error::Usage(format!("`{}` is not found there; the proof finds {known}", plain(name))))
}

/// A twin that is up already must play the same directory.
fn open(name: &str, folder: &std::path::Path) -> Result<Rehearsal, Error> {
    let rehearsal = Rehearsal::open(name).map_err(Error::Message)?;
    let path = rehearsal.folder().join(DIRECTORY);
    let plays = std::fs::read_to_string(&path).map_err(|e| Error::file("read", &path, e))?;
    if plays == folder.display().to_string() {
        return Ok(rehearsal);
    }
    let says = format!("{name} plays {plays}: choose another --name, or take it down");
    Err(Error::Message(says))
}

/// Brings the network up as it is declared, whatever lints say of it, and waits until nothing moves.
fn up(
    name: &str,
    isp: &Isp,
    (directory, args): (&input::Directory, &TwinReplay),
) -> Result<Rehearsal, Error> {
    let proof = prove::for_rehearsal(isp);
    let tree = render::tree(&proof, components::ALL, &directory.templates);
    let tree = rehearse::without_agents(tree.map_err(|error| Error::Message(error.to_string()))?);
    let teller = Teller::new(Instant::now());
    let up = Rehearsal::up(name, isp, &tree, &|phase| teller.tell(&phase));
    let (rehearsal, _) = up.map_err(Error::Message)?;
    remember(&rehearsal, &args.place.dir)?;
    // A network with a fault does not come up as a whole: what counts is that it comes to rest.
    quiet::wait_for_start(&rehearsal);
    Ok(rehearsal)
}

/// Breaks what the proof says, waits, and compares. Whether all came to rest, and what was seen.
fn replay(
    rehearsal: &Rehearsal,
    isp: &Isp,
    violation: &Violation,
) -> Result<(bool, Vec<Compared>), String> {
    let twin = rehearsal.twin();
    let (failure, _) = breaks(isp, violation);
    let mut all = patiently(|| before(twin, isp, violation))?;
    fail::fail(twin, isp, &failure)?;
    let nothing = failure.elements().is_empty();
    let quiet = nothing || quiet::wait(twin, Patience::after_failure());
    all.extend(patiently(|| compare(twin, isp, violation))?);
    Ok((quiet, all))
}

/// Compares until all agrees, or for long enough.
fn patiently(compare: impl Fn() -> Result<Vec<Compared>, String>) -> Result<Vec<Compared>, String> {
    let end = Instant::now() + PREEMPTS;
    loop {
        let compared = compare()?;
        if compared.iter().all(|one| one.agrees) || Instant::now() > end {
            return Ok(compared);
        }
        std::thread::sleep(Duration::from_secs(3));
    }
}

/// After how long the better half of a pair has taken its addresses back: it waits for 30 s, in which
/// nothing moves.
const PREEMPTS: Duration = Duration::from_secs(40);

fn tell(
    (isp, violation): (&Isp, &Violation),
    (quiet, compared): (bool, &[Compared]),
    format: Format,
    screen: &mut Screen,
) -> Result<End, Error> {
    let agrees = !compared.is_empty() && compared.iter().all(|one| one.agrees);
    let (failure, in_short) = breaks(isp, violation);
    let replayed = Replayed {
        finding: &violation.id,
        says: &violation.finding.says,
        failure: report::names(isp, &failure),
        quiet,
        compared,
        agrees,
    };
    match format {
        Format::Json => screen.json(&replayed)?,
        Format::Text => text(&replayed, in_short, screen)?,
    }
    Ok(if agrees { End::Well } else { End::Wrong })
}

fn text(told: &Replayed<'_>, in_short: Option<String>, screen: &mut Screen) -> Result<(), Error> {
    let nothing = told.failure.is_empty();
    let listed = || if nothing { "nothing".to_owned() } else { told.failure.join(", ") };
    screen.line(plain(&format!("{}: {}", told.finding, told.says)))?;
    let broken = in_short.unwrap_or_else(listed);
    screen.line(plain(&format!("  broken:    {broken}")))?;
    if !told.quiet {
        screen.line("  the network had not come to rest")?;
    }
    for one in told.compared {
        screen.line(plain(&one.what))?;
        screen.line(plain(&format!("  predicted: {}", one.predicted)))?;
        screen.line(plain(&format!("  seen:      {}", one.seen)))?;
        screen.line(if one.agrees { "  the same" } else { "  DIFFERENT" })?;
    }
    screen.line(verdict(told.compared))?;
    Ok(())
}

fn verdict(compared: &[Compared]) -> &'static str {
    match compared {
        [] => "this finding says nothing that a twin could show",
        all if all.iter().all(|one| one.agrees) => "the twin does what the proof says",
        _ => "the twin does something else than the proof says",
    }
}
