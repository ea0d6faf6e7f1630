//! `ketupa twin status`: sessions, virtual addresses, services, and what is played by stand-ins.

use super::{DIRECTORY, End, Error, open};
use crate::cli::Format;
use crate::cli::twin::TwinStatus;
use crate::input;
use crate::screen::Screen;
use model::ask::Family;
use model::{Isp, Named as _};
use rehearse::{Rehearsal, ask};
use serde::Serialize;
use std::path::PathBuf;

/// What a twin is doing.
#[derive(Serialize)]
struct Status {
    name: String,
    directory: String,
    hosts: usize,
    off: Vec<String>,
    routers: Vec<RouterStatus>,
    vips: Vec<VipStatus>,
    services: Vec<ServiceStatus>,
    emulated: Vec<String>,
}

#[derive(Serialize)]
struct RouterStatus {
    host: String,
    sessions: Vec<ask::Session>,
}

#[derive(Serialize)]
struct VipStatus {
    vip: String,
    family: u8,
    address: String,
    holders: Vec<String>,
}

#[derive(Serialize)]
struct ServiceStatus {
    service: String,
    answers: bool,
    why_not: Option<String>,
}

pub(crate) fn run(args: &TwinStatus, screen: &mut Screen) -> Result<End, Error> {
    let rehearsal = open(&args.which)?;
    let path = rehearsal.folder().join(DIRECTORY);
    let directory = std::fs::read_to_string(&path).map_err(|e| Error::file("read", &path, e))?;
    let read = input::read(&PathBuf::from(&directory))?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        return Ok(End::Wrong);
    };
    let status = status(&rehearsal, &isp, directory);
    if let Some(path) = &args.map {
        let picture = map::svg(&isp, &colours(&status));
        std::fs::write(path, picture).map_err(|e| Error::file("write", path, e))?;
    }
    match args.format {
        Format::Text => text(&status, screen)?,
        Format::Json => screen.json(&status)?,
    }
    Ok(if status.is_well() { End::Well } else { End::Wrong })
}

fn status(rehearsal: &Rehearsal, isp: &Isp, directory: String) -> Status {
    let twin = rehearsal.twin();
    let speakers = rehearsal.speakers();
    let router = |host: &&str| RouterStatus {
        host: (*host).to_owned(),
        sessions: ask::sessions(twin, host).unwrap_or_default(),
    };
    Status {
        name: twin.lab().name.clone(),
        directory,
        hosts: twin.lab().hosts.len(),
        off: off(twin),
        routers: speakers.iter().map(router).collect(),
        vips: isp.vips.values().flat_map(|vip| vips(rehearsal, isp, vip)).collect(),
        services: isp.services.values().map(|service| answer(rehearsal, isp, service)).collect(),
        emulated: ask::emulated(twin, isp),
    }
}

/// The hosts without power.
fn off(twin: &twin::Twin) -> Vec<String> {
    let hosts = twin.lab().hosts.iter().map(|host| &host.name);
    hosts.filter(|host| twin.pid(host).is_err()).cloned().collect()
}

fn vips(rehearsal: &Rehearsal, isp: &Isp, vip: &model::kinds::Vip) -> Vec<VipStatus> {
    let of = |family: Family| {
        let address = vip.address(family)?.to_string();
        let holders = ask::holders(rehearsal.twin(), isp, vip, family);
        Some(VipStatus { vip: vip.name().to_owned(), family: family.digit(), address, holders })
    };
    Family::BOTH.into_iter().filter_map(of).collect()
}

fn answer(rehearsal: &Rehearsal, isp: &Isp, service: &model::kinds::Service) -> ServiceStatus {
    let asked = ask::service(rehearsal.twin(), isp, service);
    let answers = asked.is_ok();
    ServiceStatus { service: service.name().to_owned(), answers, why_not: asked.err() }
}

impl Status {
    fn is_well(&self) -> bool {
        self.off.is_empty()
            && self.routers.iter().flat_map(|r| &r.sessions).all(ask::Session::is_established)
            && self.vips.iter().all(|vip| vip.holders.len() == 1)
            && self.services.iter().all(|service| service.answers)
    }
}

fn text(status: &Status, screen: &mut Screen) -> Result<(), Error> {
    screen.line(format!("{}: {} hosts, from {}", status.name, status.hosts, status.directory))?;
    for host in &status.off {
        screen.line(format!("  {host:<14} is off: `ketupa twin start {host}` gives it power"))?;
    }
    for router in &status.routers {
        let up = router.sessions.iter().filter(|session| session.is_established()).count();
        screen.line(format!("  {:<14} {up} of {} sessions", router.host, router.sessions.len()))?;
        for session in router.sessions.iter().filter(|session| !session.is_established()) {
            screen.line(format!("    {}: {}", session.name, session.info))?;
        }
    }
    for vip in &status.vips {
        let holders = match vip.holders.as_slice() {
            [] => "nobody answers".to_owned(),
            [one] => one.clone(),
            several => format!("SEVERAL answer: {}", several.join(", ")),
        };
        screen.line(format!("  vip {:<12} {:<24} {holders}", vip.vip, vip.address))?;
    }
    for service in &status.services {
        let says = service.why_not.as_deref().unwrap_or("answers");
        screen.line(format!("  service {:<12} {says}", service.service))?;
    }
    for emulated in &status.emulated {
        screen.line(format!("  emulated: {emulated}"))?;
    }
    Ok(())
}

/// The colours of the map: what works, what does not.
fn colours(status: &Status) -> map::Colours {
    let mut colours = map::Colours::default();
    for router in &status.routers {
        let up = router.sessions.iter().filter(|session| session.is_established()).count();
        let state = match (up, router.sessions.len()) {
            (up, all) if up == all => map::State::Up,
            (0, _) => map::State::Down,
            (_, _) => map::State::Degraded,
        };
        let says = format!("{up} of {} sessions", router.sessions.len());
        colours.set(&format!("host.{}", router.host), state, &says);
    }
    for host in &status.off {
        colours.set(&format!("host.{host}"), map::State::Down, "off");
    }
    for vip in &status.vips {
        let state = if vip.holders.len() == 1 { map::State::Up } else { map::State::Down };
        colours.set(&format!("vip.{}", vip.vip), state, &vip.holders.join(", "));
    }
    for service in &status.services {
        let state = if service.answers { map::State::Up } else { map::State::Down };
        let says = service.why_not.as_deref().unwrap_or("answers");
        colours.set(&format!("service.{}", service.service), state, says);
    }
    colours
}
