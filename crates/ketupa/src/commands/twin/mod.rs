//! `ketupa twin`: the network rehearsed on this machine.

mod interrupt;
mod replay;
mod status;
mod up;

use super::{End, Error};
use crate::cli::twin::{Twin, TwinAnnounce, TwinExec, TwinLink, TwinPcap, TwinUnit, Which};
use crate::screen::Screen;
use model::value::Community;
use rehearse::{Announcement, Rehearsal};
use std::process::ExitStatus;
use twin::fabric::Tap;

/// Where a rehearsal keeps the path of the directory that it plays.
const DIRECTORY: &str = "directory";

pub(crate) fn run(what: Twin, screen: &mut Screen) -> Result<End, Error> {
    match what {
        Twin::Up(args) => up::up(&args, screen),
        Twin::Apply(args) => up::apply(&args, screen),
        Twin::Image => image(screen),
        Twin::Down(which) => down(&which, screen),
        Twin::Status(args) => status::run(&args, screen),
        Twin::Exec(args) => exec(&args),
        Twin::Shell(args) => {
            let words = ["bash".to_owned(), "-i".to_owned()].to_vec();
            exec(&TwinExec { which: args.which, host: args.host, command: words })
        }
        Twin::Cut(args) => link(&args, twin::Twin::cut),
        Twin::Unplug(args) => link(&args, twin::Twin::unplug),
        Twin::Heal(args) => link(&args, twin::Twin::heal),
        Twin::Kill(args) => kill(&args),
        Twin::Start(args) => {
            let rehearsal = open(&args.which)?;
            rehearsal.twin().power_on(&args.host).map_err(said)?;
            Ok(End::Well)
        }
        Twin::Pcap(args) => pcap(&args),
        Twin::Logs(args) => logs(&args, screen),
        Twin::Announce(args) => announce(&args),
        Twin::Replay(args) => replay::run(&args, screen),
    }
}

/// The twin that is meant.
fn open(which: &Which) -> Result<Rehearsal, Error> {
    Rehearsal::open(&name(which)?).map_err(Error::Message)
}

fn name(which: &Which) -> Result<String, Error> {
    if let Some(name) = &which.name {
        return Ok(name.clone());
    }
    let site = twin::Site::here().map_err(said)?;
    match twin::Twin::all(&site).as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::Message("no twin is up: `ketupa twin up DIR` brings one up".into())),
        several => Err(Error::Message(format!(
            "several twins are up ({}): say --name",
            several.join(", ")
        ))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn said(error: twin::Error) -> Error {
    Error::Message(error.chain())
}

/// Prepares what every twin needs, so that the first one comes up as fast as the others.
fn image(screen: &mut Screen) -> Result<End, Error> {
    up::root()?;
    let site = twin::Site::here().map_err(said)?;
    let mut told = false;
    let mut line = |_: &str| {
        if !std::mem::replace(&mut told, true) {
            screen.say("installing the daemons into the twin's image: a minute or so");
        }
    };
    let image = twin::Image::ensure(&site, twin::image::PACKAGES, &mut line).map_err(said)?;
    screen.line(image.folder().display().to_string())?;
    Ok(End::Well)
}

fn down(which: &Which, screen: &mut Screen) -> Result<End, Error> {
    let name = name(which)?;
    let site = twin::Site::here().map_err(said)?;
    twin::Twin::clear(&site, &name).map_err(said)?;
    screen.say(format!("{name} is down; nothing of it is left"));
    Ok(End::Well)
}

/// Gives a command's own exit status back, as far as there is one.
fn ended(status: ExitStatus) -> End {
    if status.success() { End::Well } else { End::Wrong }
}

fn exec(args: &TwinExec) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let words: Vec<&str> = args.command.iter().map(String::as_str).collect();
    rehearsal.twin().interactive(&args.host, &words).map(ended).map_err(said)
}

fn link(
    args: &TwinLink,
    act: impl Fn(&twin::Twin, &str, &str) -> twin::Result<()>,
) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let (host, port) = split(&args.link)?;
    act(rehearsal.twin(), host, port).map_err(said)?;
    Ok(End::Well)
}

fn split(link: &str) -> Result<(&str, &str), Error> {
    let says =
        || Error::Message(format!("{link}: a link is HOST/INTERFACE, such as edge-01/transit"));
    link.split_once('/').ok_or_else(says)
}

fn kill(args: &TwinUnit) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    match &args.unit {
        Some(unit) => rehearsal.twin().kill(&args.host, unit),
        None => rehearsal.twin().power_off(&args.host),
    }
    .map_err(said)?;
    Ok(End::Well)
}

fn pcap(args: &TwinPcap) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let tap = match args.link.split_once('/') {
        Some((host, port)) => Tap::Port(host.to_owned(), port.to_owned()),
        None => Tap::Segment(args.link.clone()),
    };
    let filter: Vec<&str> = args.filter.iter().map(String::as_str).collect();
    let mut command = rehearsal.twin().pcap(&tap, &filter).map_err(said)?;
    let status = command.status();
    status.map(ended).map_err(|error| Error::Message(format!("cannot run tcpdump: {error}")))
}

fn logs(args: &TwinUnit, screen: &mut Screen) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let unit = args.unit.as_deref().unwrap_or("bird.service");
    let twin = rehearsal.twin();
    let of_unit = twin.unit_log(&args.host, unit).unwrap_or_default();
    let program = unit.split('.').next().unwrap_or(unit);
    let of_program = twin.program_log(&args.host, program).unwrap_or_default();
    screen.text(&of_unit)?;
    screen.text(&of_program)?;
    Ok(End::Well)
}

fn announce(args: &TwinAnnounce) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let communities: Vec<Community> = args
        .community
        .iter()
        .map(|text| text.parse().map_err(|()| format!("{text}: a community is 65535:666 or 1:2:3")))
        .collect::<Result<_, _>>()
        .map_err(Error::Message)?;
    let route = |prefix: &ipnet::IpNet| Announcement {
        prefix: *prefix,
        path: args.path.clone(),
        communities: communities.clone(),
    };
    let routes: Vec<Announcement> = args.prefixes.iter().map(route).collect();
    rehearse::announce(rehearsal.twin(), &args.neighbor, &routes).map_err(Error::Message)?;
    Ok(End::Well)
}
