//! Breaks what a proof says can fail, in a rehearsal that is up, and mends it.

use crate::{ask, outside};
use model::kinds::{Host, Neighbor, Segment, Site};
use model::{Id, Isp, Named as _};
use twin::Twin;
use verify::{Daemon, Element, Failure};

/// Keeps a unit that was killed from coming back.
const STAYS_DEAD: &str = "[Service]\nRestart=no\n";

/// Whether something is broken or mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Break,
    Mend,
}

/// Breaks everything that a failure names.
///
/// # Errors
/// What could not be broken, and why.
pub fn fail(twin: &Twin, isp: &Isp, failure: &Failure) -> Result<(), String> {
    let breaking = Stage { twin, isp, act: Act::Break };
    failure.elements().iter().try_for_each(|element| breaking.element(*element))
}

/// Mends what [`fail`] broke.
///
/// # Errors
/// What could not be mended, and why.
pub fn mend(twin: &Twin, isp: &Isp, failure: &Failure) -> Result<(), String> {
    let mending = Stage { twin, isp, act: Act::Mend };
    failure.elements().iter().rev().try_for_each(|element| mending.element(*element))
}

struct Stage<'a> {
    twin: &'a Twin,
    isp: &'a Isp,
    act: Act,
}

impl Stage<'_> {
    fn element(&self, element: Element) -> Result<(), String> {
        match element {
            Element::Host(id) => self.host(id),
            Element::Link(id, at) => {
                let host = &self.isp.hosts[id];
                host.nic.get(at).map_or(Ok(()), |nic| self.link(host.name(), &nic.name))
            }
            Element::Segment(id) => self.segment(id),
            Element::Session(neighbor, at) => self.session(neighbor, at),
            Element::Daemon(id, daemon) => self.daemon(self.isp.hosts[id].name(), daemon),
            Element::Site(id) => self.site(id),
        }
    }

    /// A host, and the machines that it runs. What is no container cannot lose its power here.
    fn host(&self, id: Id<Host>) -> Result<(), String> {
        let name = self.isp.hosts[id].name();
        let powered = self.twin.pid(name).is_ok();
        if self.plays(name) {
            match self.act {
                Act::Break if powered => self.twin.power_off(name).map_err(|e| e.chain())?,
                Act::Mend if !powered => {
                    self.twin.power_on(name).map_err(|e| e.chain())?;
                }
                Act::Break | Act::Mend => {}
            }
        }
        let mut machines = self.isp.hosts.iter().filter(|(_, machine)| machine.on == Some(id));
        machines.try_for_each(|(machine, _)| self.host(machine))
    }

    fn plays(&self, name: &str) -> bool {
        self.twin.lab().hosts.iter().any(|host| host.name == name)
    }

    fn link(&self, host: &str, nic: &str) -> Result<(), String> {
        if !self.plays(host) || self.twin.pid(host).is_err() {
            return Ok(());
        }
        let done = match self.act {
            Act::Break => self.twin.unplug(host, nic),
            Act::Mend => self.twin.heal(host, nic),
        };
        done.map_err(|error| error.chain())
    }

    /// Every interface on it, those of other networks too.
    fn segment(&self, id: Id<Segment>) -> Result<(), String> {
        let name = self.isp.segments[id].name();
        let hosts = self.twin.lab().hosts.iter();
        let mut ports = hosts.flat_map(|host| host.ports.iter().map(move |port| (host, port)));
        ports.try_for_each(|(host, port)| {
            if port.segment == name { self.link(&host.name, &port.interface) } else { Ok(()) }
        })
    }

    fn site(&self, site: Id<Site>) -> Result<(), String> {
        let segments = self.isp.segments.iter().filter(|(_, one)| one.site == Some(site));
        let hosts = self.isp.hosts.iter().filter(|(_, one)| one.site == site);
        let (mut hosts, mut segments) = (hosts.map(|(id, _)| id), segments.map(|(id, _)| id));
        hosts.try_for_each(|id| self.host(id))?;
        segments.try_for_each(|id| self.segment(id))
    }

    /// The other end says no more: the stand-in's protocol is disabled, or that of our own router.
    fn session(&self, id: Id<Neighbor>, at: usize) -> Result<(), String> {
        let neighbor = &self.isp.neighbors[id];
        let Some(session) = neighbor.session.get(at) else { return Ok(()) };
        let word = session.name.replace('-', "_");
        let played = outside::routers(self.isp, neighbor);
        let stand_in = played.iter().find(|(_, all)| all.iter().any(|s| s.name == session.name));
        let (host, protocols) = if let Some((router, _)) = stand_in {
            (router.as_str(), format!("s_{word}_*"))
        } else {
            let neighbor = neighbor.name().replace('-', "_");
            (self.isp.hosts[session.host].name(), format!("bgp_{neighbor}_{word}_*"))
        };
        let verb = match self.act {
            Act::Break => "disable",
            Act::Mend => "enable",
        };
        if self.twin.pid(host).is_err() {
            return Ok(());
        }
        ask::output(self.twin, host, &["birdc", verb, &format!("\"{protocols}\"")]).map(|_| ())
    }

    /// Killed as a bug kills it, and not started again.
    fn daemon(&self, host: &str, daemon: Daemon) -> Result<(), String> {
        let unit = format!("{}.service", daemon.unit());
        let folder = format!("/run/systemd/system/{unit}.d");
        let file = format!("{folder}/stays-dead.conf");
        if self.twin.pid(host).is_err() {
            return Ok(());
        }
        let manage = |words: &[&str]| -> Result<(), String> {
            let answer = self.twin.systemctl(host, words).map_err(|error| error.chain())?;
            if answer.code == 0 { Ok(()) } else { Err(answer.err.trim().to_owned()) }
        };
        match self.act {
            Act::Break => {
                ask::output(self.twin, host, &["mkdir", "-p", &folder])?;
                let written = self.twin.write(host, &file, STAYS_DEAD.as_bytes());
                written.map_err(|error| error.chain())?;
                manage(&["daemon-reload"])?;
                manage(&["kill", "-s", "KILL", &unit])
            }
            Act::Mend => {
                ask::output(self.twin, host, &["rm", "-rf", &folder])?;
                manage(&["daemon-reload"])?;
                manage(&["start", &unit])
            }
        }
    }
}
